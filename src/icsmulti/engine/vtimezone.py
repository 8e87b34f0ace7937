r"""A zone as the VTIMEZONE that every calendar program reads right (RFC 5545 §3.6.5).

    >>> print(vtimezone(zone("Asia/Kolkata"), datetime(2026, 5, 12), datetime(2026, 5, 13)))
    BEGIN:VTIMEZONE
    TZID:Asia/Kolkata
    BEGIN:STANDARD
    DTSTART:19700101T000000
    ...

Outlook reads a zone as at most one yearly change each way (MS-OXCICAL 2.1.3.1.1.19), so that
is all we ever write for events that stand alone:

- a yearly pair where the zone is regular, from the year before the first event to the year
  after the last: by the zone's own rule where that governs, else as found in those years;
- one fixed observance where nothing changes between the first and the last;
- nothing (None) otherwise: the caller writes those events in UTC, which nobody misreads.

A series of events cannot be written in UTC: it would move by an hour twice a year. Where neither
a pair nor a fixed observance will do, `vtimezone_of_changes` lists what changes up to its last
date; Outlook misreads that, and `advice` says so.

The text is right for every instant of the span and says nothing about others. `TZNAME` is
optional and omitted: nobody shows it, and made-up names mislead.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from icsmulti.engine.tzif import Change
from icsmulti.engine.zones import TZDATA_VERSION, Zone

_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # POSIX order
_DAY = timedelta(days=1)
_YEAR = timedelta(days=366)
_ZERO = timedelta()
_FAR = datetime(4400, 1, 1)  # after every change that tzdata lists

# A fixed observance starts where every reader has times; Outlook's begin in 1601.
_FIXED_FROM = datetime(1970, 1, 1)
_FIXED_FROM_EARLY = datetime(1601, 1, 1)


ENDLESS_YEARS = 20
"""How long a zone is told for a series without end, where no rule can say it."""
_OF_TODAY = datetime(int(TZDATA_VERSION[:4]), 1, 1)
"""The year of the data: of a series that has long begun, it is what comes that must be right."""


class Yearly(NamedTuple):
    """One observance that starts every year on the same weekday of a month: an RRULE."""

    first: Change
    month: int
    ordinal: int
    """1 to 4, or -1 for the last one."""
    weekday: str


def vtimezone(zone: Zone, first: datetime, last: datetime | None) -> str | None:
    """The component for events from *first* to *last* (UTC, inclusive), ended by CRLF.

    *last* is None for a series without end. The answer is None when no component of Outlook's shape
    is right for all of them.
    """
    if last is None:
        if not is_settled(zone, first):
            return None
        last = first
    pair = _pair(zone, first, last)
    if pair:
        return _by_rule(zone.name, pair)
    span = zone.span_at(first)
    if last < span.end:
        early = first + span.offset < _FIXED_FROM + _DAY
        return _fixed(zone.name, span.offset, _FIXED_FROM_EARLY if early else _FIXED_FROM)
    return None


def is_settled(zone: Zone, first: datetime) -> bool:
    """Whether the component for *first* is right for every later instant as well."""
    if _has_pair(zone):
        return (first + zone.span_at(first).offset).year - 1 >= zone.rule_since
    return zone.rule.daylight is None and zone.span_at(first) == zone.span_at(_FAR)


def is_told_for_ever(zone: Zone) -> bool:
    """Whether an endless series can have its zone told to the end of time."""
    return zone.rule.daylight is None or _has_pair(zone)


def _has_pair(zone: Zone) -> bool:
    return zone.rule.daylight is not None and _rule_pair(zone) is not None


def vtimezone_of_changes(zone: Zone, first: datetime, last: datetime | None) -> str:
    """The component for a series that `vtimezone` has none for: right, but too much for Outlook.

    The observance in force at *first*, then each change up to *last*: one by one, from where the
    zone's own pair governs by that. Without *last*, for ever; but for `ENDLESS_YEARS`, from
    today if it began before, in the few zones whose rule no pair can say.
    """
    if last is None:
        last = max(first, _OF_TODAY) + ENDLESS_YEARS * _YEAR
        if is_told_for_ever(zone):
            last = datetime(max(first.year, zone.rule_since) + 1, 1, 1)
    span = zone.span_at(first)
    if span.before == span.offset:  # nothing came before
        changes = [Change(_FIXED_FROM_EARLY - span.offset, span.offset, span.offset)]
    else:
        changes = [Change(span.start, span.before, span.offset)]
    changes += [c for c in zone.changes(first.year, last.year + 1) if first < c.at <= last]
    ruled = 0
    if _has_pair(zone):
        ruled = sum(change.onset.year >= zone.rule_since for change in changes)
    lines: list[str] = []
    for change in changes[: len(changes) - ruled]:
        lines += _observance(change, f"RDATE:{_local(change.onset)}")
    if ruled and (pair := _rule_pair(zone)):
        lines += _yearly_lines(pair)
    if "BEGIN:STANDARD" not in lines:  # Outlook wants one; the name changes no offset
        lines = [line.replace("DAYLIGHT", "STANDARD") for line in lines]
    return _component(zone.name, lines)


def _pair(zone: Zone, first: datetime, last: datetime) -> tuple[Yearly, Yearly] | None:
    """The yearly pair from the local year before the first event to the one after the last."""
    if first.year - 2 >= zone.rule_since:  # whatever the offset: the common case
        return _rule_pair(zone)
    first_year = (first + zone.span_at(first).offset).year - 1
    if first_year >= zone.rule_since:
        return _rule_pair(zone)
    return _sampled_pair(zone, first_year, (last + zone.span_at(last).offset).year + 1)


@lru_cache(maxsize=1_024)
def _rule_pair(zone: Zone) -> tuple[Yearly, Yearly] | None:
    """The zone's own rule from the first year it governs; None when it is no yearly pair.

    A change past its day's midnight, as Chile's `M9.1.6/24`, falls on no one weekday ordinal.
    """
    rule = zone.rule
    if rule.start is None or rule.end is None or rule.daylight is None:
        return None
    if not all(_ZERO <= onset.time < _DAY for onset in (rule.start, rule.end)):
        return None
    pair = []
    for change in zone.changes(zone.rule_since, zone.rule_since):
        onset = rule.start if change.before == rule.standard else rule.end
        ordinal = -1 if onset.week == 5 else onset.week
        pair.append(Yearly(change, onset.month, ordinal, _WEEKDAYS[onset.weekday]))
    return pair[0], pair[1]


@lru_cache(maxsize=4_096)
def _sampled_pair(zone: Zone, first_year: int, last_year: int) -> tuple[Yearly, Yearly] | None:
    """The pair that all these years share, for the years before the zone's rule of today."""
    changes = zone.changes(first_year, last_year)
    if len(changes) != 2 * (last_year - first_year + 1):
        return None
    pair = _shared(changes[::2]), _shared(changes[1::2])
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def _shared(changes: list[Change]) -> Yearly | None:
    """What one change has in common over consecutive years, if that makes a yearly rule."""
    first = changes[0]
    ordinals = {-1, 1, 2, 3, 4}
    for year, change in enumerate(changes, first.onset.year):
        onset = change.onset
        if (
            onset.year != year
            or (change.before, change.after) != (first.before, first.after)
            or (onset.month, onset.weekday(), onset.time())
            != (first.onset.month, first.onset.weekday(), first.onset.time())
        ):
            return None
        ordinals &= _ordinals(onset)
    if not ordinals:
        return None
    # The last Sunday is what people decree; min() prefers -1 and is exact over these years.
    return Yearly(first, first.onset.month, min(ordinals), _WEEKDAYS[first.onset.isoweekday() % 7])


