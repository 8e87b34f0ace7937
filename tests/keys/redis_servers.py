"""Real Redis and Valkey servers on loopback, for tests: one, three Sentinels, six in a Cluster.

Each has its own folders and free ports, and dies with the process that started it. Places for
the contract suite are started once and emptied for each test; a test that breaks a server
starts its own.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Self

import pytest
from patience import BACK_WITHIN_S, until

DURABLE = {"appendonly": "yes", "appendfsync": "always"}
PR_SET_PDEATHSIG = 1


def need(program: str) -> str:
    """The path of a program; without it the test is skipped, under CI it fails."""
    path = shutil.which(program)
    if path is None:
        how = f"{program} is missing: apt-get install {program} (Valkey: from bookworm-backports)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(how)
    return path


def free_port() -> int:
    """A port that is free, and so is the one 10 000 above (the cluster's own).

    Below those that systems give to who connects: a server that was killed finds its own again.
    """
    while True:
        port = random.randrange(11_000, 22_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


def _die_with_parent() -> None:
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Server:
    """One server process, that can be killed, paused and started again."""

    folder: Path
    port: int
    settings: dict[str, str]
    program: str = "redis-server"
    arguments: tuple[str, ...] = ()
    data: Path = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # In memory where there is a place for it: what dies here is a process, never the
        # machine, and a disk busy with other tests is no fault of the store's.
        memory = Path("/dev/shm")
        self.data = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.data}", 'save ""']
        lines += [f"{name} {value}" for name, value in self.settings.items()]
        (self.folder / "server.conf").write_text("\n".join(lines) + "\n")
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [need(self.program), str(self.folder / "server.conf"), *self.arguments],
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock taken
            )
        try:
            until(self.answers, f"{self.folder / 'log'} says why the server does not start")
        except TimeoutError:
            self.close()
            raise

    def answers(self) -> bool:
        try:
            return self.ask("PING").startswith(("PONG", "-NOAUTH"))
        except OSError:
            return False

    def ask(self, *command: str) -> str:
        """Send a command, return the first line of its reply (a bulk string's content)."""
        try:
            return self._asked(command)
        except ConnectionResetError:  # Sentinel ends every connection of a server it demotes
            return self._asked(command)

    def _asked(self, command: Sequence[str]) -> str:
        parts = "".join(f"${len(part.encode())}\r\n{part}\r\n" for part in command)
        with socket.create_connection(
            ("127.0.0.1", self.port), timeout=BACK_WITHIN_S
        ) as connection:
            connection.sendall(f"*{len(command)}\r\n{parts}".encode())
            with connection.makefile("rb") as reader:
                line = reader.readline().decode().rstrip()
                if line.startswith("$") and line != "$-1":
                    return reader.read(int(line[1:])).decode()
                return line.lstrip("+")

    def kill(self) -> None:
        """kill -9: nothing is flushed, nobody is told."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.data)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def empty(self) -> None:
        self.ask("FLUSHALL")
        self.ask("SCRIPT", "FLUSH")


@dataclass
class Group:
    """Servers that make one store, and its address."""

    address: str
    servers: list[Server]
    sentinels: list[Server] = field(default_factory=list)

    def primaries(self) -> list[Server]:
        living = [server for server in self.servers if server.process.poll() is None]
        return [server for server in living if "role:master" in server.ask("INFO", "replication")]

    def empty(self) -> None:
        for server in self.primaries():
            server.empty()


@contextmanager
def standalone(
    folder: Path, program: str = "redis-server", *, port: int = 0, **settings: str
) -> Iterator[Group]:
    with ExitStack() as stack:
        server = Server(folder, port or free_port(), settings or DURABLE, program)
        stack.callback(server.close)
        yield Group(f"redis://127.0.0.1:{server.port}", [server])


@contextmanager
def sentinels(
    folder: Path, program: str = "redis-server", *, down_after_ms: int = 1_500
) -> Iterator[Group]:
    """One primary, two replicas, three Sentinels that replace it after so long."""
    with ExitStack() as stack:
        servers: list[Server] = []
        watchers: list[Server] = []
        for name in ("primary", "replica-1", "replica-2"):
            settings = DURABLE | {"repl-diskless-sync-delay": "0", "repl-ping-replica-period": "1"}
            if servers:
                settings["replicaof"] = f"127.0.0.1 {servers[0].port}"
            servers.append(Server(folder / name, free_port(), settings, program))
            stack.callback(servers[-1].close)
        for name in ("sentinel-1", "sentinel-2", "sentinel-3"):
            settings = {
                "sentinel monitor": f"icsmulti 127.0.0.1 {servers[0].port} 2",
                "sentinel down-after-milliseconds": f"icsmulti {down_after_ms}",
                "sentinel failover-timeout": "icsmulti 2000",
            }
            watchers.append(_sentinel(folder / name, settings, program))
            stack.callback(watchers[-1].close)
        group = Group(_sentinel_address(watchers), servers, watchers)
        group.empty()  # a write: what replicas then confirm
        until(lambda: _confirming(servers[0]) == 2, "replicas")
        until(lambda: all(map(_sees_all, watchers)), "Sentinels")
        yield group


def _sentinel(folder: Path, settings: dict[str, str], program: str) -> Server:
    return Server(folder, free_port(), settings, program, ("--sentinel",))


def _sentinel_address(watchers: list[Server]) -> str:
    hosts = ",".join(f"127.0.0.1:{watcher.port}" for watcher in watchers)
    return f"redis+sentinel://{hosts}/icsmulti"


def _confirming(server: Server) -> int:
    """Replicas that have confirmed a write. In their first second they confirm none."""
    lines = server.ask("INFO", "replication").splitlines()
    return sum("state=online" in line and ",offset=0," not in line for line in lines)


def _sees_all(watcher: Server) -> bool:
    return "slaves=2,sentinels=3" in watcher.ask("INFO", "sentinel")


@contextmanager
def cluster(
    folder: Path, program: str = "redis-server", *, down_after_ms: int = 1_500
) -> Iterator[Group]:
    """Three primaries with a replica each, that replaces it after so long."""
    with ExitStack() as stack:
        servers: list[Server] = []
        for number in range(6):
            settings = DURABLE | {
                "cluster-enabled": "yes",
                "cluster-node-timeout": str(down_after_ms),
                "cluster-require-full-coverage": "no",
                "repl-diskless-sync-delay": "0",
                "repl-ping-replica-period": "1",
            }
            servers.append(Server(folder / f"node-{number}", free_port(), settings, program))
            stack.callback(servers[-1].close)
        hosts = [f"127.0.0.1:{server.port}" for server in servers]
        client = need(program.replace("server", "cli"))
        create = [client, "--cluster", "create", *hosts, "--cluster-replicas", "1", "--cluster-yes"]
        subprocess.run(create, check=True, capture_output=True, timeout=3 * BACK_WITHIN_S)
        group = Group("redis+cluster://" + ",".join(hosts), servers)
        until(lambda: all(map(_in_order, servers)), "cluster")
        group.empty()  # a write: what replicas then confirm
        until(lambda: [_confirming(p) for p in group.primaries()] == [1, 1, 1], "replicas")
        yield group


def _in_order(server: Server) -> bool:
    info = server.ask("CLUSTER", "INFO")
    # State is ok without full coverage too: every slot must have its server.
    wanted = ("cluster_state:ok", "cluster_known_nodes:6", "cluster_slots_ok:16384")
    return all(said in info for said in wanted)


@cache
def shared(kind: str, program: str = "redis-server") -> Group:
    """A group that lasts as long as the test run."""
    need(program)
    # Nobody is to die here: a server that is given no turn for a while is not replaced.
    make = {
        "standalone": standalone,
        "sentinels": partial(sentinels, down_after_ms=60_000),
        "cluster": partial(cluster, down_after_ms=60_000),
    }[kind]
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(tempfile.mkdtemp(prefix="icsmulti-"))
    stack.callback(shutil.rmtree, folder)
    return stack.enter_context(make(folder, program))


@asynccontextmanager
async def redis_server(_folder: Path) -> AsyncIterator[str]:
    yield _emptied(shared("standalone"))


@asynccontextmanager
async def redis_sentinels(_folder: Path) -> AsyncIterator[str]:
    yield _emptied(shared("sentinels"))


@asynccontextmanager
async def redis_cluster(_folder: Path) -> AsyncIterator[str]:
    yield _emptied(shared_cluster())


def shared_cluster() -> Group:
    """The cluster of the test run, in order."""
    group = shared("cluster")
    until(lambda: all(map(_in_order, group.servers)), "cluster")
    return group


@asynccontextmanager
async def valkey_server(_folder: Path) -> AsyncIterator[str]:
    yield _emptied(shared("standalone", "valkey-server"))


def _emptied(group: Group) -> str:
    group.empty()
    return group.address


class Proxy:
    """Stands between a store and its server, and fails as networks and servers do.

    `mode`: `pass`; `swallow` (accepts, takes everything, never answers); `cut` (closes at
    once); or bytes, which answer whatever is asked.
    """

    def __init__(self, target: int) -> None:
        self.mode: str | bytes = "pass"
        self.requests = 0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # they see it and end

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if serving := asyncio.current_task():
            self._tasks.add(serving)
        try:
            if self.mode == "cut":
                return
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(there)
            back = asyncio.create_task(self._answer(there_reader, writer))
            self._tasks.add(back)
            while asked := await reader.read(65_536):
                self.requests += 1
                if self.mode == "pass":
                    there.write(asked)
                elif self.mode == "cut":
                    break
                elif isinstance(self.mode, bytes):
                    writer.write(self.mode)
            there.close()
            await back
        except OSError:
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answer := await reader.read(65_536):
            if self.mode == "pass":
                writer.write(answer)
        writer.close()
