"""The vectors: requests with what any right answer to them holds, as JSON files by theme.

    {"name", "level": must | should | seed | decision, "why", "rfc",
     "request" or "requestRaw" (body text to send as is), "request2" (sent after),
     "expect": {...}, "alternatives": [other expectations, equally right], "utcAll"}

`expectation` says what an expectation may hold. In a vector `{"$text": ["xx", ["é", 90]]}` stands
for `xx` and ninety times `é`, so that a person can read it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

Vector = dict[str, Any]


@cache
def load() -> dict[str, Vector]:
    """Every vector by its name, themes in alphabetical order."""
    found: dict[str, Vector] = {}
    for path in sorted(Path(__file__).parent.glob("*.json")):
        for vector in json.loads(path.read_text("utf-8"), object_hook=_text):
            if vector["name"] in found:
                raise ValueError(f"two vectors are named {vector['name']}")
            found[vector["name"]] = vector
    return found


def body(request: Any) -> bytes:
    return json.dumps(request, ensure_ascii=False).encode()


def _text(value: dict[str, Any]) -> Any:
    if set(value) != {"$text"}:
        return value
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in value["$text"])
