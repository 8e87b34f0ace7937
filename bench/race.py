"""Every contender on every workload: checked once, then measured in interleaved rounds.

Interleaved (A B C A B C …), because a shared machine has faster and slower minutes: what
disturbs one round disturbs everybody's, and the median over rounds drops it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.check import Wrong, check
from bench.load import Rate, measure
from bench.servers import Server
from bench.workloads import WORKLOADS, Workload

WARM_UP = 1.0
"""Of a measure's seconds, before anything counts: the JVM and V8 compile as they go."""


@dataclass(slots=True)
class Standing:
    """One contender on one workload."""

    rates: list[Rate] = field(default_factory=list)
    octets: int = 0
    service_s: float = 0.0
    wrong: str = ""
    """Why it is out of this workload; empty when it answered right."""

    @property
    def per_s(self) -> float:
        return statistics.median(rate.per_s for rate in self.rates)


def race(
    servers: Sequence[Server], names: Sequence[str], *, rounds: int, seconds: float
) -> dict[str, dict[str, Standing]]:
    """Standings by workload and contender. The floor comes after the product, whose sizes it answers."""
    standings = {name: {s.contender.name: Standing() for s in servers} for name in names}
    for name in names:
        for server in servers:
            _qualify(server, WORKLOADS[name], standings[name], seconds * WARM_UP)
    for number in range(rounds):
        for name in names:
            _say(f"round {number + 1} of {rounds}: {name}")
            for server in servers:
                standing = standings[name][server.contender.name]
                if not standing.wrong:
                    rate = measure(
                        server,
                        WORKLOADS[name].bodies,
                        path=server.path(standing.octets),
                        seconds=seconds,
                        service_s=standing.service_s,
                    )
                    standing.rates.append(rate)
    return standings


def _qualify(
    server: Server, workload: Workload, standings: dict[str, Standing], warm_up_s: float
) -> None:
    """Check each body's answer, warm the server up, and see how long one request takes."""
    standing = standings[server.contender.name]
    _say(f"checking {server.contender.name} on {workload.name}")
    if server.contender.name == "http-floor":
        first = next(iter(standings.values()))
        standing.octets = first.octets
    else:
        for turn, body in enumerate(workload.bodies):
            status, answer = server.ask(body)
            try:
                check(workload, turn, status, answer)
            except Wrong as error:
                # One wrong answer in fifty zones would be a user's missed appointment.
                standing.wrong = standing.wrong or f"body {turn + 1}: {error}"
            standing.octets = len(answer)
    warm_until, path = time.perf_counter() + warm_up_s, server.path(standing.octets)
    while True:
        started = time.perf_counter()
        server.ask(workload.bodies[0], path=path)
        ended = time.perf_counter()
        standing.service_s = ended - started
        if ended > warm_until:
            return


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
