"""The SQLite store shared by processes: exact limits, instant revocations, sudden deaths."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import apsw
import pytest
from stores import issuer

from icsmulti.errors import RevokedKey
from icsmulti.keys import Limits
from icsmulti.keys.records import day_name
from icsmulti.keys.sqlite import SqliteStore

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("patient")]

WORKER = Path(__file__).with_name("sqlite_worker.py")
PROCESSES = 8
HAMMERED_S = 2.0
SOME = 100

Start = Callable[..., Awaitable[Process]]


@pytest.fixture
def address(tmp_path: Path) -> str:
    return (tmp_path / "keys" / "keys.db").as_uri().replace("file:", "sqlite:", 1)


@pytest.fixture
async def store(address: str) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(address, Limits(0, 0))
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def start(address: str) -> AsyncIterator[Start]:
    """Starts a worker process; kills what is left of them at the end."""
    async with AsyncExitStack() as stack:

        async def start_one(*arguments: object) -> Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(WORKER), address, *map(str, arguments), stdout=PIPE
            )
            stack.push_async_callback(killed, process)
            return process

        yield start_one


async def killed(process: Process) -> bytes:
    """Kill -9 it, if it still runs; what it said since it was last read."""
    if process.returncode is None:
        process.kill()
    out, _ = await process.communicate()
    return out


async def said(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def hammered(start: Start, *arguments: object) -> tuple[int, int, float]:
    """What eight processes got at once: how many, how many uncounted; and when they last asked."""
    workers = [await start(*arguments, HAMMERED_S) for _ in range(PROCESSES)]
    lines = [line.split() for line in await asyncio.gather(*map(said, workers))]
    got, uncounted = (sum(int(line[column]) for line in lines) for column in (0, 1))
    return got, uncounted, max(float(line[2]) for line in lines)


LIMIT = 600
"""Ten a second."""


def refilled(since: float, until: float) -> float:
    """What flows into an empty bucket: from then on, not one more or less can be got."""
    return LIMIT / 60 * (until - since)


async def test_eight_processes_get_what_limit_and_rate_times_time_allow_and_no_more(
    store: SqliteStore, start: Start, now: float
) -> None:
    key = await issuer(store, now)(limits=Limits(LIMIT, 0))
    for _ in range(LIMIT):
        await store.admit(key.id, key.digest, now)

    admitted, uncounted, asked = await hammered(start, "admit", key.id, key.digest.hex())

    assert uncounted == 0
    assert refilled(now, asked) - 1 <= admitted <= refilled(now, asked)
    counted = {day_name(int(now) // 86_400): LIMIT + admitted}
    assert await store.usage(key.id[:6], 1, now) == counted


async def test_eight_processes_get_exactly_the_days_limit(
    store: SqliteStore, start: Start, now: float
) -> None:
    key = await issuer(store, now)(limits=Limits(0, 5_000))

    admitted, uncounted, _ = await hammered(start, "admit", key.id, key.digest.hex())

    assert (admitted, uncounted) == (5_000, 0)


async def test_eight_processes_take_from_a_bucket_what_its_size_and_rate_allow_and_no_more(
    store: SqliteStore, start: Start, now: float
) -> None:
    for _ in range(LIMIT):
        assert await store.take("form:192.0.2.1", LIMIT, 60, now) == 0

    taken, _, asked = await hammered(start, "take", "form:192.0.2.1", LIMIT)

    assert refilled(now, asked) - 1 <= taken <= refilled(now, asked)


async def test_no_call_begun_after_a_revocation_was_answered_is_let_in_elsewhere(
    store: SqliteStore, start: Start, now: float
) -> None:
    for _ in range(5):
        key = await issuer(store, now)()
        workers = [await start("serve", key.id, key.digest.hex()) for _ in range(2)]
        await asyncio.gather(*map(said, workers))  # both are serving

        await store.revoke(key.id, int(now))
        answered = time.time()

        for worker in workers:
            assert worker.stdout is not None
            lines = (await worker.stdout.read()).split()
            assert lines.pop() == b"revoked"
            assert all(float(began) <= answered for began in lines)


async def test_requests_counted_by_a_process_that_is_killed_are_not_lost(
    store: SqliteStore, start: Start, now: float
) -> None:
    key = await issuer(store, now)()
    worker = await start("serve", key.id, key.digest.hex())
    for _ in range(SOME):
        await said(worker)

    answered = SOME + len((await killed(worker)).splitlines())
    await store.close()
    again = SqliteStore(f"sqlite://{store.path}", Limits(0, 0))
    await again.open()

    await again._flush()
    with apsw.Connection(str(store.path)) as connection:
        (counted,) = connection.execute("SELECT sum(requests) FROM usage").fetchone() or (0,)
    await again.close()
    assert answered <= counted <= answered + 1  # one may have been counted and not yet told


async def storm(address: str, start: Start, rounds: int) -> None:
    """Kill two writers in the midst of a storm, again and again; then hold them to their word."""
    keys: dict[str, str] = {}
    asked: set[str] = set()
    revoked: set[str] = set()
    for _ in range(rounds):
        workers = [await start("storm") for _ in range(2)]
        first = [await said(worker) for worker in workers for _ in range(random.randint(20, 60))]
        rest = [(await killed(worker)).decode() for worker in workers]

        # A last line without its end was never answered.
        for line in "".join(first + [text[: text.rfind("\n") + 1] for text in rest]).splitlines():
            match line.split():
                case ["c", key_id, digest]:
                    keys[key_id] = digest
                case ["r", key_id]:
                    asked.add(key_id)
                case ["R", key_id]:
                    revoked.add(key_id)
        store = SqliteStore(address, Limits(0, 0))
        await store.open()
        for key_id, digest in keys.items():
            try:
                await store.admit(key_id, bytes.fromhex(digest), time.time())
            except RevokedKey:
                assert key_id in asked
            else:
                assert key_id not in revoked
        await store.close()

    assert revoked
    connection = apsw.Connection(str(store.path))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


async def test_what_was_answered_holds_after_ten_kills_in_a_storm(
    address: str, start: Start
) -> None:
    await storm(address, start, 10)


@pytest.mark.long
async def test_what_was_answered_holds_after_a_hundred_kills_in_a_storm(
    address: str, start: Start
) -> None:
    await storm(address, start, 100)


async def test_workers_that_start_together_make_one_store(address: str, start: Start) -> None:
    workers = [await start("storm") for _ in range(4)]

    keys = [(await said(worker)).split() for worker in workers]

    store = SqliteStore(address, Limits(0, 0))
    await store.open()
    for _, key_id, digest in keys:
        with suppress(RevokedKey):  # the storm goes on
            await store.admit(key_id, bytes.fromhex(digest), time.time())
    await store.close()


async def test_a_worker_killed_and_replaced_leaves_the_others_their_counters(
    store: SqliteStore, start: Start, now: float
) -> None:
    key = await issuer(store, now)(limits=Limits(0, 100))
    for _ in range(60):
        await store.admit(key.id, key.digest, now)
    for _ in range(3):
        worker = await start("storm")
        await said(worker)
        await killed(worker)

    admission = await store.admit(key.id, key.digest, now)

    assert admission.day.remaining == 39
