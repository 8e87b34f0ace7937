"""IANA zones of the packaged tzdata: names, and which offset is in force when.

    >>> paris = zone("europe/paris")
    >>> paris.name, paris.span_at(datetime(2026, 5, 12, 10)).offset
    ('Europe/Paris', datetime.timedelta(seconds=7200))

Always the shipped tzdata, never the system's: those lag, and a lagging one is an hour wrong
in Vancouver or Casablanca from autumn 2026. Datetimes are naive here: `utc` or `wall` in a
name says which they are. Nothing here writes iCalendar; `vtimezone` does.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

try:
    import tzdata
except ModuleNotFoundError:  # never the system's instead: it may be an hour wrong
    raise ImportError(
        "ICSMulti needs the tzdata package: pip install --force-reinstall tzdata"
    ) from None

from icsmulti.engine.tzif import Change, Rule, ZoneData, parse

TZDATA_VERSION: str = tzdata.IANA_VERSION

UTC_NAMES = frozenset(
    ("UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal")
)
"""Names of UTC itself: written `…Z`, because TZID must not be applied to UTC (RFC 5545 §3.2.19)."""

_NOT_A_PLACE = frozenset(("Factory",))  # tzdata's "no zone set", an offset of nowhere

# A year inside what datetime holds: an offset never leads out of it.
_BEGINNING = datetime(2, 1, 1)
_END = datetime(9998, 1, 1)
_RECENT = datetime(2026, 7, 1)  # any instant would do
_FIRST_YEAR = 1850  # no zone changes before its first railway timetable
_WIDEST_OFFSET = timedelta(hours=36)  # wider than any offset, even Manila's 15:56:08 of 1844


class Span(NamedTuple):
    """A stretch of time with one offset, and the part of it whose wall clock is unmistakable.

    All bounds are half-open. A wall clock in [wall_from, wall_until) exists once only, and
    so does an instant in [clear_from, clear_until) read in this zone; outside lie the gap of
    spring and the repeated hour of autumn.
    """

    start: datetime
    end: datetime
    offset: timedelta
    before: timedelta
    """The offset before `start`."""
    clear_from: datetime
    clear_until: datetime
    wall_from: datetime
    wall_until: datetime

    def is_clear(self, utc: datetime) -> bool:
        """Whether an instant's wall clock tells it from all others, and every reader agrees."""
        return self.clear_from <= utc < self.clear_until


_Spans = tuple[tuple[datetime, ...], tuple[Span, ...]]
"""The instants of change, and the spans before, between and after them."""


class Zone:
    """One zone under one name. Immutable, made once a process by `zone`."""

    __slots__ = ("_data", "is_utc", "name", "recent", "rule_since")

    def __init__(self, name: str, data: ZoneData) -> None:
        self.name = name
        """As tzdata spells it, the alias that was asked for (V8 would rewrite it)."""
        self._data = data
        self.is_utc = name in UTC_NAMES
        self.recent = self.span_at(_RECENT)
        """A span to try first: where most requests' events lie, or near it."""
        self.rule_since = self._find_rule_since()
        """From this year on, every change is as `rule` says: known, not sampled."""

    @property
    def rule(self) -> Rule:
        return self._data.rule

    def span_at(self, utc: datetime) -> Span:
        """The stretch that holds an instant."""
        data = self._data
        if data.rule.daylight is None or utc < data.rule_from:
            starts, spans = _listed_spans(data)
        else:
            starts, spans = _rule_spans(data, utc.year)
        return spans[bisect_right(starts, utc)]

    def instant(self, wall: datetime) -> datetime:
        """A wall clock as UTC: the first of two, and in a gap the offset before it (RFC 5545 §3.3.5)."""
        if self.recent.wall_from <= wall < self.recent.wall_until:
            return wall - self.recent.offset
        span = self.span_at(wall - _WIDEST_OFFSET)  # a stretch that surely starts before
        while wall - span.offset >= span.end:
            span = self.span_at(span.end)
        if wall - span.offset < span.start:  # the gap before this stretch
            return wall - span.before
        return wall - span.offset

    def changes(self, first_year: int, last_year: int) -> list[Change]:
        """Every change whose onset (wall clock before it) is written with one of these years."""
        at, offsets = self._data.at, self._data.offsets
        low = bisect_right(at, datetime(first_year - 1, 12, 29))
        explicit = (Change(at[i], offsets[i], offsets[i + 1]) for i in range(low, len(at)))
        found: list[Change] = []
        for change in explicit:
            if change.onset.year > last_year:
                return found
            if change.onset.year >= first_year:
                found.append(change)
        since = self._data.rule_from
        for year in range(max(first_year, since.year), last_year + 1):
            found += [change for change in self._data.rule.changes(year) if change.at > since]
        return found

    def _find_rule_since(self) -> int:
        year = max(self._data.rule_from.year + 1, _FIRST_YEAR)
        while year > _FIRST_YEAR and self.changes(year - 1, year - 1) == self._data.rule.changes(
            year - 1
        ):
            year -= 1
        return year


