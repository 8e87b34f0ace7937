"""`POST /api/generate`: the published API, as a bare ASGI endpoint on the path of every request.

The order of checks is contract.md §2: method, key, limit, content type, size and deadline,
and last the content. Handlers raise; `problems` answers. At each `together` the requests that
arrived with this one come as far first: all keys, then all calendars, then all answers.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from icsmulti.engine.generate import Calendar, generate
from icsmulti.engine.request import Bounds
from icsmulti.errors import Fault, MethodNotAllowed
from icsmulti.locales import catalogue, negotiate
from icsmulti.locales.sentences import describe_message
from icsmulti.web.auth import Headers, admit, rate_headers
from icsmulti.web.body import Message, Receive, read_body, require_json
from icsmulti.web.context import Context, Scope
from icsmulti.web.middleware import Send
from icsmulti.web.turns import together

PATH = "/api/generate"
ALLOW = "POST, OPTIONS"

ASIDE_OCTETS = 16_384
"""From this size (a third of a millisecond) a body leaves the event loop, so that others do not wait."""
LONG_OCTETS = 262_144
"""From this size it has a lane of its own: what takes a hundredth of a second never waits for what
takes a tenth. One at a time in each lane bounds a worker's memory."""

_CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Content-Disposition, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
    ),
]
_PREFLIGHT: Headers = [
    *_CORS,
    (b"allow", ALLOW.encode()),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"X-API-Key, Content-Type, X-Request-Id"),
    (b"access-control-max-age", b"86400"),
]


class Generate:
    """The endpoint. Made once; holds the two threads that large bodies go to."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._bounds = Bounds(
            occurrences=settings.max_occurrences,
            title_chars=settings.max_title_chars,
            notes_chars=settings.max_notes_chars,
            place_chars=settings.max_place_chars,
        )
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="generate")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="generate-long")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts = scope["icsmulti"]
        facts["route"] = PATH
        facts["headers"] = _CORS
        if scope["method"] != "POST":
            if scope["method"] != "OPTIONS":
                raise MethodNotAllowed(ALLOW)
            await _answer(send, 204, _PREFLIGHT, b"")
            return
        context = self._context
        now = context.clock()
        await together()
        admission = await admit(scope, context, now)
        facts["headers"] = limits = [*_CORS, *rate_headers(admission)]
        require_json(scope)
        settings = context.settings
        body = await read_body(scope, receive, settings.max_body_bytes, settings.read_timeout_s)
        uid_secret = admission.account.uid_secret
        if len(body) < ASIDE_OCTETS:
            await together()
            calendar = self._make(body, uid_secret, now, scope)
            await together()
        else:
            lane = self._aside if len(body) < LONG_OCTETS else self._long
            calendar = await asyncio.get_running_loop().run_in_executor(
                lane, self._make, body, uid_secret, now, scope
            )
        facts["occurrences"] = calendar.occurrences
        headers = [
            (b"content-type", calendar.content_type.encode()),
            (b"content-disposition", calendar.disposition.encode()),
            (b"content-length", b"%d" % len(calendar.data)),
            (b"cache-control", b"no-store"),
            *limits,
        ]
        await _answer(send, 200, headers, calendar.data)

    def _make(self, body: bytes, uid_secret: bytes, now: datetime, scope: Scope) -> Calendar:
        say = partial(_say, scope)
        return generate(body, uid_secret=uid_secret, now=now, bounds=self._bounds, say=say)


def _say(scope: Scope, warning: Fault) -> str:
    """A warning of `options.format: "json"` in the caller's language."""
    asked = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
    return describe_message(warning, catalogue(negotiate(asked.decode("latin-1"))))


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
