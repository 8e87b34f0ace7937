"""`python -m bench`: build the peers, check them, measure everything, print the table, keep the JSON.

    python -m bench --quick     about two minutes: three workloads, two rounds
    python -m bench             everything, about a quarter of an hour
    python -m bench --only go-golang-ical --workloads n1,n10
    python -m bench --page      write docs/benchmarks.md from the last full run

Run it from the root of the checkout, with the product's own interpreter.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench import contenders, engines, load, measures, page, product, results
from bench.contenders import Contender, Missing
from bench.race import race
from bench.results import Results
from bench.servers import Server, running
from bench.workloads import WORKLOADS

PROBE = WORKLOADS["n1"].bodies[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure; `seconds` are those of one contender on one workload."""

    mode: str
    workloads: tuple[str, ...]
    rounds: int
    seconds: float
    open_seconds: float
    times: int


QUICK = Plan("quick", ("n1", "n10", "n1000"), rounds=2, seconds=1, open_seconds=2, times=2)
FULL = Plan("full", tuple(WORKLOADS), rounds=3, seconds=1, open_seconds=5, times=5)


def main() -> None:
    options = arguments()
    plan = QUICK if options.quick else FULL
    if options.page:
        print(page.write(results.load(plan.mode)))
        return
    if options.workloads:
        plan = replace(plan, mode="part", workloads=tuple(options.workloads.split(",")))
    if options.only:
        plan = replace(plan, mode="part")
    load.install_wrk()
    peers, missing = prepare(options.only)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = run(plan, peers, missing, Path(folder))
    path = results.save(found)
    print(page.summary(found))
    print(path.relative_to(contenders.ROOT))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="about two minutes")
    parser.add_argument("--only", metavar="PEERS", help="these peers, separated by commas")
    parser.add_argument("--workloads", metavar="NAMES", help=", ".join(WORKLOADS))
    parser.add_argument(
        "--page", action="store_true", help="write docs/benchmarks.md and its charts"
    )
    return parser.parse_args()


def prepare(only: str | None) -> tuple[list[Contender], list[Missing]]:
    wanted = only.split(",") if only else None
    peers, missing = [], []
    for folder in contenders.peer_folders():
        if wanted is None or folder.name in wanted:
            say(f"building {folder.name}")
            made = contenders.prepare(folder)
            if isinstance(made, Missing):
                say(f"  left out: {made.why}")
                missing.append(made)
            else:
                peers.append(made)
    return peers, missing


def run(plan: Plan, peers: list[Contender], missing: list[Missing], folder: Path) -> Results:
    """Every measure, in the order of the page."""
    store = f"sqlite://{folder}/keys.db"
    own = product.product(store)
    taking_part = [own, contenders.http_floor(), *peers]
    found = results.new(plan.mode, taking_part, missing)
    key = product.new_key(own)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                running(contender, key=key, probe=PROBE, log=folder / f"{contender.name}.log")
            )
            for contender in taking_part
        ]
        standings = race(servers, plan.workloads, rounds=plan.rounds, seconds=plan.seconds)
        found["http"] = results.of_race(standings)
    say("engines alone")
    found["engine"] = engines.measure(peers, rounds=plan.rounds, seconds=plan.seconds / 2)
    with running(own, key=key, probe=PROBE, log=folder / "product.log") as server:
        found["product"] = specials(plan, server)
        found["open_model"] = {"sqlite": measures.open_model(server, plan.open_seconds)}
    say("one request, part by part")
    found["parts"] = measures.parts(own, key)
    found["product"]["start"] = measures.starts(own, key, folder / "starts.log", plan.times)
    with product.redis_server(folder) as redis:
        if redis:
            on_redis = product.product(redis)
            redis_key = product.new_key(on_redis)
            with running(on_redis, key=redis_key, probe=PROBE, log=folder / "redis.log") as server:
                found["open_model"]["redis"] = measures.open_model(server, plan.open_seconds)
        else:
            found["missing"]["redis"] = "redis-server not found"
    return found


def specials(plan: Plan, server: Server) -> Results:
    say("growth, faults, refusals, neighbours")
    return {
        "growth": measures.growth(server, plan.times),
        "faults": measures.faults(server, plan.times),
        "richer": measures.richer(server, plan.times),
        "refusals": measures.refusals(server, plan.seconds, plan.rounds),
        "neighbours": measures.neighbours(server, plan.open_seconds),
    }


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
