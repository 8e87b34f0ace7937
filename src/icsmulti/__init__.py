"""A list of dates in, one iCalendar file out, that every calendar program reads right.

    import icsmulti
    from datetime import UTC, datetime

    calendar = icsmulti.generate(request, uid_secret=secret, now=datetime.now(UTC))
    Path("reunion.ics").write_bytes(calendar.data)

*request* is the JSON of the API, as bytes, as text, or as the Python values it decodes to.
*secret* is 32 bytes of yours, kept: the same secret and the same `id` give the same UID for
ever, so that a file imported again updates instead of duplicating.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from icsmulti.engine import generate as _engine
from icsmulti.engine.generate import Calendar
from icsmulti.engine.request import DEFAULT_BOUNDS, Bounds
from icsmulti.engine.zones import TZDATA_VERSION
from icsmulti.errors import Fault, IcsMultiError, InvalidJson, InvalidRequest, RequestFault
from icsmulti.locales import DEFAULT, catalogue
from icsmulti.locales.sentences import describe_message

__all__ = [
    "TZDATA_VERSION",
    "Bounds",
    "Calendar",
    "Fault",
    "IcsMultiError",
    "InvalidJson",
    "InvalidRequest",
    "RequestFault",
    "__version__",
    "generate",
]


def __getattr__(name: str) -> str:
    """`__version__`, looked up when asked: it costs 40 ms, which no request should wait for."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        return version("icsmulti")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def generate(
    request: bytes | str | Mapping[str, Any],
    *,
    uid_secret: bytes,
    now: datetime,
    bounds: Bounds = DEFAULT_BOUNDS,
    warn: bool = False,
    language: str = DEFAULT,
) -> Calendar:
    """Make the calendar that a request asks for.

    Args:
        request: JSON in UTF-8, JSON text, or the decoded values (members as in the API).
        uid_secret: 32 bytes that make the UIDs; keep them.
        now: aware; becomes DTSTAMP, the only value that depends on the clock.
        bounds: how much a request may hold.
        warn: also say, in `Calendar.warnings`, what some calendar program will not do with it.
        language: `fr` or `en`, of the warnings in an answer of format `json`.

    Returns:
        The file (`data`), its Content-Type and Content-Disposition (`content_type`,
        `disposition`), and how many events it has.

    Raises:
        InvalidJson: not JSON, or not UTF-8.
        InvalidRequest: with every fault and its path, in `faults`.
        ValueError: *uid_secret* is not 32 bytes, or *now* has no zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware: datetime.now(UTC)")
    if isinstance(request, str):
        # A lone surrogate that was decoded from \ud800 goes back to it: the engine names its member.
        request = request.encode("utf-8", "surrogatepass")
    elif not isinstance(request, bytes):
        try:
            request = msgspec.json.encode(request)
        except UnicodeEncodeError:  # the same of decoded values
            request = json.dumps(msgspec.to_builtins(request)).encode()
    return _engine.generate(
        request,
        uid_secret=uid_secret,
        now=now,
        bounds=bounds,
        warn=warn,
        say=lambda warning: describe_message(warning, catalogue(language)),
    )