def _ordinals(onset: datetime) -> set[int]:
    """Which Sunday (say) of its month a date is: counted from the start, and -1 for the last."""
    last = (onset + 7 * _DAY).month != onset.month
    return {(onset.day - 1) // 7 + 1} | ({-1} if last else set())


@lru_cache(maxsize=1_024)
def _by_rule(tzid: str, pair: tuple[Yearly, Yearly]) -> str:
    return _component(tzid, _yearly_lines(pair))


def _yearly_lines(pair: tuple[Yearly, Yearly]) -> list[str]:
    lines = []
    for yearly in pair:
        rule = f"FREQ=YEARLY;BYMONTH={yearly.month};BYDAY={yearly.ordinal}{yearly.weekday}"
        lines += _observance(yearly.first, f"RRULE:{rule}")
    return lines


def _fixed(tzid: str, offset: timedelta, start: datetime) -> str:
    # RDATE besides DTSTART: Home Assistant ignores an observance that has neither RDATE nor RRULE.
    change = Change(start - offset, offset, offset)
    return _component(tzid, _observance(change, f"RDATE:{_local(start)}"))


def _observance(change: Change, recurrence: str) -> list[str]:
    # By offset, not by tzdata's flag: Dublin's winter is "daylight" there, and nowhere else.
    kind = "DAYLIGHT" if change.after > change.before else "STANDARD"
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{_local(change.onset)}",
        recurrence,
        f"TZOFFSETFROM:{_utc_offset(change.before)}",
        f"TZOFFSETTO:{_utc_offset(change.after)}",
        f"END:{kind}",
    ]


def _component(tzid: str, observances: list[str]) -> str:
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *observances, "END:VTIMEZONE", ""]
    return "\r\n".join(lines)  # no line here can reach 75 octets


def _local(wall: datetime) -> str:
    return f"{wall.year:04}{wall:%m%dT%H%M%S}"


def _utc_offset(offset: timedelta) -> str:
    """UTC-OFFSET (§3.3.14); zero is `+0000`, never `-0000`. Seconds only before a series' first
    change from local mean time: nothing is ever written in such an offset.
    """
    seconds = int(offset.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    minutes, seconds = divmod(seconds, 60)
    return f"{sign}{minutes // 60:02}{minutes % 60:02}" + (f"{seconds:02}" if seconds else "")
