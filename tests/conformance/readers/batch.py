"""A reader that lives in another process: files as JSON strings in, one JSON answer a line out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from conformance.readers import Answer, Event, Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_through(command: list[str], files: Sequence[bytes]) -> list[Answer]:
    """What the program made of each file. A program that dies is an error, never an answer."""
    lines = "".join(json.dumps(data.decode()) + "\n" for data in files)
    done = subprocess.run(
        command, input=lines.encode(), stdout=subprocess.PIPE, check=True, timeout=1800
    )
    answers = [_answer(json.loads(line)) for line in done.stdout.splitlines()]
    if len(answers) != len(files):
        raise RuntimeError(f"{len(answers)} answers for {len(files)} files from {command[0]}")
    return answers


def _answer(answer: dict[str, object]) -> Answer:
    if "refused" in answer:
        return Refused(answer["refused"])
    events = answer["events"]
    assert isinstance(events, list)
    return [
        Event(
            **{
                **event,
                "start": _when(event["start"]),
                "end": None if event["end"] is None else _when(event["end"]),
                "alarms": tuple(event["alarms"]),
            }
        )
        for event in events
    ]


def _when(value: int | str) -> datetime | date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    return _EPOCH + timedelta(seconds=value)
