"""Requests with rich members, as the tests of the engine write them."""

import json
from datetime import UTC, datetime
from typing import Any

from icsmulti.engine.generate import Calendar, generate
from icsmulti.errors import InvalidRequest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = bytes(32)


def event(**members: Any) -> dict[str, Any]:
    plain = {
        "id": "1",
        "titre": "T",
        "dateDebut": "2026-05-12T10:00",
        "dateFin": "2026-05-12T11:00",
    }
    return {name: value for name, value in (plain | members).items() if value is not ...}


def request(*events: dict[str, Any], **options: Any) -> bytes:
    body: dict[str, Any] = {"evenement": {"occurrences": list(events)}}
    if options:
        body["options"] = options
    return json.dumps(body).encode()


def make(*events: dict[str, Any], **options: Any) -> Calendar:
    return generate(request(*events, **options), uid_secret=SECRET, now=NOW)


def lines(*events: dict[str, Any], **options: Any) -> list[str]:
    """The content lines of the file, unfolded."""
    text = make(*events, **options).data.decode()
    return text.removesuffix("\r\n").replace("\r\n ", "").split("\r\n")


def faults(*events: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    """Code and path of every fault."""
    try:
        make(*events, **options)
    except InvalidRequest as refusal:
        return [(fault.code, fault.dotted) for fault in refusal.faults]
    return []
