"""`icsmulti serve`: the socket, the worker processes, and how they start, end and are replaced.

One worker is this process itself. Several are forked from it once everything is imported, so
a killed one's successor serves at once; they share one listening socket, which this process
keeps, so that what waits in its queue outlives a worker.

SIGTERM and SIGINT: stop accepting, answer what has arrived, flush, exit 0. A second SIGINT
gives up at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import select
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server

from icsmulti.address import BACKLOG, authority, listen, without_password
from icsmulti.check import Finding, look_at_store, look_at_tzdata
from icsmulti.locales import DEFAULT, Catalogue, catalogue
from icsmulti.settings import Settings, default_store
from icsmulti.web import log
from icsmulti.web.metrics import METRICS, Board
from icsmulti.web.turns import Shift
from icsmulti.web.wire import SWEEP_S, WireLimits, WireProtocol

GRACE_S = 0.3
"""At the end, how long an idle connection may still bring a request that is already on its way."""
FAILING_STARTS = 5
"""Workers that die in a row within `FAILING_S` of their start: starting more will not help."""
FAILING_S = 2.0

STOPS = {int(signal.SIGTERM), int(signal.SIGINT)}

_log = logging.getLogger("icsmulti.server")


def serve(settings: Settings, say: Catalogue | None = None) -> int:
    """Serve until told to stop, and tell a person on standard error, in the language of *say*.

    Returns:
        The exit status: 0 after a stop that was asked for, 1 when the time zones cannot be read.

    Raises:
        SettingsError: the address cannot be had.
    """
    _open_standard_streams()
    say = say or catalogue(DEFAULT)
    zones = look_at_tzdata(datetime.now(UTC))
    if not zones.ok:
        print(zones.line(say), file=sys.stderr, flush=True)
        return 1
    listener = listen(settings.host, settings.port)
    limits = WireLimits.of(settings.read_timeout_s)
    store = look_at_store(settings)  # before the log has its thread, which no fork would keep
    log.configure()
    import icsmulti.app  # noqa: PLC0415, F401 - before the fork: workers share it and start at once

    _announce(settings, say, listener, store)
    if settings.workers == 1:
        return _work(settings, say, limits, listener)
    return Supervisor(settings, say, limits, listener).run()


def _open_standard_streams() -> None:
    """Where the caller has closed one, open nothing in its place.

    Else a socket or the store's file would take its number, and the log be written there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


def _announce(settings: Settings, say: Catalogue, listener: socket.socket, store: Finding) -> None:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104 - compared
    tell(say, "ready", address=f"http://{authority(shown, port)}")
    if not store.ok:
        print(store.line(say), file=sys.stderr, flush=True)
        tell(say, "without-store")
        return
    tell(say, "store", store=without_password(settings.store))
    tell(say, "first-key", command=_first_key_command(settings, say))


def _first_key_command(settings: Settings, say: Catalogue) -> str:
    """What another terminal of the same folder can type as it stands.

    `make serve` puts nothing on the PATH, and a store given to this server alone is not the
    default there. One whose address holds a password is not shown: there it is to be set.
    """
    program = shlex.quote(sys.argv[0])
    if shutil.which("icsmulti"):
        program = "icsmulti"
    elif program.endswith("__main__.py"):
        program = f"{shlex.quote(sys.executable)} -m icsmulti"
    shown = without_password(settings.store)
    if settings.store != default_store() and shown == settings.store:
        program = f"ICSMULTI_STORE={shlex.quote(shown)} {program}"
    return f'{program} keys create --label "{say.say("operations.serve.label")}"'


def tell(say: Catalogue, key: str, **values: object) -> None:
    print(say.say(f"operations.serve.{key}", **values), file=sys.stderr, flush=True)


def _work(
    settings: Settings,
    say: Catalogue,
    limits: WireLimits,
    listener: socket.socket,
    parent: int | None = None,
) -> int:
    """Be a worker. *parent*: a descriptor that reads as ended once the supervisor is gone."""
    connection = partial(WireProtocol, limits=limits, shift=Shift())  # called as a class is
    config = Config(
        "icsmulti.app:create_app",
        factory=True,
        http=cast("Any", connection),
        ws="none",
        lifespan="on",
        loop="auto",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
    )
    worker = Worker(config, settings.shutdown_s, say, parent)
    # What is loaded by now stays: collections look at requests only, and forks share the rest.
    gc.collect()
    gc.freeze()
    try:
        worker.run(sockets=[listener])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else STARTUP_FAILURE
    finally:
        log.STDOUT.flush()
    return 0 if worker.started else STARTUP_FAILURE


