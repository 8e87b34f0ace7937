"""The log: JSON lines on standard output, one per request and one per event.

    {"time":"2026-11-22T09:41:07.120934Z","level":"info","event":"request","method":"POST",…}

Lines are gathered for a tenth of a second and written by a thread, so that neither a slow
disk nor a pipe that nobody reads ever stops the event loop. What a SIGKILL can lose is that
tenth of a second; what a blocked reader can lose is what exceeds `BACKLOG_OCTETS`, and the
next line that passes says how many were lost. Everything else is written before the exit.

Events of the product and of its libraries come through the standard `logging` (structlog
costs 75 ms of start-up and 6 MiB a worker, and the hot line would not go through it anyway).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import threading
import traceback
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from icsmulti.web.metrics import METRICS

FLUSH_S = 0.1
FAREWELL_S = 2.0
"""How long a process that ends waits for a reader who does not read."""
BACKLOG_OCTETS = 8 * 1024 * 1024

_encode = msgspec.json.Encoder().encode


class AccessLine(msgspec.Struct, omit_defaults=True):
    """One request. Never a title, a query string, a key, nor an address longer than the setting allows."""

    time: datetime
    level: str
    event: str
    method: str
    route: str
    status: int
    duration_ms: float
    request_id: str
    address: str = ""
    code: str = ""
    key_id: str = ""
    occurrences: int = -1
    reason: str = ""
    """Why the store could not answer."""


class LogWriter:
    """Gathers lines and writes them to a file descriptor from a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # A deque: appended to by the event loop while the thread takes from the other end.
        self._lines: deque[bytes] = deque()
        self._octets = 0
        self._lost = 0
        self._armed = False
        self._wanted = threading.Event()
        self._turn = threading.Lock()  # one writer at a time, or lines of two flushes mix
        self._thread: threading.Thread | None = None

    def line(self, encoded: bytes) -> None:
        """Take one JSON line, without its line break. Never blocks, never fails."""
        if self._octets > BACKLOG_OCTETS:
            self._lost += 1
            METRICS.counts.event("lost_log_lines")
            return
        self._lines.append(encoded)
        self._octets += len(encoded)
        if not self._armed:
            self._arm()

    def write(self, entry: object) -> None:
        self.line(_encode(entry))

    def flush(self) -> None:
        """Write everything taken so far, for the end of a process: at most `FAREWELL_S`."""
        last = threading.Thread(target=self._drain, daemon=True)
        last.start()
        last.join(FAREWELL_S)

    def _arm(self) -> None:
        self._armed = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        try:
            asyncio.get_running_loop().call_later(FLUSH_S, self._wanted.set)
        except RuntimeError:  # no loop in this thread: write at once
            self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self._drain()

    def _drain(self) -> None:
        with self._turn:
            self._armed = False
            self._octets = 0
            lost, self._lost = self._lost, 0
            block = bytearray()
            with contextlib.suppress(IndexError):
                while True:
                    block += self._lines.popleft() + b"\n"
            if lost:
                entry = {"level": "warning", "event": "log-lines-lost", "lines": lost}
                block += _encode(entry) + b"\n"
            self._put(memoryview(block))

    def _put(self, block: memoryview) -> None:
        with contextlib.suppress(OSError):  # the reader is gone, the disk full: serving goes on
            while block:
                block = block[os.write(self._descriptor, block) :]


class JsonHandler(logging.Handler):
    """What the product and its libraries say through `logging`, as lines of the same stream.

    `logging.getLogger("icsmulti.x").warning("store-down", extra={"fields": {"scheme": "redis"}})`
    """

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["trace"] = where(record.exc_info[1])
        self._writer.line(_encode(entry))


def where(error: BaseException | None) -> list[str]:
    """An exception and what led to it: types and places, latest last.

    Never its message nor its variables: they may quote a title or a key, and the log holds none.
    """
    chain: list[str] = []
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        steps = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        chain = [*steps, type(error).__qualname__, *chain]
        error = error.__cause__ or error.__context__
    return chain


STDOUT = LogWriter(1)
"""The process's log. One, because standard output is one."""

# A forked worker has the lines, which its parent writes, but neither the thread nor a free lock.
os.register_at_fork(after_in_child=lambda: STDOUT.__init__(1))  # type: ignore[misc] # made anew in place


def configure() -> None:
    """Send the root logger's warnings, and the product's own news, to `STDOUT`."""
    logging.basicConfig(level=logging.WARNING, handlers=[JsonHandler(STDOUT)], force=True)
    logging.getLogger("icsmulti").setLevel(logging.INFO)
    # Its warnings quote what a caller sent, who has had his answer.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


@lru_cache(maxsize=4_096)
def shown_address(address: str, policy: str) -> str:
    """An address as the log may keep it.

    `policy` is `full`; `truncated`, to the IPv4 /24 or the IPv6 /48; `none`, which gives "".
    """
    if policy == "full":
        return address
    if policy == "none":
        return ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket's peer, a test client
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.IPv6Address(int(parsed) >> 80 << 80))
        parsed = parsed.ipv4_mapped
    return str(ipaddress.IPv4Address(int(parsed) >> 8 << 8))
