"""How a fault is told: at once by stopping, or all together in a list.

    value = text(o.contact, (*path, "contact"), found, 2_000)

The rich members are read by one piece of code each, in their modules. On the straight path it
is given a `Stop`, which ends the walk at the first fault; in `faults` a `Found`, which collects
them. So a member is accepted exactly when no fault is found in it: there is one rule, not two.
"""

from __future__ import annotations

from collections.abc import Sized
from datetime import datetime
from typing import Any, NoReturn, Protocol

from icsmulti.engine.contentline import one_line
from icsmulti.engine.effort import Effort
from icsmulti.engine.times import LENGTH_LIMIT, InvalidDate, Moment, instant, is_writable, parse
from icsmulti.engine.zones import Zone
from icsmulti.errors import Fault, InvalidRequest, Path

COUNTED = 100_000
"""How many faults are counted: then the reading ends, or telling would cost what it protects from.
Ten thousand events without any richer member cannot have as many."""
LONGEST = 1_000
"""What no list or object of the richer members may exceed: what does is not looked into."""


UNKNOWN: Any = object()
"""Stands for a member that has a fault, while others are read: nothing follows from what it would
say, and nothing more is told of it."""


class Enough(Exception):
    """As many faults as are counted."""


class Refused(ValueError):
    """The straight path met something for `faults` to name."""


class Finder(Protocol):
    """Where a fault goes, and what the request may still cost."""

    @property
    def effort(self) -> Effort: ...

    def add(self, code: str, path: Path, reason: str = "", **values: object) -> None:
        """Note a fault; or raise `Refused`."""


class Stop:
    """The straight path: the first fault ends it."""

    def __init__(self, effort: Effort | None = None) -> None:
        self._effort = effort

    @property
    def effort(self) -> Effort:
        """The request's; without one, as much for each thing that is read."""
        return self._effort or Effort()

    def add(self, code: str, path: Path, reason: str = "", **values: object) -> NoReturn:
        raise Refused


STOP = Stop()
"""For whoever reads one thing, not a request."""


class Found:
    """The faults so far: the first ones whole, the rest as a number."""

    def __init__(self, listed: int) -> None:
        self.listed = listed
        self.effort = Effort()
        self.faults: list[Fault] = []
        self.total = 0

    def add(self, code: str, path: Path, reason: str = "", **values: object) -> None:
        self.total += 1
        if self.total <= self.listed:
            self.faults.append(Fault(code, path, reason or code, values))
        if self.total >= COUNTED:
            self.finish()

    def finish(self) -> None:
        """Raise what was found, if anything."""
        if self.total:
            raise InvalidRequest(self.faults, self.total)


def text(value: str | None, path: Path, found: Finder, limit_chars: int) -> str:
    """An optional text on one line, cleaned; "" when absent, white space only, or too long."""
    if not value:
        return ""
    if len(value) > limit_chars:
        found.add("too-long", path, limit=limit_chars, count=len(value))
        return ""
    return one_line(value)


def required_text(value: str, path: Path, found: Finder, limit_chars: int) -> str:
    """A text that must say something; "" with its fault."""
    line = text(value, path, found, limit_chars)
    if not line and len(value) <= limit_chars:
        found.add("empty", path)
    return line


def number(value: int | None, path: Path, found: Finder, low: int, high: int) -> int | None:
    """A whole number from *low* to *high*, both included; None when absent or outside."""
    if value is None or low <= value <= high:
        return value
    found.add("out-of-range", path, "number-range", low=low, high=high)
    return None


def few(values: Sized, path: Path, found: Finder, limit: int) -> bool:
    """Whether a list is short enough. Ask before reading its items: see `LONGEST`."""
    if len(values) <= limit:
        return True
    found.add("too-many", path, "too-many-items", limit=limit, count=len(values))
    return False


def date_time(value: str, tz: Zone, path: Path, found: Finder) -> tuple[Moment, datetime] | None:
    """A date string as written and as UTC, in years that can be written; None with its fault."""
    try:
        moment = parse(value)
        utc = instant(moment, tz)
    except InvalidDate as error:
        add_date_fault(error, path, found)
        return None
    if is_writable(utc) and is_writable(moment.day):
        return moment, utc
    add_date_fault(InvalidDate("date-year"), path, found)
    return None


def add_date_fault(error: InvalidDate, path: Path, found: Finder) -> None:
    """A date's fault with the contract's code."""
    codes = {
        "date-length": "too-long",
        "date-year": "out-of-range",
        "duration-form": "invalid-duration",
        "duration-days": "invalid-duration",
    }
    found.add(codes.get(error.reason, "invalid-date"), path, error.reason, limit=LENGTH_LIMIT)
