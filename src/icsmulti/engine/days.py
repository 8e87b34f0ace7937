"""Date strings on a zone's clock, by table: a quiet day, and a time of day.

    >>> local_times(["2026-05-12T10:00:00Z", "2026-10-25T00:30:00Z"], zone("Europe/Paris"))
    ['20260512T120000', None]
    >>> whole_days("2026-07-14T00:00:00.000Z", "2026-07-14", zone("Europe/Paris"))
    ('20260714', '20260715')

Nearly every date lies on a day around which no clock changes. Then its two halves say all there
is to say, each is read once (by `times.parse`), and no date becomes a number and a text again:
half the cost of a date. All others, None here, are `times.locate`'s and `times.dates`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeAlias, TypeVar

from icsmulti.engine.times import FIRST_YEAR, LAST_YEAR, parse
from icsmulti.engine.written import date, time
from icsmulti.engine.zones import Zone

KEPT = 1_000
"""Entries of a table, which forgets them all when it is full: of the 64 zones used last."""

_DAY = timedelta(days=1)
_ANY_DATE = "2026-01-15"
_MIDNIGHT = datetime.fromisoformat(_ANY_DATE)
_ITSELF = frozenset(("", "T00:00:00Z", "T00:00:00.000Z"))
"""What may follow a date that means itself in an all-day event, whatever the zone."""

T = TypeVar("T")

Around: TypeAlias = tuple[str, str, str]
"""The day before, a day and the day after, as DATE."""


class Times(dict[str, tuple[int, str]]):
    """What follows the date in a date string → how it is written in a zone at an offset, and on
    which day of `Around`.
    """

    def __init__(self, offset: timedelta) -> None:
        self._offset = offset

    def __missing__(self, text: str) -> tuple[int, str]:
        moment = parse(_ANY_DATE + text)
        if moment.leap:  # whether there can be one, the date decides too
            raise KeyError
        wall = moment.wall
        if moment.offset is not None:
            wall += self._offset - moment.offset
        day = (wall - _MIDNIGHT) // _DAY + 1
        if not 0 <= day <= 2:  # an offset of nearly a day, opposite to the zone's
            raise KeyError
        return _kept(self, text, (day, time(wall)))


class Days(dict[str, tuple[Around, Times]]):
    """The quiet days of a zone, by the date as it is sent.

    Quiet: whatever time and offset follow, the zone's offset is the same and its clock unmistakable.
    """

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def __missing__(self, text: str) -> tuple[Around, Times]:
        midnight = parse(text).wall
        if not FIRST_YEAR < midnight.year < LAST_YEAR:
            raise KeyError
        span = self._zone.span_at(midnight)
        if not span.clear_from <= midnight - 2 * _DAY <= midnight + 3 * _DAY < span.clear_until:
            raise KeyError
        around = (date(midnight - _DAY), date(midnight), date(midnight + _DAY))
        return _kept(self, text, (around, _times(span.offset)))


def local_times(texts: Iterable[str], zone: Zone) -> list[str | None]:
    """Date strings as DATE-TIME on the zone's clock (RFC 5545 §3.3.5); None if not on a quiet day.

    Raises:
        InvalidDate: one of the two halves is none; for which reason, the whole tells.
    """
    days = _days(zone)
    found: list[str | None] = []
    for text in texts:
        try:
            around, times = days[text[:10]]
            day, written = times[text[10:]]
            found.append(around[day] + written)
        except KeyError:
            found.append(None)
    return found


def whole_days(start: str, end: str, zone: Zone) -> tuple[str, str] | None:
    """The first day of an all-day event and the one after its last, as DATE (RFC 5545 §3.3.4).

    Of dates as people and browsers send them; None if one is not, or not a quiet day.

    Raises:
        InvalidDate: as `local_times`.
    """
    if start[10:] not in _ITSELF or end[10:] not in _ITSELF:
        return None
    days = _days(zone)
    try:
        (_, first, _), _ = days[start[:10]]
        (_, _, behind), _ = days[end[:10]]
    except KeyError:
        return None
    return first, behind


def _kept(table: dict[str, T], text: str, value: T) -> T:
    if len(table) >= KEPT:
        table.clear()
    table[text] = value
    return value


@lru_cache(maxsize=64)
def _days(zone: Zone) -> Days:
    return Days(zone)


@lru_cache(maxsize=64)
def _times(offset: timedelta) -> Times:
    return Times(offset)
