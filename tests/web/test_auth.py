"""`web.auth`: from headers to an admission, in the contract's order of checks."""

import asyncio
import dataclasses
import ipaddress
from datetime import UTC, datetime

import pytest

from icsmulti.errors import (
    ExpiredKey,
    InvalidKey,
    KeyRefused,
    MissingKey,
    RateLimited,
    RepeatedKey,
    RevokedKey,
    StoreUnavailable,
    SuspendedKey,
)
from icsmulti.keys import PATIENT, Account, Admission, Entry, KeyRecord, Limits, Quota, open_store
from icsmulti.keys.issue import create_key
from icsmulti.keys.key import new_account_id, new_key
from icsmulti.settings import read
from icsmulti.web.auth import admit, authenticate, entry_headers, limited_headers, rate_headers
from icsmulti.web.context import Context

NOW = 1_795_305_600  # 2026-11-22 00:00 UTC
SETTINGS = dataclasses.replace(read({}), failures_per_minute=0)


class Down:
    """What a store does that cannot be reached (its contract: every method may raise this)."""

    def __getattr__(self, name):
        async def unreachable(*args, **kwargs):
            raise StoreUnavailable("down")

        return unreachable


class Uncounted:
    """A store that reads keys and cannot take from buckets, as one that turned read-only."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(Down(), name) if name == "take" else getattr(self._store, name)


AT = datetime.fromtimestamp(NOW, UTC)


def context(store, **settings):
    return Context(dataclasses.replace(SETTINGS, **settings), store, lambda: AT)


def scope(*sent, address="192.0.2.7", headers=()):
    keys = [(b"x-api-key", value.encode("latin-1")) for value in sent]
    return {"type": "http", "client": (address, 4321), "headers": [*keys, *headers]}


def on_store(tmp_path, use):
    """Run *use* on an open SQLite store."""

    async def run():
        store = open_store(f"sqlite://{tmp_path}/keys.db", Limits(60, 10_000), patience=PATIENT)
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def refuse(function, *args):
    with pytest.raises(KeyRefused) as caught:
        asyncio.run(function(*args, AT))
    return type(caught.value)


@pytest.mark.parametrize("ask", [admit, authenticate])
@pytest.mark.parametrize("sent", [[], [""], ["  \t"], ["", ""]])
def test_no_key_or_an_empty_one_is_missing(ask, sent):
    assert refuse(ask, scope(*sent), context(Down())) is MissingKey


@pytest.mark.parametrize("ask", [admit, authenticate])
@pytest.mark.parametrize("sent", [["a", "b"], ["a", "a"], ["", "a"], ["a", ""]])
def test_a_header_sent_twice_is_repeated(ask, sent):
    assert refuse(ask, scope(*sent), context(Down())) is RepeatedKey


@pytest.mark.parametrize("ask", [admit, authenticate])
@pytest.mark.parametrize("sent", ["rubbish", "icsm_", "é" * 59, "icsm_0000000000_" + "0" * 38])
def test_a_malformed_key_is_invalid_and_the_store_is_not_asked(ask, sent):
    assert refuse(ask, scope(sent), context(Down())) is InvalidKey


@pytest.mark.parametrize("ask", [admit, authenticate])
def test_a_store_that_cannot_answer_is_unavailable_and_never_a_refusal(ask):
    text, _ = new_key(new_account_id())

    with pytest.raises(StoreUnavailable):
        asyncio.run(ask(scope(text), context(Down(), failures_per_minute=1), AT))


def test_a_good_key_is_admitted_and_counted(tmp_path):
    async def use(store):
        issued = await create_key(store, label="", now=NOW)
        return issued, await admit(scope(f" {issued.text} "), context(store), AT)

    issued, admission = on_store(tmp_path, use)

    assert admission.account.id == issued.account_id
    assert admission.minute.remaining == 59


def test_authenticating_takes_nothing_of_the_limits(tmp_path):
    async def use(store):
        issued = await create_key(store, label="", now=NOW)
        for _ in range(3):
            entry = await authenticate(scope(issued.text), context(store), AT)
        return entry, await admit(scope(issued.text), context(store), AT)

    entry, admission = on_store(tmp_path, use)

    assert entry.used_today == 0
    assert admission.minute.remaining == 59


def test_the_public_id_and_nothing_more_is_left_in_the_scope(tmp_path):
    async def use(store):
        issued = await create_key(store, label="", now=NOW)
        asked = scope(issued.text)
        await admit(asked, context(store), AT)
        return issued, asked

    issued, asked = on_store(tmp_path, use)

    assert asked["icsmulti"]["key_id"] == issued.record.id
    assert asked["icsmulti"].keys() == {"key_id", "asked"}


@pytest.mark.parametrize("ask", [admit, authenticate])
@pytest.mark.parametrize(
    ("end", "refusal"),
    [
        (lambda store, key: store.revoke(key, NOW), RevokedKey),
        (lambda store, key: store.suspend(key, NOW), SuspendedKey),
        (None, ExpiredKey),
    ],
    ids=["revoked", "suspended", "expired"],
)
def test_a_key_that_has_ended_is_told_how(tmp_path, ask, end, refusal):
    async def use(store):
        issued = await create_key(store, label="", now=NOW - 10, expires_at=None if end else NOW)
        if end:
            await end(store, issued.record.id)
        with pytest.raises(refusal):
            await ask(scope(issued.text), context(store), AT)

    on_store(tmp_path, use)


def test_a_key_of_good_form_that_nobody_made_is_invalid(tmp_path):
    async def use(store):
        text, _ = new_key(new_account_id())
        with pytest.raises(InvalidKey):
            await admit(scope(text), context(store), AT)

    on_store(tmp_path, use)


def fail_until_limited(store, ask=admit, tries=10, **sent):
    async def run():
        answers = []
        for _ in range(tries):
            try:
                await ask(scope("rubbish", **sent), context(store, failures_per_minute=3), AT)
            except InvalidKey:
                answers.append(None)
            except RateLimited as limited:
                answers.append(limited)
        return answers

    return run()


@pytest.mark.parametrize("ask", [admit, authenticate])
def test_an_address_that_keeps_failing_is_told_to_wait(tmp_path, ask):
    answers = on_store(tmp_path, lambda store: fail_until_limited(store, ask, 4))

    assert answers[:3] == [None] * 3
    assert (answers[3].limit, answers[3].quota) == ("failures", 3)
    assert 1 <= answers[3].retry_after_s <= 20


def test_a_good_key_is_never_refused_for_the_failures_of_its_address(tmp_path):
    async def use(store):
        await fail_until_limited(store)
        issued = await create_key(store, label="", now=NOW)
        return await admit(scope(issued.text), context(store, failures_per_minute=3), AT)

    assert on_store(tmp_path, use).minute.remaining == 59


def test_one_address_does_not_pay_for_another(tmp_path):
    async def use(store):
        await fail_until_limited(store)
        return await fail_until_limited(store, tries=1, address="192.0.2.8")

    assert on_store(tmp_path, use) == [None]


def test_an_ipv6_customer_is_one_address(tmp_path):
    async def use(store):
        await fail_until_limited(store, address="2001:db8::1")
        return await fail_until_limited(store, tries=1, address="2001:db8::ffff:2")

    assert on_store(tmp_path, use) != [None]


def test_behind_a_trusted_proxy_the_client_is_the_one_that_pays(tmp_path):
    proxies = (ipaddress.ip_network("10.0.0.0/8"),)

    async def ask(store, client):
        forwarded = [(b"x-forwarded-for", client)]
        asked = scope("rubbish", address="10.0.0.1", headers=forwarded)
        await admit(asked, context(store, failures_per_minute=1, trusted_proxies=proxies), AT)

    async def use(store):
        for client in (b"192.0.2.7", b"192.0.2.8"):
            with pytest.raises(InvalidKey):
                await ask(store, client)
        with pytest.raises(RateLimited):
            await ask(store, b"192.0.2.7")

    on_store(tmp_path, use)


def test_a_repeated_header_is_no_attempt_at_a_key(tmp_path):
    async def use(store):
        for _ in range(5):
            with pytest.raises(RepeatedKey):
                await admit(scope("a", "b"), context(store, failures_per_minute=1), AT)

    on_store(tmp_path, use)


def test_without_a_limit_failures_are_not_counted(tmp_path):
    async def use(store):
        for _ in range(50):
            with pytest.raises(MissingKey):
                await admit(scope(), context(store, failures_per_minute=0), AT)

    on_store(tmp_path, use)


def test_when_failures_cannot_be_counted_the_refusal_stands(tmp_path):
    async def use(store):
        for _ in range(3):
            with pytest.raises(MissingKey):
                await admit(scope(), context(Uncounted(store), failures_per_minute=1), AT)

    on_store(tmp_path, use)


MINUTE, DAY, NO_LIMIT = Quota(60, 42, 3), Quota(10_000, 9_000, 120), Quota(0, 0, 0)


def admission(minute=MINUTE, day=DAY, counted=True):
    account = Account("aaaaaa", b"", NOW)
    return Admission(account, KeyRecord("aaaaaabbbb", b"", "", NOW), minute, day, counted)


@pytest.mark.parametrize(
    ("admitted", "headers"),
    [
        (
            admission(),
            {
                b"ratelimit-policy": b'"minute";q=60;w=60, "day";q=10000;w=86400',
                b"ratelimit": b'"minute";r=42;t=3, "day";r=9000;t=120',
            },
        ),
        (
            admission(day=NO_LIMIT),
            {b"ratelimit-policy": b'"minute";q=60;w=60', b"ratelimit": b'"minute";r=42;t=3'},
        ),
        (
            admission(minute=NO_LIMIT),
            {b"ratelimit-policy": b'"day";q=10000;w=86400', b"ratelimit": b'"day";r=9000;t=120'},
        ),
        (
            admission(counted=False),
            {b"ratelimit-policy": b'"minute";q=60;w=60, "day";q=10000;w=86400'},
        ),
        (admission(minute=NO_LIMIT, day=NO_LIMIT), {}),
    ],
    ids=["both", "minute only", "day only", "not counted", "no limits"],
)
def test_the_limits_that_exist_are_listed_with_what_is_left(admitted, headers):
    assert dict(rate_headers(admitted)) == headers


def test_a_refusal_by_a_limit_says_that_nothing_is_left_and_until_when():
    assert dict(limited_headers(RateLimited("minute", 7, 60))) == {
        b"ratelimit-policy": b'"minute";q=60;w=60',
        b"ratelimit": b'"minute";r=0;t=7',
    }


def test_a_refusal_by_another_limit_than_the_accounts_says_nothing_of_it():
    assert limited_headers(RateLimited("failures", 7, 30)) == []


def test_an_answer_that_took_nothing_tells_the_rest_of_the_day():
    account = Account("aaaaaa", b"", NOW, Limits(per_day=100))
    entry = Entry(account, KeyRecord("aaaaaabbbb", b"", "", NOW), used_today=130)

    assert dict(entry_headers(entry, SETTINGS, NOW + 86_300)) == {
        b"ratelimit-policy": b'"minute";q=60;w=60, "day";q=100;w=86400',
        b"ratelimit": b'"day";r=0;t=100',
    }
