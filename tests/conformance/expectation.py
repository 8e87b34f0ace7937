"""Whether an answer is what a vector expects, and if not, why.

An expectation is `{"status": 400, "path": ...}` (the path of a fault, "" when it is not
compared), or says of a file: `lines` (content lines that must be there), `absent` (prefixes no
line may have; after `*` a substring found nowhere), `utc` (start and end of the first event,
resolved through the file's own VTIMEZONE), `matches` (a pattern some line matches), `counts`,
`order`, `physical` and `notPhysical` (lines before unfolding), `uniqueUids`, `uidMaxOctets`,
`uidAscii`, `sameUidAsRequest2`, `headers` (patterns).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conformance import judge
from conformance.contentlines import unfold
from conformance.readers import Event
from conformance.vectors import Vector, body


@dataclass(frozen=True)
class Answer:
    """What the product said, in process or over HTTP."""

    status: int
    data: bytes = b""
    faults: tuple[str, ...] = ()
    """Dotted paths."""
    headers: dict[str, str] = field(default_factory=dict)
    """By lower-case name."""


def failures(vector: Vector, ask: Callable[[bytes], Answer]) -> list[str]:
    """Why none of the vector's expectations is met; empty when one is."""
    raw = vector.get("requestRaw")
    answer = ask(body(vector["request"]) if raw is None else raw.encode())
    second = ask(body(vector["request2"])) if "request2" in vector else None
    whys: list[str] = []
    for expected in (vector["expect"], *vector.get("alternatives", ())):
        why = list(_differences(expected, answer, second, vector.get("utcAll")))
        if not why:
            return []
        whys += why
    return whys


def _differences(expected: dict[str, Any], answer: Answer, second: Answer | None, utc_all: Any):
    if "status" in expected:
        if answer.status != expected["status"]:
            yield f"status {answer.status}, not {expected['status']}"
        if expected.get("path") and expected["path"] not in answer.faults:
            yield f"no fault at {expected['path']}, but {answer.faults}"
        return
    if answer.status != 200:
        yield f"status {answer.status}: {answer.faults or answer.data!r}"
        return
    complaints = judge.complaints(answer.data)
    if complaints:
        yield f"the judge complains: {complaints}"
        return
    events = judge.read(answer.data)
    yield from _lines(expected, answer.data)
    yield from _uids(expected, [event.uid for event in events], second)
    for header, pattern in expected.get("headers", {}).items():
        if not re.match(pattern, answer.headers.get(header.lower(), "")):
            yield f"{header}: {answer.headers.get(header.lower())}, not {pattern}"
    if "utc" in expected and _utc(events[0]) != (expected["utc"]["start"], expected["utc"]["end"]):
        yield f"{_utc(events[0])}, not {expected['utc']}"
    if utc_all and [list(_utc(event)) for event in events] != list(utc_all.values()):
        yield f"{[_utc(event) for event in events]}, not {utc_all}"


def _lines(expected: dict[str, Any], data: bytes):
    lines, physical = unfold(data), data.decode().split("\r\n")
    for line in expected.get("lines", ()):
        if line not in lines:
            yield f"no line {line[:100]!r}"
    for prefix in expected.get("absent", ()):
        if prefix.startswith("*"):
            if any(prefix[1:] in line for line in lines):
                yield f"{prefix[1:]!r} somewhere"
        elif any(line.startswith(prefix) for line in lines):
            yield f"a line starts with {prefix!r}"
    for pattern in expected.get("matches", ()):
        if not any(re.match(pattern, line) for line in lines):
            yield f"no line like {pattern!r}"
    for line, times in expected.get("counts", {}).items():
        if lines.count(line) != times:
            yield f"{lines.count(line)} times {line!r}, not {times}"
    places = [lines.index(line) if line in lines else -1 for line in expected.get("order", ())]
    if -1 in places or places != sorted(places):
        yield f"order {places} of {expected['order']}"
    yield from (
        f"not in one piece: {x!r}" for x in expected.get("physical", ()) if x not in physical
    )
    yield from (f"not folded: {x!r}" for x in expected.get("notPhysical", ()) if x in physical)


def _uids(expected: dict[str, Any], uids: list[str], second: Answer | None):
    if len(set(uids)) != expected.get("uniqueUids", len(set(uids))):
        yield f"{len(set(uids))} different UIDs"
    if any(len(uid.encode()) > expected.get("uidMaxOctets", 255) for uid in uids):
        yield "a UID is too long"
    if expected.get("uidAscii") and not all(uid.isascii() for uid in uids):
        yield "a UID is not ASCII"
    if expected.get("sameUidAsRequest2") and (
        second is None or [event.uid for event in judge.read(second.data)] != uids
    ):
        yield "the UID changed"


def _utc(event: Event) -> tuple[str, str]:
    """Start and end as the vectors write them; no DTEND is an end at the start (§3.6.1)."""
    start, end = event.start, event.start if event.end is None else event.end
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    return f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"
