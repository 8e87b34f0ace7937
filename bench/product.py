"""The product as a contender: `icsmulti serve` with everything on, a store of its own, a key.

The limits are counted but never reached (0 is none); metrics, logs and every check stay on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.contenders import ROOT, Contender
from bench.servers import free_port

COMMAND = str(Path(sys.executable).with_name("icsmulti"))
_SETTINGS = {
    "ICSMULTI_HOST": "127.0.0.1",
    "ICSMULTI_LIMIT_PER_MINUTE": "0",
    "ICSMULTI_LIMIT_PER_DAY": "0",
    "ICSMULTI_FAILURES_PER_MINUTE": "0",
}


def product(store: str) -> Contender:
    return Contender(
        name="product",
        title="ICSMulti",
        language="Python",
        library="its own engine",
        leaves_out="nothing",
        command=(COMMAND, "serve"),
        environment={**_SETTINGS, "ICSMULTI_STORE": store},
    )


def new_key(contender: Contender) -> str:
    """A key of a new account, made with the command line a user has.

    Raises:
        RuntimeError: what the command said on standard error.
    """
    done = subprocess.run(
        [COMMAND, "keys", "create", "--label", "bench"],
        cwd=ROOT,
        env={**os.environ, **contender.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"keys create: {done.stderr.strip()}")
    return done.stdout.strip()


def wrong_key(key: str) -> str:
    """Well formed but for its checksum: refused before the store is asked."""
    return key[:-1] + ("0" if key[-1] != "0" else "1")


def unknown_key() -> str:
    """Well formed, of right checksum, never issued: the store is asked."""
    from icsmulti.keys.key import new_account_id
    from icsmulti.keys.key import new_key as make

    return make(new_account_id())[0]


@contextmanager
def redis_server(folder: Path) -> Iterator[str | None]:
    """A Redis of our own that keeps what it is told, as the product asks; None without Redis."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if binary is None:
        yield None
        return
    port = free_port()
    # In memory where there is a place for it: a shared machine's disk stalls for a quarter of a
    # second now and then, and that is not what is measured.
    memory = Path("/dev/shm")
    data = tempfile.mkdtemp(prefix="bench-", dir=memory if memory.is_dir() else folder)
    options = ("--port", str(port), "--dir", data, "--appendonly", "yes", "--save", "")
    durable = ("--appendfsync", "always", "--maxmemory-policy", "noeviction", "--bind", "127.0.0.1")
    process = subprocess.Popen([binary, *options, *durable], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(data)
