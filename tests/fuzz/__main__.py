"""Fuzz for a while and keep what was found: `python -m tests.fuzz SECONDS` (`make fuzz`).

What reaches new code is kept in `.cache/fuzz`, so that the next run goes on from there; an input
that breaks something is written beside it, and said.
"""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
KEPT = ROOT / ".cache" / "fuzz"


def main(seconds: str = "600") -> int:
    KEPT.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz.fuzz_generate", str(KEPT), str(FOLDER / "corpus")]
    command += [f"-max_total_time={seconds}", f"-dict={FOLDER / 'contract.dict'}"]
    command += [f"-artifact_prefix={KEPT.parent}/fuzz-", "-max_len=4000", "-timeout=10"]
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
