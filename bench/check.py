"""Is an answer the calendar that was asked for? Checked before anything is measured.

As lenient as a benchmark may be: either line end, folds by characters or octets, events in any
order, times in UTC or with a TZID. What must be right is what a user would miss: the number of
events, the first and last title, and the instant (or day) at which the first begins.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bench.workloads import Workload

_FOLD = re.compile(rb"\r?\n[ \t]")
_EVENT = re.compile(r"BEGIN:VEVENT\r?\n(.*?)END:VEVENT", re.DOTALL)
_ESCAPE = re.compile(r"\\([nN;,\\])")


class Wrong(Exception):
    """The answer is not the calendar asked for; the message says what is missing."""


def check(workload: Workload, turn: int, status: int, answer: bytes) -> None:
    """The answer to the workload's body number *turn*.

    Raises:
        Wrong: what differs first.
    """
    if status != 200:
        raise Wrong(f"status {status}: {answer[:200].decode('utf-8', 'replace')}")
    events = _EVENT.findall(_FOLD.sub(b"", answer).decode())
    if len(events) != workload.events:
        raise Wrong(f"{len(events)} events, not {workload.events}")
    by_title = {_text(event, "SUMMARY"): event for event in events}
    for title in workload.titles[turn]:
        if title not in by_title:
            raise Wrong(f"no event is called {title!r}; one is {next(iter(by_title))!r}")
    start = _start(by_title[workload.titles[turn][0]])
    if start != workload.starts[turn]:
        raise Wrong(f"the first event begins {start}, not {workload.starts[turn]}")


def _text(event: str, name: str) -> str:
    found = re.search(rf"^{name}(?:;[^:\r\n]*)?:(.*?)\r?$", event, re.MULTILINE)
    raw = found[1] if found else ""
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], raw)


def _start(event: str) -> datetime | date:
    found = re.search(r"^DTSTART([^:\r\n]*):(\d{8})(?:T(\d{6})(Z?))?\r?$", event, re.MULTILINE)
    if found is None:
        raise Wrong("the first event has no DTSTART that can be read")
    parameters, day, time, zulu = found.groups()
    if time is None:
        return datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    zone = re.search(r"TZID=\"?([^;\"]+)", parameters)
    if not zulu and zone is None:
        raise Wrong("the first event begins at a floating time")
    local = datetime.strptime(day + time, "%Y%m%d%H%M%S")  # noqa: DTZ007 - its zone is set below
    where = UTC if zulu else ZoneInfo(zone[1].removeprefix("/")) if zone else UTC
    return local.replace(tzinfo=where).astimezone(UTC)
