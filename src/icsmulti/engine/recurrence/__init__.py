"""A recurrence rule as a value: RECUR (RFC 5545 §3.3.10), from words or from text, and back.

    {"frequence": "mensuelle", "jours": [{"jour": "MA", "rang": 2}], "nombre": 12}
    "FREQ=MONTHLY;COUNT=12;BYDAY=2TU"   both become   Recur("MONTHLY", count=12, ...)

The text is read and written anew, never passed on. What programs read differently is no rule
here: hours and smaller frequencies, BYWEEKNO, BYYEARDAY, BYHOUR and the like, RSCALE (RFC 7529),
BYSETPOS of anything but weekdays of a month or a year (Python's readers count a first week from its
first date, ical.js miscounts days of the month), an ordinal weekday with days of the month, days
counted from the end of a month with weekdays or every day (ical.js never comes back). `instances`
says which dates a rule gives, `spelling` how it is best written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from icsmulti.engine.checking import Finder, add_date_fault, few
from icsmulti.engine.request import JourDeRang, Recurrence
from icsmulti.engine.times import InvalidDate, day, instant, is_writable, parse
from icsmulti.engine.written import date as date_form
from icsmulti.engine.written import date_time
from icsmulti.engine.zones import Zone
from icsmulti.errors import Path

RULE_CHARS = 2_000
COUNT_MAX = 10_000
INTERVAL_MAX = 1_000
ORDINAL_IN_MONTH = 5
ORDINAL_IN_YEAR = 53
PART_COUNT = 7 * (2 * ORDINAL_IN_YEAR + 1)
"""The longest list that says something: each weekday, of each rank or of none."""

_FREQUENCIES = {
    "quotidienne": "DAILY",
    "hebdomadaire": "WEEKLY",
    "mensuelle": "MONTHLY",
    "annuelle": "YEARLY",
}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_JOURS = ("LU", "MA", "ME", "JE", "VE", "SA", "DI")
_BOUNDS = {
    "INTERVAL": (1, INTERVAL_MAX),
    "COUNT": (1, COUNT_MAX),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYSETPOS": (-366, 366),
}
"""Smallest and largest numbers; 0 is never one."""

_MEMBERS = {
    "FREQ": "frequence",
    "INTERVAL": "intervalle",
    "COUNT": "nombre",
    "UNTIL": "jusquA",
    "BYDAY": "jours",
    "BYMONTHDAY": "joursDuMois",
    "BYMONTH": "mois",
    "BYSETPOS": "positions",
    "WKST": "debutSemaine",
}
_NUMBER = re.compile(r"[+-]?\d{1,5}", re.ASCII).fullmatch
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII).fullmatch
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII).fullmatch
_LAST_SECOND = timedelta(hours=23, minutes=59, seconds=59)
_LAST_TIME = time(23, 59, 59)


class Weekday(NamedTuple):
    """A weekday, perhaps the nth of its month or year."""

    ordinal: int
    """From -53 to 53; 0 is every one."""
    day: int
    """0 is Monday."""


@dataclass(frozen=True, slots=True)
class Recur:
    """A rule. Valid by construction: `from_words` and `from_text` make no other."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    """Included; UTC, naive. Of whole days, midnight of the last date, no instant."""
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    def text(self, *, all_day: bool) -> str:
        """As RRULE has it. UNTIL is a DATE when DTSTART is one, else UTC (§3.3.10)."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            until = date_form(self.until) if all_day else f"{date_time(self.until)}Z"
            parts.append(f"UNTIL={until}")
        weekdays = [f"{ordinal or ''}{_DAYS[day]}" for ordinal, day in self.weekdays]
        for name, values in (
            ("BYMONTH", self.months),
            ("BYMONTHDAY", self.month_days),
            ("BYDAY", weekdays),
            ("BYSETPOS", self.positions),
        ):
            if values:
                parts.append(f"{name}={','.join(map(str, values))}")
        if self.week_start:
            parts.append(f"WKST={_DAYS[self.week_start]}")
        return ";".join(parts)


class Start(NamedTuple):
    """What a rule needs to know of its event."""

    zone: Zone
    all_day: bool
    at: datetime
    """The first date: UTC, or midnight of a whole day."""