class Worker(Server):
    """uvicorn's server, with a sweep over its connections and an end that loses no request."""

    def __init__(self, config: Config, shutdown_s: int, say: Catalogue, parent: int | None) -> None:
        super().__init__(config)
        self._say = say
        self._shutdown_s = shutdown_s
        self._parent = parent

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again at the end, which would make the exit status 143.
        for number in STOPS:
            signal.signal(number, self.handle_exit)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent, self._orphaned)

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._parent or 0)
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if counter % round(SWEEP_S * 10) == 0:
            self._sweep()
        return await super().on_tick(counter)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self._connections):
            connection.look(now)

    @property
    def _connections(self) -> set[WireProtocol]:
        return self.server_state.connections  # type: ignore[return-value] # all are of our class

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, answer whoever is inside, then let the application end."""
        if self._parent is None:  # of several, the supervisor says it once
            tell(self._say, "stopping", seconds=self._shutdown_s)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for connection in list(self._connections):
            connection.drain()
        while self._connections and not self.force_exit and loop.time() < begin + self._shutdown_s:
            await asyncio.sleep(0.02)
            self._sweep()
            if loop.time() > begin + GRACE_S:
                for connection in list(self._connections):
                    if connection.is_waiting:
                        connection.close()
        for connection in list(self._connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()
        await self.lifespan.shutdown()


class Supervisor:
    """Keeps as many workers as the settings say."""

    def __init__(
        self, settings: Settings, say: Catalogue, limits: WireLimits, listener: socket.socket
    ) -> None:
        self._settings = settings
        self._say = say
        self._limits = limits
        self._listener = listener
        self._board = Board(settings.workers)
        self._places: dict[int, int] = {}  # pid → place among the workers
        self._started: dict[int, float] = {}
        self._failing = 0
        self._stopping_since: float | None = None
        # The writing end is open here alone: workers see it close when this process dies.
        self._lifeline, self._lifeline_kept = os.pipe()

    def run(self) -> int:
        wakeup, wake = os.pipe()
        os.set_blocking(wakeup, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (*STOPS, signal.SIGCHLD):
            signal.signal(number, self._noted)
        for place in range(self._settings.workers):
            self._start(place)
        while self._places:
            select.select([wakeup], [], [], 0.5)
            with contextlib.suppress(BlockingIOError):
                if STOPS.intersection(os.read(wakeup, 4_096)):
                    self._stop()
            self._bury()
            self._kill_the_late()
        return STARTUP_FAILURE if self._failing >= FAILING_STARTS else 0

    def _noted(self, *_: object) -> None:
        """Exists so that the signal reaches the wake-up descriptor; `run` acts on it."""

    def _start(self, place: int) -> None:
        # Held back until the child has handlers of its own: a stop must not fall in between.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            self._places[pid], self._started[pid] = place, time.monotonic()
            return
        status = STARTUP_FAILURE
        try:
            signal.set_wakeup_fd(-1)
            for number in (*STOPS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            os.close(self._lifeline_kept)
            METRICS.share(self._board, place)
            status = _work(self._settings, self._say, self._limits, self._listener, self._lifeline)
        except BaseException:  # whatever it is must not climb into the parent's frames
            _log.exception("worker-failed")
        finally:
            log.STDOUT.flush()
            os._exit(status)

    def _bury(self) -> None:
        """Replace the workers that ended, unless the end was asked for."""
        while self._places:
            pid, result = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            place = self._places.pop(pid)
            lived_s = time.monotonic() - self._started.pop(pid)
            if self._stopping_since is not None:
                continue
            code = os.waitstatus_to_exitcode(result)
            # Killed is not failing: whoever kills five workers at once gets five new ones.
            self._failing = self._failing + 1 if lived_s < FAILING_S and code >= 0 else 0
            if self._failing >= FAILING_STARTS:
                tell(self._say, "failing")
                self._stop()
                continue
            tell(self._say, "restarted", pid=pid, cause=self._cause(code))
            self._start(place)

    def _cause(self, code: int) -> str:
        kind = "status" if code >= 0 else "signal"
        return self._say.say(f"operations.serve.{kind}", number=abs(code))

    def _stop(self) -> None:
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            self._listener.close()
            tell(self._say, "stopping", seconds=self._settings.shutdown_s)
        for pid in self._places:
            # SIGTERM whatever came: a terminal's Ctrl-C reaches the workers by itself, and a
            # second SIGINT would make them give up.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _kill_the_late(self) -> None:
        since = self._stopping_since
        if since is not None and time.monotonic() - since > self._settings.shutdown_s + 3:
            for pid in self._places:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
