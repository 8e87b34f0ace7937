"""`/api/key` and what is under it, through the whole application on a real store."""

import asyncio
import base64
import dataclasses
import ipaddress
import json
import logging
import re
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import altcha
import httpx
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icsmulti.app import build_app
from icsmulti.errors import StoreConflict, StoreUnavailable
from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.keys.issue import create_key
from icsmulti.keys.key import KEY_PATTERN
from icsmulti.settings import read
from icsmulti.web.log import STDOUT

pytestmark = pytest.mark.anyio

EASY = dataclasses.replace(read({}), issue_work=2, failures_per_minute=0)
"""The product's settings, but for the work: a proof of two tries is as much of a proof here."""

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


class Clock:
    """The machine's clock, and what a test adds to it: ALTCHA's library reads the machine's."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


class Site:
    """A running site: its client, its store and its clock."""

    def __init__(self, client, store, clock):
        self.client, self.store, self.clock = client, store, clock

    async def key(self, **options):
        return await create_key(self.store, label="Mairie", now=int(time.time()), **options)

    async def solved(self):
        challenge = (await self.client.get("/api/key/challenge")).json()
        return solve(challenge)

    async def issue(self, *, solution=None, headers=None, **members):
        body = {"altcha": solution or await self.solved(), **members}
        return await self.client.post("/api/key", json=body, headers=headers)


def solve(challenge):
    parsed = altcha.Challenge.from_dict(challenge)
    return altcha.Payload(parsed, altcha.solve_challenge(parsed)).to_base64()


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def sites(tmp_path):
    """Makes sites, each with its settings, all on one store."""

    @asynccontextmanager
    async def make(address="192.0.2.7", wrap=lambda store: store, **changes):
        store = open_store(f"sqlite://{tmp_path}/keys.db", Limits(60, 10_000), patience=PATIENT)
        await store.open()
        clock = Clock()
        app = build_app(dataclasses.replace(EASY, **changes), wrap(store), clock)
        transport = httpx.ASGITransport(app=app, client=(address, 4321))
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                yield Site(client, store, clock)
        finally:
            await store.close()

    return make


@pytest.fixture
async def site(sites):
    async with sites() as site:
        yield site


def own(issued):
    return {"X-API-Key": getattr(issued, "text", issued)}


# Getting a key.


async def test_a_solved_challenge_gives_a_key_that_works_at_once(site):
    answer = await site.issue(libelle="  Mairie\nde Sète ")

    assert answer.status_code == 201
    given = answer.json()
    assert re.fullmatch(KEY_PATTERN, given["cle"])
    assert given["id"] == given["cle"][5:15]
    assert given["libelle"] == "Mairie de Sète"
    assert ISO.match(given["creeLe"])
    assert given["expireLe"] is None
    assert (await site.client.get("/api/key", headers=own(given["cle"]))).status_code == 200


@pytest.mark.parametrize("label", [None, "", " \t"])
async def test_a_label_may_be_missing(site, label):
    answer = await site.issue(libelle=label)

    assert answer.json()["libelle"] == ""


async def test_two_keys_are_two_accounts(site):
    first, second = (await site.issue()).json(), (await site.issue()).json()

    assert first["id"][:6] != second["id"][:6]


async def test_an_answer_that_holds_a_key_is_neither_kept_nor_compressed(site):
    issued = await site.issue(headers={"Accept-Encoding": "gzip"})
    rotated = await site.client.post(
        "/api/key/rotate", headers={**own(issued.json()["cle"]), "Accept-Encoding": "gzip"}
    )

    for answer in (issued, rotated):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Content-Encoding" not in answer.headers


async def test_a_challenge_is_not_kept_by_a_cache(site):
    answer = await site.client.get("/api/key/challenge")

    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"parameters", "signature"}


async def test_the_work_asked_is_never_more_than_the_setting(sites):
    async with sites(issue_work=5) as site:
        for _ in range(20):
            challenge = altcha.Challenge.from_dict(
                (await site.client.get("/api/key/challenge")).json()
            )
            assert 3 <= altcha.solve_challenge(challenge).counter <= 5


async def test_a_solution_is_good_once(site):
    solution = await site.solved()
    first = await site.issue(solution=solution)
    second = await site.issue(solution=solution)

    assert first.status_code == 201
    assert_fault(second, "altcha", "invalid-solution")


async def test_a_solution_is_spent_on_every_server(sites):
    async with sites() as here, sites() as there:
        solution = await here.solved()
        first = await here.issue(solution=solution)
        second = await there.issue(solution=solution)

    assert (first.status_code, second.status_code) == (201, 400)


async def test_an_expired_challenge_is_refused(site):
    solution = await site.solved()
    site.clock.ahead = timedelta(minutes=20)

    assert_fault(await site.issue(solution=solution), "altcha", "invalid-solution")


def tampered(solution, *path, value):
    payload = json.loads(base64.b64decode(solution))
    *steps, last = path
    place = payload
    for step in steps:
        place = place[step]
    place[last] = value
    return base64.b64encode(json.dumps(payload).encode()).decode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("solution", "counter"), 999),
        (("solution", "derivedKey"), "00" * 32),
        (("challenge", "signature"), "00" * 32),
        (("challenge", "signature"), None),
        (("challenge", "parameters", "cost"), 1),
        (("challenge", "parameters", "keyPrefix"), ""),
        (("challenge", "parameters", "expiresAt"), 99_999_999_999),
        (("challenge", "parameters", "algorithm"), "SHA-256"),
        (("challenge", "parameters"), []),
        (("challenge",), "x"),
    ],
)
async def test_a_tampered_solution_is_refused(site, path, value):
    solution = tampered(await site.solved(), *path, value=value)

    assert_fault(await site.issue(solution=solution), "altcha", "invalid-solution")


async def test_a_solution_of_another_server_is_refused(site):
    challenge = altcha.create_challenge(
        "PBKDF2/SHA-256", 1, counter=1, expires_at=int(time.time()) + 60, hmac_secret="another"
    )

    answer = await site.issue(solution=solve(challenge.to_dict()))

    assert_fault(answer, "altcha", "invalid-solution")


MEMBERS = [
    *("challenge", "solution", "parameters", "signature", "counter", "derivedKey", "algorithm"),
    *("nonce", "salt", "cost", "expiresAt", "keyPrefix", "data"),
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(value=JSON_VALUES)
async def test_whatever_is_sent_as_a_solution_is_refused_and_nothing_breaks(site, value):
    solution = base64.b64encode(json.dumps(value).encode()).decode()

    assert_fault(await site.issue(solution=solution), "altcha", "invalid-solution")


@pytest.mark.parametrize(
    ("members", "path", "code"),
    [
        ({"libelle": "x" * 101, "altcha": "x"}, "libelle", "too-long"),
        ({"libelle": 5, "altcha": "x"}, "libelle", "wrong-type"),
        ({}, "altcha", "missing"),
        ({"altcha": ""}, "altcha", "missing"),
        ({"altcha": ["x"]}, "altcha", "wrong-type"),
        ({"altcha": "rubbish"}, "altcha", "invalid-solution"),
        ({"altcha": "é"}, "altcha", "invalid-solution"),
        ([], "", "wrong-type"),
    ],
)
async def test_a_wrong_request_is_told_where(site, members, path, code):
    assert_fault(await site.client.post("/api/key", json=members), path, code)


def assert_fault(answer, path, code):
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["code"] == "invalid-request"
    assert [(fault["path"], fault["code"]) for fault in problem["details"]] == [(path, code)]
    assert problem["details"][0]["message"]


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_sentence_says_what_to_do_in_both_languages(site, language):
    answer = await site.client.post(
        "/api/key", json={"altcha": "rubbish"}, headers={"Accept-Language": language}
    )

    assert "GET /api/key/challenge" in answer.json()["error"]


async def test_a_body_that_is_not_json_is_told_so(site):
    answer = await site.client.post(
        "/api/key", content="{", headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-json")


async def test_another_type_is_refused_with_what_is_accepted(site):
    answer = await site.client.post("/api/key", data={"altcha": "x"})

    assert (answer.status_code, answer.headers["Accept-Post"]) == (415, "application/json")


async def test_a_body_over_four_kibibytes_is_too_large(site):
    answer = await site.client.post("/api/key", json={"altcha": "x" * 5_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert answer.json()["error"] == "Corps trop volumineux : 4096 octets au plus à cette adresse"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://other.example"}]
)
async def test_a_page_of_another_site_gets_no_key(site, headers):
    solution = await site.solved()
    refused = await site.issue(solution=solution, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden-origin")
    assert (await site.issue(solution=solution)).status_code == 201


async def test_our_own_page_gets_a_key(site):
    answer = await site.issue(headers={"Sec-Fetch-Site": "same-origin", "Origin": "http://here"})

    assert answer.status_code == 201


async def test_a_closed_server_issues_nothing_and_says_whom_to_ask(sites):
    async with sites(self_service="closed") as site:
        challenge = await site.client.get("/api/key/challenge")
        issuing = await site.client.post("/api/key", json={})
        kept = await site.client.get("/api/key", headers=own(await site.key()))

    for answer in (challenge, issuing):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert "exploitant" in answer.json()["error"]
    assert kept.status_code == 200


# The limits of issuing.


async def limited(site):
    answer = await site.issue()
    if answer.status_code == 201:
        return None
    assert answer.status_code == 429
    assert answer.json()["code"] == "rate-limited"
    assert int(answer.headers["Retry-After"]) >= 1
    return answer.headers["Retry-After"]


async def test_an_address_gets_three_keys_an_hour(site):
    waits = [await limited(site) for _ in range(4)]

    assert waits[:3] == [None] * 3
    assert 1_000 < int(waits[3]) <= 1_200
    site.clock.ahead = timedelta(seconds=int(waits[3]) + 1)
    # ALTCHA's twenty minutes are over too: `limited` solves a fresh challenge.
    assert await limited(site) is None


async def test_a_network_gets_twenty_keys_a_day(sites):
    given = 0
    for host in range(1, 9):
        async with sites(address=f"192.0.2.{host}") as site:
            while await limited(site) is None:
                given += 1
    async with sites(address="198.51.100.1") as site:
        assert await limited(site) is None

    assert given == 20


async def test_an_ipv6_network_is_a_48(sites):
    for host in range(4):
        async with sites(address=f"2001:db8:0:{host}::1", issue_per_network_day=3) as site:
            assert bool(await limited(site)) == (host == 3)
    async with sites(address="2001:db8:1::1", issue_per_network_day=3) as site:
        assert await limited(site) is None


async def test_the_server_gives_so_many_keys_a_day_in_all(sites):
    for host in range(3):
        async with sites(address=f"10.{host}.0.1", issue_per_day=2) as site:
            assert bool(await limited(site)) == (host == 2)


async def test_limits_of_zero_are_no_limits(sites):
    async with sites(issue_per_hour=0, issue_per_network_day=0, issue_per_day=0) as site:
        assert [await limited(site) for _ in range(30)] == [None] * 30


async def test_a_header_is_not_believed_but_from_a_trusted_proxy(sites):
    proxies = (ipaddress.ip_network("192.0.2.0/24"),)
    async with sites(issue_per_hour=1) as site:
        forged = [
            await site.issue(headers={"X-Forwarded-For": f"203.0.113.{host}"}) for host in (1, 2)
        ]
    async with sites(issue_per_hour=1, trusted_proxies=proxies) as site:
        told = [
            await site.issue(headers={"X-Forwarded-For": f"203.0.113.{host}"}) for host in (1, 2)
        ]

    assert [answer.status_code for answer in forged] == [201, 429]
    assert [answer.status_code for answer in told] == [201, 201]


async def test_wrong_solutions_cost_the_address_nothing(site):
    for _ in range(5):
        await site.issue(solution="rubbish")

    assert (await site.issue()).status_code == 201


# One's own key.


async def test_a_key_is_told_about_itself(sites):
    async with sites() as site:
        issued = await site.key(expires_at=int(time.time()) + 10_000)
        await site.store.limit(issued.account_id, Limits(per_minute=5, per_day=0))
        answer = await site.client.get("/api/key", headers=own(issued))

    told = answer.json()
    assert list(told) == [
        *("id", "libelle", "creeLe", "expireLe", "derniereUtilisation", "usage", "limites")
    ]
    assert (told["id"], told["libelle"]) == (issued.record.id, "Mairie")
    assert ISO.match(told["creeLe"])
    assert ISO.match(told["expireLe"])
    assert told["usage"] == {"jour": 0, "parJour": {}}
    assert told["limites"] == {"parMinute": 5, "parJour": None}
    assert answer.headers["RateLimit-Policy"] == '"minute";q=5;w=60'
    assert not re.search(KEY_PATTERN, answer.text)


async def test_use_shows_in_the_days_usage(sites):
    async with sites() as site:
        issued = await site.key()
        key = issued.record
        for _ in range(3):
            await site.store.admit(key.id, key.digest, site.clock().timestamp())
    async with sites() as site:  # closing wrote what was counted, and when it was used last
        answer = await site.client.get("/api/key", headers=own(issued))

    told = answer.json()
    assert told["usage"]["jour"] == 3
    assert list(told["usage"]["parJour"].values()) == [3]
    assert ISO.match(told["derniereUtilisation"])
    assert answer.headers["RateLimit"].startswith('"day";r=9997;t=')


async def test_a_key_whose_limit_is_used_up_can_still_be_read_replaced_and_revoked(site):
    issued = await site.key()
    await site.store.limit(issued.account_id, Limits(per_minute=1, per_day=1))
    await site.store.admit(issued.record.id, issued.record.digest, site.clock().timestamp())

    read_ = await site.client.get("/api/key", headers=own(issued))
    rotated = await site.client.post("/api/key/rotate", headers=own(issued))
    revoked = await site.client.delete("/api/key", headers=own(issued))

    assert [read_.status_code, rotated.status_code, revoked.status_code] == [200, 201, 204]


@pytest.mark.parametrize(
    "ask", [("GET", "/api/key"), ("DELETE", "/api/key"), ("POST", "/api/key/rotate")]
)
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([], 401, "missing-key"),
        ([("X-API-Key", "")], 401, "missing-key"),
        ([("X-API-Key", "a"), ("X-API-Key", "b")], 400, "repeated-key"),
        ([("X-API-Key", "rubbish")], 403, "invalid-key"),
    ],
)
async def test_without_a_good_key_nothing_is_told(site, ask, headers, status, code):
    answer = await site.client.request(*ask, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


async def test_a_revoked_key_is_refused_from_the_next_request(site):
    issued = await site.key()
    answer = await site.client.delete("/api/key", headers=own(issued))
    after = await site.client.get("/api/key", headers=own(issued))

    assert (answer.status_code, answer.content) == (204, b"")
    assert (after.status_code, after.json()["code"]) == (403, "revoked-key")


# Rotating.


async def rotate(site, key, **members):
    return await site.client.post("/api/key/rotate", headers=own(key), json=members)


@pytest.mark.parametrize(
    ("overlap", "seconds"), [("1h", 3_600), ("24h", 86_400), ("7j", 604_800), (None, 86_400)]
)
async def test_both_keys_work_for_as_long_as_was_asked(site, overlap, seconds):
    old = await site.key()
    answer = await rotate(site, old, chevauchement=overlap)

    assert answer.status_code == 201
    new = answer.json()
    assert new["id"][:6] == old.account_id
    assert new["libelle"] == "Mairie"
    assert new["ancienne"]["id"] == old.record.id
    assert ISO.match(new["ancienne"]["expireLe"])
    site.clock.ahead = timedelta(seconds=seconds - 10)
    for key in (old, new["cle"]):
        assert (await site.client.get("/api/key", headers=own(key))).status_code == 200
    site.clock.ahead = timedelta(seconds=seconds + 10)
    ended = await site.client.get("/api/key", headers=own(old))
    assert (ended.status_code, ended.json()["code"]) == (403, "expired-key")
    assert (await site.client.get("/api/key", headers=own(new["cle"]))).status_code == 200


async def test_without_overlap_the_old_key_ends_at_once(site):
    old = await site.key()
    new = (await rotate(site, old, chevauchement="0")).json()

    ended = await site.client.get("/api/key", headers=own(old))

    assert (ended.status_code, ended.json()["code"]) == (403, "expired-key")
    assert (await site.client.get("/api/key", headers=own(new["cle"]))).status_code == 200


async def test_no_body_at_all_rotates_with_a_day_of_overlap(site):
    old = await site.key()
    answer = await site.client.post("/api/key/rotate", headers=own(old))

    new = answer.json()
    created, ends = (
        datetime.fromisoformat(text) for text in (new["creeLe"], new["ancienne"]["expireLe"])
    )
    assert ends - created == timedelta(days=1)


async def test_an_account_has_at_most_two_valid_keys(sites):
    async with sites(issue_per_hour=0) as site:
        old = await site.key()
        new = (await rotate(site, old)).json()
        for key in (old, new["cle"]):
            assert_fault(await rotate(site, key), "chevauchement", "too-many")
        await site.client.delete("/api/key", headers=own(old))

        assert (await rotate(site, new["cle"])).status_code == 201


@pytest.mark.parametrize(
    ("overlap", "code"), [("2h", "out-of-range"), ("7d", "out-of-range"), (24, "wrong-type")]
)
async def test_another_overlap_is_refused_and_the_key_stays_as_it_was(site, overlap, code):
    old = await site.key()

    assert_fault(await rotate(site, old, chevauchement=overlap), "chevauchement", code)
    assert (await site.client.get("/api/key", headers=own(old))).json()["expireLe"] is None


async def test_rotating_does_not_prolong_a_key(site):
    end = int(time.time()) + 1_000
    old = await site.key(expires_at=end)
    new = (await rotate(site, old)).json()

    assert new["expireLe"] == new["ancienne"]["expireLe"]
    assert datetime.fromisoformat(new["expireLe"]).timestamp() == end


async def test_rotating_in_a_loop_is_held_to_the_rate_of_issuing(sites):
    async with sites(issue_per_hour=3) as site:
        key = await site.key()
        statuses = []
        for _ in range(4):
            answer = await rotate(site, key, chevauchement="0")
            statuses.append(answer.status_code)
            key = answer.json().get("cle", key)

    assert statuses == [201, 201, 201, 429]
    assert "pour ce compte (3 par heure)" in answer.json()["error"]


# Around all of it.


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/api/key", {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}),
        ("/api/key/challenge", {"GET", "HEAD", "OPTIONS"}),
        ("/api/key/rotate", {"POST", "OPTIONS"}),
    ],
)
async def test_other_methods_are_told_which_there_are(site, path, allow):
    refused = await site.client.put(path)
    asked = await site.client.options(path)

    assert (refused.status_code, refused.json()["code"]) == (405, "method-not-allowed")
    assert asked.status_code == 204
    for answer in (refused, asked):
        assert set(answer.headers["Allow"].split(", ")) == allow
        assert "Access-Control-Allow-Origin" not in answer.headers


class Failing:
    """A store that reads and cannot write, as on a full disk."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        if name not in ("create", "rotate", "revoke", "spend"):
            return getattr(self._store, name)

        async def full(*args, **kwargs):
            raise StoreUnavailable("disk full")

        return full


