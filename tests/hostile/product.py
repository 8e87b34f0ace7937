"""The product as a process of its own, and raw sockets to talk to it.

with Product(tmp_path) as product:
    answer = product.ask(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 200
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.keys.issue import create_key

PATIENCE_S = 60.0
"""How long a test waits for what takes a tenth of a second on a quiet machine: only a defect
takes so long, and only then does it cost anything."""

OCCURRENCE = {
    "id": "1",
    "titre": "Réunion",
    "dateDebut": "2026-05-12T10:00:00Z",
    "dateFin": "2026-05-12T11:00:00Z",
}
CALENDAR = json.dumps({"evenement": {"occurrences": [OCCURRENCE]}}).encode()


def program(*changes: str) -> str:
    """`icsmulti` for a shell, after *changes* to the product's constants.

    Its store always has the patience of a command line: other programs' writes can keep a disk
    busy for seconds, and the deadlines of stores have tests of their own.
    """
    lines = [
        "import functools, icsmulti.app as app, icsmulti.keys as keys",
        "app.open_store = functools.partial(keys.open_store, patience=keys.PATIENT)",
        *changes,
        "from icsmulti.cli import main",
        "main()",
    ]
    return f'"{sys.executable}" -c "{"; ".join(lines)}"'


def free_port() -> int:
    """A port for who must know it beforehand; below those that the system gives by itself."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10_000, first_given)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        found = [value for key, value in self.headers if key == name.lower()]
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return found[0] if found else ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """A raw socket that reads answers by their own framing."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._left = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def read(self) -> Answer:
        """The next answer. Raises ConnectionError when there is none."""
        head, _, self._left = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = [
            (k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:])
        ]
        status = int(lines[0].split()[1])
        length = int(dict(headers).get("content-length", 0))
        assert "transfer-encoding" not in dict(headers)
        while len(self._left) < length:
            self._left += self._more()
        body, self._left = self._left[:length], self._left[length:]
        return Answer(status, headers, body)

    def is_closed(self, within_s: float = PATIENCE_S) -> bool:
        """Whether the server closes, and what it sent before is thrown away."""
        self.socket.settimeout(within_s)
        try:
            while self.socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._left:
            self._left += self._more()
        return self._left

    def _more(self) -> bytes:
        octets = self.socket.recv(65_536)
        if not octets:
            raise ConnectionError("closed without an answer")
        return octets


class Product:
    """`icsmulti serve` with a store of its own in *folder*, on a free port."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.store = settings.pop("STORE", f"sqlite://{folder / 'keys.db'}")
        self.settings = {
            "PORT": 0,
            "STORE": self.store,
            "LIMIT_PER_MINUTE": 0,
            "LIMIT_PER_DAY": 0,
            "FAILURES_PER_MINUTE": 0,
            **settings,
        }
        self.port = int(str(self.settings["PORT"]))
        self.program = program()
        self.log = folder / "log.jsonl"
        self._markers = itertools.count()
        self.errors: list[str] = []

    def __enter__(self) -> Product:
        self.key = self.new_key()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ICSMULTI_")}
        ours = {f"ICSMULTI_{name}": str(value) for name, value in self.settings.items()}
        return {**kept, **ours, "LC_ALL": "C.UTF-8"}

    def start(self, limit: str = "ulimit -c 0") -> None:
        """Start it, under a shell's *limit*, and wait until it says where it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", f"{limit}; exec {self.program} serve"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert self.process.stderr
        self.errors = []
        for line in self.process.stderr:
            self.errors.append(line)
            if found := re.search(r"http://\S+:(\d+)", line):
                self.port = int(found[1])
                break
        else:
            self._finish()
            raise AssertionError("".join(self.errors))
        self._listener = threading.Thread(target=self._listen, args=(self.process.stderr,))
        self._listener.start()

    def _listen(self, stream: Any) -> None:
        self.errors.extend(stream)
        stream.close()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        self._listener.join(PATIENCE_S)
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join(PATIENCE_S)

    def _finish(self) -> None:
        self.process.wait(PATIENCE_S)
        if self.process.stderr:
            self.process.stderr.close()

    def new_key(self, **limits: int) -> str:
        async def make() -> str:
            store = open_store(str(self.store), Limits(0, 0), patience=PATIENT)
            await store.open()
            try:
                issued = await create_key(store, label="test", now=int(time.time()))
                if limits:
                    await store.limit(issued.account_id, Limits(**limits))
                return issued.text
            finally:
                await store.close()

        return asyncio.run(make())

    def connect(self) -> Connection:
        return Connection(self.port)

    def ask(self, octets: bytes) -> Answer:
        """One answer to raw octets on a connection of their own."""
        with self.connect() as connection:
            connection.send(octets)
            return connection.read()

    def generate(self, body: bytes = CALENDAR, *headers: str, key: str | None = None) -> bytes:
        """The octets of a request to /api/generate."""
        lines = [
            "POST /api/generate HTTP/1.1",
            "Host: test",
            f"X-API-Key: {self.key if key is None else key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *headers,
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def lines(self) -> list[dict[str, Any]]:
        """The log of everything answered so far, by one worker or by a server that has ended."""
        name = f"end-of-log-{next(self._markers)}"
        if self.process.poll() is None:
            # A worker writes its lines in their order: behind this one's, all others are there.
            self.ask(f"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: {name}\r\n\r\n".encode())
            assert wait_until(lambda: f'"{name}"' in self.log.read_text().rpartition("\n")[0])
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if "end-of-log-" not in line.get("request_id", "")]

    def workers(self) -> list[int]:
        """The processes that serve: the server's children, or itself."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] or [self.process.pid]

    def kill_workers(self, *pids: int) -> None:
        """SIGKILL, and wait until they are dead: a dying worker could still take a caller."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: all(_state(pid) in "ZX" for pid in pids))

    def resident_mib(self) -> float:
        return sum(_resident_mib(pid) for pid in self.workers())

    def connections(self) -> int:
        """Those that the server has accepted and not closed."""
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port = f":{self.port:04X}"
        listens, nobody_has_it = "0A", "0"
        return sum(
            row[1].endswith(port) and row[3] != listens and row[9] != nobody_has_it for row in rows
        )

    def spent_s(self) -> float:
        """Processor time of the processes that serve, since their start."""
        stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in self.workers())
        ticks = sum(int(tick) for stat in stats for tick in stat.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.workers())


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A worker that gets no turn: who asks meanwhile is answered by another."""
    os.kill(pid, signal.SIGSTOP)
    try:
        assert wait_until(lambda: _state(pid) == "T")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> str:
    """As `ps` shows it: R, S, T(stopped), Z(ombie)…; X for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def wait_until(condition: Any, seconds: float = PATIENCE_S) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
