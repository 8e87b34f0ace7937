"""Every change of offset of every packaged zone, found by looking, and files on both its sides.

The changes are found with `zoneinfo` alone, by asking for the offset day after day and closing
in where two days differ: nothing of the engine's own reading of tzdata is trusted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

from conformance import judge, model, outlook
from conformance.contentlines import parse
from conformance.readers import Event
from conformance.requests import file_for, occurrence

YEARS = range(1970, 2041)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_UTC_NAMES = {"UTC", "UCT", "Zulu", "Universal"}


class Case(NamedTuple):
    """A request and what its file must read back to."""

    zone: str
    occurrences: list[dict[str, Any]]
    local: bool | None
    """Whether the file must hold local times; None where either form is right."""

    def check(self) -> tuple[bytes, list[Event]]:
        """The file and its events, judged. Raises AssertionError with everything one needs."""
        data = file_for(*self.occurrences, zone=self.zone)
        assert judge.complaints(data) == [], self
        assert outlook.complaints(data) == [], self
        assert model.misplaced(parse(data), self.zone) == [], (self, data.decode())
        read = judge.read(data)
        assert read == self.events([event.uid for event in read]), (self, data.decode())
        if self.local is not None:
            assert (b";TZID=" in data) == self.local, (self, data.decode())
        return data, read

    def events(self, uids: list[str]) -> list[Event]:
        pairs = zip(self.occurrences, uids, strict=True)
        return [model.expected(one, self.zone, uid) for one, uid in pairs]


def cases(zone: str) -> Iterator[Case]:
    """Both sides of every change of the zone from 1970 to 2040, and both ends of every year."""
    for change in changes(zone):
        before, after = change - _SECOND, change + _SECOND
        yield _alone(zone, before)
        yield _alone(zone, change)
        yield Case(zone, _around(zone, before, change, after), None)
    for year in YEARS:
        january, july = (datetime(year, month, 15, 12, tzinfo=UTC) for month in (1, 7))
        yield Case(zone, [_at(1, january, january + 200 * _DAY), _at(2, july, july)], None)
    yield from _over_several(zone)


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The first second of every new offset, in UTC, from 1970 to 2040."""
    return _changes((files("tzdata") / "zoneinfo" / zone).read_bytes(), zone)


_seen: dict[bytes, tuple[datetime, ...]] = {}


def _changes(content: bytes, zone: str) -> tuple[datetime, ...]:
    if content not in _seen:  # a third of the names are aliases
        _seen[content] = tuple(_find(zone))
    return _seen[content]


def _find(zone: str) -> Iterator[datetime]:
    tz = model.zone(zone)
    low, last = datetime(YEARS.start, 1, 1, tzinfo=UTC), datetime(YEARS.stop, 1, 1, tzinfo=UTC)
    offset = low.astimezone(tz).utcoffset()
    while low < last:
        high = low + _DAY
        if high.astimezone(tz).utcoffset() != offset:
            left, right = low, high
            while right - left > _SECOND:
                middle = left + (right - left) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(tz).utcoffset() == offset:
                    left = middle
                else:
                    right = middle
            yield right
            offset = high.astimezone(tz).utcoffset()
        low = high


def _alone(zone: str, instant: datetime) -> Case:
    """One short event: in local time, unless its local time happens twice or has odd seconds."""
    tz = model.zone(zone)
    wall = instant.astimezone(tz).replace(tzinfo=None, fold=0)
    offsets = {wall.replace(tzinfo=tz, fold=fold).utcoffset() for fold in (0, 1)}
    plain = len(offsets) == 1 and not any(o.seconds % 60 for o in offsets if o)
    utc = zone.removeprefix("Etc/") in _UTC_NAMES
    return Case(zone, [_at(1, instant, instant)], plain and not utc)


def _around(zone: str, *instants: datetime) -> list[dict[str, Any]]:
    """Events at and across these instants, as instants and as local times."""
    tz = model.zone(zone)
    walls = [f"{i.astimezone(tz).replace(tzinfo=None, fold=0).isoformat()}" for i in instants]
    between = min(walls), max(walls)  # inside the gap, or the repeated hour
    middle = datetime.fromisoformat(between[0])
    middle += (datetime.fromisoformat(between[1]) - middle) / 2
    walls.append(middle.replace(microsecond=0).isoformat())
    made = [_at(0, instants[0], instants[-1]), *(_at(n, i, i) for n, i in enumerate(instants, 1))]
    for number, wall in enumerate(walls, len(made)):
        made.append(occurrence(number, dateDebut=wall, dateFin=wall))
    return made


def _over_several(zone: str) -> Iterator[Case]:
    """Events early and late in each of four stretches in a row, in order and against it."""
    stretches = list(pairwise(changes(zone)))
    for first in range(0, len(stretches), 2):
        instants = [
            instant
            for start, end in stretches[first : first + 4]
            for instant in (start + (end - start) / 50, end - (end - start) / 50)
        ]
        events = [_at(n, i, i + _SECOND) for n, i in enumerate(instants)]
        yield Case(zone, events, None)
        yield Case(zone, events[::-1], None)


def _at(number: int, start: datetime, end: datetime) -> dict[str, Any]:
    return occurrence(
        number, dateDebut=f"{start:%Y-%m-%dT%H:%M:%SZ}", dateFin=f"{end:%Y-%m-%dT%H:%M:%SZ}"
    )
