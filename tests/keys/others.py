"""Another process that keeps something, as one does that was stopped in the midst of its work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

KEEPS_LOCKS = """
import fcntl, sys, time
path, length, at, seconds = sys.argv[1:]
file = open(path, "r+b")
fcntl.lockf(file, fcntl.LOCK_EX, int(length), int(at))
print(flush=True)
time.sleep(float(seconds))
"""
KEEPS_TRANSACTION = """
import apsw, sys, time
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print(flush=True)
time.sleep(600)
"""


@contextmanager
def another(program: str, *arguments: object) -> Iterator[None]:
    """While another process runs: from the line that it says until it is killed."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def keeping_locks(
    path: Path, *, at: int = 0, length: int = 0, seconds: float = 600
) -> AbstractContextManager[None]:
    """Locks of a counters' file: *length* bytes from *at*, all for 0, for *seconds* at most."""
    return another(KEEPS_LOCKS, path, length, at, seconds)
