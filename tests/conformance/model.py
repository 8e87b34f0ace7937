"""What a request asks for, said a second time and independently of the engine.

    expected(occurrence, "Europe/Paris")  -> Event, as every reader should see it

Slow and plain on purpose: `zoneinfo` on the packaged tzdata for the zones, a loop over
characters for the texts, the contract's rulings (contract.md §2) one by one for whole days.
Knows only the spellings of dates that the suite itself writes.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from conformance import timezones
from conformance.contentlines import Component
from conformance.readers import Event

_LINE_BREAKS = "\n\x0b\x0c\x85\u2028\u2029"
_DROPPED = [*map(chr, range(0x20)), "\x7f", "\ufeff", "\ufffe", "\uffff"]


@cache
def zone_names() -> tuple[str, ...]:
    listed = (files("tzdata") / "zones").read_text("ascii").split()
    return tuple(sorted(name for name in listed if name != "Factory"))


@cache
def zone(name: str) -> ZoneInfo:
    """The packaged zone, read by the standard library and never from the system."""
    with (files("tzdata") / "zoneinfo" / name).open("rb") as resource:
        return ZoneInfo.from_file(resource, key=name)


def expected(occurrence: dict[str, Any], zone_name: str, uid: str) -> Event:
    """The event asked for. *uid* is the product's to choose: it is taken as it came."""
    start, end = (_read(occurrence[name], zone(zone_name)) for name in ("dateDebut", "dateFin"))
    minutes = occurrence.get("rappelMinutes")
    times: dict[str, Any] = {"start": start, "end": end if end != start else None}
    if occurrence.get("touteLaJournee"):
        first, last = days(occurrence["dateDebut"], occurrence["dateFin"], zone(zone_name))
        times = {"start": first, "end": last + timedelta(days=1)}
    notes = text(occurrence.get("notes") or "")
    return Event(
        uid=uid,
        summary=one_line(occurrence["titre"]),
        description=notes if notes.strip() else "",
        location=one_line(occurrence.get("lieu") or ""),
        alarms=() if minutes is None else (-60 * minutes,),
        **times,
    )


def text(value: str) -> str:
    """Line breaks of every kind as LF, what TEXT may not hold dropped."""
    out = []
    for character in value.replace("\r\n", "\n").replace("\r", "\n"):
        if character in _LINE_BREAKS:
            out.append("\n")
        elif character == "\t" or character not in _DROPPED:
            out.append(character)
    return "".join(out)


def one_line(value: str) -> str:
    return re.sub("\n+", " ", text(value)).strip()


def days(first: str, last: str, tz: ZoneInfo) -> tuple[date, date]:
    """First and last day of a whole-day event, both included."""
    if not _has_offset(first):
        return _date_written(first), _day(last, tz)
    if not _is_utc_midnight(first):
        return _read(first, tz).astimezone(tz).date(), _day(last, tz)
    start, end = _read(first, tz), _read(last, tz)
    if not _has_offset(last):
        return start.date(), _date_written(last)
    # A London browser sends its midnights as instants, in winter indistinguishable from UTC's.
    local = end.astimezone(tz)
    from_london = not start.astimezone(tz).utcoffset() and local.time() == datetime.min.time()
    if _is_utc_midnight(last) or not from_london:
        return start.date(), end.date()
    return start.date(), local.date()


def _day(value: str, tz: ZoneInfo) -> date:
    if not _has_offset(value) or _is_utc_midnight(value):
        return _date_written(value)
    return _read(value, tz).astimezone(tz).date()


def _date_written(value: str) -> date:
    return date.fromisoformat(value[:10])


def _has_offset(value: str) -> bool:
    return bool(re.search(r"T.*(Z|[+-]\d\d:\d\d)$", value))


def _is_utc_midnight(value: str) -> bool:
    return bool(re.search(r"T00:00:00(Z|[+-]00:00)$", value))


def _read(value: str, tz: ZoneInfo) -> datetime:
    """`2026-05-12`, `…T10:00:00`, `…Z` or `…±hh:mm` as the instant it names, in UTC."""
    read = datetime.fromisoformat(value.replace("Z", "+00:00"))
    # fold=0 is the first of two, and in a gap the offset before it: RFC 5545 §3.3.5 exactly.
    aware = read if read.tzinfo else read.replace(tzinfo=tz)
    utc = aware.replace(tzinfo=None) - (aware.utcoffset() or timedelta())
    return utc.replace(tzinfo=UTC)


def misplaced(calendar: Component, zone_name: str) -> list[str]:
    """Local times of a file that no clock of the zone shows at the instant they stand for.

    A file can be right by its own VTIMEZONE and wrong for every program that goes by the name.
    """
    [vtimezone] = calendar.children("VTIMEZONE") or [None]
    wrong = []
    for event in calendar.children("VEVENT"):
        for p in (*event.all("DTSTART"), *event.all("DTEND")):
            if vtimezone is not None and "TZID" in p.params:
                wall = timezones.local_time(p.value)
                shown = timezones.instant(vtimezone, wall).astimezone(zone(zone_name))
                if p.params["TZID"] != zone_name or shown.replace(tzinfo=None, fold=0) != wall:
                    wrong.append(f"{p.name}:{p.value} is {shown}")
    return wrong


def with_offset(instant: datetime, offset: timedelta) -> str:
    return instant.astimezone(timezone(offset)).isoformat()
