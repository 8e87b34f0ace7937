"""Turns of the event loop: when a connection's requests run, and when their answers leave.

    turns = Turns(loop, tasks, shift)
    turns.take(application(scope, receive, send))     most are over in this turn of the loop

A request that waits for nobody, as a calendar whose key is in SQLite does, needs no task and no
other turn of the loop. One that waits goes on in a task of its connection's, as which it runs
from its first step on, so that timeouts, cancellation and context variables hold across. (What
Python 3.12 calls an eager task, for 3.11 too.)

Requests that arrive together go step by step together, where they say `await together()`, and
their answers leave together (`Shift`): cohort scheduling, as Larus and Parkes call it.
"""

from __future__ import annotations

import asyncio
import types
from asyncio.tasks import _enter_task, _leave_task  # documented for those who extend asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from time import perf_counter
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Turns:
    """The requests of one connection, one after another, each begun as soon as it may."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[Any]], shift: Shift
    ) -> None:
        self._loop = loop
        self._tasks = tasks
        """Of the server: what it cancels when its time to stop is over."""
        self._shift = shift
        self._context = copy_context()
        self._waiting: deque[Coroutine[Any, Any, None]] = deque()
        self._paused: Coroutine[Any, Any, None] | None = None
        """A request that the shift goes on with."""
        self._begun: tuple[Coroutine[Any, Any, None], Any] | None = None
        """A request that the task is to go on with, and what its last step waits for."""
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Future[None] | None = None
        self._busy = self._closed = False

    def take(self, request: Coroutine[Any, Any, None]) -> None:
        """Run a request now, or after those that were taken before it and are not over."""
        self._waiting.append(request)
        if not self._busy:
            self._busy = True
            self._run()

    def close(self) -> None:
        """The connection is gone: end the task once its request has."""
        self._closed = True
        self._awake()

    def _run(self) -> None:
        """Run one request after another, until one has to wait or lets the others come as far."""
        task = self._task
        if task is None or task.done():  # done: of a connection lost since the request arrived
            task = self._make_task()
        request, self._paused = self._paused, None
        _enter_task(self._loop, task)
        try:
            while request or self._waiting:
                if not self._is_over(request or self._waiting.popleft()):
                    break
                request = None
        finally:
            _leave_task(self._loop, task)
            if self._begun:
                self._awake()
            elif self._paused or self._waiting:  # the latter behind one that has failed
                self._shift.go_on(self._run)
            else:
                self._busy = False

    def _is_over(self, request: Coroutine[Any, Any, None]) -> bool:
        """Run a request's next step; whether it was the last."""
        try:
            waits_for = self._context.run(request.send, None)
        except StopIteration:
            return True
        if waits_for is None:
            self._paused = request
        else:
            self._begun = request, waits_for
        return False

    def _make_task(self) -> asyncio.Task[None]:
        task = self._task = self._loop.create_task(self._go_on(), context=self._context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _awake(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _go_on(self) -> None:
        while self._begun or not self._closed:
            cancelled: asyncio.CancelledError | None = None
            if not self._begun:
                self._wake = self._loop.create_future()
                try:
                    await self._wake
                except asyncio.CancelledError as error:
                    cancelled = error
                self._wake = None
            if self._begun:
                (request, waits_for), self._begun = self._begun, None
                await go_on(request, waits_for, cancelled)
                while self._waiting:
                    await self._waiting.popleft()
                self._busy = False
            elif cancelled:
                raise cancelled


@types.coroutine
def together() -> Generator[None, None, None]:
    """Let the requests that arrived with this one come as far first.

    Then each step finds its code and its data in the processor's caches, where the request
    before it has left them: with sixteen callers a fifth of a small request's cost. In a
    task of its own it is what `asyncio.sleep(0)` is.
    """
    yield


@types.coroutine
def go_on(
    steps: Generator[Any, Any, T] | Coroutine[Any, Any, T],
    waits_for: Any,
    cancelled: BaseException | None = None,
) -> Generator[Any, Any, T]:
    """Await something whose first steps were run by hand and stopped at *waits_for*.

    What `yield from` does (PEP 380), but for those steps. *cancelled* is what to throw into
    it instead of waiting.
    """
    try:
        if cancelled:
            waits_for = steps.throw(cancelled)
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # a cancellation, or the failure of what it waits for
                waits_for = steps.throw(error)
            else:
                waits_for = steps.send(sent)
    except StopIteration as done:
        result: T = done.value
        return result


class Sends(Protocol):
    """A connection's answers that are ready."""

    def flush(self) -> None:
        """Send them."""


class Shift:
    """What one turn of the loop has to do, in the order that is cheapest: one for each process.

    Everything that has arrived is read by then; the requests run, step by step together, and
    only then do their answers leave. Sent one by one, waking each caller would interrupt the
    next request, a fifth of a small one's cost.
    """

    TOGETHER = 32
    """How many requests go together, at the most: what they share is in the caches by then."""
    TOGETHER_S = 0.002
    """How long an answer may wait for requests beside its own; the step that goes over it ends it."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._due: deque[Callable[[], None]] = deque()
        self._paused: deque[Callable[[], None]] = deque()
        self._answered: deque[Sends] = deque()
        self._called = False

    def begin(self, request: Callable[[], None]) -> None:
        """Call this in the next turn."""
        self._due.append(request)
        self._call()

    def go_on(self, request: Callable[[], None]) -> None:
        """Call this when the requests beside it have come as far."""
        self._paused.append(request)
        self._call()

    def send(self, answers: Sends) -> None:
        """Flush these when the requests at hand have run."""
        self._answered.append(answers)
        self._call()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        try:
            until = self._clock() + self.TOGETHER_S
            for _ in range(self.TOGETHER - len(self._paused)):
                if not self._due or self._clock() >= until:
                    break
                self._due.popleft()()
            while self._paused and self._clock() < until:
                self._paused.popleft()()
            while self._answered:
                self._answered.popleft().flush()
        finally:
            self._called = False
            # The rest in the next turn: sockets and timers have theirs in between. And where
            # one has failed, the others go on.
            if self._due or self._paused or self._answered:
                self._call()
