"""What surrounds every answer: request id, security headers, compression, faults, log, metrics.

The only middleware, one plain ASGI class. Inside it, handlers raise and answer; here an error
becomes its answer (through `problems`), an unexpected one a 500 with nothing of ours in it,
and each request one line of the log and one count.

`scope["icsmulti"]` holds `asked` (the headers by name), `request_id` and `settings` for what answers, and takes for log and
metrics: `route`, `key_id`, `code`, `occurrences`, `uncounted` (the key was read but the
request not counted), and `no_compress` (the answer holds a key beside what a caller chose:
BREACH).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import secrets
import zlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from operator import itemgetter
from time import perf_counter
from typing import Any

from starlette.requests import ClientDisconnect

from icsmulti.errors import IcsMultiError, RateLimited, StoreUnavailable
from icsmulti.web.context import Context, client_address
from icsmulti.web.log import STDOUT, AccessLine, LogWriter, shown_address, where
from icsmulti.web.metrics import METRICS, Metrics
from icsmulti.web.problems import problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types icsmulti"
)
SECURITY_HEADERS: Headers = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]

COMPRESS_FROM_OCTETS = 1_400
"""One packet: a smaller answer does not arrive sooner for being smaller."""
COMPRESS_ASIDE_OCTETS = 65_536
"""From here compressing takes about a millisecond, and leaves the event loop."""
GZIP_LEVEL = 6
"""Measured on calendars, where 4 saves a tenth of its time for up to 16 % more octets."""
_COMPRESSIBLE = re.compile(
    rb"text/|application/(?:[\w.+-]*json|javascript|xml|manifest\+json)|image/svg\+xml", re.ASCII
)
_HOLDS_KEY = re.compile(r"/api[/-]key")  # /api/key…, /api-key, /en/api-key
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}").fullmatch
_CLIENT_CLOSED = 499  # nginx's word for a caller who left before the answer; log and metrics only

_name = itemgetter(0)
_log = logging.getLogger("icsmulti.web")


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: App, context: Context, log: LogWriter = STDOUT, metrics: Metrics = METRICS
    ) -> None:
        self.app = app
        self.settings = context.settings
        self.clock = context.clock
        self.log = log
        self.metrics = metrics
        self.security = list(SECURITY_HEADERS)
        if self.settings.public_url.startswith("https:"):
            self.security.append((b"strict-transport-security", b"max-age=31536000"))
        self.security_names = {name for name, _ in self.security}
        # Unique without a system call each: a random prefix per process, then a counter.
        self._prefix = secrets.token_hex(5).encode()
        self._numbers = itertools.count(1)
        self._unsettled: list[tuple[Any, dict[str, Any], int, float, str]] = []
        """Requests that are answered, and neither counted nor logged yet."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        start = perf_counter()
        asked = dict(scope["headers"])
        request_id = asked.get(b"x-request-id", b"")
        if not request_id or not _REQUEST_ID(request_id):
            request_id = b"%b-%x" % (self._prefix, next(self._numbers))
        accepts = asked.get(b"accept-encoding", b"")
        facts: dict[str, Any] = {
            "asked": asked,
            "request_id": request_id.decode(),
            "settings": self.settings,
        }
        scope["icsmulti"] = facts
        answer = _Answer(
            self, scope, send, request_id, b"gzip" in accepts and accepts_gzip(accepts)
        )
        reason = ""
        try:
            await self.app(scope, receive, answer)
        except IcsMultiError as error:
            reason = self._count(error)
            await self._explain(error, scope, receive, answer)
        except (ClientDisconnect, asyncio.CancelledError):
            pass  # nobody to answer: gone, or cut off when the time to stop was over
        except Exception as error:
            await self._apologise(error, scope, receive, answer)
        finally:
            if not self._unsettled:  # behind the answers, all that leave together at once
                asyncio.get_running_loop().call_soon(self._settle)
            status, seconds = answer.status or _CLIENT_CLOSED, perf_counter() - start
            self._unsettled.append((scope, facts, status, seconds, reason))

    async def _explain(
        self, error: IcsMultiError, scope: Any, receive: Receive, answer: _Answer
    ) -> None:
        scope["icsmulti"]["code"] = error.code
        if answer.status:
            return  # begun: an end without its last octet tells the caller, as uvicorn closes
        try:
            response = problem(error, scope)
        except Exception as fault:
            await self._apologise(fault, scope, receive, answer)
        else:
            await response(scope, receive, answer)

    async def _apologise(
        self, error: Exception, scope: Any, receive: Receive, answer: _Answer
    ) -> None:
        """Log what was not foreseen, and answer 500."""
        facts = scope["icsmulti"]
        facts["code"] = IcsMultiError.code
        fields = {"request_id": facts["request_id"], "trace": where(error)}
        _log.error("unexpected", extra={"fields": fields})
        if not answer.status:
            await problem(IcsMultiError(), scope)(scope, receive, answer)

    def _count(self, error: IcsMultiError) -> str:
        if isinstance(error, StoreUnavailable):
            self.metrics.counts.event("store_failures")
            return error.reason
        if isinstance(error, RateLimited):
            self.metrics.counts.event("limits_reached", error.limit)
        return ""

    def _settle(self) -> None:
        unsettled, self._unsettled = self._unsettled, []
        for request in unsettled:
            self._account(*request)

    def _account(
        self, scope: Any, facts: dict[str, Any], status: int, seconds: float, reason: str
    ) -> None:
        """Count a request, and write its line of the log."""
        route: str = facts.get("route", "") or getattr(scope.get("route"), "path", "other")
        counts = self.metrics.counts
        counts.request(route, status, seconds)
        occurrences = facts.get("occurrences", -1)
        if occurrences >= 0:
            counts.calendar(occurrences)
        if "uncounted" in facts:
            counts.event("uncounted_admissions")
        settings = self.settings
        self.log.write(
            AccessLine(
                time=self.clock(),
                level="info",
                event="request",
                method=scope["method"],
                route=route,
                status=status,
                duration_ms=round(seconds * 1_000, 3),
                request_id=facts["request_id"],
                address=shown_address(
                    client_address(scope, settings.trusted_proxies), settings.log_address
                ),
                code=facts.get("code", ""),
                key_id=facts.get("key_id", ""),
                occurrences=occurrences,
                reason=reason,
            )
        )

    async def _live(self, scope: Any, receive: Receive, send: Send) -> None:
        """The lifespan: counts are published every second, the log is whole at the end."""
        beat = asyncio.create_task(self._publish())
        try:
            await self.app(scope, receive, send)
        finally:
            beat.cancel()
            self._settle()
            self.metrics.publish()
            self.log.flush()

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.metrics.publish()


