"""What two readers make of a file, as jCal (RFC 7265): every property with its type and parameters.

Their own ways, brought to one form before they are compared (`alike`), with the section:

- ical.js and icalendar do not know NAME and COLOR (RFC 7986 §5.1, §5.9) and call them "unknown";
- ical.js leaves FEATURE (RFC 7986 §6.3) as one text with commas (RFC 7265 §3.5.1.1 wants a list);
- icalendar writes each part of a rule as a list (RFC 7265 §3.6.10: only where it has several
  values), and sorts them by name;
- icalendar writes durations anew: -PT60M is -PT1H to it (RFC 5545 §3.3.6: the same length).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.readers import missing

_FOLDER = Path(__file__).parent / "icaljs"
_UNKNOWN_TO_THEM = ("name", "color")
_DURATION = re.compile(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def icaljs(files: Sequence[bytes]) -> list[Any]:
    node = shutil.which("node")
    if node is None or not (_FOLDER / "node_modules" / "ical.js").is_dir():
        missing("ical.js", f"install Node 20 or later, then `npm ci --prefix {_FOLDER}`")
    lines = "".join(json.dumps(data.decode()) + "\n" for data in files)
    done = subprocess.run(
        [str(node), str(_FOLDER / "jcal.mjs")],
        input=lines.encode(), stdout=subprocess.PIPE, check=True, timeout=1800,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def icalendar(files: Sequence[bytes]) -> list[Any]:
    from icalendar import Calendar

    return [json.loads(json.dumps(Calendar.from_ical(data).to_jcal())) for data in files]


def alike(component: list[Any]) -> list[Any]:
    """A component with those differences taken out, its properties sorted."""
    name, properties, inside = component
    found = sorted((_alike(p) for p in properties), key=json.dumps)
    return [name, found, [alike(one) for one in inside]]


def _alike(prop: list[Any]) -> list[Any]:
    name, parameters, kind, *values = prop
    parameters = {
        key: value.split(",")
        if key == "feature" and isinstance(value, str) and "," in value
        else value
        for key, value in sorted(parameters.items())
    }
    if name in _UNKNOWN_TO_THEM and kind == "unknown":
        kind, values = "text", [re.sub(r"\\(.)", r"\1", value) for value in values]
    if kind == "recur":
        values = [
            {key: part if isinstance(part, list) else [part] for key, part in sorted(rule.items())}
            for rule in values
        ]
    if kind == "duration":
        values = [_length(value) for value in values]
    return [name, parameters, kind, *values]


def _length(value: str) -> int:
    match = _DURATION.fullmatch(value)
    assert match, value
    weeks, days, hours, minutes, seconds = (int(digits or 0) for digits in match.groups()[1:])
    length = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    return -length if match[1] else length