@lru_cache(maxsize=1_024)
def _listed_spans(data: ZoneData) -> _Spans:
    """The spans of every change that the file lists; the last one ends at the rule's first."""
    years = range(data.rule_from.year, data.rule_from.year + 2)
    ruled = (c for year in years for c in data.rule.changes(year) if c.at > data.rule_from)
    first = next(ruled, None)
    if first is None:
        return _spans(data.at, data.offsets)
    return _spans((*data.at, first.at), (*data.offsets, first.after))


@lru_cache(maxsize=4_096)
def _rule_spans(data: ZoneData, year: int) -> _Spans:
    """The spans around a year that the rule governs: the years beside it bound them."""
    changes = []
    if data.at and data.rule_from.year >= year - 1:  # the last listed change bounds them too
        changes.append(Change(data.at[-1], *data.offsets[-2:]))
    for near in range(year - 1, year + 2):
        changes += [change for change in data.rule.changes(near) if change.at > data.rule_from]
    at = tuple(change.at for change in changes)
    return _spans(at, (changes[0].before, *(change.after for change in changes)))


def _spans(at: tuple[datetime, ...], offsets: tuple[timedelta, ...]) -> _Spans:
    """Changes as the spans between them: `spans[i]` ends at `at[i]`."""
    spans = []
    for i, offset in enumerate(offsets):
        start, before = (at[i - 1], offsets[i - 1]) if i else (_BEGINNING, offset)
        end, after = (at[i], offsets[i + 1]) if i < len(at) else (_END, offset)
        # Backward steps repeat wall clock on both their sides; forward steps skip some.
        wall_from = start + max(offset, before) if i else _BEGINNING
        wall_until = end + min(offset, after) if i < len(at) else _END
        clear_from = wall_from - offset if i else _BEGINNING
        clear_until = wall_until - offset if i < len(at) else _END
        if offset.seconds % 60:  # ical.js drops the seconds of an offset: nothing here is safe
            clear_from = clear_until = start
        spans.append(
            Span(start, end, offset, before, clear_from, clear_until, wall_from, wall_until)
        )
    return at, tuple(spans)


@cache
def names() -> tuple[str, ...]:
    """Every name and alias of the packaged tzdata, in its spelling, sorted."""
    listed = files("tzdata").joinpath("zones").read_text("ascii").split()
    return tuple(sorted(set(listed) - _NOT_A_PLACE))


@cache
def _spelling() -> dict[str, str]:
    return {name.lower(): name for name in names()}


def zone(name: str) -> Zone:
    """The zone of an IANA name or alias, whatever its case.

    Raises:
        KeyError: tzdata has no such name. Offsets, Windows names, POSIX strings and paths
            are no names.
    """
    if not name.isascii():  # str.lower() would turn a Kelvin sign into the k of Kolkata
        raise KeyError(name)
    return _zone(_spelling()[name.lower()])


@cache
def _zone(name: str) -> Zone:
    folder = files("tzdata") / "zoneinfo"
    return Zone(name, parse(folder.joinpath(name).read_bytes()))