class _Answer:
    """The `send` of one request: completes the head, and compresses where that is due."""

    __slots__ = (
        "_deflate",
        "_envelope",
        "_gzip",
        "_held",
        "_request_id",
        "_scope",
        "_send",
        "status",
    )

    def __init__(
        self, envelope: Envelope, scope: Any, send: Send, request_id: bytes, gzip: bool
    ) -> None:
        self._envelope = envelope
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._gzip = gzip
        self._held: Message | None = None
        self._deflate: Any = None
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = self._completed(message["headers"])
            message = {"type": "http.response.start", "status": self.status, "headers": headers}
            if (self._gzip or self._scope["method"] == "GET") and self._is_worth_it(headers):
                _vary(headers)
                if self._gzip and self._scope["method"] != "HEAD":
                    self._held = message
                    return
            await self._send(message)
        elif self._held is None and self._deflate is None:
            await self._send(message)
        else:
            await self._compress(message)

    def _completed(self, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
        """What the endpoint sent, which may be a constant, and what every answer carries."""
        envelope = self._envelope
        request_id = (b"x-request-id", self._request_id)
        if not envelope.security_names.isdisjoint(map(_name, headers)):
            # The widget's frame has a policy of its own, the widget's script another origin.
            own = {name for name, _ in headers}
            security = [header for header in envelope.security if header[0] not in own]
            return [*headers, *security, request_id]
        return [*headers, *envelope.security, request_id]

    def _is_worth_it(self, headers: Headers) -> bool:
        if self.status in (204, 206, 304) or "no_compress" in self._scope["icsmulti"]:
            return False
        kind = b""
        for name, value in headers:
            if name == b"content-encoding":
                return False
            if name == b"content-length" and int(value) <= COMPRESS_FROM_OCTETS:
                return False
            if name == b"content-type":
                kind = value
        return bool(_COMPRESSIBLE.match(kind)) and not _HOLDS_KEY.search(self._scope["path"])

    async def _compress(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        start, self._held = self._held, None
        if start is not None:
            headers: Headers = start["headers"]
            if not more and len(body) <= COMPRESS_FROM_OCTETS:
                await self._send(start)
                await self._send(message)
                return
            self._deflate = zlib.compressobj(GZIP_LEVEL, wbits=31)
        if len(body) > COMPRESS_ASIDE_OCTETS:
            body = await asyncio.to_thread(self._squeeze, body, more)
        else:
            body = self._squeeze(body, more)
        if start is not None:
            headers[:] = [_weakened(header) for header in headers if header[0] != b"content-length"]
            headers.append((b"content-encoding", b"gzip"))
            if not more:
                headers.append((b"content-length", b"%d" % len(body)))
            await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _squeeze(self, body: bytes, more: bool) -> bytes:
        squeezed: bytes = self._deflate.compress(body)
        return squeezed if more else squeezed + self._deflate.flush()


@lru_cache(maxsize=256)
def accepts_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding header takes gzip: named, and not with a weight of 0 (RFC 9110 §12.5.3)."""
    for coding in header[:500].lower().split(b","):
        name, _, weight = coding.partition(b";")
        if name.strip() == b"gzip":
            return re.fullmatch(rb"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return False


def _vary(headers: Headers) -> None:
    for index, (name, value) in enumerate(headers):
        if name == b"vary":
            if b"accept-encoding" not in value.lower():
                headers[index] = (name, value + b", Accept-Encoding")
            return
    headers.append((b"vary", b"Accept-Encoding"))


def _weakened(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Compressed octets are not the octets that a strong validator named (RFC 9110 §8.8.1)."""
    name, value = header
    return (name, b"W/" + value) if name == b"etag" and not value.startswith(b"W/") else header
