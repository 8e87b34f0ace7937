"""A VTIMEZONE as the function from local time to instant that RFC 5545 says it is.

    instant(vtimezone, datetime(2026, 5, 12, 12)) == datetime(2026, 5, 12, 10, tzinfo=UTC)

The onset that counts is the last one at or before the local time, each told in the offset
before it (§3.6.5): so a repeated hour is its first occurrence. A local time that a jump
leaves out is read with the offset before the jump (§3.3.5).
Only what a good file may hold is read: yearly rules by month and weekday or day, RDATE, one
shot. Anything else raises Unreadable, so that no file passes by being misunderstood.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from conformance.contentlines import Component, Unreadable

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Onset(NamedTuple):
    local: datetime
    """In the offset before it, as written."""
    before: timedelta
    after: timedelta

    def instant(self) -> datetime:
        return self.local - self.before


class Rule(NamedTuple):
    """`FREQ=YEARLY` by month and either an ordinal weekday or a day of the month."""

    month: int
    ordinal: int | None
    weekday: int | None
    day: int | None

    def in_year(self, year: int) -> date | None:
        last = calendar.monthrange(year, self.month)[1]
        if self.weekday is None or self.ordinal is None:
            return date(year, self.month, self.day) if self.day and self.day <= last else None
        first = (self.weekday - date(year, self.month, 1).weekday()) % 7 + 1
        days = range(first, last + 1, 7)
        place = self.ordinal - 1 if self.ordinal > 0 else self.ordinal
        return date(year, self.month, days[place]) if -len(days) <= place < len(days) else None


class Observance(NamedTuple):
    start: datetime
    before: timedelta
    after: timedelta
    dates: tuple[datetime, ...]
    rule: Rule | None

    def onset_at_or_before(self, local: datetime) -> Onset | None:
        found = [d for d in (self.start, *self.dates) if d <= local]
        if self.rule and self.start <= local:
            for year in (local.year, local.year - 1):
                day = self.rule.in_year(year)
                onset = day and datetime.combine(day, self.start.time())
                if onset and self.start <= onset <= local:
                    found.append(onset)
        return Onset(max(found), self.before, self.after) if found else None


def instant(vtimezone: Component, local: datetime) -> datetime:
    """The instant of *local* (without tzinfo), in UTC. Raises Unreadable."""
    latest = max(_onsets(vtimezone, local), key=Onset.instant, default=None)
    if latest is None:
        raise Unreadable(f"no observance of {vtimezone.value('TZID')} is in force at {local}")
    in_gap = local < latest.local - latest.before + latest.after
    offset = latest.before if in_gap else latest.after
    return (local - offset).replace(tzinfo=UTC)


def happens(vtimezone: Component, local: datetime) -> int:
    """How many times *local* is shown by a clock of the zone: 0 in a gap, 2 in a fold, else 1."""
    soon = local + timedelta(days=2)  # no clock was ever turned back by more than one day
    for onset in _onsets(vtimezone, soon):
        shown_after = onset.local - onset.before + onset.after
        if onset.local <= local < shown_after:
            return 0
        if shown_after <= local < onset.local:
            return 2
    return 1


def _onsets(vtimezone: Component, local: datetime) -> list[Onset]:
    found = (o.onset_at_or_before(local) for o in _observances(vtimezone))
    return [onset for onset in found if onset]


def utc_offset(text: str) -> timedelta:
    """§3.3.14: `+0100`, `-003045`; never `-0000`."""
    match = re.fullmatch(r"([+-])(\d\d)([0-5]\d)([0-5]\d)?", text, re.ASCII)
    if match is None or re.fullmatch(r"-0+", text):
        raise Unreadable(f"{text!r} is not a UTC-OFFSET")
    size = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return size if match[1] == "+" else -size


def local_time(text: str) -> datetime:
    """§3.3.5, form 1: `20260512T120000`."""
    if not re.fullmatch(r"\d{8}T\d{6}", text, re.ASCII):
        raise Unreadable(f"{text!r} is not a local DATE-TIME")
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S")
    except ValueError as error:
        raise Unreadable(str(error)) from None


def yearly_rule(text: str) -> Rule:
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    weekday = re.fullmatch(r"([+-]?[1-5])(MO|TU|WE|TH|FR|SA|SU)", parts.pop("BYDAY", ""))
    day = parts.pop("BYMONTHDAY", "")
    month = parts.pop("BYMONTH", "")
    if parts != {"FREQ": "YEARLY"} or not month.isdigit() or bool(weekday) == day.isdigit():
        raise Unreadable(f"RRULE:{text} is not a rule every reader can follow")
    if weekday:
        return Rule(int(month), int(weekday[1]), _WEEKDAYS.index(weekday[2]), None)
    return Rule(int(month), None, None, int(day))


def _observances(vtimezone: Component) -> tuple[Observance, ...]:
    return _read(
        tuple(
            tuple(
                (name, tuple(p.value for p in c.all(name)))
                for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RDATE", "RRULE")
            )
            for c in vtimezone.components
        )
    )


@lru_cache(maxsize=4096)
def _read(source: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]) -> tuple[Observance, ...]:
    read = []
    for properties in source:
        values = dict(properties)
        for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
            if len(values[name]) != 1:
                raise Unreadable(f"observance: {len(values[name])} x {name}")
        if len(values["RRULE"]) > 1:
            raise Unreadable("observance: several RRULE")
        start = local_time(values["DTSTART"][0])
        rule = yearly_rule(values["RRULE"][0]) if values["RRULE"] else None
        if rule and rule.in_year(start.year) != start.date():
            raise Unreadable(f"DTSTART {start} is no instance of RRULE:{values['RRULE'][0]}")
        dates = tuple(local_time(d) for value in values["RDATE"] for d in value.split(","))
        read.append(
            Observance(
                start,
                utc_offset(values["TZOFFSETFROM"][0]),
                utc_offset(values["TZOFFSETTO"][0]),
                dates,
                rule,
            )
        )
    if not read:
        raise Unreadable("VTIMEZONE without observance")
    return tuple(read)
