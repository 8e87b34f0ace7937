"""Which part of a large set this run looks at: another one for each submission, each day elsewhere.

In CI it follows from the files themselves, so a submission that passed passes again.
`CONFORMANCE_SEED=740000 pytest tests/conformance` runs what a run with that seed ran; a failing
test says its seed.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def _seed() -> int:
    if "CI" not in os.environ:
        return datetime.now(UTC).date().toordinal()
    command = ["git", "rev-parse", "HEAD^{tree}"]
    asked = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=False)
    return int(asked.stdout[:8] or b"1", 16)


SEED = int(os.environ.get("CONFORMANCE_SEED") or _seed())
AGAIN = f"to run this again: CONFORMANCE_SEED={SEED}"


def sample(everything: Sequence[T], count: int) -> list[T]:
    """Some of *everything*, in its order."""
    chosen = random.Random(SEED).sample(range(len(everything)), min(count, len(everything)))
    return [everything[i] for i in sorted(chosen)]
