"""Date strings: what is written, as a wall clock and perhaps an offset (RFC 3339, ISO 8601).

    >>> parse("2026-05-12T10:00:00+02:00")
    Moment(wall=datetime.datetime(2026, 5, 12, 10, 0), offset=datetime.timedelta(seconds=7200), ...)

A moment is not yet an instant: without an offset it needs a zone (`instant`), and for an
all-day event it means a date (`dates`). What is accepted is contract.md §2 "Dates"; all else
is refused, never guessed: no week dates, no prose, no 30 February rolled over.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from icsmulti.engine.zones import Zone

LENGTH_LIMIT = 64
FIRST_YEAR, LAST_YEAR = 1601, 4500
"""The years written (MS-STANOICAL 3.3.5: Outlook takes others for invalid)."""

_EARLIEST_YEAR, _LATEST_YEAR = FIRST_YEAR - 1, LAST_YEAR + 1  # a zone may still move it inside
_ZERO = timedelta()
_MIDNIGHT = time()
_LAST_SECOND = time(23, 59, 59)

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"([Zz]|[+\-−]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
).fullmatch


class InvalidDate(ValueError):
    """Not a date of the contract. `reason` names the sentence (`faults.<reason>`)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Moment(NamedTuple):
    """A date string, read."""

    wall: datetime
    """As written, but 24:00 is the next midnight; naive."""
    offset: timedelta | None
    """None: local time in the zone."""
    day: date
    """The date written: 24:00 belongs to the day it is written with."""
    leap: bool = False
    """Second 60 was written, and read as 59."""

    @property
    def is_utc_midnight(self) -> bool:
        """Midnight written in UTC: what toISOString() makes of a date."""
        return self.offset == _ZERO and self.wall.time() == _MIDNIGHT


def locate(text: str, zone: Zone) -> tuple[datetime, timedelta | None]:
    """A date string of a timed event as UTC, naive, and the zone's offset then.

    The offset is None where its local time would be mistaken for another instant's.

    Args:
        text: as received.
        zone: where a string without offset is local time.

    Raises:
        InvalidDate: as `parse` and `instant`; or `date-year`, of a year that no offset brings in.
    """
    utc = instant(parse(text), zone)
    if not _EARLIEST_YEAR <= utc.year <= _LATEST_YEAR:
        raise InvalidDate("date-year")
    span = zone.span_at(utc)
    return utc, span.offset if span.is_clear(utc) else None


def parse(text: str) -> Moment:
    """Read a date string.

    Raises:
        InvalidDate: `date-form` (no form of the contract), `date-value` (no such date or
            time), `date-leap-second`, `date-length`, `date-year`.
    """
    if len(text) > LENGTH_LIMIT:
        raise InvalidDate("date-length")
    match = _FORM(text)
    if not match:
        raise InvalidDate("date-form")
    written, hours, minutes, seconds, fraction, zone = match.groups()
    try:
        midnight = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidDate("date-value") from None
    if not _EARLIEST_YEAR <= midnight.year <= _LATEST_YEAR:
        raise InvalidDate("date-year")
    if hours is None:
        return Moment(midnight, None, midnight.date())
    hour, minute, second = int(hours), int(minutes), int(seconds or 0)
    leap = second == 60
    last = hour == 24 and not minute and not second and not (fraction or "").strip("0")
    if minute > 59 or second > 60 or (hour > 23 and not last):
        raise InvalidDate("date-value")
    wall = midnight + timedelta(hours=hour, minutes=minute, seconds=second - leap)
    offset = _offset(zone) if zone else None
    if leap and offset is not None and not _is_leap_second(wall - offset):
        raise InvalidDate("date-leap-second")
    return Moment(wall, offset, midnight.date(), leap)


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return _ZERO
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        raise InvalidDate("date-value")
    size = timedelta(hours=hours, minutes=minutes)
    return size if text[0] == "+" else -size


def _is_leap_second(utc: datetime) -> bool:
    return utc.time() == _LAST_SECOND


def instant(moment: Moment, zone: Zone) -> datetime:
    """The moment as UTC, naive.

    Raises:
        InvalidDate: `date-leap-second`: second 60 where no leap second can be.
    """
    if moment.offset is not None:
        return moment.wall - moment.offset
    utc = zone.instant(moment.wall)
    if moment.leap and not _is_leap_second(utc):
        raise InvalidDate("date-leap-second")
    return utc


def dates(start: Moment, end: Moment, zone: Zone) -> tuple[date, date]:
    """First and last day, both included, of an all-day event (contract.md §2).

    A browser sends a day as `2026-07-14T00:00:00.000Z` (the date written, from Paris and from
    Pointe-à-Pitre alike) or as its own midnight, `2026-07-13T22:00:00.000Z` (read in the zone).
    """
    first = day(start, zone)
    if end.offset is None or end.is_utc_midnight or not start.is_utc_midnight:
        return first, day(end, zone)
    # dateDebut is midnight in UTC, so dateFin is a date in UTC too (…T23:59:59Z is that day),
    # unless it is the midnight of a zone that is at UTC+0 at dateDebut: a London browser's.
    utc = instant(end, zone)
    wall = utc + zone.span_at(utc).offset
    is_local_midnight = wall.time() == _MIDNIGHT
    if is_local_midnight and not zone.span_at(instant(start, zone)).offset:
        return first, wall.date()
    return first, utc.date()


def day(moment: Moment, zone: Zone) -> date:
    """The date a moment means on its own, in an all-day event.

    Raises:
        InvalidDate: `date-leap-second`.
    """
    utc = instant(moment, zone)
    if moment.offset is None or moment.is_utc_midnight:
        return moment.day
    return (utc + zone.span_at(utc).offset).date()


def written_form(utc: datetime, zone: Zone) -> datetime:
    """What a DATE-TIME shows of an instant: local time where that is unmistakable, else UTC."""
    span = zone.span_at(utc)
    return utc + span.offset if span.is_clear(utc) and not zone.is_utc else utc


def is_writable(value: date) -> bool:
    """Whether a date or datetime lies in the years that every program reads."""
    return FIRST_YEAR <= value.year <= LAST_YEAR
