"""What a core, a machine, ten machines and a Redis Cluster carry: `python -m bench.scale`.

Runs one, two and four servers before one Redis, scaled down to this machine: all servers share
one core, Redis and the load the other. What it shows is that a request costs the same however
many servers there are, and what it costs each part; the plan in docs/operations.md is that
cost multiplied, and this writes it there.
"""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import load, product
from bench.contenders import ROOT
from bench.servers import Server, running
from bench.workloads import WORKLOADS

PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- scale -->", "<!-- end of scale -->"

SERVERS = (1, 2, 4)
WORKLOAD = WORKLOADS["n10"]
"""Ten occurrences: what a small list of dates holds."""
SECONDS = 6
KEYS = 3_000
USED = 0.6
"""The part of a core that is planned with: latencies rise steeply beyond (docs/benchmarks.md)."""
CORES = 8
"""Of a machine in the plan."""
PRIMARIES = 3
"""Of the Cluster in the plan."""
CORE_HOUR_EUR = 0.04
"""An assumption, about what hosters ask for a core of a shared machine in 2026."""


@dataclass(frozen=True, slots=True)
class Run:
    """Costs of one request, with so many servers before one Redis."""

    servers: int
    per_s: float
    server_us: float
    redis_us: float
    redis_octets: float
    """In and out, between the servers and Redis."""


def main() -> None:
    load.install_wrk()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with product.redis_server(folder) as address:
            if address is None:
                raise SystemExit("redis-server not found")
            runs, answer_octets = _runs(address, folder)
            octets_per_key = asyncio.run(_octets_per_key(address))
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    section = _section(runs, answer_octets, octets_per_key)
    PAGE.write_text(f"{before}{BEGIN}\n{section}\n{END}{after}", "utf-8")
    print(section)


def _runs(address: str, folder: Path) -> tuple[list[Run], int]:
    contender = product.product(address)
    key = product.new_key(contender)
    body = WORKLOAD.bodies[0]
    runs, answer = [], b""
    for count in SERVERS:
        with ExitStack() as stack:
            servers = [
                stack.enter_context(
                    running(contender, key=key, probe=body, log=folder / f"{count}-{number}.log")
                )
                for number in range(count)
            ]
            _, answer = servers[0].ask(body)
            runs.append(asyncio.run(_run(address, servers)))
    return runs, len(answer)


async def _run(address: str, servers: list[Server]) -> Run:
    from redis.asyncio import Redis

    async with Redis.from_url(address) as redis:
        before = await redis.info()
        with ThreadPoolExecutor(len(servers)) as pool:
            loop = asyncio.get_running_loop()
            rates = await asyncio.gather(
                *(loop.run_in_executor(pool, _load, server) for server in servers)
            )
        after = await redis.info()
    requests = sum(rate.requests for rate in rates)

    def spent(*names: str) -> float:
        return sum(float(after[name]) - float(before[name]) for name in names) / requests

    return Run(
        servers=len(servers),
        per_s=sum(rate.per_s for rate in rates),
        server_us=sum(rate.cpu_us * rate.requests for rate in rates) / requests,
        redis_us=spent("used_cpu_user", "used_cpu_sys") * 1e6,
        redis_octets=spent("total_net_input_bytes", "total_net_output_bytes"),
    )


def _load(server: Server) -> load.Rate:
    return load.measure(
        server, WORKLOAD.bodies, path=server.path(0), seconds=SECONDS, service_s=0.001
    )


async def _octets_per_key(address: str) -> float:
    """What an account with one key takes in Redis once it has been used."""
    from redis.asyncio import Redis

    from icsmulti.keys import Account, KeyRecord, Limits, open_store
    from icsmulti.keys.key import new_account_id, new_key

    store = open_store(address, Limits(60, 10_000))
    await store.open()
    now = datetime.now(UTC).timestamp()
    async with Redis.from_url(address) as redis:
        before = (await redis.info("memory"))["used_memory"]
        for _ in range(KEYS):
            account = new_account_id()
            _, key = new_key(account)
            record = KeyRecord(key.id, key.digest, "agenda", int(now))
            await store.create(record, Account(account, bytes(32), int(now)))
            await store.admit(key.id, key.digest, now)
        after = (await redis.info("memory"))["used_memory"]
    await store.close()
    return float(after - before) / KEYS


def _section(runs: list[Run], answer_octets: int, octets_per_key: float) -> str:
    cost = runs[-1]
    core = USED * 1e6 / cost.server_us
    redis = USED * 1e6 / cost.redis_us
    wire = len(WORKLOAD.bodies[0]) + answer_octets
    rows = [
        [
            "servers",
            "requests/s on one core",
            "µs of a server",
            "µs of Redis",
            "octets to and from Redis",
        ],
        *(
            [
                str(run.servers),
                _number(run.per_s),
                f"{run.server_us:.0f}",
                f"{run.redis_us:.0f}",
                f"{run.redis_octets:.0f}",
            ]
            for run in runs
        ),
    ]
    plan: list[list[str]] = [["", "requests/s", "what is full first"]]
    sizes: list[tuple[str, float, float]] = [
        ("one core, one Redis", core, redis),
        (f"one machine of {CORES} cores, one Redis", core * CORES, redis),
        ("ten such machines, one Redis", core * CORES * 10, redis),
        (
            f"ten such machines, a Cluster of {PRIMARIES} primaries",
            core * CORES * 10,
            redis * PRIMARIES,
        ),
    ]
    for what, servers, store in sizes:
        first = "the servers" if servers < store else "Redis"
        plan.append([what, _number(min(servers, store)), first])
    million_s = (cost.server_us + cost.redis_us) / USED
    return f"""{_table(rows)}

Ten occurrences in each request. All servers shared one core and Redis another, so the rate cannot
grow. What matters is the costs: Redis's is the same however many servers ask it; a server's grows
only by what sharing a core takes. With {USED:.0%} of each core used, which leaves the room that
latencies need, that makes:

{_table(plan)}

- **Beyond**: add servers while they are full, primaries once Redis is. Accounts spread over the
  Cluster by their hash tag; a single account lives on one primary, so {_number(redis)} requests/s is the
  most that one account can make.
- **Keys**: {octets_per_key:.0f} octets each in Redis, used today: a GiB holds {_number(2**30 / octets_per_key)}.
- **Network**: {_number(wire)} octets a request with its callers before compression (a gigabit carries
  {_number(1e9 / 8 / wire)}/s), {cost.redis_octets:.0f} with Redis.
- **Memory of a server**: about 55 MiB a worker, and 40 MiB for each large request under way, of which
  a worker takes two at a time.
- **A million requests**: {million_s:.0f} core-seconds with that room, {million_s / 3600 * CORE_HOUR_EUR * 100:.2f} cents at
  {CORE_HOUR_EUR} € a core and hour (an assumption), and {wire / 1000:.1f} GB of traffic."""


def _number(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.0f}".replace(",", " ")


def _table(rows: list[list[str]]) -> str:
    head, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest])


if __name__ == "__main__":
    main()
