"""The contract of `icsmulti.keys.KeyStore`, sentence by sentence, on every store of STORES."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from stores import DEFAULTS, Issue, Opener, issuer

from icsmulti.errors import (
    ExpiredKey,
    InvalidKey,
    KeyRefused,
    RateLimited,
    RevokedKey,
    StoreConflict,
    SuspendedKey,
)
from icsmulti.keys import Account, Entry, KeyRecord, KeyStore, Limits, Quota
from icsmulti.keys.key import KEY_PATTERN, PresentedKey, new_account_id, new_key
from icsmulti.keys.records import day_name, write

pytestmark = pytest.mark.anyio

Move = tuple[KeyStore, KeyStore]
DAY = 86_400
WRONG = hashlib.sha256(b"another key").digest()


def day_of(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()


async def records_of(store: KeyStore) -> list[dict[str, Any]]:
    return [record async for record in store.export()]


async def stream(records: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for record in records:
        yield record


async def entries_of(store: KeyStore) -> list[Entry]:
    return [entry async for entry in store.entries()]


async def admitted(store: KeyStore, key: PresentedKey, now: float, attempts: int) -> int:
    """How many of so many attempts were let in."""
    count = 0
    for _ in range(attempts):
        try:
            await store.admit(key.id, key.digest, now)
        except RateLimited:
            continue
        count += 1
    return count


def record_for(key: PresentedKey, now: float, **members: Any) -> KeyRecord:
    return KeyRecord(key.id, key.digest, "next", int(now), **members)


# The store as a whole


async def test_a_store_names_its_scheme(store: KeyStore) -> None:
    assert store.scheme in {"sqlite", "redis", "sentinel", "cluster"}


async def test_a_store_that_can_answer_answers_ping(store: KeyStore) -> None:
    await store.ping()


async def test_what_was_stored_is_there_after_closing_and_opening(
    store: KeyStore, issue: Issue, opened: Opener, now: float
) -> None:
    key = await issue("kept")

    await store.close()
    again = await opened()

    assert (await again.admit(key.id, key.digest, now)).key.label == "kept"


async def test_what_was_counted_is_there_after_closing_and_opening(
    store: KeyStore, issue: Issue, opened: Opener, now: float
) -> None:
    key = await issue()
    await store.admit(key.id, key.digest, now)

    await store.close()
    again = await opened()

    assert await again.usage(key.id[:6], 1, now) == {day_of(now): 1}


async def test_closing_twice_is_harmless(store: KeyStore) -> None:
    await store.close()
    await store.close()


async def test_many_tasks_of_one_loop_share_a_store(
    store: KeyStore, issue: Issue, now: float
) -> None:
    keys = await asyncio.gather(*(issue(f"key {n}") for n in range(20)))

    admissions = await asyncio.gather(
        *(store.admit(key.id, key.digest, now) for key in keys for _ in range(3))
    )

    assert len(admissions) == 60


# admit


async def test_admit_gives_the_account_and_the_key(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue("agenda", limits=Limits(5, 7))

    admission = await store.admit(key.id, key.digest, now)

    assert admission.account == await store.account(key.id[:6])
    assert admission.account.limits == Limits(5, 7)
    assert (admission.key.id, admission.key.digest) == (key.id, key.digest)
    assert admission.key.label == "agenda"
    assert admission.counted


async def test_admit_takes_one_unit_of_each_limit(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(5, 7))

    first = await store.admit(key.id, key.digest, now)
    second = await store.admit(key.id, key.digest, now)

    assert [(first.minute.size, first.minute.remaining), (first.day.size, first.day.remaining)] == [
        (5, 4),
        (7, 6),
    ]
    assert (second.minute.remaining, second.day.remaining) == (3, 5)


async def test_an_account_without_limits_of_its_own_has_the_servers(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()

    admission = await store.admit(key.id, key.digest, now)

    assert (admission.minute.size, admission.day.size) == (DEFAULTS.per_minute, DEFAULTS.per_day)


async def test_a_limit_of_0_is_no_limit(store: KeyStore, issue: Issue, now: float) -> None:
    key = await issue(limits=Limits(0, 0))

    assert await admitted(store, key, now, 150) == 150
    last = await store.admit(key.id, key.digest, now)
    assert (last.minute, last.day) == (Quota(0, 0, 0), Quota(0, 0, 0))
    assert await store.usage(key.id[:6], 1, now) == {day_of(now): 151}


async def test_a_server_without_limits_limits_nobody_but_those_with_their_own(
    opened: Opener, store: KeyStore, issue: Issue, now: float
) -> None:
    free, bound = await issue(), await issue(limits=Limits(2, None))
    unlimited = await opened(Limits(0, 0))

    assert await admitted(unlimited, free, now, 100) == 100
    assert await admitted(unlimited, bound, now, 100) == 2


async def test_the_day_resets_at_midnight_utc(store: KeyStore, issue: Issue, now: float) -> None:
    key = await issue()

    admission = await store.admit(key.id, key.digest, now)

    assert abs(admission.day.reset_s - (DAY - now % DAY)) <= 1


async def test_the_minute_says_when_one_more_fits(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(2, 0))  # one every 30 s

    first = await store.admit(key.id, key.digest, now)
    second = await store.admit(key.id, key.digest, now)

    assert (first.minute.remaining, first.minute.reset_s) == (1, 0)
    assert second.minute.remaining == 0
    assert 29 <= second.minute.reset_s <= 31


async def test_the_minute_is_a_bucket_that_refills_evenly(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(6, 0))  # one every 10 s

    assert await admitted(store, key, now, 20) == 6
    assert await admitted(store, key, now + 9.9, 20) == 0
    assert await admitted(store, key, now + 10.1, 20) == 1
    assert await admitted(store, key, now + 30.1, 20) == 2
    assert await admitted(store, key, now + 3_600, 20) == 6


async def test_a_full_minute_refuses_and_says_how_long(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(1, 0))
    await store.admit(key.id, key.digest, now)

    with pytest.raises(RateLimited) as refused:
        await store.admit(key.id, key.digest, now)

    assert (refused.value.limit, refused.value.quota) == ("minute", 1)
    assert 59 <= refused.value.retry_after_s <= 61


async def test_waiting_as_long_as_told_is_enough(store: KeyStore, issue: Issue, now: float) -> None:
    key = await issue(limits=Limits(7, 0))
    await admitted(store, key, now, 7)

    with pytest.raises(RateLimited) as refused:
        await store.admit(key.id, key.digest, now)

    await store.admit(key.id, key.digest, now + refused.value.retry_after_s)


async def test_a_full_day_refuses_until_midnight_utc(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(0, 3))
    midnight = now - now % DAY + DAY

    assert await admitted(store, key, now, 5) == 3
    with pytest.raises(RateLimited) as refused:
        await store.admit(key.id, key.digest, now)

    assert (refused.value.limit, refused.value.quota) == ("day", 3)
    assert abs(refused.value.retry_after_s - (midnight - now)) <= 1
    assert await admitted(store, key, midnight + 1, 5) == 3


async def test_a_refused_request_takes_nothing(store: KeyStore, issue: Issue, now: float) -> None:
    key = await issue(limits=Limits(2, 4))

    assert await admitted(store, key, now, 10) == 2  # the minute is full: the day keeps its 2
    assert await admitted(store, key, now + 61, 10) == 2
    assert await admitted(store, key, now + 122, 10) == 0  # the day is full: the minute keeps its 2
    assert await store.usage(key.id[:6], 1, now) == {day_of(now): 4}


async def test_the_keys_of_an_account_share_its_limits(
    store: KeyStore, issue: Issue, now: float
) -> None:
    first = await issue(limits=Limits(4, 0))
    second = await issue(account_id=first.id[:6])

    assert await admitted(store, first, now, 3) == 3
    assert await admitted(store, second, now, 3) == 1


async def test_accounts_share_nothing(store: KeyStore, issue: Issue, now: float) -> None:
    first, second = await issue(limits=Limits(2, 2)), await issue(limits=Limits(2, 2))

    assert await admitted(store, first, now, 5) == 2
    assert await admitted(store, second, now, 5) == 2


async def test_servers_share_the_limits(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(6, 0))

    assert await admitted(store, key, now, 4) == 4
    assert await admitted(elsewhere, key, now, 4) == 2


async def test_an_unknown_id_is_an_invalid_key(store: KeyStore, now: float) -> None:
    _, key = new_key(new_account_id())

    with pytest.raises(InvalidKey):
        await store.admit(key.id, key.digest, now)


async def test_another_digest_is_an_invalid_key_and_takes_nothing(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(1, 1))

    with pytest.raises(InvalidKey):
        await store.admit(key.id, WRONG, now)

    assert await admitted(store, key, now, 1) == 1


async def test_ids_are_case_sensitive(store: KeyStore, now: float) -> None:
    _, key = new_key("AbCdEf")
    await store.create(record_for(key, now), Account("AbCdEf", b"u" * 32, int(now)))

    with pytest.raises(InvalidKey):
        await store.admit(key.id.swapcase(), key.digest, now)


@pytest.mark.parametrize("call", ["admit", "authenticate"])
async def test_a_key_is_refused_as_revoked_then_suspended_then_expired(
    store: KeyStore, issue: Issue, now: float, call: str
) -> None:
    key = await issue(expires_at=int(now) + 100)
    check = getattr(store, call)

    with pytest.raises(ExpiredKey):
        await check(key.id, key.digest, now + 101)
    await store.suspend(key.id, int(now))
    with pytest.raises(SuspendedKey):
        await check(key.id, key.digest, now + 101)
    await store.revoke(key.id, int(now))
    with pytest.raises(RevokedKey):
        await check(key.id, key.digest, now + 101)


@pytest.mark.parametrize("call", ["admit", "authenticate"])
async def test_the_state_of_a_key_is_told_only_to_who_holds_it(
    store: KeyStore, issue: Issue, now: float, call: str
) -> None:
    key = await issue(expires_at=int(now) + 100)
    await store.suspend(key.id, int(now))
    await store.revoke(key.id, int(now))

    with pytest.raises(KeyRefused) as refused:
        await getattr(store, call)(key.id, WRONG, now + 101)

    assert type(refused.value) is InvalidKey


async def test_a_key_ends_at_the_second_it_expires(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(expires_at=int(now) + 100)

    await store.admit(key.id, key.digest, int(now) + 99.9)
    with pytest.raises(ExpiredKey):
        await store.admit(key.id, key.digest, int(now) + 100)


async def test_a_refused_key_takes_nothing_from_its_account(
    store: KeyStore, issue: Issue, now: float
) -> None:
    first = await issue(limits=Limits(2, 0))
    second = await issue(account_id=first.id[:6])
    await store.revoke(first.id, int(now))

    for _ in range(5):
        with pytest.raises(RevokedKey):
            await store.admit(first.id, first.digest, now)

    assert await admitted(store, second, now, 5) == 2


# authenticate


async def test_authenticate_gives_the_entry_and_takes_nothing(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue("mine", limits=Limits(2, 0))
    await store.admit(key.id, key.digest, now)

    for _ in range(5):
        entry = await store.authenticate(key.id, key.digest, now)

    assert (entry.key.id, entry.key.label, entry.account.id) == (key.id, "mine", key.id[:6])
    assert entry.used_today == 1
    assert await admitted(store, key, now, 5) == 1


async def test_authenticate_serves_a_key_whose_limit_is_reached(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(1, 1))
    await admitted(store, key, now, 2)

    assert (await store.authenticate(key.id, key.digest, now)).used_today == 1


async def test_authenticate_refuses_what_admit_refuses(
    store: KeyStore, issue: Issue, now: float
) -> None:
    known, (_, unknown) = await issue(), new_key(new_account_id())

    with pytest.raises(InvalidKey):
        await store.authenticate(unknown.id, unknown.digest, now)
    with pytest.raises(InvalidKey):
        await store.authenticate(known.id, WRONG, now)


# create


async def test_create_stores_the_account_with_its_first_key(store: KeyStore, now: float) -> None:
    account = Account(new_account_id(), bytes(range(32)), int(now), Limits(3, 4))
    _, key = new_key(account.id)

    returned = await store.create(record_for(key, now, expires_at=int(now) + 5), account)

    assert returned == account
    assert await store.account(account.id) == account
    assert await store.find(key.id) == Entry(
        account, record_for(key, now, expires_at=int(now) + 5), 0
    )


async def test_create_adds_a_key_to_the_account_that_its_id_names(
    store: KeyStore, issue: Issue, now: float
) -> None:
    first = await issue()
    _, second = new_key(first.id[:6])

    returned = await store.create(record_for(second, now))

    assert returned == await store.account(first.id[:6])
    await store.admit(second.id, second.digest, now)


async def test_a_created_key_opens_every_server_at_once(
    elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()

    await elsewhere.admit(key.id, key.digest, now)


async def test_a_key_without_a_stored_account_is_refused(store: KeyStore, now: float) -> None:
    _, key = new_key(new_account_id())

    with pytest.raises(StoreConflict) as refused:
        await store.create(record_for(key, now))

    assert refused.value.reason == "unknown-account"
    assert await store.find(key.id) is None


async def test_an_id_is_given_once(store: KeyStore, issue: Issue, now: float) -> None:
    key = await issue("first")

    with pytest.raises(StoreConflict) as refused:
        await store.create(replace(record_for(key, now), digest=WRONG))

    assert refused.value.reason == "already-there"
    found = await store.find(key.id)
    assert found is not None
    assert (found.key.label, found.key.digest) == ("first", key.digest)


async def test_an_account_id_is_given_once_and_its_key_is_not_kept(
    store: KeyStore, issue: Issue, now: float
) -> None:
    account = await store.account((await issue()).id[:6])
    assert account is not None
    _, key = new_key(account.id)

    with pytest.raises(StoreConflict) as refused:
        await store.create(record_for(key, now), replace(account, uid_secret=b"n" * 32))

    assert refused.value.reason == "already-there"
    assert await store.find(key.id) is None
    assert await store.account(account.id) == account


@pytest.mark.parametrize(
    "label", ["", "Agenda de l’été 🎻", "a\nb\x00c", 'x" OR 1=1 --', "é" * 500]
)
async def test_a_label_comes_back_as_it_was_given(
    store: KeyStore, issue: Issue, label: str
) -> None:
    key = await issue(label)

    found = await store.find(key.id)

    assert found is not None
    assert found.key.label == label


# rotate


async def test_rotate_gives_a_new_key_and_the_old_one_an_end(
    store: KeyStore, issue: Issue, now: float
) -> None:
    old = await issue()
    account = await store.account(old.id[:6])
    _, new = new_key(old.id[:6])

    await store.rotate(old.id, record_for(new, now), old_expires_at=int(now) + 3_600, now=int(now))

    assert (await store.admit(new.id, new.digest, now)).account == account
    await store.admit(old.id, old.digest, int(now) + 3_599)
    with pytest.raises(ExpiredKey):
        await store.admit(old.id, old.digest, int(now) + 3_600)


async def test_rotate_without_overlap_ends_the_old_key_now_on_every_server(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    old = await issue()
    _, new = new_key(old.id[:6])

    await store.rotate(old.id, record_for(new, now), old_expires_at=int(now), now=int(now))

    with pytest.raises(ExpiredKey):
        await elsewhere.admit(old.id, old.digest, now)
    await elsewhere.admit(new.id, new.digest, now)


async def test_rotate_never_lengthens_a_life(store: KeyStore, issue: Issue, now: float) -> None:
    old = await issue(expires_at=int(now) + 10)
    _, new = new_key(old.id[:6])

    await store.rotate(old.id, record_for(new, now), old_expires_at=int(now) + 3_600, now=int(now))

    found = await store.find(old.id)
    assert found is not None
    assert found.key.expires_at == int(now) + 10


async def test_rotate_changes_neither_limits_nor_usage(
    store: KeyStore, issue: Issue, now: float
) -> None:
    old = await issue(limits=Limits(5, 0))
    await admitted(store, old, now, 3)
    _, new = new_key(old.id[:6])

    await store.rotate(old.id, record_for(new, now), old_expires_at=int(now), now=int(now))

    assert await admitted(store, new, now, 5) == 2


async def test_rotate_needs_a_known_key(store: KeyStore, now: float) -> None:
    _, old = new_key(new_account_id())
    _, new = new_key(old.id[:6])

    with pytest.raises(StoreConflict) as refused:
        await store.rotate(old.id, record_for(new, now), old_expires_at=int(now), now=int(now))

    assert refused.value.reason == "unknown-key"


@pytest.mark.parametrize("state", ["revoked", "suspended", "expired"])
async def test_rotate_needs_an_active_key(
    store: KeyStore, issue: Issue, now: float, state: str
) -> None:
    old = await issue(expires_at=int(now) if state == "expired" else None)
    if state == "revoked":
        await store.revoke(old.id, int(now))
    if state == "suspended":
        await store.suspend(old.id, int(now))
    _, new = new_key(old.id[:6])

    with pytest.raises(StoreConflict) as refused:
        await store.rotate(old.id, record_for(new, now), old_expires_at=int(now), now=int(now))

    assert refused.value.reason == "not-active"
    assert await store.find(new.id) is None


async def test_rotate_never_makes_a_third_valid_key(
    store: KeyStore, issue: Issue, now: float
) -> None:
    first = await issue()
    _, second = new_key(first.id[:6])
    _, third = new_key(first.id[:6])
    later = int(now) + 3_600
    await store.rotate(first.id, record_for(second, now), old_expires_at=later, now=int(now))

    with pytest.raises(StoreConflict) as refused:
        await store.rotate(second.id, record_for(third, now), old_expires_at=later, now=int(now))

    assert refused.value.reason == "too-many-keys"
    assert await store.find(third.id) is None
    await store.admit(second.id, second.digest, later + 1)  # nothing was shortened


async def test_rotate_is_possible_again_once_one_of_two_keys_has_ended(
    store: KeyStore, issue: Issue, now: float
) -> None:
    first = await issue()
    _, second = new_key(first.id[:6])
    _, third = new_key(first.id[:6])
    later = int(now) + 3_600
    await store.rotate(first.id, record_for(second, now), old_expires_at=later, now=int(now))

    await store.rotate(second.id, record_for(third, later), old_expires_at=later, now=later)

    await store.admit(third.id, third.digest, later)


async def test_rotate_to_an_id_that_is_taken_changes_nothing(
    store: KeyStore, issue: Issue, now: float
) -> None:
    old = await issue()
    other = await issue(account_id=old.id[:6])
    await store.revoke(other.id, int(now))

    with pytest.raises(StoreConflict) as refused:
        await store.rotate(old.id, record_for(other, now), old_expires_at=int(now), now=int(now))

    assert refused.value.reason == "already-there"
    await store.admit(old.id, old.digest, now)


async def test_of_two_rotations_at_once_one_wins(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    old = await issue()
    news = [new_key(old.id[:6])[1] for _ in range(2)]
    later = int(now) + 3_600

    outcomes = await asyncio.gather(
        *(
            server.rotate(old.id, record_for(new, now), old_expires_at=later, now=int(now))
            for server, new in zip((store, elsewhere), news, strict=True)
        ),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "StoreConflict"]


# revoke, suspend, limit


async def test_a_revocation_holds_from_the_next_request_on_every_server(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()
    await elsewhere.admit(key.id, key.digest, now)

    assert await store.revoke(key.id, int(now))

    for server in (store, elsewhere):
        with pytest.raises(RevokedKey):
            await server.admit(key.id, key.digest, now)


async def test_revoking_what_is_unknown_says_so(store: KeyStore, now: float) -> None:
    assert not await store.revoke(new_key(new_account_id())[1].id, int(now))


async def test_a_second_revocation_keeps_the_first_time(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()

    assert await store.revoke(key.id, 1_000)
    assert await store.revoke(key.id, 2_000)

    found = await store.find(key.id)
    assert found is not None
    assert found.key.revoked_at == 1_000


async def test_a_suspended_key_can_be_resumed(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()

    assert await store.suspend(key.id, 1_000)
    with pytest.raises(SuspendedKey):
        await elsewhere.admit(key.id, key.digest, now)
    found = await store.find(key.id)
    assert found is not None
    assert found.key.suspended_at == 1_000

    assert await store.suspend(key.id, None)
    await elsewhere.admit(key.id, key.digest, now)


async def test_resuming_does_not_undo_a_revocation(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()
    await store.revoke(key.id, int(now))

    await store.suspend(key.id, None)

    with pytest.raises(RevokedKey):
        await store.admit(key.id, key.digest, now)


async def test_suspending_what_is_unknown_says_so(store: KeyStore) -> None:
    unknown = new_key(new_account_id())[1].id

    assert not await store.suspend(unknown, 1_000)
    assert not await store.suspend(unknown, None)


async def test_limits_change_for_every_key_of_the_account_at_once(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()

    assert await store.limit(key.id[:6], Limits(2, 3))

    assert await admitted(elsewhere, key, now, 9) == 2
    account = await store.account(key.id[:6])
    assert account is not None
    assert account.limits == Limits(2, 3)


async def test_limits_can_be_given_back_to_the_server(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue(limits=Limits(1, 1))

    assert await store.limit(key.id[:6], Limits())

    assert (await store.admit(key.id, key.digest, now)).minute.size == DEFAULTS.per_minute


async def test_a_lowered_limit_holds_at_once(store: KeyStore, issue: Issue, now: float) -> None:
    key = await issue(limits=Limits(100, 100))
    await admitted(store, key, now, 50)

    await store.limit(key.id[:6], Limits(100, 50))

    with pytest.raises(RateLimited) as refused:
        await store.admit(key.id, key.digest, now)
    assert refused.value.limit == "day"


async def test_limiting_an_unknown_account_says_so(store: KeyStore) -> None:
    assert not await store.limit(new_account_id(), Limits(1, 1))


# find, account, entries, usage


async def test_what_was_never_stored_is_not_found(store: KeyStore) -> None:
    assert await store.find(new_key(new_account_id())[1].id) is None
    assert await store.account(new_account_id()) is None


async def test_find_gives_a_key_whatever_its_state(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue("old", expires_at=1_000)
    await store.suspend(key.id, 2_000)
    await store.revoke(key.id, 3_000)

    found = await store.find(key.id)

    assert found is not None
    states = (found.key.expires_at, found.key.suspended_at, found.key.revoked_at)
    assert states == (1_000, 2_000, 3_000)


async def test_find_and_entries_count_the_requests_of_today(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()
    other = await issue(account_id=key.id[:6])
    await admitted(store, key, now, 3)
    await admitted(elsewhere, other, now, 2)

    found = await store.find(key.id)

    assert found is not None
    assert found.used_today == 5
    assert [entry.used_today for entry in await entries_of(elsewhere)] == [5, 5]


async def test_the_last_use_of_a_key_is_known_coarsely(
    store: KeyStore, issue: Issue, opened: Opener, now: float
) -> None:
    key, unused = await issue(), await issue()
    await store.admit(key.id, key.digest, now)
    await store.admit(key.id, key.digest, now + 5)
    await store.close()

    again = await opened()
    used, idle = await again.find(key.id), await again.find(unused.id)

    assert used is not None
    assert used.key.last_used_at is not None
    assert int(now) <= used.key.last_used_at <= now + 6
    assert idle is not None
    assert idle.key.last_used_at is None


async def test_the_last_use_moves_at_most_every_10_minutes(
    store: KeyStore, issue: Issue, opened: Opener, now: float
) -> None:
    key = await issue()
    seen = []
    for seconds in (0, 500, 700):
        await store.admit(key.id, key.digest, now + seconds)
        await store.close()
        store = await opened()
        found = await store.find(key.id)
        assert found is not None
        seen.append(found.key.last_used_at)

    assert seen == [int(now), int(now), int(now + 700)]


async def test_entries_come_by_account_then_creation(
    store: KeyStore, issue: Issue, now: float
) -> None:
    made = []
    for _ in range(4):
        first = await issue(created_at=3_000)
        made += [(first.id[:6], 3_000, first.id)]
        for created in (1_000, 2_000):
            key = await issue(account_id=first.id[:6], created_at=created)
            made.append((key.id[:6], created, key.id))

    listed = [(e.account.id, e.key.created_at, e.key.id) for e in await entries_of(store)]

    assert listed == sorted(made)


async def test_entries_give_every_key_of_many_once(store: KeyStore, now: float) -> None:
    keys = [new_key(new_account_id())[1] for _ in range(450)]
    records: list[dict[str, Any]] = []
    for key in keys:
        records.append(write(Account(key.id[:6], b"u" * 32, int(now))))
        records.append(write(record_for(key, now)))
    await store.import_(stream(records))

    listed = [entry.key.id for entry in await entries_of(store)]

    assert sorted(listed) == sorted(key.id for key in keys)


async def test_an_empty_store_has_no_entries(store: KeyStore) -> None:
    assert await entries_of(store) == []
    assert await records_of(store) == []


async def test_usage_is_counted_per_utc_day(
    store: KeyStore, elsewhere: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()
    await admitted(store, key, now, 3)
    await admitted(elsewhere, key, now, 2)
    await admitted(store, key, now + DAY, 4)

    assert await elsewhere.usage(key.id[:6], 30, now + DAY) == {
        day_of(now): 5,
        day_of(now + DAY): 4,
    }


async def test_usage_covers_so_many_days_with_today(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()
    await admitted(store, key, now, 1)
    await admitted(store, key, now + 2 * DAY, 2)

    assert await store.usage(key.id[:6], 1, now + 2 * DAY) == {day_of(now + 2 * DAY): 2}
    assert await store.usage(key.id[:6], 2, now + 2 * DAY) == {day_of(now + 2 * DAY): 2}
    assert await store.usage(key.id[:6], 3, now + 2 * DAY) == {
        day_of(now): 1,
        day_of(now + 2 * DAY): 2,
    }


async def test_an_account_without_requests_has_no_usage(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await issue()

    assert await store.usage(key.id[:6], 30, now) == {}
    assert await store.usage(new_account_id(), 30, now) == {}


# take


async def test_a_bucket_lets_its_size_through_and_refills_evenly(
    store: KeyStore, now: float
) -> None:
    waits = [await store.take("form:192.0.2.1", 3, 60, now) for _ in range(5)]

    assert waits[:3] == [0, 0, 0]
    assert all(19 <= wait <= 21 for wait in waits[3:])
    assert await store.take("form:192.0.2.1", 3, 60, now + 21) == 0
    assert await store.take("form:192.0.2.1", 3, 60, now + 21) > 0


async def test_a_refusal_takes_nothing_from_a_bucket(store: KeyStore, now: float) -> None:
    await store.take("failures:192.0.2.1", 1, 60, now)
    for second in range(1, 60):
        assert await store.take("failures:192.0.2.1", 1, 60, now + second) > 0

    assert await store.take("failures:192.0.2.1", 1, 60, now + 61) == 0


async def test_waiting_as_long_as_a_bucket_says_is_enough(store: KeyStore, now: float) -> None:
    for _ in range(7):
        await store.take("b", 7, 86_400, now)

    wait = await store.take("b", 7, 86_400, now)

    assert wait > 0
    assert await store.take("b", 7, 86_400, now + wait) == 0


async def test_buckets_share_nothing(store: KeyStore, now: float) -> None:
    assert await store.take("issue-hour:192.0.2.1", 1, 3_600, now) == 0
    assert await store.take("issue-hour:192.0.2.2", 1, 3_600, now) == 0
    assert await store.take("issue-hour:192.0.2.1", 1, 3_600, now) > 0


async def test_a_bucket_is_shared_by_every_server(
    store: KeyStore, elsewhere: KeyStore, now: float
) -> None:
    taken = [await server.take("shared", 5, 3_600, now) for server in (store, elsewhere) * 4]

    assert taken.count(0) == 5


async def test_a_bucket_of_size_0_has_no_limit(store: KeyStore, now: float) -> None:
    assert [await store.take("open", 0, 60, now) for _ in range(50)] == [0] * 50


# spend, secret


async def test_a_token_is_spent_once(store: KeyStore, elsewhere: KeyStore, now: float) -> None:
    expires = int(now) + 600

    assert await store.spend("token", expires, now)
    assert not await store.spend("token", expires, now)
    assert not await elsewhere.spend("token", expires, now + 1)
    assert await elsewhere.spend("another token", expires, now)


async def test_a_spent_token_stays_spent_after_a_restart(
    store: KeyStore, opened: Opener, now: float
) -> None:
    await store.spend("token", int(now) + 600, now)
    await store.close()

    assert not await (await opened()).spend("token", int(now) + 600, now)


async def test_of_many_who_spend_a_token_at_once_one_succeeds(
    store: KeyStore, elsewhere: KeyStore, now: float
) -> None:
    outcomes = await asyncio.gather(
        *(server.spend("token", int(now) + 600, now) for server in (store, elsewhere) * 5)
    )

    assert sum(outcomes) == 1


async def test_a_secret_is_made_once_and_the_same_on_every_server(
    store: KeyStore, elsewhere: KeyStore, opened: Opener
) -> None:
    made = await asyncio.gather(*(server.secret("site") for server in (store, elsewhere) * 3))
    await store.close()

    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await (await opened()).secret("site") == made[0]
    assert await elsewhere.secret("challenge") != made[0]


# export, import_


async def furnish(store: KeyStore, issue: Issue, now: float) -> PresentedKey:
    """A store with everything in it that can be moved."""
    key = await issue("first", limits=Limits(50, 0))
    _, second = new_key(key.id[:6])
    await store.rotate(key.id, record_for(second, now), old_expires_at=int(now) + 60, now=int(now))
    gone, held = await issue("gone"), await issue("held")
    await store.revoke(gone.id, int(now))
    await store.suspend(held.id, int(now))
    await admitted(store, key, now, 3)
    await store.secret("site")
    return key


async def test_an_export_is_json_with_accounts_before_what_is_theirs(
    store: KeyStore, issue: Issue, now: float
) -> None:
    key = await furnish(store, issue, now)

    records = await records_of(store)

    assert json.loads(json.dumps(records)) == records
    assert sorted(record["type"] for record in records) == (
        ["account"] * 3 + ["key"] * 4 + ["secret"] + ["usage"]
    )
    seen: set[str] = set()
    for record in records:
        if record["type"] == "account":
            seen.add(record["id"])
        elif record["type"] == "key":
            assert record["id"][:6] in seen
        elif record["type"] == "usage":
            assert record["account"] in seen
            assert record == {
                "type": "usage",
                "account": key.id[:6],
                "day": day_of(now),
                "requests": 3,
            }


async def test_what_is_imported_is_what_was_exported(move: Move, now: float) -> None:
    source, target = move
    issue = issuer(source, now)
    key = await furnish(source, issue, now)
    records = await records_of(source)

    new = await target.import_(stream(records))

    assert new == len(records)
    assert sorted(map(str, await records_of(target))) == sorted(map(str, records))
    before, after = await source.find(key.id), await target.find(key.id)
    assert before is not None
    assert after is not None
    assert after.account == before.account  # the UID secret: the UIDs stay
    assert await target.secret("site") == await source.secret("site")
    assert await target.usage(key.id[:6], 1, now) == {day_of(now): 3}
    assert (await target.admit(key.id, key.digest, now)).account == before.account


async def test_importing_twice_adds_nothing(move: Move, now: float) -> None:
    source, target = move
    issue = issuer(source, now)
    await furnish(source, issue, now)
    records = await records_of(source)
    await target.import_(stream(records))

    assert await target.import_(stream(records)) == 0
    assert await source.import_(stream(records)) == 0


async def test_a_server_that_serves_meanwhile_does_not_stop_a_repeated_import(
    move: Move, now: float
) -> None:
    source, target = move
    issue = issuer(source, now)
    key = await furnish(source, issue, now)
    records = await records_of(source)
    await target.import_(stream(records))
    await admitted(target, key, now, 2)

    assert await target.import_(stream(records)) == 0

    assert (await target.usage(key.id[:6], 1, now))[day_of(now)] >= 3


@pytest.mark.parametrize(
    "difference",
    [
        ("account", "uid_secret", "A" * 43),
        ("account", "created_at", 1),
        ("key", "digest", "A" * 43),
        ("key", "label", "another"),
        ("key", "revoked_at", 1),
        ("secret", "value", "A" * 43),
    ],
)
async def test_an_import_stops_at_what_differs_and_can_be_repeated(
    move: Move, now: float, difference: tuple[str, str, object]
) -> None:
    source, target = move
    issue = issuer(source, now)
    await furnish(source, issue, now)
    records = await records_of(source)
    kind, member, value = difference
    at = next(n for n, record in enumerate(records) if record["type"] == kind)
    changed = [{**record} for record in records]
    changed[at][member] = value
    await target.import_(stream(changed[: at + 1]))

    with pytest.raises(StoreConflict) as refused:
        await target.import_(stream(records))

    assert refused.value.reason == "already-there"
    named = records[at].get("id", records[at].get("name"))
    assert refused.value.values["id"] == named
    kept = await records_of(target)
    assert len(kept) == at + 1  # nothing after it is taken
    assert await target.import_(stream(changed)) == len(records) - at - 1


async def test_a_key_whose_account_never_came_is_not_imported(move: Move, now: float) -> None:
    source, target = move
    issue = issuer(source, now)
    await issue()
    records = [record for record in await records_of(source) if record["type"] == "key"]

    with pytest.raises(StoreConflict) as refused:
        await target.import_(stream(records))

    assert refused.value.reason == "unknown-account"
    assert await records_of(target) == []


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"type": "else"},
        {"type": "account", "id": "Ab3kQx"},
        {"type": "account", "id": "x", "uid_secret": "A" * 43, "created_at": 1},
        {"type": "key", "id": "Ab3kQx90Zz", "digest": "short", "label": "", "created_at": 1},
        {"type": "usage", "account": "Ab3kQx", "day": "22/11/2026", "requests": 1},
        {"type": "usage", "account": "Ab3kQx", "day": "2026-11-22", "requests": "1"},
        {"type": "secret", "name": 3, "value": "A" * 43},
    ],
)
async def test_what_is_not_a_record_is_refused(store: KeyStore, record: dict[str, Any]) -> None:
    with pytest.raises(StoreConflict) as refused:
        await store.import_(stream([record]))

    assert refused.value.reason == "not-a-record"


async def test_no_store_knows_a_key_itself(store: KeyStore, issue: Issue, now: float) -> None:
    await furnish(store, issue, now)

    assert not re.search(KEY_PATTERN, json.dumps(await records_of(store)))


async def test_an_imported_limit_counts_from_the_imported_usage(move: Move, now: float) -> None:
    source, target = move
    issue = issuer(source, now)
    key = await issue(limits=Limits(0, 5))
    await admitted(source, key, now, 3)

    await target.import_(stream(await records_of(source)))

    assert await admitted(target, key, now, 5) == 2


def test_day_names_are_utc_days() -> None:
    assert day_name(20_779) == "2026-11-22"
