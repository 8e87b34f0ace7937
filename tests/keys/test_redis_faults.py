"""One Redis or Valkey server that fails in every way: what callers see, and that it ends."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from patience import (
    BACK_WITHIN_S,
    TRIES,
    WITHIN_S,
    Awake,
    answer,
    eventually,
    outcome,
    until,
)
from redis.exceptions import ResponseError
from redis_servers import DURABLE, Group, Proxy, Server, free_port, need, standalone
from stores import DEFAULTS, issuer

from icsmulti.errors import InvalidKey, RevokedKey, StoreConflict, StoreUnavailable
from icsmulti.keys import KeyRecord, KeyStore, Limits, open_store, redis_durability
from icsmulti.keys.key import PresentedKey, new_account_id, new_key
from icsmulti.keys.records import day_name
from icsmulti.keys.redis_durability import FRESH_S, REPLICA_MS
from icsmulti.keys.redis_node import COMMAND_S, CONNECT_S, TOGETHER, Node

pytestmark = pytest.mark.anyio

PATIENT = pytest.mark.usefixtures("patient")
"""Where nothing is slow or gone but the machine itself."""


@asynccontextmanager
async def opened(address: str, defaults: Limits = DEFAULTS) -> AsyncIterator[KeyStore]:
    store = open_store(address, defaults)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def admitting(store: KeyStore, key: PresentedKey) -> Callable[[], Awaitable[object]]:
    return lambda: store.admit(key.id, key.digest, time.time())


def every_call(store: KeyStore, key: PresentedKey) -> dict[str, Callable[[], Awaitable[object]]]:
    """Each method of the contract, called as the product calls it."""
    now = time.time()
    _, other = new_key(key.id[:6])
    record = KeyRecord(other.id, other.digest, "", int(now))
    usage = {"type": "usage", "account": key.id[:6], "day": "2026-01-01", "requests": 1}

    async def records() -> AsyncIterator[dict[str, object]]:
        yield usage

    async def exported() -> list[object]:
        return [record async for record in store.export()]

    async def entries() -> list[object]:
        return [entry async for entry in store.entries()]

    return {
        "ping": store.ping,
        "admit": lambda: store.admit(key.id, key.digest, now),
        "authenticate": lambda: store.authenticate(key.id, key.digest, now),
        "create": lambda: store.create(record),
        "rotate": lambda: store.rotate(key.id, record, old_expires_at=int(now), now=int(now)),
        "revoke": lambda: store.revoke(key.id, int(now)),
        "suspend": lambda: store.suspend(key.id, int(now)),
        "limit": lambda: store.limit(key.id[:6], Limits(1, 1)),
        "find": lambda: store.find(key.id),
        "account": lambda: store.account(key.id[:6]),
        "usage": lambda: store.usage(key.id[:6], 1, now),
        "take": lambda: store.take("bucket", 1, 60, now),
        "spend": lambda: store.spend("token", int(now) + 60, now),
        "secret": lambda: store.secret("site"),
        "entries": entries,
        "export": exported,
        "import_": lambda: store.import_(records()),
    }


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    with standalone(tmp_path) as group:
        yield group


@pytest.fixture
def server(group: Group) -> Server:
    return group.servers[0]


@pytest.fixture
async def store(group: Group) -> AsyncIterator[KeyStore]:
    async with opened(group.address) as store:
        yield store


# The server or the way to it is gone


async def test_of_a_paused_server_every_call_says_unavailable_in_time_and_it_comes_back(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await eventually(issuer(store, now))

    server.pause()
    seen = {name: await outcome(call()) for name, call in every_call(store, key).items()}
    server.resume()

    assert set(seen.values()) == {"StoreUnavailable"}, seen
    assert await answer(admitting(store, key)) == "Admission"


async def test_of_a_stopped_server_every_call_says_unavailable_and_it_comes_back(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await eventually(issuer(store, now))

    server.kill()
    seen = {name: await outcome(call()) for name, call in every_call(store, key).items()}
    server.start()

    assert set(seen.values()) == {"StoreUnavailable"}, seen
    assert await answer(admitting(store, key)) == "Admission"


@pytest.mark.parametrize(
    "mode",
    [
        "swallow",
        "cut",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-BUSY Redis is busy running a script.\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-NOPERM this user has no permissions to run the command\r\n",
        b"-CLUSTERDOWN The cluster is down\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-MOVED 1 127.0.0.1:1\r\n",
        b"-ASK 1 127.0.0.1:1\r\n",
        b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
        b"-ERR something else\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b":not a number\r\n",
        b"\x00\xff\r\n",
        b"$5\r\nab",
    ],
    ids=lambda mode: mode if isinstance(mode, str) else mode.split(b" ")[0].decode("latin-1"),
)
async def test_whatever_comes_instead_of_an_answer_is_unavailable_and_it_comes_back(
    server: Server, now: float, mode: str | bytes
) -> None:
    async with Proxy(server.port) as proxy, opened(proxy.address) as store:
        key = await eventually(issuer(store, now))

        proxy.mode = mode
        admissions = [store.admit(key.id, key.digest, now) for _ in range(40)]
        with Awake() as awake:
            ended = await asyncio.gather(*admissions, return_exceptions=True)
        created = await outcome(issuer(store, now)())
        proxy.mode = "pass"

        assert {type(end).__name__ for end in ended} == {"StoreUnavailable"}
        assert awake.seconds < WITHIN_S
        assert created == "StoreUnavailable"
        assert await answer(admitting(store, key)) == "Admission"


@PATIENT
async def test_connections_to_a_server_since_restarted_are_replaced_unnoticed(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await issuer(store, now)()
    await asyncio.gather(*(store.admit(key.id, key.digest, now) for _ in range(20)))

    server.kill()
    server.start()

    assert (await store.admit(key.id, key.digest, now)).key.id == key.id


async def test_a_store_that_is_away_at_the_start_is_found_later(tmp_path: Path, now: float) -> None:
    port = free_port()
    async with opened(f"redis://127.0.0.1:{port}") as store:
        with pytest.raises(StoreUnavailable):
            await store.ping()

        with standalone(tmp_path, port=port):
            await eventually(store.ping)


@PATIENT
async def test_calls_given_up_by_their_callers_take_nothing_with_them(
    store: KeyStore, now: float
) -> None:
    key = await issuer(store, now)(limits=Limits(0, 0))

    for _ in range(20):
        tasks = [asyncio.create_task(store.admit(key.id, key.digest, now)) for _ in range(40)]
        await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(end).__name__ for end in ended} <= {"Admission", "CancelledError"}

    admissions = await asyncio.gather(*(store.admit(key.id, key.digest, now) for _ in range(40)))
    assert {admission.key.id for admission in admissions} == {key.id}


async def test_a_stall_of_our_own_is_not_taken_for_a_dead_server(
    store: KeyStore, now: float
) -> None:
    key = await eventually(lambda: issuer(store, now)(limits=Limits(0, 0)))

    for turns in (0, 2, 4, 8):  # while it connects, waits for the reply, reads it
        for _ in range(TRIES):  # the server may stall too
            calls = [asyncio.create_task(store.admit(key.id, key.digest, now)) for _ in range(20)]
            for _ in range(turns):
                await asyncio.sleep(0)
            time.sleep(1.5 * max(CONNECT_S, COMMAND_S))  # noqa: ASYNC251 - it is the stall
            came = await asyncio.gather(*calls, return_exceptions=True)
            if {type(end).__name__ for end in came} == {"Admission"}:
                break
        else:
            pytest.fail(f"after {turns} turns of the loop: {came}")


@PATIENT
async def test_scripts_forgotten_by_the_server_are_sent_again(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await issuer(store, now)(limits=Limits(2, 0))
    await store.admit(key.id, key.digest, now)

    server.ask("SCRIPT", "FLUSH")

    assert (await store.admit(key.id, key.digest, now)).minute.remaining == 0


@PATIENT
async def test_admitting_is_one_round_trip(server: Server, now: float) -> None:
    async with Proxy(server.port) as proxy, opened(proxy.address) as store:
        key = await issuer(store, now)()
        await store.admit(key.id, key.digest, now)
        before = proxy.requests

        for _ in range(10):
            await store.admit(key.id, key.digest, now)

        assert proxy.requests - before == 10


@PATIENT
@pytest.mark.parametrize("callers", [2, TOGETHER, 3 * TOGETHER + 1])
async def test_those_who_ask_at_once_share_a_round_trip(
    server: Server, now: float, callers: int
) -> None:
    async with Proxy(server.port) as proxy, opened(proxy.address, Limits(0, 0)) as store:
        keys = [await issuer(store, now)() for _ in range(3)]
        asked = [keys[n % 3] for n in range(callers)]
        await asyncio.gather(*(store.admit(key.id, key.digest, now) for key in asked))
        before = proxy.requests

        admissions = await asyncio.gather(
            *(store.admit(key.id, key.digest, now) for key in asked),
            store.admit(keys[0].id, bytes(32), now),
            return_exceptions=True,
        )

        assert isinstance(admissions.pop(), InvalidKey)
        assert [admission.key.id for admission in admissions] == [key.id for key in asked]
        refused = 2  # commands of its own for the wrong secret
        assert proxy.requests - before <= -(-(callers + 1) // TOGETHER) + refused


@PATIENT
async def test_an_error_is_told_to_the_one_who_asked(server: Server) -> None:
    node = Node("127.0.0.1", server.port, {})

    replies = await asyncio.gather(
        node.call("PING"),
        node.call("NO-SUCH-COMMAND"),
        node.call("ECHO", "a"),
        return_exceptions=True,
    )

    assert [replies[0], replies[2]] == [b"PONG", b"a"]
    assert isinstance(replies[1], ResponseError)
    await node.close()


@PATIENT
async def test_an_unknown_id_costs_as_many_trips_as_a_wrong_secret(
    server: Server, now: float
) -> None:
    async with Proxy(server.port) as proxy, opened(proxy.address) as store:
        known, (_, unknown) = await issuer(store, now)(), new_key(new_account_id())
        await store.admit(known.id, known.digest, now)  # the server knows the script
        trips = []
        for key in (known, unknown):
            before = proxy.requests
            with pytest.raises(InvalidKey):
                await store.admit(key.id, bytes(32), now)
            trips.append(proxy.requests - before)

        assert trips[0] == trips[1]


@PATIENT
async def test_a_write_sent_again_because_its_answer_was_lost_is_made_once(
    store: KeyStore, now: float
) -> None:
    old = await issuer(store, now)()
    _, new = new_key(old.id[:6])
    record = KeyRecord(new.id, new.digest, "", int(now))

    for _ in range(2):
        await store.rotate(old.id, record, old_expires_at=int(now) + 60, now=int(now))
    for _ in range(2):
        await store.create(record)

    assert [entry.key.id async for entry in store.entries()] in ([old.id, new.id], [new.id, old.id])


# It answers, but cannot write


def demote(server: Server) -> None:
    server.ask("REPLICAOF", "127.0.0.1", "1")


def promote(server: Server) -> None:
    server.ask("REPLICAOF", "NO", "ONE")


def fill_memory(server: Server) -> None:
    server.ask("CONFIG", "SET", "maxmemory", "1")


def free_memory(server: Server) -> None:
    server.ask("CONFIG", "SET", "maxmemory", "0")


def ask_for_replicas(server: Server) -> None:
    server.ask("CONFIG", "SET", "min-replicas-to-write", "1")


def ask_for_none(server: Server) -> None:
    server.ask("CONFIG", "SET", "min-replicas-to-write", "0")


def forbid_scripts(server: Server) -> None:
    server.ask("ACL", "SETUSER", "default", "-@scripting")


def allow_scripts(server: Server) -> None:
    server.ask("ACL", "SETUSER", "default", "+@all")


def fail_to_save(server: Server) -> None:
    (server.data / "dump.rdb").mkdir()  # the snapshot cannot take its name
    server.ask("CONFIG", "SET", "save", "3600 1")
    server.ask("BGSAVE")
    failed = "rdb_last_bgsave_status:err"
    until(lambda: failed in server.ask("INFO", "persistence"), failed)


def save_again(server: Server) -> None:
    server.ask("CONFIG", "SET", "save", "")


CANNOT_WRITE = pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        pytest.param(demote, promote, id="read-only"),
        pytest.param(fill_memory, free_memory, id="out of memory"),
        pytest.param(ask_for_replicas, ask_for_none, id="short of replicas"),
        pytest.param(forbid_scripts, allow_scripts, id="no right to scripts"),
        pytest.param(fail_to_save, save_again, id="disk"),
    ],
)


@CANNOT_WRITE
@PATIENT
async def test_a_server_that_cannot_write_still_serves_good_keys_and_refuses_bad_ones(
    store: KeyStore,
    server: Server,
    now: float,
    break_it: Callable[[Server], None],
    mend_it: Callable[[Server], None],
) -> None:
    issue = issuer(store, now)
    good, revoked = await issue(), await issue()
    await store.revoke(revoked.id, int(now))

    break_it(server)
    admission = await store.admit(good.id, good.digest, now)
    with pytest.raises(RevokedKey):
        await store.admit(revoked.id, revoked.digest, now)
    with pytest.raises(InvalidKey):
        await store.admit(good.id, bytes(32), now)
    with pytest.raises(StoreUnavailable):
        await issue()
    mend_it(server)

    assert not admission.counted
    assert (admission.key.id, admission.account.id) == (good.id, good.id[:6])
    assert (await store.admit(good.id, good.digest, now)).counted


@pytest.mark.parametrize("counter", ["minute", "use"])
@pytest.mark.parametrize("content", ["another type", "no number"])
@PATIENT
async def test_a_key_whose_counters_are_none_is_served_and_nothing_leaks(
    store: KeyStore, server: Server, now: float, counter: str, content: str
) -> None:
    key = await issuer(store, now)()
    await store.admit(key.id, key.digest, now)
    name = f"icsm:{{{key.id[:6]}}}:{counter}"
    if content == "another type":
        server.ask("DEL", name)
        server.ask("LPUSH", name, "x")
    elif counter == "minute":
        server.ask("SET", name, "x")
    else:
        server.ask("HSET", name, day_name(int(now) // 86_400), "x", key.id, "x")

    admission = await store.admit(key.id, key.digest, now)
    asked = every_call(store, key)
    reading = ("authenticate", "find", "usage", "entries", "export")
    seen = {name: await outcome(asked[name]()) for name in reading}
    server.ask("DEL", name)

    assert not admission.counted
    assert seen["find"] == ("Entry" if counter == "minute" else "StoreUnavailable")
    assert set(seen.values()) <= {"Entry", "dict", "list", "StoreUnavailable"}
    assert (await store.admit(key.id, key.digest, now)).counted


async def test_an_unknown_key_is_not_refused_by_a_replica_that_may_not_be_filled_yet(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await eventually(issuer(store, now))
    demote(server)
    server.ask("CONFIG", "SET", "replica-read-only", "no")
    server.ask("FLUSHALL")
    server.ask("CONFIG", "SET", "replica-read-only", "yes")

    assert await outcome(store.admit(key.id, key.digest, now)) == "StoreUnavailable"


async def test_a_server_that_lost_everything_does_not_make_good_keys_invalid(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await eventually(issuer(store, now))
    server.kill()
    shutil.rmtree(server.data / "appendonlydir")
    server.start()

    calls = every_call(store, key)
    asked = ("admit", "authenticate", "find", "ping")
    seen = {name: await outcome(calls[name]()) for name in asked}
    seen["a new account"] = await outcome(issuer(store, now)())

    assert set(seen.values()) == {"StoreUnavailable"}
    assert server.ask("DBSIZE") == ":0"


@PATIENT
async def test_a_store_that_gets_its_identity_meanwhile_is_not_taken_for_a_lost_one(
    store: KeyStore, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, made = asyncio.Event(), asyncio.Event()
    call = store._call

    async def read_late(tag: str, *command: object) -> object:
        found = await call(tag, *command)
        if command == ("GET", "icsm:{store}") and not asked.is_set():
            asked.set()
            await made.wait()
        return found

    monkeypatch.setattr(store, "_call", read_late)
    refused = asyncio.create_task(outcome(store.admit("Ab3kQx90Za", bytes(32), now)))
    await asked.wait()
    await issuer(store, now)()
    made.set()

    assert await refused == "InvalidKey"


# What is answered is durable


def has_replica(server: Server) -> bool:
    return "state=online" in server.ask("INFO", "replication")


async def refused_setting(address: str, now: float) -> str:
    async with opened(address) as store:
        with pytest.raises(StoreConflict) as refused:
            await issuer(store, now)()
        assert refused.value.reason == "not-durable"
        assert [entry async for entry in store.entries()] == []
        return str(refused.value.values["setting"])


@PATIENT
async def test_without_an_append_only_file_nor_a_replica_no_key_is_made(
    tmp_path: Path, now: float
) -> None:
    with standalone(tmp_path, appendonly="no") as group:
        assert await refused_setting(group.address, now) == "appendonly yes"


@PATIENT
async def test_where_nobody_can_wait_for_the_disk_it_must_be_synced_always(
    tmp_path: Path, now: float
) -> None:
    with standalone(tmp_path, appendonly="yes", appendfsync="everysec") as group:
        assert await refused_setting(group.address, now) == "appendfsync always"


@PATIENT
async def test_a_revocation_that_may_be_lost_is_made_and_said(
    store: KeyStore, server: Server, now: float
) -> None:
    key = await issuer(store, now)()
    server.ask("CONFIG", "SET", "appendfsync", "everysec")
    await asyncio.sleep(2 * FRESH_S)

    with pytest.raises(StoreUnavailable, match="not durable: appendfsync always"):
        await store.revoke(key.id, int(now))

    with pytest.raises(RevokedKey):
        await store.admit(key.id, key.digest, now)


async def test_a_replica_is_durable_enough_where_settings_cannot_be_asked(
    tmp_path: Path, now: float
) -> None:
    managed = {"appendonly": "no", "rename-command": 'CONFIG ""', "repl-diskless-sync-delay": "0"}
    with standalone(tmp_path / "primary", **managed) as group:
        follow = {"replicaof": f"127.0.0.1 {group.servers[0].port}"}
        with standalone(tmp_path / "replica", **follow):
            until(lambda: has_replica(group.servers[0]), "replica")
            async with opened(group.address) as store:
                # A replica confirms nothing in its first second: keys made then are taken back.
                assert await answer(issuer(store, now)) == "PresentedKey"


@PATIENT
async def test_a_key_that_no_replica_confirms_is_taken_back(
    store: KeyStore, server: Server, tmp_path: Path, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_durability, "REPLICA_MS", REPLICA_MS)
    server.ask("CONFIG", "SET", "repl-diskless-sync-delay", "0")
    first = await issuer(store, now)()
    with standalone(tmp_path / "replica", replicaof=f"127.0.0.1 {server.port}") as replicas:
        until(lambda: has_replica(server), "replica")
        replicas.servers[0].pause()
        await asyncio.sleep(2 * FRESH_S)
        _, second = new_key(first.id[:6])
        record = KeyRecord(second.id, second.digest, "", int(now))

        with pytest.raises(StoreUnavailable):
            await store.create(record)
        with pytest.raises(StoreUnavailable):
            await store.rotate(first.id, record, old_expires_at=int(now), now=int(now))

        assert await store.find(second.id) is None
        assert (await store.admit(first.id, first.digest, now)).key.id == first.id


SYNCED = pytest.mark.parametrize(
    ("program", "settings"),
    [
        pytest.param("redis-server", DURABLE, id="redis, synced always"),
        pytest.param("valkey-server", DURABLE, id="valkey, synced always"),
        pytest.param("valkey-server", {"appendonly": "yes"}, id="valkey, synced every second"),
    ],
)


async def storm(tmp_path: Path, program: str, settings: dict[str, str], rounds: int) -> None:
    """Create and revoke while the server is killed: what was answered must hold."""
    created: list[PresentedKey] = []
    revoked: set[str] = set()
    enough = asyncio.Event()
    with standalone(tmp_path, need(program), **settings) as group:
        async with opened(group.address) as store:

            async def work() -> None:
                while True:
                    try:
                        key = await issuer(store, time.time())(limits=Limits(0, 0))
                        created.append(key)
                        if len(created) % 10 == 0:
                            enough.set()
                        if len(created) % 3 == 0:
                            await store.revoke(key.id, 1)
                            revoked.add(key.id)
                    except StoreUnavailable:
                        await asyncio.sleep(0.02)

            for _ in range(rounds):
                enough.clear()
                workers = [asyncio.create_task(work()) for _ in range(8)]
                await asyncio.wait_for(enough.wait(), BACK_WITHIN_S)
                group.servers[0].kill()
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                group.servers[0].start()
                assert await answer(admitting(store, created[0])) == "Admission"  # never revoked
            outcomes = {
                key.id: await answer(partial(store.authenticate, key.id, key.digest, time.time()))
                for key in created
            }

    asked = {key.id for key in created}
    assert {id_ for id_ in asked if outcomes[id_] == "RevokedKey"} >= revoked
    assert set(outcomes.values()) <= {"Entry", "RevokedKey"}


@SYNCED
async def test_what_was_answered_survives_kill_9_ten_times(
    tmp_path: Path, program: str, settings: dict[str, str]
) -> None:
    await storm(tmp_path, program, settings, 10)


@pytest.mark.long
@SYNCED
async def test_what_was_answered_survives_kill_9_a_hundred_times(
    tmp_path: Path, program: str, settings: dict[str, str]
) -> None:
    await storm(tmp_path, program, settings, 100)
