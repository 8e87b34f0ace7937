r"""TZif (RFC 9636) as changes of offset: what the packaged tzdata says, nothing more.

    >>> parse(b"TZif2...").offsets[-1]
    datetime.timedelta(seconds=3600)

The explicit changes come from the version 2+ data block; the years after them from the
footer, a POSIX TZ string such as `CET-1CEST,M3.5.0,M10.5.0/3`. Only offsets count here: a
change of name or of the isdst flag alone is none (icalendar.md §7.6).
"""

from __future__ import annotations

import re
import struct
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1)
_EARLIEST_S = -62_135_596_800  # year 1: zic's "big bang" lies before what datetime can hold


class Change(NamedTuple):
    """One change of offset. `at` is UTC, naive."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def onset(self) -> datetime:
        """Local time in the offset before: what DTSTART of an observance says (RFC 5545 §3.6.5)."""
        return self.at + self.before


class Onset(NamedTuple):
    """The day and time of a yearly change, as POSIX writes it: `M3.5.0/2`."""

    month: int
    week: int
    """1 to 5; 5 is the last one."""
    weekday: int
    """0 is Sunday, as POSIX counts."""
    time: timedelta
    """From local midnight of that day; RFC 9636 §3.3.2 allows -167 to 167 hours."""

    def local(self, year: int) -> datetime:
        """When it happens, in the wall clock before the change."""
        first_weekday, days = monthrange(year, self.month)
        first = (self.weekday - 1 - first_weekday) % 7 + 1  # first such weekday of the month
        day = first + 7 * (self.week - 1)
        if day > days:
            day -= 7
        return datetime(year, self.month, day) + self.time


@dataclass(frozen=True, slots=True)
class Rule:
    """What a footer says of every year after the explicit changes."""

    standard: timedelta
    daylight: timedelta | None = None
    start: Onset | None = None
    end: Onset | None = None

    def changes(self, year: int) -> list[Change]:
        """The changes whose onset is written with this year, in order."""
        if self.daylight is None or self.start is None or self.end is None:
            return []
        starts = self.start.local(year)
        ends = self.end.local(year)
        return sorted(
            (
                Change(starts - self.standard, self.standard, self.daylight),
                Change(ends - self.daylight, self.daylight, self.standard),
            )
        )


@dataclass(frozen=True, slots=True, eq=False)  # compared and cached by identity: one per name
class ZoneData:
    """A zone: `offsets[0]` before `at[0]`, `offsets[i]` from `at[i-1]` on (UTC, naive)."""

    at: tuple[datetime, ...]
    offsets: tuple[timedelta, ...]
    rule: Rule
    rule_from: datetime
    """The last instant the file lists; after it, `rule` alone speaks."""


def parse(data: bytes) -> ZoneData:
    """Read a TZif file of version 2 or later. Raises ValueError for anything else."""
    if data[:4] != b"TZif" or data[4:5] < b"2":
        raise ValueError("not a TZif file of version 2 or later")
    # The first block is for readers of version 1, with 4-octet times: only its size matters.
    block = 44 + _block_size(data, 0, 4)
    count, types = struct.unpack_from(">2l", data, block + 32)
    body = block + 44
    instants = struct.unpack_from(f">{count}q", data, body)
    kinds = struct.unpack_from(f">{count}B", data, body + 8 * count)
    seconds = [struct.unpack_from(">lBB", data, body + 9 * count + 6 * i)[0] for i in range(types)]
    footer = data[block + 44 + _block_size(data, block, 8) :].strip(b"\n").decode("ascii")
    # Type 0 is in force before the first change (RFC 9636 §3.2).
    at: list[datetime] = []
    rule_from = datetime.min  # noqa: DTZ901 - naive UTC, before all
    offsets = [timedelta(seconds=seconds[0])]
    for instant, kind in zip(instants, kinds, strict=True):
        offset = timedelta(seconds=seconds[kind])
        if instant < _EARLIEST_S:
            offsets[-1] = offset
            continue
        rule_from = EPOCH + timedelta(seconds=instant)
        if offset != offsets[-1]:
            at.append(rule_from)
            offsets.append(offset)
    return ZoneData(tuple(at), tuple(offsets), parse_rule(footer), rule_from)


def _block_size(data: bytes, header: int, time_size: int) -> int:
    isutc, isstd, leap, count, types, chars = struct.unpack_from(">6l", data, header + 20)
    return int(count * (time_size + 1) + types * 6 + chars + leap * (time_size + 4) + isstd + isutc)


_NAME = r"(?:<[+\-0-9A-Za-z]+>|[A-Za-z]{3,})"
_TIME = r"[+\-]?\d{1,3}(?::\d\d(?::\d\d)?)?"
_DATE = rf"M(\d{{1,2}})\.([1-5])\.([0-6])(?:/({_TIME}))?"
_RULE = re.compile(rf"{_NAME}({_TIME})(?:{_NAME}({_TIME})?,{_DATE},{_DATE})?\Z", re.ASCII)


def parse_rule(text: str) -> Rule:
    """Read a footer. Raises ValueError for a form no zone uses (`Jn` and `n` days)."""
    match = _RULE.match(text)
    if not match:
        raise ValueError(f"TZ string not understood: {text!r}")
    standard = -_time(match[1])  # POSIX counts offsets west of Greenwich
    if match[3] is None:
        return Rule(standard)
    daylight = -_time(match[2]) if match[2] else standard + timedelta(hours=1)
    return Rule(standard, daylight, _onset(match, 3), _onset(match, 7))


def _onset(match: re.Match[str], group: int) -> Onset:
    month, week, weekday = (int(match[group + i]) for i in range(3))
    return Onset(month, week, weekday, _time(match[group + 3] or "2"))


def _time(text: str) -> timedelta:
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    hours, minutes, seconds = parts + [0] * (3 - len(parts))
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -size if text.startswith("-") else size