@dataclass(slots=True)
class _Reading:
    """A rule being read: where its faults go, and whether there was one."""

    path_of: Callable[[str], Path]
    name_of: Callable[[str], str]
    found: Finder
    is_good: bool = True
    parts: dict[str, Any] = field(default_factory=dict)

    def fault(self, code: str, part: str, reason: str, **values: object) -> None:
        self.is_good = False
        self.found.add(code, self.path_of(part), reason, part=self.name_of(part), **values)


def from_words(words: Recurrence, start: Start | None, path: Path, found: Finder) -> Recur | None:
    """The rule of `recurrence`; None with its faults. Without a start, for its faults only."""
    reading = _Reading(lambda part: (*path, _MEMBERS[part]), _MEMBERS.__getitem__, found)
    for part in ("BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"):
        member = _MEMBERS[part]
        if not few(getattr(words, member) or (), (*path, member), found, PART_COUNT):
            return None
    days = [
        Weekday(jour.rang or 0, _JOURS.index(jour.jour))
        if isinstance(jour, JourDeRang)
        else Weekday(0, _JOURS.index(jour))
        for jour in words.jours or ()
    ]
    reading.parts = {
        "FREQ": _FREQUENCIES[words.frequence],
        "INTERVAL": words.intervalle,
        "COUNT": words.nombre,
        "UNTIL": words.jusquA,
        "BYDAY": days,
        "BYMONTHDAY": words.joursDuMois,
        "BYMONTH": words.mois,
        "BYSETPOS": words.positions,
        "WKST": _JOURS.index(words.debutSemaine) if words.debutSemaine else 0,
    }
    if any(isinstance(jour, JourDeRang) and jour.rang == 0 for jour in words.jours or ()):
        highest = _highest_ordinal(reading.parts)
        reading.fault("out-of-range", "BYDAY", "rule-number", low=-highest, high=highest)
    return _checked(reading, start)


def from_text(text: str, start: Start | None, path: Path, found: Finder) -> Recur | None:
    """The rule of `regle`; None with its faults. Case does not matter, nor does `RRULE:` before.

    Without a start, for its faults only.
    """
    reading = _Reading(lambda _: path, str, found)
    if len(text) > RULE_CHARS:
        found.add("too-long", path, limit=RULE_CHARS, count=len(text))
        return None
    written = text.strip().upper().removeprefix("RRULE:").rstrip(";")
    for part in written.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            reading.fault("invalid-rule", part[:40], "rule-form")
        elif name not in _MEMBERS:
            reading.fault("invalid-rule", name[:40], "rule-part")
        elif name in reading.parts:
            reading.fault("invalid-rule", name, "rule-part-twice")
        else:
            reading.parts[name] = _value(name, value, reading)
    if "FREQ" not in reading.parts and reading.is_good:
        reading.fault("invalid-rule", "FREQ", "rule-frequency")
    return _checked(reading, start) if reading.is_good else None


def _value(name: str, value: str, reading: _Reading) -> Any:
    """One part of a rule's text as `_checked` takes it; None with its fault."""
    if name == "FREQ" and value in _FREQUENCIES.values():
        return value
    if name == "WKST" and value in _DAYS:
        return _DAYS.index(value)
    if name == "UNTIL" and (match := _UNTIL(value)):
        year, month, day, hour, minute, second, z = match.groups()
        return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second}{z}" if hour else "")
    if name in ("INTERVAL", "COUNT") and _NUMBER(value):
        return int(value)
    items = value.split(",")
    if name == "BYDAY" and all(matches := [_WEEKDAY(item) for item in items]):
        if "0" not in (m[1].lstrip("+-0") or "0" for m in matches if m and m[1]):
            return [Weekday(int(m[1] or 0), _DAYS.index(m[2])) for m in matches if m]
    elif name in ("BYMONTH", "BYMONTHDAY", "BYSETPOS") and all(map(_NUMBER, items)):
        return [int(item) for item in items]
    reading.fault("invalid-rule", name, "rule-value", value=value[:40])
    return None


