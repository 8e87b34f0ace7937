"""How tests of keys wait, so that a busy machine fails none of them.

A store refuses what it cannot answer within its second. On a machine that gives it or its
server no turn that is right, at any moment of any test. So a test either

- takes its store's deadlines away (`give_time`; the fixture `patient`): what is answered;
- or asks again until there is an answer (`eventually`, `answer`): what comes in the end, with
  StoreUnavailable and nothing else before it;
- or measures a promised deadline by the time that this process was awake (`Awake`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from icsmulti.errors import StoreUnavailable
from icsmulti.keys import (
    redis_durability,
    redis_topology,
    sqlite_file,
    sqlite_region,
    sqlite_writer,
)
from icsmulti.keys.counters import STALE
from icsmulti.keys.redis_node import Patience

T = TypeVar("T")

WITHIN_S = 1 * 3
"""The deadline of every answer, and the margin that a test takes."""
BACK_WITHIN_S = 60
"""Of what has no promised deadline but must come by itself: only a defect takes so long."""
TRIES = 10
"""Of what a stall at the wrong moment may spoil: a defect spoils them all."""
TIMES = 20
TICK_S = 0.01


class Awake:
    """Measures how long this process was awake: a stall of the machine is nobody's delay."""

    def __enter__(self) -> Self:
        self.seconds = 0.0
        self._over = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)
        self._ticking.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        self._ticking.join()

    def _tick(self) -> None:
        before = time.monotonic()
        while not self._over.wait(TICK_S):
            now = time.monotonic()
            self.seconds += min(now - before, 2 * TICK_S)
            before = now


def give_time(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Take the stores' deadlines away: *replace* is `setattr`, or a monkeypatch's."""
    begin = Patience.__init__

    def begin_with_time(self: Patience, seconds: float) -> None:
        begin(self, TIMES * seconds)

    replace(Patience, "__init__", begin_with_time)
    for module, name in (
        (redis_durability, "SYNC_MS"),
        (redis_durability, "REPLICA_MS"),
        (redis_topology, "LOOK_FOR_S"),
        (sqlite_file, "READ_WAIT_MS"),
        (sqlite_file, "WRITE_WAIT_MS"),
        (sqlite_writer, "WRITE_WAIT_MS"),
        (sqlite_writer, "BUDGET_S"),
    ):
        replace(module, name, TIMES * getattr(module, name))
    replace(sqlite_region, "LOCK_WAIT_S", STALE / 10**9 - 1)  # who waits longer comes too late


def until(condition: Callable[[], bool], what: str, seconds: float = BACK_WITHIN_S) -> None:
    """Wait for a condition, and for nothing else: no task runs meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


async def outcome(answer: Awaitable[object]) -> str:
    """What a call came to, in time: its result's type, or its error's."""
    with Awake() as awake:
        try:
            result = type(await answer).__name__
        except Exception as error:
            result = type(error).__name__
    assert awake.seconds < WITHIN_S

    return result


async def eventually(call: Callable[[], Awaitable[T]]) -> T:
    """What a call gives, or raises, once the store answers it."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        try:
            return await call()
        except StoreUnavailable:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.05)


async def answer(call: Callable[[], Awaitable[object]]) -> str:
    """The first outcome of a call that is not StoreUnavailable; each in time."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        came = await outcome(call())
        if came != "StoreUnavailable" or time.monotonic() > deadline:
            return came
        await asyncio.sleep(0.05)
