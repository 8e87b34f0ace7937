"""Three Sentinels and a six-node Cluster that lose members: good keys stay good."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from patience import BACK_WITHIN_S, TRIES, answer, eventually, outcome, until
from redis.crc import key_slot
from redis_servers import Group, Server, cluster, sentinels, shared, shared_cluster
from stores import DEFAULTS, issuer
from test_redis_faults import PATIENT, admitting, opened

from icsmulti.keys import Account, KeyRecord, KeyStore, Limits, open_store
from icsmulti.keys.key import PresentedKey, new_account_id, new_key
from icsmulti.keys.redis_node import CONNECT_S, LAST_TURN_S
from icsmulti.keys.redis_topology import SENTINEL_EVERY_S

pytestmark = pytest.mark.anyio

STEADY = 50
"""So many answers in a row: what a stall of the machine interrupts comes in the end, what
answers only now and then never does."""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Group]:
    with sentinels(tmp_path) as group:
        yield group


@pytest.fixture
def sharded(tmp_path: Path) -> Iterator[Group]:
    with cluster(tmp_path) as group:
        yield group


async def watch(
    store: KeyStore, key: PresentedKey, over: Callable[[], bool], wanted: str = "Admission"
) -> None:
    """Admit again and again until *over*: nothing ever comes but what is wanted, or no answer."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while not over():
        assert time.monotonic() < deadline
        came = await outcome(store.admit(key.id, key.digest, time.time()))
        assert came in {wanted, "StoreUnavailable"}
        await asyncio.sleep(0.02)


async def steadily(store: KeyStore, key: PresentedKey, wanted: str = "Admission") -> None:
    """Admit until it has come to what is wanted so many times in a row."""
    deadline, row = time.monotonic() + BACK_WITHIN_S, 0
    while row < STEADY:
        assert time.monotonic() < deadline
        came = await outcome(store.admit(key.id, key.digest, time.time()))
        assert came in {wanted, "StoreUnavailable"}
        row = row + 1 if came == wanted else 0
        await asyncio.sleep(0.02)


def replaced(group: Group, old: Server) -> Callable[[], bool]:
    return lambda: any(server is not old for server in group.primaries())


def demoted(server: Server) -> Callable[[], bool]:
    return lambda: "role:slave" in server.ask("INFO", "replication")


@pytest.mark.parametrize("kind", ["sentinels", "cluster"])
async def test_a_group_that_slept_through_one_look_is_found_by_the_next(kind: str) -> None:
    group = shared(kind)
    members = group.sentinels or group.servers

    for _ in range(TRIES):  # they may take long to wake up
        store = open_store(group.address, DEFAULTS)
        for member in members:
            member.pause()
        ping = asyncio.create_task(outcome(store.ping()))
        await asyncio.sleep(CONNECT_S + LAST_TURN_S)
        for member in members:
            member.resume()
        came = await ping
        await store.close()
        if came == "NoneType":
            return

    pytest.fail(came)


# Sentinels


async def test_sentinels_replace_a_killed_primary_and_nothing_answered_is_lost(
    watched: Group, now: float
) -> None:
    async with opened(watched.address, Limits(0, 0)) as store:
        issue = issuer(store, now)
        key, revoked = await eventually(issue), await eventually(issue)
        assert await eventually(lambda: store.revoke(revoked.id, int(now)))
        old = watched.servers[0]

        old.kill()
        late, _ = await asyncio.gather(eventually(issue), watch(store, key, replaced(watched, old)))
        assert await answer(admitting(store, key)) == "Admission"
        assert await answer(admitting(store, late)) == "Admission"
        assert await answer(admitting(store, revoked)) == "RevokedKey"

        old.start()  # and for some seconds it takes itself for the primary
        await watch(store, key, demoted(old))
        await steadily(store, key)
        assert await answer(admitting(store, revoked)) == "RevokedKey"


async def test_a_primary_that_wakes_after_it_was_replaced_is_not_believed(
    watched: Group, now: float
) -> None:
    async with opened(watched.address, Limits(0, 0)) as store:
        key = await eventually(issuer(store, now))
        revoked = await eventually(issuer(store, now))
        old = watched.servers[0]

        old.pause()
        others = Group(watched.address, watched.servers[1:])
        await watch(store, key, lambda: bool(others.primaries()))
        assert await answer(admitting(store, key)) == "Admission"
        assert await eventually(lambda: store.revoke(revoked.id, int(now)))
        old.resume()

        await watch(store, revoked, demoted(old), "RevokedKey")
        await steadily(store, revoked, "RevokedKey")


