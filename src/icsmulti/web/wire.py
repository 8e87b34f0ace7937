"""HTTP as it comes off the socket: uvicorn's parser, with the deadlines and refusals it lacks.

What it adds, each held by a test over a real socket in `tests/hostile`:

- a request's head has a deadline and a size; so have an idle connection, a body that nobody
  reads any more, and an answer that the caller does not fetch;
- no Host, two of them, a version other than 1.1 and 1.0, a transfer coding other than `chunked`,
  or any in HTTP/1.0 → refused
  (llhttp itself refuses two lengths, and a length beside `chunked`);
- a request to upgrade (WebSocket, h2c) is answered as if it had not asked, body included;
- trailers never become headers, and have no room to grow; nor have extensions of chunks;
- broken input behind a good request, or an end there, does not spoil the good one's answer;
- what is refused is answered before the connection closes, and the answer survives the close;
- an answer that is whole at once is written at once, its head checked in one look (`Cycle`);
- requests that arrive together run, and are answered, together (`turns`).

One sweep every half second looks at all connections: cheaper than a timer per request.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httptools
import msgspec
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from icsmulti.locales import catalogue, negotiate
from icsmulti.web.metrics import METRICS
from icsmulti.web.turns import Shift, Turns

HEAD_OCTETS = 65_536
PIPELINED = 64
"""Requests that may wait behind one another on a connection: each costs 2 KiB before it runs."""
LINGER_S = 3.0
"""How long a refused caller may go on sending: closing at once would lose it the answer."""
IDLE_S = 75.0
"""Longer than the 60 s for which nginx keeps a connection, so that nginx closes first."""
STALL_OCTETS = 16_384
"""What a caller must fetch of its answer in each read timeout."""
SWEEP_S = 0.5
JOINED_OCTETS = 65_536
"""Below this, one write of head and body costs less than two."""

_CODES = {"head-too-slow": "too-slow", "head-too-large": "too-large"}
"""Reasons that the API has a code for; the others are codes of their own."""
_CONTROLS = bytes([*range(9), *range(10, 32), 127])

_AWAITING, _HEAD, _BODY = range(3)

_log = logging.getLogger("icsmulti.web")


@dataclass(frozen=True, slots=True)
class WireLimits:
    """Limits of every connection of a process."""

    read_timeout_s: float
    connections: int

    @classmethod
    def of(cls, read_timeout_s: float) -> WireLimits:
        """All the descriptors the system grants, but those that files and the store need."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 8_192 if hard == resource.RLIM_INFINITY else min(hard, 8_192)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(OSError, ValueError):  # a sandbox may forbid it
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                soft = wanted
        granted = 8_192 if soft == resource.RLIM_INFINITY else min(soft, 8_192)
        return cls(read_timeout_s, max(16, granted // 2 - 32))


class WireProtocol(HttpToolsProtocol):
    """One connection. Options of its own come as `limits`; the rest is uvicorn's."""

    def __init__(self, *, limits: WireLimits, shift: Shift, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.limits = limits
        self.shift = shift
        self.phase = _AWAITING
        self.since = self.loop.time()
        self.finished = False  # nothing that still arrives counts
        self.closing = False  # nothing more is sent
        self.ended = False  # the caller has shut its side
        self.draining = False  # the server is stopping: this answer is the last
        self.chunk_octets = 0
        self.head_octets = 0
        """Of reads that brought nothing but the inside of a head, a trailer or a chunk's extension.

        The read that begins one is not among them: a large body may fill the rest of it.
        """
        self.running: Any = None
        self.turns = Turns(self.loop, self.tasks, shift)
        self.fetched_at = self.since
        self.unfetched_octets = 0
        self._forget_head()

    def _forget_head(self) -> None:
        self.hosts = 0
        self.coding: bytes | None = None
        self.upgrading = False

    # asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        super().connection_made(transport)
        self.answers: Any = _Answers(self)
        if len(self.connections) > self.limits.connections:
            make_room(self.connections)

    def data_received(self, data: bytes) -> None:
        if self.finished:
            return
        self.chunk_octets = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            refusal = error.__context__
            self._refuse(refusal if isinstance(refusal, Refusal) else Refusal(400, "bad-request"))
        if self.phase != _AWAITING:
            self.head_octets += len(data)
            if self.head_octets > HEAD_OCTETS:
                self._refuse(Refusal(431, "head-too-large"))

    # httptools

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.phase = _HEAD
        self.head_octets = -self.chunk_octets
        self.since = self.loop.time()
        self._forget_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase != _HEAD:
            return  # a trailer: RFC 9110 §6.5.1 forbids to merge what could be anything
        name = name.lower()
        if name == b"host":
            self.hosts += 1
        elif name == b"transfer-encoding":
            self.coding = value if self.coding is None else b"repeated"
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self.parser
        version = parser.get_http_version()
        self._check_head(version)
        if parser.should_upgrade():
            self.upgrading = True
            return
        if len(self.pipeline) >= PIPELINED:
            raise Refusal(400, "bad-request")
        url = httptools.parse_url(self.url)
        raw_path = url.path or b"/"  # of `http://host`, RFC 9110 §4.2.3
        path = raw_path.decode("ascii")
        scope = self.scope
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = url.query or b""
        before = self.cycle
        self.cycle = Cycle(
            scope=scope,
            transport=self.answers,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue and version != "1.0",
            keep_alive=version != "1.0" and parser.should_keep_alive() and not self.draining,
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self.running = self.cycle
            self.shift.begin(self._begin)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        self.phase = _BODY
        self.head_octets = -self.chunk_octets
        self.since = self.loop.time()

    def on_body(self, body: bytes) -> None:
        self.head_octets = -self.chunk_octets
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self.upgrading:
            return
        self.phase = _AWAITING
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.closing or self.transport.is_closing():
            return
        self.since = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:  # behind what others have asked meanwhile
            self.running, _ = self.pipeline.pop()
            self.shift.begin(self._begin)

    def _begin(self) -> None:
        # `cycle` of uvicorn's is the newest, which may wait.
        self.turns.take(self.running.run_asgi(self.app))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.running is not None:  # uvicorn tells the newest request only
            self.running.disconnected = True
        self.turns.close()

    # Refusals

    def _check_head(self, version: str) -> None:
        if self.head_octets >= 0 or self.chunk_octets > HEAD_OCTETS:  # else this read has it all
            head = len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers)
            if head > HEAD_OCTETS:
                raise Refusal(431, "head-too-large")
        if version not in ("1.1", "1.0"):  # RFC 9110 §15.6.6; the parser knows 0.9 and 2.0 too
            raise Refusal(505, "version")
        if self.hosts != 1 and (self.hosts or version != "1.0"):  # RFC 9112 §3.2
            raise Refusal(400, "host")
        if self.coding is not None and (version == "1.0" or self.coding.lower() != b"chunked"):
            raise Refusal(501 if version != "1.0" else 400, "transfer-coding")
        if self.parser.get_method() == b"CONNECT":
            raise Refusal(501, "connect")

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Read the same request again as one that asks for no upgrade (RFC 9110 §7.8 lets us)."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        head = [b"%b %b HTTP/%b" % (method, self.url, version)]
        for name, value in self.headers:
            if name == b"connection":
                tokens = (token.strip() for token in value.split(b","))
                kept = b", ".join(token for token in tokens if token.lower() != b"upgrade")
                head.append(b"connection: " + kept)
            elif name != b"upgrade":
                head.append(b"%b: %b" % (name, value))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"\r\n".join([*head, b"", rest]))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in place of the application, once the answers before it are out, and close."""
        if self.finished:
            return
        METRICS.counts.event("refused_connections", refusal.reason)
        fields = {"request_id": refusal.id, "status": refusal.status, "code": refusal.code}
        _log.info("refused", extra={"fields": fields})
        self.finished = True
        if self.phase == _BODY and not self.pipeline:  # the broken one is being answered, or was
            broken = self.cycle
            if broken.response_complete:
                self._linger()
                return
            broken.disconnected = True
            broken.message_event.set()
            if broken.response_started:
                self.close()
                return
        elif cycle := self._last_whole():
            cycle.keep_alive = False  # whole ones keep their answers, and the close says the rest
            return
        self.answers.write(refusal.answer(self.headers or [], self.server_state.default_headers))
        self._linger()

    def _last_whole(self) -> RequestResponseCycle | None:
        """The newest whole request, if its answer is still due; one broken off behind it is dropped."""
        if self.phase == _BODY:
            if not self.pipeline:
                return None
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self.running
            self.phase = _AWAITING
        cycle: RequestResponseCycle | None = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    def _linger(self) -> None:
        """Close, but only once the caller had time to read.

        Unread input turns a close into a reset, and a reset throws away what was sent.
        """
        if self.closing or self.transport.is_closing():
            return
        self.answers.flush()
        if self.ended or (self.phase == _AWAITING and not self.finished):
            self.transport.close()
            return
        self.finished = self.closing = True
        self.since = self.loop.time()
        self.flow.resume_reading()
        self.transport.write_eof()

    def eof_received(self) -> None:
        # None closes the transport once its buffer is out. A caller that has shut its side
        # after a whole request still gets the answer.
        self.answers.flush()
        if cycle := self._last_whole():
            self.finished = self.ended = True
            cycle.keep_alive = False
            return True  # type: ignore[return-value] # asyncio takes it, uvicorn declares None
        return None

    # Deadlines

    def look(self, now: float) -> None:
        """Close what has waited too long. Called for every connection by the sweep."""
        answering = self.cycle is not None and not self.cycle.response_complete
        waited_s = now - self.since
        if (unfetched := self.transport.get_write_buffer_size()) or self.flow.write_paused:
            self._look_at_output(now, unfetched)
            return
        self.unfetched_octets = 0
        if self.closing or (self.finished and not answering):
            if waited_s > LINGER_S:
                self.transport.abort()
        elif self.phase == _HEAD and not answering:
            if waited_s > self.limits.read_timeout_s:
                self._refuse(Refusal(408, "head-too-slow"))
        elif self.phase == _BODY and answering:
            # The endpoint has a deadline of its own and answers 408; this is for those without.
            # A body behind a request that takes long is not read meanwhile.
            if waited_s > self.limits.read_timeout_s + LINGER_S and not self.pipeline:
                METRICS.counts.event("refused_connections", "body-too-slow")
                self.transport.abort()
        elif self.phase == _BODY:
            if waited_s > LINGER_S:
                self._linger()
                self.since = now - LINGER_S / 2
        elif not answering:
            limit_s = IDLE_S if self.cycle is not None else self.limits.read_timeout_s
            if waited_s > limit_s:
                self.close()

    def _look_at_output(self, now: float, unfetched: int) -> None:
        if not self.unfetched_octets:
            self.unfetched_octets, self.fetched_at = unfetched, now
        elif now - self.fetched_at > self.limits.read_timeout_s:
            if unfetched > self.unfetched_octets - STALL_OCTETS:
                METRICS.counts.event("refused_connections", "answer-not-fetched")
                self.transport.abort()
            self.unfetched_octets, self.fetched_at = unfetched, now

    def drain(self) -> None:
        """The server is stopping: what has arrived is answered, and nothing after it."""
        self.draining = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def close(self) -> None:
        """Close the connection behind what is ready to leave."""
        self.answers.flush()
        self.transport.close()

    @property
    def is_waiting(self) -> bool:
        """No whole request on it: closing it loses no answer."""
        return self.cycle is None or self.cycle.response_complete


class Cycle(RequestResponseCycle):
    """One request and its answer, which is written at once when it is whole at once.

    uvicorn looks at each octet of each header with regular expressions, a sixth of a small
    request's time. Here one look at the finished head tells whether any value broke out of its line.
    """

    start: Any = None

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start" and not self.response_started:
            self.start = message
            return
        start = self.start
        if start and not self.response_started:
            ordinary = self.keep_alive and not self.disconnected and not self.flow.write_paused
            if ordinary and self.scope["method"] != "HEAD" and not message.get("more_body"):
                body = message.get("body", b"")
                if head := self._head(start, len(body)):
                    self._write_whole(head, body)
                    return
            await super().send(start)
        await super().send(message)

    def _head(self, start: Any, octets: int) -> bytes | None:
        """The head of a whole answer; None for one that is anything but ordinary.

        That is: without its length (HEAD, 304), about the connection, or of control characters.
        """
        headers = (*self.default_headers, *start["headers"])
        head = b"%b%b\r\n\r\n" % (
            STATUS_LINE[start["status"]],
            b"\r\n".join(map(b": ".join, headers)),
        )
        controls = len(head) - len(head.translate(None, _CONTROLS))
        if (
            controls != 2 * len(headers) + 4
            or b"\r\ncontent-length: %d\r\n" % octets not in head
            or b"\r\nconnection: " in head
        ):
            return None
        return head

    def _write_whole(self, head: bytes, body: bytes) -> None:
        self.response_started = self.response_complete = True
        if len(body) < JOINED_OCTETS:
            self.transport.hold(head + body)  # type: ignore[attr-defined] # an `_Answers`
        else:
            self.transport.write(head)
            self.transport.write(body)
        self.message_event.set()
        self.on_response()


def make_room(connections: set[Any]) -> None:
    """Drop an eighth of the connections that wait for a request, the longest waiting first."""
    waiting = sorted((c for c in connections if c.is_waiting), key=lambda c: c.since)
    for connection in waiting[: max(1, len(waiting) // 8)]:
        METRICS.counts.event("refused_connections", "too-many")
        connection.transport.abort()


class Refusal(Exception):
    """A request that HTTP itself does not let us answer otherwise. `reason` names the sentence."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        self.code = _CODES.get(reason, reason)
        self.id = secrets.token_hex(8)
        super().__init__(reason)

    def answer(
        self, headers: list[tuple[bytes, bytes]], default_headers: list[tuple[bytes, bytes]]
    ) -> bytes:
        accepted = dict(headers).get(b"accept-language", b"").decode("latin-1")
        sentence = catalogue(negotiate(accepted)).say(f"operations.wire.{self.reason}")
        body = msgspec.json.encode({"error": sentence, "code": self.code, "requestId": self.id})
        lines = [
            *default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", self.id.encode()),
            (b"connection", b"close"),
        ]
        head = b"".join(b"%b: %b\r\n" % line for line in lines)
        return STATUS_LINE[self.status] + head + b"\r\n" + body


class _Answers:
    """The transport as a cycle sees it: small answers leave with others', and closing waits."""

    def __init__(self, protocol: WireProtocol) -> None:
        self._protocol = protocol
        self._write = protocol.transport.write
        self._held: list[bytes] = []
        self.is_closing = protocol.transport.is_closing

    def hold(self, data: bytes) -> None:
        """Send at the end of this turn of the loop."""
        if not self._held:
            self._protocol.shift.send(self)
        self._held.append(data)

    def flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            if not self.is_closing():  # gone since: writing would raise
                self._write(b"".join(held))

    def write(self, data: bytes) -> None:
        self.flush()
        self._write(data)

    def close(self) -> None:
        self._protocol._linger()
