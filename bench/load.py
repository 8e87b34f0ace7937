"""How fast a server answers: wrk, one thread on a core of its own.

wrk because one of its threads outruns every server here (a load generator in Python would be
the one measured), because a few lines of Lua give it our bodies in rotation, and because
Debian packages it. It is a closed loop: as many requests as connections are under way, so it
finds the capacity; `arrivals.py` finds the latency below it.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import LOAD_CORE, Server, pinned

SCRIPT = Path(__file__).with_name("post.lua")
CONNECTIONS = 16
LONGEST_S = 120
SLOW = 1 / 20
"""A request that takes more than this part of the measure is timed, not counted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` requests a second; latencies under saturation, in milliseconds."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """The server's processor time for one request, in microseconds: what others on the machine
    take does not count."""
    requests: int
    refused: int


def install_wrk() -> None:
    """Debian's package, unless it is there.

    Raises:
        RuntimeError: it is not there and cannot be installed.
    """
    if shutil.which("wrk"):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "--no-install-recommends", "wrk"], check=False)
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is missing: apt-get install wrk")


def measure(
    server: Server,
    bodies: Sequence[bytes],
    *,
    path: str,
    seconds: float,
    service_s: float,
    key: str | None = None,
    expect_refusal: bool = False,
) -> Rate:
    """Saturate the server for *seconds* and count.

    Args:
        service_s: about how long one request takes. When only few fit into the measure,
            counting whole ones is too coarse: one connection then, and their mean time.

    Raises:
        RuntimeError: connections failed, or answers were refused (or, where expected, were not).
    """
    slow = service_s > seconds * SLOW
    connections = 1 if slow else CONNECTIONS
    duration_s = math.ceil(max(seconds, service_s * 3.5))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = []
        for number, body in enumerate(bodies):
            files.append(f"{folder}/{number}.json")
            Path(files[-1]).write_bytes(body)
        url = f"http://127.0.0.1:{server.port}{path}"
        found, cpu_s = _wrk(server, connections, duration_s, url, files, key or server.key)
        while not found["requests"] and duration_s < LONGEST_S:  # slower than it was at first
            duration_s *= 2
            found, cpu_s = _wrk(server, connections, duration_s, url, files, key or server.key)
    refused = found["requests"] if expect_refusal else 0
    if found["failed"] or found["refused"] != refused or not found["requests"]:
        raise RuntimeError(f"{server.contender.name}: {found}")
    per_s = 1e6 / found["mean_us"] if slow else found["requests"] * 1e6 / found["duration_us"]
    return Rate(
        per_s=per_s,
        cpu_us=cpu_s * 1e12 / found["duration_us"] / per_s,
        p50_ms=found["p50_us"] / 1000,
        p99_ms=found["p99_us"] / 1000,
        requests=int(found["requests"]),
        refused=int(found["refused"]),
    )


def _wrk(
    server: Server, connections: int, duration_s: int, url: str, files: list[str], key: str
) -> tuple[dict[str, float], float]:
    """What post.lua found, and the server's processor time meanwhile, in seconds."""
    options = ("-t1", f"-c{connections}", f"-d{duration_s}s", "--timeout", f"{LONGEST_S}s")
    before_s = server.cpu_s()
    done = subprocess.run(
        pinned(LOAD_CORE, ("wrk", *options, "-s", str(SCRIPT), url, "--", *files)),
        env={**os.environ, "BENCH_KEY": key},
        capture_output=True,
        text=True,
        check=True,
    )
    cpu_s = server.cpu_s() - before_s
    return json.loads(
        next(line for line in done.stdout.splitlines() if line.startswith("{"))
    ), cpu_s
