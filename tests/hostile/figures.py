"""Measures what `docs/operations.md` promises, and writes the figures into it.

    python -m tests.hostile.figures              # eight minutes on a quiet machine
    python -m tests.hostile.figures endurance    # ten more: a million requests

Every figure comes from a server, or a process, started for it.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

# The tests beside this file import one another by their own names.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "operations"))

from costliest import SHAPES, body_of, cost_of, peak_mib, search
from test_crowd import shares_left
from test_endurance import hold
from test_server import call

from product import Product, wait_until

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="icsmulti-"))


def start() -> tuple[str, str]:
    with Product(folder()) as product:
        taken = []
        for _ in range(5):
            product.stop()
            begin = time.monotonic()
            product.start()
            product.ask(product.generate())
            taken.append(time.monotonic() - begin)
        resident_mib = product.resident_mib()
    return (
        "from start to first calendar",
        f"{min(taken):.2f} s, then {resident_mib:.0f} MiB resident",
    )


def stop() -> tuple[str, str]:
    answered = lost = 0
    for _ in range(5):
        with Product(folder(), WORKERS=2) as product:
            callers = call(product, 8)
            time.sleep(1)
            status = product.stop()
            assert status == 0
            for caller in callers:
                caller.join()
                answered, lost = answered + caller.answered, lost + caller.lost
    return "SIGTERM under load, five times", f"{answered} answered, {lost} lost, exit status 0"


def successor() -> tuple[str, str]:
    taken = []
    with Product(folder(), WORKERS=2) as product:
        for _ in range(5):
            wait_until(lambda: len(product.workers()) == 2)
            time.sleep(2.5)
            victim, other = product.workers()
            os.kill(other, signal.SIGSTOP)
            begin = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            product.ask(product.generate())
            taken.append(time.monotonic() - begin)
            os.kill(other, signal.SIGCONT)
    return "a worker killed: until its successor answers", f"{max(taken):.2f} s, the worst of five"


def crowd() -> tuple[str, str]:
    with Product(folder(), READ_TIMEOUT_S=2) as product:
        shares = list(islice(shares_left(product), 5))
    return (
        "500 callers who send an octet a second: what an honest one still gets",
        f"{sorted(shares)[2]:.0%} (median of five; {min(shares):.0%} to {max(shares):.0%})",
    )


def endurance() -> tuple[str, str]:
    begin = time.monotonic()
    found = hold(folder(), 1_000_000)
    minutes = (time.monotonic() - begin) / 60
    return (
        f"{found['requests']} mixed requests, good and bad, of four callers at a time",
        f"{found['before_mib']:.1f} MiB before, {found['after_mib']:.1f} MiB after, "
        f"no descriptor more; {minutes:.0f} minutes",
    )


def costliest() -> Iterator[tuple[str, str]]:
    for members in ("published", "richer"):
        for kind in ("valid", "invalid"):
            spent_s, recipe = search(kind == "valid", 60, rich=members == "richer")
            body = body_of(recipe)
            said = ", ".join(
                f"{gene.replace('_', ' ')} {value}"
                for gene, value in recipe.items()
                if value not in ("", "nothing", "none", "one", None, False)
            )
            yield (
                f"{members} members: the costliest {kind} request found "
                f"({len(body) / 1e6:.1f} MB: {said})",
                f"{spent_s:.2f} s of processor, {peak_mib(body):.0f} MiB",
            )
    spent_s, name = max((cost_of(make())[0], name) for name, make in SHAPES.items())
    yield (
        f"the costliest body of no events ({name}, 5 MiB)",
        f"{spent_s:.2f} s of processor, {peak_mib(SHAPES[name]()):.0f} MiB",
    )


def main() -> None:
    block = sys.argv[1] if len(sys.argv) > 1 else "figures"
    rows = ["| what | figure |", "|---|---|"]
    if block == "endurance":
        measured = [endurance()]
    else:
        measured = [start(), successor(), stop(), crowd(), *costliest()]
    rows += [f"| {what} | {figure} |" for what, figure in measured]
    day = time.strftime("%Y-%m-%d", time.gmtime())
    rows.append(f"\nMeasured {day} on {os.cpu_count()} cores, Python {platform.python_version()}.")
    text = PAGE.read_text()
    begin, end = f"<!-- {block} -->", f"<!-- end of {block} -->"
    before, after = text.partition(begin)[0], text.partition(end)[2]
    PAGE.write_text(before + begin + "\n" + "\n".join(rows) + "\n" + end + after)


if __name__ == "__main__":
    main()
