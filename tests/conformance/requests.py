"""Requests as the suite writes them, and the file the engine makes of one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from icsmulti.engine.generate import Calendar, generate

SECRET = bytes(range(32))
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


def occurrence(number: int = 1, /, **members: Any) -> dict[str, Any]:
    """One occurrence of the contract; `None` takes a member away."""
    members = {
        "id": f"evt-{number}",
        "titre": "Réunion",
        "dateDebut": "2026-05-12T10:00:00Z",
        "dateFin": "2026-05-12T11:00:00Z",
        **members,
    }
    return {name: value for name, value in members.items() if value is not None}


def request(*occurrences: dict[str, Any], zone: str = "") -> bytes:
    """A body for these occurrences."""
    data: dict[str, Any] = {"evenement": {"occurrences": list(occurrences or (occurrence(),))}}
    if zone:
        data["options"] = {"fuseau": zone}
    return json.dumps(data, ensure_ascii=False).encode()


def calendar(body: bytes, *, secret: bytes = SECRET) -> Calendar:
    """The calendar of *body* at one instant, for one account unless told otherwise."""
    return generate(body, uid_secret=secret, now=NOW)


def file_for(*occurrences: dict[str, Any], zone: str = "") -> bytes:
    return calendar(request(*occurrences, zone=zone)).data
