"""Requests and their files, chosen to be read by people: each says in `shows` what it shows.

`python -m conformance.golden` (in `tests/`) writes the files again, after a change that was
meant; the difference is then for a person to read. `shows` is a member the product ignores.
"""

from __future__ import annotations

from pathlib import Path

from conformance.requests import calendar

REQUESTS = sorted(Path(__file__).parent.glob("*.json"))


def write() -> None:
    for path in REQUESTS:
        path.with_suffix(".ics").write_bytes(calendar(path.read_bytes()).data)
