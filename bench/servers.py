"""Starting, pinning, watching and stopping one server."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import Contender

SERVER_CORE, LOAD_CORE = 1, 0
MIB = 1024 * 1024


def pinned(core: int, command: tuple[str, ...]) -> list[str]:
    """The command on one core; runtimes that count cores then find one (Go, tokio, the JVM)."""
    if (os.cpu_count() or 1) < 2:
        return list(command)
    return ["taskset", "-c", str(core), *command]


@dataclass(slots=True)
class Server:
    """One contender, listening. `key` is the API key to send; peers ignore it."""

    contender: Contender
    process: subprocess.Popen[bytes]
    port: int
    key: str
    ready_after_s: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "X-API-Key": self.key}

    def path(self, answer_octets: int) -> str:
        """The floor is told the size of its answer; everyone else finds it out."""
        base = "/api/generate"
        return f"{base}/{answer_octets}" if self.contender.name == "http-floor" else base

    def ask(
        self, body: bytes, *, path: str = "/api/generate", key: str | None = None
    ) -> tuple[int, bytes]:
        headers = self.headers | ({} if key is None else {"X-API-Key": key})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def rss_mib(self) -> float:
        return sum(_status_kib(pid, "VmRSS") for pid in self._pids()) / 1024

    def peak_mib(self) -> float:
        """Since the start, or since `forget_peak`."""
        return sum(_status_kib(pid, "VmHWM") for pid in self._pids()) / 1024

    def forget_peak(self) -> None:
        for pid in self._pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _pids(self) -> list[int]:
        """The process and its descendants: a server may fork its workers."""
        found, new = [], [self.process.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            new += _children(pid)
        return found

    def cpu_s(self) -> float:
        """Processor time so far. On a shared machine it tells more than the clock."""
        return sum(_cpu_ticks(pid) for pid in self._pids()) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    contender: Contender, *, key: str = "none", probe: bytes, log: Path
) -> Iterator[Server]:
    """Start it, wait for its first answer to *probe*, stop it at the end.

    Raises:
        RuntimeError: it died, or did not answer within a minute; the log's end says why.
    """
    port = free_port()
    environment = {**os.environ, **contender.environment, "PORT": str(port), "GOMAXPROCS": "1"}
    if contender.name == "product":
        environment["ICSMULTI_PORT"] = str(port)
    command = tuple(part.replace("{port}", str(port)) for part in contender.command)
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            pinned(SERVER_CORE, command),
            cwd=contender.folder,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    server = Server(contender, process, port, key)
    try:
        _await_answer(server, probe, started, log)
        server.ready_after_s = time.perf_counter() - started
        yield server
    finally:
        server.stop()


def _await_answer(server: Server, probe: bytes, started: float, log: Path) -> None:
    path = server.path(100)
    while time.perf_counter() - started < 60:
        if server.process.poll() is not None:
            break
        try:
            server.ask(probe, path=path)
        except OSError:
            time.sleep(0.005)
        else:
            return
    end = log.read_text("utf-8", "replace")[-1500:]
    raise RuntimeError(f"{server.contender.name} did not start:\n{end}")


def _children(pid: int) -> list[int]:
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _cpu_ticks(pid: int) -> int:
    """User and system time (proc(5), stat, fields 14 and 15)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0
    return int(after_name[11]) + int(after_name[12])


def _status_kib(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)