async def test_a_write_that_fails_is_a_503_and_never_a_refusal(sites):
    async with sites() as site:
        issued = await site.key()
    async with sites(wrap=Failing) as site:
        answers = [
            await site.issue(),
            await rotate(site, issued),
            await site.client.delete("/api/key", headers=own(issued)),
        ]
        kept = await site.client.get("/api/key", headers=own(issued))

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
        assert "Retry-After" in answer.headers
        assert "disk full" not in answer.text
    assert kept.status_code == 200


async def test_what_was_written_while_the_server_had_no_turn_is_not_refused(site, monkeypatch):
    written = threading.Event()
    monkeypatch.setattr(site.store._writer, "_patience", 1)
    writing = asyncio.create_task(site.store._writer.run(lambda connection: written.set()))
    await asyncio.sleep(0)
    assert written.wait(60)
    time.sleep(1.2)  # noqa: ASYNC251 - the stall: longer than a write may take

    await writing


class Undurable(Failing):
    """A store that will not promise to keep what it is given."""

    def __getattr__(self, name):
        if name not in ("create", "rotate"):
            return getattr(self._store, name)

        async def refuse(*args, **kwargs):
            raise StoreConflict("not-durable", setting="appendonly")

        return refuse


async def test_a_key_that_is_not_durable_is_not_shown(sites):
    async with sites() as site:
        issued = await site.key()
    async with sites(wrap=Undurable) as site:
        answers = [await site.issue(), await rotate(site, issued)]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
        assert not re.search(KEY_PATTERN, answer.text)