def _checked(reading: _Reading, start: Start | None) -> Recur | None:
    """The rule, if its parts are sound alone and together."""
    parts = reading.parts
    for name, bounds in _BOUNDS.items():
        given = parts.get(name)
        numbers = given if isinstance(given, list) else () if given in (None, "") else (given,)
        _check_numbers(name, numbers, bounds, reading)
    weekdays = sorted(set(parts.get("BYDAY") or ()), key=lambda weekday: weekday[::-1])
    _check_days(weekdays, reading)
    if parts.get("COUNT") and parts.get("UNTIL"):
        reading.fault("conflict", "UNTIL", "rule-ends-twice")
    until = _until(parts["UNTIL"], start, reading) if parts.get("UNTIL") else None
    if not reading.is_good:
        return None
    return Recur(
        frequency=parts["FREQ"],
        interval=parts.get("INTERVAL") or 1,
        count=parts.get("COUNT") or None,
        until=until,
        months=tuple(sorted(set(parts.get("BYMONTH") or ()))),
        month_days=tuple(sorted(set(parts.get("BYMONTHDAY") or ()))),
        weekdays=tuple(weekdays),
        positions=tuple(sorted(set(parts.get("BYSETPOS") or ()))),
        week_start=parts.get("WKST") or 0,
    )


def _check_numbers(
    name: str, numbers: Iterable[int], bounds: tuple[int, int], reading: _Reading
) -> None:
    low, high = bounds
    if not all(low <= number <= high and number for number in numbers):
        reading.fault("out-of-range", name, "rule-number", low=low, high=high)


def _highest_ordinal(parts: dict[str, Any]) -> int:
    of_year = parts["FREQ"] == "YEARLY" and not parts.get("BYMONTH")
    return ORDINAL_IN_YEAR if of_year else ORDINAL_IN_MONTH


def _check_days(weekdays: list[Weekday], reading: _Reading) -> None:
    """Weekdays, days of the month and positions among them, together."""
    parts = reading.parts
    month_days = parts.get("BYMONTHDAY") or ()
    often = parts["FREQ"] in ("DAILY", "WEEKLY")
    highest = _highest_ordinal(parts)
    ordinals = {weekday.ordinal for weekday in weekdays}
    if any(ordinals):
        if often:
            reading.fault("conflict", "BYDAY", "rule-ordinal-frequency")
        elif month_days:
            reading.fault("conflict", "BYDAY", "rule-ordinal-days")
        elif any(abs(ordinal) > highest for ordinal in ordinals):
            reading.fault("out-of-range", "BYDAY", "rule-number", low=-highest, high=highest)
        elif 0 in ordinals and highest == ORDINAL_IN_YEAR:
            reading.fault("conflict", "BYDAY", "rule-ordinal-some")
    if month_days and parts["FREQ"] == "WEEKLY":
        reading.fault("conflict", "BYMONTHDAY", "rule-weekly-days")
    elif any(day < 0 for day in month_days) and (parts["FREQ"] == "DAILY" or ordinals == {0}):
        reading.fault("conflict", "BYMONTHDAY", "rule-days-from-end")
    if parts.get("BYSETPOS") and (often or ordinals != {0} or month_days):
        reading.fault("conflict", "BYSETPOS", "rule-positions")


def _until(text: str, start: Start | None, reading: _Reading) -> datetime | None:
    """The last moment a date may have, included; None with its fault, or without a start."""
    try:
        if start is None:
            parse(text)
            return None
        until = _last_moment(text, start)
    except InvalidDate as error:
        reading.is_good = False
        add_date_fault(error, reading.path_of("UNTIL"), reading.found)
        return None
    if until < start.at:
        reading.fault("end-before-start", "UNTIL", "rule-until")
    return until


def _last_moment(text: str, start: Start) -> datetime:
    """UTC, or midnight. A date alone is its whole day, in the event's zone. Raises `InvalidDate`.

    Of whole days the last second of a day in UTC is that day, as programs export it, whatever date
    it is by then in the zone.
    """
    moment = parse(text)
    if start.all_day:
        is_end_of_day = moment.offset == timedelta() and moment.wall.time() == _LAST_TIME
        last = moment.day if is_end_of_day else day(moment, start.zone)
        until = datetime(last.year, last.month, last.day)
    elif len(text) == len("2026-12-31"):
        until = start.zone.instant(moment.wall + _LAST_SECOND)
    else:
        until = instant(moment, start.zone)
    if not is_writable(until):
        raise InvalidDate("date-year")
    return until
