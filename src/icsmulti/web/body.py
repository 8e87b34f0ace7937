"""A request's body, whole, within a size and a deadline; and what it may be.

`read_body` raises TooLarge before reading when Content-Length already says so, and else while
counting. The deadline covers the whole body: a client that sends a byte a second is answered
408, whatever the server underneath does about slow clients.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from starlette.requests import ClientDisconnect

from icsmulti.errors import TooLarge, TooSlow, UnsupportedType
from icsmulti.web.context import Scope, asked
from icsmulti.web.turns import go_on

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

ACCEPT_POST = "application/json"
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9!#$&^_.-]+\+)?json\s*(?:;.*)?\Z", re.IGNORECASE)


async def read_body(scope: Scope, receive: Receive, limit_bytes: int, deadline_s: float) -> bytes:
    """Everything the client sends.

    Args:
        scope: the request's.
        receive: its ASGI channel.
        limit_bytes: the most the body may hold, inclusive.
        deadline_s: seconds from this call until the last byte must have arrived.

    Raises:
        TooLarge: by Content-Length before anything is read, else while reading.
        TooSlow: the deadline passed first.
        ClientDisconnect: the client left; there is nobody to answer.
    """
    length = asked(scope).get(b"content-length", b"")
    # An unreadable Content-Length never comes this far: the HTTP parser answers 400.
    # Cut to 20 digits: Python refuses to read very long numbers.
    if length.isdigit() and int(length[:20]) > limit_bytes:
        raise TooLarge(limit_bytes)
    steps = receive().__await__()
    try:
        waiting = next(steps)
    except StopIteration as done:  # the server had it already: nearly always
        message = done.value
        chunk = _checked(message, 0, limit_bytes)
        if not message.get("more_body", False):
            return chunk
        rest = receive()
    else:
        chunk, rest = b"", go_on(steps, waiting)
    # A timer costs 5 µs, a tenth of a small request: armed only now that there is a wait.
    try:
        async with asyncio.timeout(deadline_s):
            return await _collect(chunk, rest, receive, limit_bytes)
    except TimeoutError:
        raise TooSlow(deadline_s) from None


async def _collect(
    start: bytes, rest: Awaitable[Message], receive: Receive, limit_bytes: int
) -> bytes:
    # Not a list of chunks: five million of one byte each would weigh 200 MB.
    body = bytearray(start)
    message = await rest
    body += _checked(message, len(body), limit_bytes)
    while message.get("more_body", False):
        message = await receive()
        body += _checked(message, len(body), limit_bytes)
    return bytes(body)


def _checked(message: Message, already_bytes: int, limit_bytes: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    if already_bytes + len(chunk) > limit_bytes:
        raise TooLarge(limit_bytes)
    return chunk


def require_json(scope: Scope) -> None:
    """Hold the body to `application/json`, `application/*+json` or no type at all, uncompressed.

    Raises:
        UnsupportedType: with the value for Accept-Post, and the encoding if that was it.
    """
    headers = asked(scope)
    kind, encoding = headers.get(b"content-type"), headers.get(b"content-encoding")
    if encoding and encoding.strip().lower() != b"identity":
        raise UnsupportedType(ACCEPT_POST, encoding.decode("latin-1")[:64])
    if kind and not _is_json(kind):
        raise UnsupportedType(ACCEPT_POST)


@lru_cache(maxsize=256)
def _is_json(content_type: bytes) -> bool:
    return _JSON_TYPE.match(content_type.decode("latin-1").strip()) is not None
