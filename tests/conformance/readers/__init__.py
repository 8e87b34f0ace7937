"""Other people's iCalendar readers behind one shape: bytes of a file in, `Event`s out.

What each is the engine of, and what it gets wrong on its own, stands in its module. All of
them see the zone under a name of our making (`rename_zones`), or they would quietly use
their own database and say nothing about our VTIMEZONE.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

import pytest


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT as a reader understood it."""

    uid: str
    summary: str
    description: str
    location: str
    start: datetime | date
    """An instant in UTC, or a date for a whole day."""
    end: datetime | date | None
    """Exclusive; None when the file has no DTEND."""
    alarms: tuple[int, ...]
    """Seconds from the start, negative before it."""


class Refused(Exception):
    """The reader does not take the file. The message is the reader's own."""


Answer = list[Event] | Refused
Reader = Callable[[Sequence[bytes]], list[Answer]]
"""Reads many files at once (one process for all of them), an answer for each, in order."""

_fresh = itertools.count()


def rename_zones(data: bytes) -> bytes:
    """Give every zone of the file a name nobody knows, new each time: some readers cache zones
    by name for the life of the process. Same length or longer lines are not folded again."""
    prefix = b"X/%d-" % next(_fresh)
    data = re.sub(rb"(?m)^TZID:", b"TZID:" + prefix, data)
    return re.sub(rb"(?m)^([A-Z-]+);TZID=", rb"\1;TZID=" + prefix, data)


def missing(what: str, how: str) -> NoReturn:
    """A reader is not installed: a failure where CI runs, a skip that says how to get it elsewhere."""
    message = f"{what} is not installed: {how}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def all_readers() -> dict[str, Reader]:
    """Every reader by the name it is known by. Imported late: each may be missing."""
    from conformance.readers import icaljs, libical, python

    return {
        "icalendar": python.icalendar,
        "ical": python.ical,
        "ical.js": icaljs.read,
        "libical": libical.read,
    }