async def test_a_planned_failover_never_makes_a_key_invalid(watched: Group, now: float) -> None:
    async with opened(watched.address, Limits(0, 0)) as store:
        key = await eventually(issuer(store, now))
        old = watched.servers[0]

        until(
            lambda: watched.sentinels[0].ask("SENTINEL", "FAILOVER", "icsmulti") == "OK", "failover"
        )
        await watch(store, key, replaced(watched, old))
        await watch(store, key, demoted(old))

        await steadily(store, key)
        assert await answer(issuer(store, now)) == "PresentedKey"


async def test_one_sentinel_of_three_is_enough_to_find_the_primary(
    watched: Group, now: float
) -> None:
    watched.sentinels[0].kill()
    watched.sentinels[1].pause()

    async with opened(watched.address) as store:
        assert await answer(issuer(store, now)) == "PresentedKey"


async def test_without_any_sentinel_a_known_primary_still_serves(
    watched: Group, now: float
) -> None:
    async with opened(watched.address, Limits(0, 0)) as store:
        key = await eventually(issuer(store, now))
        for sentinel in watched.sentinels:
            sentinel.kill()

        await asyncio.sleep(1.5 * SENTINEL_EVERY_S)

        await steadily(store, key)


async def test_sentinels_that_know_no_such_service_are_unavailable() -> None:
    async with opened(shared("sentinels").address.replace("/icsmulti", "/another")) as store:
        assert await outcome(store.ping()) == "StoreUnavailable"


# Cluster


SECOND_AND_THIRD = [5_461, 10_923]
"""The first slots of two primaries, as redis-cli deals them to three."""


def slot_of(key: PresentedKey) -> int:
    return int(key_slot(key.id[:6].encode()))


def holders(servers: list[Server], key: PresentedKey) -> list[Server]:
    """Those that hold a key's account: a primary, and its replica once it has it."""
    command = ("CLUSTER", "COUNTKEYSINSLOT", str(slot_of(key)))
    return [server for server in servers if server.ask(*command) != ":0"]


def owner(group: Group, key: PresentedKey) -> Server:
    """The primary that holds a key's account."""
    [server] = holders(group.primaries(), key)
    return server


async def keys_on_every_primary(store: KeyStore, now: float) -> list[PresentedKey]:
    keys: dict[int, PresentedKey] = {}
    while len(keys) < 3:
        key = await eventually(issuer(store, now))
        keys[bisect(SECOND_AND_THIRD, slot_of(key))] = key
    return list(keys.values())


async def test_a_cluster_replaces_a_killed_primary_and_nothing_answered_is_lost(
    sharded: Group, now: float
) -> None:
    async with opened(sharded.address, Limits(0, 0)) as store:
        hit, *others = await keys_on_every_primary(store, now)
        lost = owner(sharded, hit)

        lost.kill()
        await asyncio.gather(
            *(watch(store, key, replaced_in(sharded, hit)) for key in (hit, *others))
        )
        for key in (hit, *others):
            assert await answer(admitting(store, key)) == "Admission"
        listed = await eventually(lambda: ids_of(store))
        assert {hit.id, *(key.id for key in others)} <= listed

        lost.start()
        until(demoted(lost), "demotion")
        for key in (hit, *others):
            assert await answer(admitting(store, key)) == "Admission"
        # Not at once: a replica that is still being filled confirms nothing.
        issue = partial(issuer(store, now), account_id=hit.id[:6])
        assert await answer(issue) == "PresentedKey"


def replaced_in(group: Group, key: PresentedKey) -> Callable[[], bool]:
    """Whether a living primary holds the key."""
    return lambda: bool(holders(group.primaries(), key))


async def ids_of(store: KeyStore) -> set[str]:
    return {entry.key.id async for entry in store.entries()}


