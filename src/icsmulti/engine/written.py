"""Dates, times and lengths as iCalendar writes them (RFC 5545 §3.3.4, §3.3.5, §3.3.6).

>>> date_time(datetime(2026, 5, 12, 10)), date(datetime(2026, 5, 12))
('20260512T100000', '20260512')
>>> duration("PT1H30M"), duration("P2D")
(Length(days=0, seconds=5400), Length(days=2, seconds=0))
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from icsmulti.engine.checking import Refused
from icsmulti.engine.times import FIRST_YEAR, LAST_YEAR

TWO = tuple(f"{number:02}" for number in range(60))
_LONG_ALARM = 10_000  # Proton drops a trigger of more than 9 999 minutes, and of 999 hours
_DURATION = re.compile(
    r"P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?)",
    re.ASCII,
).fullmatch


def date_time(value: dt.datetime) -> str:
    """DATE-TIME in basic form (§3.3.5); a table of two-digit numbers beats any formatting."""
    return date(value) + time(value)


def time(value: dt.datetime) -> str:
    """The second half of a DATE-TIME."""
    return f"T{TWO[value.hour]}{TWO[value.minute]}{TWO[value.second]}"


def date(value: dt.date) -> str:
    """DATE in basic form (§3.3.4)."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise Refused
    return f"{value.year}{TWO[value.month]}{TWO[value.day]}"


class Length(NamedTuple):
    """Nominal days (the same time of the clock) and exact seconds (§3.3.6)."""

    days: int
    seconds: int


def duration(text: str) -> Length | None:
    """A duration of weeks, days, hours, minutes and seconds, above zero; None when it is no such.

    Years and months have no fixed length and are none.
    """
    match = _DURATION(text)
    if not match:
        return None
    weeks, days, hours, minutes, seconds = (int(digits or 0) for digits in match.groups())
    length = Length(7 * weeks + days, 3_600 * hours + 60 * minutes + seconds)
    return length if any(length) else None


def minutes_before(minutes: int) -> str:
    """An alarm's distance as an exact duration, in a form that Proton keeps."""
    hours, rest = divmod(minutes, 60)
    if minutes >= _LONG_ALARM and not rest and hours < 1_000:
        return f"PT{hours}H"
    return f"PT{minutes}M"
