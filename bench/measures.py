"""What a table of requests per second does not show: growth, neighbours, refusals, memory, start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import product, workloads
from bench.contenders import Contender
from bench.load import measure
from bench.servers import LOAD_CORE, SERVER_CORE, Server, pinned, running
from bench.workloads import WORKLOADS

SMALL = WORKLOADS["n1"].bodies[0]
LARGE = WORKLOADS["n10000"].bodies[0]
SMALL_PER_S = 100
PARTS_OF_CAPACITY = (0.3, 0.6, 0.9)


def best_s(run: Callable[[], object], times: int) -> float:
    """The fastest of several: what the work costs when nobody else has the core."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return min(found)


def growth(server: Server, times: int) -> dict[str, float]:
    """One request of 10 000 occurrences beside one of 1 000, and the memory it takes."""
    thousand = WORKLOADS["n1000"].bodies[0]
    small_s = best_s(lambda: server.ask(thousand), times * 3)
    idle = server.rss_mib()
    server.forget_peak()
    large_s = best_s(lambda: server.ask(LARGE), times)
    return {
        "n1000_ms": small_s * 1000,
        "n10000_ms": large_s * 1000,
        "ratio": large_s / small_s,
        "before_mib": idle,
        "peak_above_before_mib": server.peak_mib() - idle,
    }


def neighbours(server: Server, seconds: float) -> dict[str, dict[str, float]]:
    """A small request's latency at rest, and while one caller sends 10 000 occurrences on end."""
    rest = arrivals(server, SMALL_PER_S, seconds)
    with _large_requests(server):
        meanwhile = arrivals(server, SMALL_PER_S, seconds)
    return {"rest": rest, "meanwhile": meanwhile}


@contextmanager
def _large_requests(server: Server) -> Iterator[None]:
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            server.ask(LARGE)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def refusals(server: Server, seconds: float, rounds: int) -> dict[str, float]:
    """Requests a second: accepted, and refused for the key (before and after the store)."""
    keys = {
        "accepted": server.key,
        "wrong_checksum": product.wrong_key(server.key),
        "unknown_key": product.unknown_key(),
    }
    found: dict[str, list[float]] = {name: [] for name in keys}
    for _ in range(rounds):
        for name, key in keys.items():
            rate = measure(
                server,
                [SMALL],
                path="/api/generate",
                seconds=seconds,
                service_s=0,
                key=key,
                expect_refusal=name != "accepted",
            )
            found[name].append(rate.per_s)
    return {name: statistics.median(rates) for name, rates in found.items()}


def faults(server: Server, times: int) -> dict[str, float]:
    """A good request beside bad ones of its size, in milliseconds."""
    one_bad, good = workloads.one_bad_field(100), WORKLOADS["n100"].bodies[0]
    all_bad = workloads.all_faulty(10_000)
    bad_status, _ = server.ask(all_bad)
    if bad_status != 400:
        raise RuntimeError(f"10 000 faults were answered {bad_status}")
    found = {
        "n100_good_ms": best_s(lambda: server.ask(good), times * 5) * 1000,
        "n100_one_bad_ms": best_s(lambda: server.ask(one_bad), times * 5) * 1000,
        "n10000_good_ms": best_s(lambda: server.ask(LARGE), times) * 1000,
        "n10000_all_bad_ms": best_s(lambda: server.ask(all_bad), times) * 1000,
    }
    return {**found, "ratio": found["n10000_all_bad_ms"] / found["n10000_good_ms"]}


def richer(server: Server, times: int) -> dict[str, float]:
    """1 000 occurrences as published, and with richer members in each, in milliseconds."""
    published, rich = WORKLOADS["n1000"].bodies[0], workloads.richer(1_000)
    status, answer = server.ask(rich)
    if status != 200 or answer.count(b"\r\nPRIORITY:5\r\n") != 1_000:
        raise RuntimeError(f"1 000 richer occurrences were answered {status}")
    return {
        "published_ms": best_s(lambda: server.ask(published), times * 5) * 1000,
        "richer_ms": best_s(lambda: server.ask(rich), times * 5) * 1000,
    }


def starts(contender: Contender, key: str, log: Path, times: int) -> dict[str, float]:
    """From the command to the first answer, and the memory of a worker that waits."""
    ready, idle = [], []
    for _ in range(times):
        with running(contender, key=key, probe=SMALL, log=log) as server:
            ready.append(server.ready_after_s)
            idle.append(server.rss_mib())
    return {"first_answer_s": statistics.median(ready), "idle_mib": statistics.median(idle)}


def parts(contender: Contender, key: str) -> dict[str, float]:
    """Where the microseconds of one small request go inside the application."""
    with tempfile.NamedTemporaryFile(prefix="bench-", suffix=".json") as body:
        body.write(SMALL)
        body.flush()
        script = Path(__file__).with_name("parts.py")
        done = subprocess.run(
            pinned(SERVER_CORE, (sys.executable, str(script), body.name)),
            env={**os.environ, **contender.environment, "BENCH_KEY": key},
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def open_model(server: Server, seconds: float) -> dict[str, object]:
    """Latency of one-occurrence requests at a constant rate: parts of what wrk reaches here."""
    capacity = measure(server, [SMALL], path="/api/generate", seconds=seconds, service_s=0).per_s
    at = [{"part": p, **arrivals(server, capacity * p, seconds)} for p in PARTS_OF_CAPACITY]
    return {"capacity_per_s": capacity, "at": at}


def arrivals(server: Server, rate: float, seconds: float) -> dict[str, float]:
    with tempfile.NamedTemporaryFile(prefix="bench-", suffix=".json") as body:
        body.write(SMALL)
        body.flush()
        script = Path(__file__).with_name("arrivals.py")
        command = (
            sys.executable,
            str(script),
            str(server.port),
            f"{rate:.1f}",
            str(seconds),
            body.name,
        )
        done = subprocess.run(
            pinned(LOAD_CORE, command),
            env={**os.environ, "BENCH_KEY": server.key},
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    if found["failed"]:
        raise RuntimeError(f"{server.contender.name}: {found}")
    return found
