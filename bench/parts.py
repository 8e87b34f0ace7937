"""One request, part by part, in microseconds: `parts.py BODY`, under the product's interpreter.

The application is built as the server builds it and called as the server calls it, without a
socket. A stopwatch is put around some of its functions; medians over many requests, so that
what others on the machine take does not count. Called alone, in a loop, each part would be
up to twice as fast: it would find its code and data in the nearest cache.

Prints one line of JSON, in the order of a request; `rest` is what no stopwatch covers.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

REQUESTS = 4_000

# (label, module or class, function, the part whose time holds this one's)
WATCHED = (
    ("the key: form, checksum, digest", "icsmulti.web.auth", "read_key", ""),
    ("the key: looked up in SQLite, limits counted", "store", "admit", ""),
    ("JSON decoded to types", "icsmulti.engine.generate", "decode", "generate"),
    ("VTIMEZONE", "icsmulti.engine.generate", "vtimezone", "generate"),
    ("events written", "icsmulti.web.api", "generate", ""),
    ("file name", "icsmulti.engine.generate", "disposition", ""),
    ("metrics and log line", "icsmulti.web.middleware:Envelope", "_account", ""),
)


class Stopwatch:
    """Seconds of the functions it is put around, by label, one value per request."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(list)

    def around(self, owner: Any, name: str, label: str) -> None:
        call: Callable[..., Any] = getattr(owner, name)
        if asyncio.iscoroutinefunction(call):

            @wraps(call)
            async def timed_async(*args: Any, **kwargs: Any) -> Any:
                started = time.perf_counter()
                answer = await call(*args, **kwargs)
                self.spent[label].append(time.perf_counter() - started)
                return answer

            setattr(owner, name, timed_async)
            return

        @wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            answer = call(*args, **kwargs)
            self.spent[label].append(time.perf_counter() - started)
            return answer

        setattr(owner, name, timed)

    def median_us(self, label: str) -> float:
        return statistics.median(self.spent[label]) * 1e6


def scope(key: str, body: bytes) -> dict[str, Any]:
    """As uvicorn makes it of the load's request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40_000),
        "scheme": "http",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"content-type", b"application/json"),
            (b"x-api-key", key.encode()),
            (b"content-length", b"%d" % len(body)),
        ],
        "method": "POST",
        "path": "/api/generate",
        "raw_path": b"/api/generate",
        "query_string": b"",
        "state": {},
    }


async def measure(body: bytes, key: str) -> dict[str, float]:
    from importlib import import_module

    from icsmulti.app import build_app
    from icsmulti.keys import Limits, open_store
    from icsmulti.settings import read

    settings = read(os.environ)
    limits = Limits(settings.limit_per_minute, settings.limit_per_day)
    store = open_store(settings.store, limits)
    served = build_app(settings, store, lambda: datetime.now(UTC))
    await store.open()
    watch = Stopwatch()
    for label, place, name, _ in WATCHED:
        module, _, kind = place.partition(":")
        owner: Any = store if place == "store" else import_module(module)
        watch.around(getattr(owner, kind) if kind else owner, name, label)
    gc.collect()
    gc.freeze()  # as the server does before it serves
    statuses: set[int] = set()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        statuses.add(message.get("status", 200))

    for _ in range(REQUESTS):
        asked = scope(key, body)
        started = time.perf_counter()
        await served(asked, receive, send)
        watch.spent["application"].append(time.perf_counter() - started)
    await store.close()
    if statuses != {200}:
        raise SystemExit(f"answers were {statuses}")
    found = {label: watch.median_us(label) for label, *_ in WATCHED}
    found["events written"] -= sum(found[label] for label, *_, within in WATCHED if within)
    whole = watch.median_us("application")
    return {**found, "rest": whole - sum(found.values())}


def main() -> None:
    body = Path(sys.argv[1]).read_bytes()
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the access log must not mix with our answer
    found = asyncio.run(measure(body, os.environ["BENCH_KEY"]))
    os.write(out, json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    main()
