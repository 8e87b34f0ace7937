"""Latency at a constant arrival rate (an open model): `arrivals.py PORT RATE SECONDS BODY`.

A closed loop such as wrk's waits for a slow answer before it asks again, and so hides the wait
that callers have. Here each request is due at its own instant, whether or not the ones before
it were answered, and its latency counts from that instant.

Runs in a process of its own, pinned to the load's core, which it keeps busy: a timer of the
event loop is too coarse. The key comes in BENCH_KEY. It prints one line of JSON, in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from pathlib import Path

import uvloop

CONNECTIONS = 64
GRACE_S = 30.0
"""How long answers may still come once the last request is due."""


class Connection(asyncio.Protocol):
    """One request at a time; hands itself back to the pool when its answer is complete."""

    def __init__(self, load: Load) -> None:
        self.load, self.due, self.buffer, self.missing = load, 0.0, b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.missing < 0:
            self.buffer += data
            head, end, data = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.buffer = b""
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.missing = int(length)
            self.load.failed += not head.startswith(b"HTTP/1.1 200")
        self.missing -= len(data)
        if self.missing == 0:
            self.missing = -1
            self.load.answered(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost += 1


class Load:
    def __init__(self, request: bytes, rate: float, seconds: float) -> None:
        self.request, self.rate, self.count = request, rate, max(1, round(rate * seconds))
        self.free: list[Connection] = []
        self.waiting: deque[float] = deque()
        self.latencies: list[float] = []
        self.failed = self.lost = 0

    def answered(self, connection: Connection) -> None:
        self.latencies.append(time.perf_counter() - connection.due)
        if self.waiting:
            self.send(connection, self.waiting.popleft())
        else:
            self.free.append(connection)

    def send(self, connection: Connection, due: float) -> None:
        connection.due = due
        connection.transport.write(self.request)  # type: ignore[attr-defined] # a Transport can

    async def run(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, connection = await loop.create_connection(
                lambda: Connection(self), "127.0.0.1", port
            )
            self.free.append(connection)
        started = time.perf_counter()
        for number in range(self.count):
            due = started + number / self.rate
            while time.perf_counter() < due:  # noqa: ASYNC110 - no timer is this fine
                await asyncio.sleep(0)
            if self.free:
                self.send(self.free.pop(), due)
            else:
                self.waiting.append(due)
        until = time.perf_counter() + GRACE_S
        while not self.lost and time.perf_counter() < until:
            if len(self.latencies) == self.count:
                return
            await asyncio.sleep(0.001)

    def result(self) -> dict[str, float]:
        self.latencies.sort()
        if not self.latencies:
            raise SystemExit("no answer came")
        last = len(self.latencies) - 1
        at = {
            f"p{name}_ms": self.latencies[min(last, int(part * (last + 1)))] * 1000
            for name, part in (("50", 0.5), ("99", 0.99), ("999", 0.999))
        }
        unanswered = self.count - len(self.latencies)
        return {"rate": self.rate, "requests": self.count, "failed": self.failed + unanswered, **at}


def main() -> None:
    port, rate, seconds, body = (
        int(sys.argv[1]),
        float(sys.argv[2]),
        float(sys.argv[3]),
        Path(sys.argv[4]),
    )
    content = body.read_bytes()
    head = (
        f"POST /api/generate HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-API-Key: {os.environ['BENCH_KEY']}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    load = Load(head.encode() + content, rate, seconds)
    uvloop.run(load.run(port))
    print(json.dumps(load.result()))


if __name__ == "__main__":
    main()
