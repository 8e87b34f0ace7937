"""Times one engine on one body, in this process: `inprocess.py SUBJECT BODY SECONDS`.

SUBJECT is `product`, `parse-floor`, or the folder of a Python peer. It runs under that peer's
own interpreter, so it imports the standard library and the subject, nothing else. It prints
the processor time of the best of all the calls that fit, in seconds: noise only ever adds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

FEWEST_CALLS = 3


def subject(name: str) -> Callable[[bytes], object]:
    if name == "product":
        from icsmulti.engine.generate import generate

        now, secret = datetime.now(UTC), bytes(32)
        return lambda body: generate(body, uid_secret=secret, now=now).data
    if name == "parse-floor":
        from bench.floor.parse import decode

        return decode
    sys.path.insert(0, name)
    import app  # type: ignore[import-not-found]  # the peer's own folder

    return lambda body: app.to_calendar(app.Request.model_validate_json(body))


def best_s(run: Callable[[bytes], object], body: bytes, seconds: float) -> float:
    best, calls, until = float("inf"), 0, time.perf_counter() + seconds
    while calls < FEWEST_CALLS or time.perf_counter() < until:
        started = time.process_time()
        run(body)
        best, calls = min(best, time.process_time() - started), calls + 1
    return best


if __name__ == "__main__":
    print(best_s(subject(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])))