@pytest.mark.parametrize("lose", [Server.kill, Server.pause])
async def test_a_cluster_that_lost_some_slots_for_good_serves_the_others(
    sharded: Group, now: float, lose: Callable[[Server], None]
) -> None:
    async with opened(sharded.address, Limits(0, 0)) as store:
        hit, *others = await keys_on_every_primary(store, now)
        until(lambda: len(holders(sharded.servers, hit)) == 2, "replication")

        for server in holders(sharded.servers, hit):
            lose(server)
        served = asyncio.gather(*(steadily(store, key) for key in others))
        await watch(store, hit, served.done, "StoreUnavailable")

        await served


async def test_a_paused_primary_of_a_cluster_is_replaced(sharded: Group, now: float) -> None:
    async with opened(sharded.address, Limits(0, 0)) as store:
        hit, *others = await keys_on_every_primary(store, now)
        lost = owner(sharded, hit)

        lost.pause()
        assert await answer(admitting(store, hit)) == "Admission"
        for key in others:
            assert await answer(admitting(store, key)) == "Admission"


async def test_a_key_follows_its_slot_when_primary_and_replica_change_places(
    sharded: Group, now: float
) -> None:
    async with opened(sharded.address, Limits(0, 0)) as store:
        hit, *_ = await keys_on_every_primary(store, now)
        old = owner(sharded, hit)
        until(lambda: len(holders(sharded.servers, hit)) == 2, "replication")
        [replica] = [server for server in holders(sharded.servers, hit) if server is not old]

        asked_at = float("-inf")

        def changed() -> bool:
            """Asked again when it was given up: it is, after five seconds."""
            nonlocal asked_at
            if time.monotonic() - asked_at > 6 and not demoted(old)():
                replica.ask("CLUSTER", "FAILOVER")
                asked_at = time.monotonic()
            return demoted(old)()

        await watch(store, hit, changed)

        await steadily(store, hit)


@PATIENT
async def test_an_account_made_while_its_slot_moves_is_where_it_should_be(now: float) -> None:
    sharded = shared_cluster()
    async with opened(sharded.address, Limits(0, 0)) as store:
        account_id = new_account_id()
        slot = str(key_slot(account_id.encode()))
        await store.take("opens the connections", 1, 60, now)
        source, target, _ = sorted(
            sharded.primaries(), key=lambda server: not _has_slot(server, int(slot))
        )
        source_id, target_id = source.ask("CLUSTER", "MYID"), target.ask("CLUSTER", "MYID")

        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        key = await _issue_in(store, account_id, now)
        during = await store.admit(key.id, key.digest, now)
        for server in sharded.primaries():
            server.ask("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        after = await store.admit(key.id, key.digest, now)

        assert {during.key.id, after.key.id} == {key.id}
        assert owner(sharded, key) is target


def _has_slot(server: Server, slot: int) -> bool:
    [myself] = [line for line in server.ask("CLUSTER", "NODES").splitlines() if "myself" in line]
    ranges = (part.split("-") for part in myself.split()[8:] if "[" not in part)
    return any(int(ends[0]) <= slot <= int(ends[-1]) for ends in ranges)


async def _issue_in(store: KeyStore, account_id: str, now: float) -> PresentedKey:
    _, key = new_key(account_id)
    account = Account(account_id, b"u" * 32, int(now))
    await store.create(KeyRecord(key.id, key.digest, "", int(now)), account)
    return key


async def test_a_cluster_is_found_from_any_living_member(sharded: Group, now: float) -> None:
    async with opened(sharded.address) as store:
        keys = await keys_on_every_primary(store, now)
    dead = next(server for server in sharded.servers if server not in sharded.primaries())
    dead.kill()
    living = owner(sharded, keys[0])

    address = f"redis+cluster://127.0.0.1:{dead.port},127.0.0.1:{living.port}"
    async with opened(address) as store:
        for key in keys:
            assert await answer(admitting(store, key)) == "Admission"


async def test_a_cluster_reached_as_one_server_is_unavailable_not_wrong(now: float) -> None:
    sharded = shared_cluster()
    async with opened(sharded.address) as store:
        keys = await keys_on_every_primary(store, now)

    async with opened(f"redis://127.0.0.1:{owner(sharded, keys[0]).port}") as store:
        seen = [await outcome(store.admit(key.id, key.digest, now)) for key in keys]

    assert "InvalidKey" not in seen
    assert "StoreUnavailable" in seen
