"""Engines alone, without HTTP: the product, the parse floor and the Python libraries."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.contenders import ROOT, Contender
from bench.servers import SERVER_CORE, pinned
from bench.workloads import WORKLOADS

SCRIPT = Path(__file__).with_name("inprocess.py")
WORKLOAD_NAMES = ("n1", "n1000")


def measure(
    contenders: Sequence[Contender], *, rounds: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Events a second by workload and engine, medians of interleaved rounds."""
    subjects = [
        ("product", Path(sys.executable), "product"),
        ("parse-floor", Path(sys.executable), "parse-floor"),
    ]
    subjects += [(c.name, c.engine_python, str(c.folder)) for c in contenders if c.engine_python]
    found: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in WORKLOAD_NAMES:
            body = Path(folder) / f"{name}.json"
            body.write_bytes(WORKLOADS[name].bodies[0])
            for _ in range(rounds):
                for subject, python, argument in subjects:
                    best = _time(python, argument, body, seconds)
                    rates = found.setdefault(name, {}).setdefault(subject, [])
                    rates.append(WORKLOADS[name].events / best)
    return {
        name: {subject: statistics.median(rates) for subject, rates in by_subject.items()}
        for name, by_subject in found.items()
    }


def _time(python: Path, subject: str, body: Path, seconds: float) -> float:
    done = subprocess.run(
        pinned(SERVER_CORE, (str(python), str(SCRIPT), subject, str(body), str(seconds))),
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