class Racing:
    """A store where another server revokes the key between reading it and rotating it."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def rotate(self, key_id, record, **kwargs):
        await self._store.revoke(key_id, kwargs["now"])
        await self._store.rotate(key_id, record, **kwargs)


async def test_a_key_revoked_while_it_rotates_is_told_so(sites):
    async with sites(wrap=Racing) as site:
        answer = await rotate(site, await site.key())

    assert (answer.status_code, answer.json()["code"]) == (403, "revoked-key")


async def test_no_key_is_in_a_log_or_in_an_error(sites, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    async with sites() as site:
        issued = await site.key()
        wrong = issued.text[:-1] + ("0" if issued.text[-1] != "0" else "1")
        texts = []
        for key in (issued.text, wrong, issued.text + "\u00e9", f"Bearer {issued.text}"):
            for method, path in (("GET", "/api/key"), ("PUT", "/api/key"), ("GET", "/api/none")):
                sent = {"X-API-Key": key.encode("latin-1")}
                answer = await site.client.request(method, path, headers=sent)
                texts += [answer.text, str(answer.headers), str(answer.request.url)]
        texts.append((await rotate(site, issued, chevauchement=issued.text)).text)
        texts.append(str((await rotate(site, issued)).headers))
        texts.append((await site.client.delete("/api/key", headers=own(issued))).text)
        texts.append((await site.client.get("/metrics")).text)
    STDOUT.flush()

    out, err = capfd.readouterr()
    assert issued.record.id in out
    said = "\n".join([*texts, caplog.text, out, err])
    assert not re.search(KEY_PATTERN, said)


def test_the_documented_program_gets_a_key(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    store = open_store(f"sqlite://{tmp_path}/keys.db", Limits(60, 10_000), patience=PATIENT)
    server = uvicorn.Server(
        uvicorn.Config(build_app(EASY, store, Clock()), port=0, log_config=None, ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        program = program.replace("https://ics.example.org", f"http://127.0.0.1:{port}")
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
        )
    finally:
        server.should_exit = True
        thread.join()

    assert re.fullmatch(KEY_PATTERN + "\n", done.stdout)
