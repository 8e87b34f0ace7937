"""`POST /api/generate` through the whole application, on a real SQLite store (contract.md §1, §2)."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from icsmulti import generate
from icsmulti.app import build_app
from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.keys.issue import create_key
from icsmulti.settings import Settings, read
from icsmulti.web.api import ASIDE_OCTETS, LONG_OCTETS

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EXAMPLE = (Path(__file__).parents[1] / "example.json").read_bytes()
JSON = {"Content-Type": "application/json"}
UNLIMITED = {"limit_per_minute": 0, "limit_per_day": 0, "failures_per_minute": 0}


class Api:
    """The application, its store, and a good key."""

    def __init__(self, client: httpx.AsyncClient, store: Any, key: str, path: Path) -> None:
        self.client, self.store, self.key, self.path = client, store, key, path

    async def post(self, content: bytes = EXAMPLE, **headers: str) -> httpx.Response:
        return await self.client.post(
            "/api/generate", content=content, headers={"X-API-Key": self.key} | JSON | headers
        )


@asynccontextmanager
async def running(folder: Path, **changes: Any) -> AsyncIterator[Api]:
    store_address = f"sqlite://{folder}/keys.db"
    settings: Settings = dataclasses.replace(read({}), store=store_address, **(UNLIMITED | changes))
    limits = Limits(settings.limit_per_minute, settings.limit_per_day)
    store = open_store(settings.store, limits, patience=PATIENT)
    app = build_app(settings, store, lambda: NOW)
    await store.open()
    try:
        issued = await create_key(store, label="essai", now=int(NOW.timestamp()))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Api(client, store, issued.text, folder / "keys.db")
    finally:
        await store.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with running(tmp_path) as one:
        yield one


async def test_the_published_example_gives_a_calendar(api):
    answer = await api.post()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="Reunion_hebdomadaire.ics"; '
        "filename*=UTF-8''R%C3%A9union%20hebdomadaire.ics"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    lines = answer.text.split("\r\n")
    for line in (
        "SUMMARY:Réunion hebdomadaire",
        "DTSTART;TZID=Europe/Paris:20260512T120000",
        "LOCATION:Salle A\\, Paris",
        "TRIGGER:-PT15M",
    ):
        assert line in lines


async def test_the_library_gives_the_same_bytes_as_the_api(api):
    account = await api.store.account(api.key[5:11])

    answer = await api.post()

    assert answer.content == generate(EXAMPLE, uid_secret=account.uid_secret, now=NOW).data


async def test_a_rotated_key_makes_the_same_uids_and_another_account_others(api):
    now = int(NOW.timestamp())
    second = await create_key(api.store, label="b", now=now, account_id=api.key[5:11])
    stranger = await create_key(api.store, label="c", now=now)

    first, same, other = [
        (await api.post(**{"X-API-Key": key})).content
        for key in (api.key, second.text, stranger.text)
    ]

    assert first == same
    assert first != other


@pytest.mark.parametrize("key", ["", " "])
async def test_no_key_is_401_with_the_published_phrase(api, key):
    answer = await api.client.post("/api/generate", headers={"X-API-Key": key} if key else {})

    assert answer.status_code == 401
    assert answer.json()["error"] == "Clé API manquante (header X-API-Key absent)"
    assert "x-api-key" in answer.headers["www-authenticate"].lower()


async def test_a_malformed_a_truncated_and_an_unknown_key_are_403(api):
    unknown = await create_key(api.store, label="x", now=1)
    await api.store.revoke(unknown.record.id, 2)

    for key in ("x", api.key[:-1], api.key[:-1] + "!", unknown.text):
        answer = await api.post(**{"X-API-Key": key})
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("Clé API invalide ou révoquée")


async def test_a_header_sent_twice_is_400(api):
    headers = [("X-API-Key", api.key), ("X-API-Key", api.key)]

    answer = await api.client.post("/api/generate", headers=headers, content=EXAMPLE)

    assert (answer.status_code, answer.json()["code"]) == (400, "repeated-key")


async def test_checks_come_in_the_contracts_order(api):
    """Each request has every fault of those after it too."""
    junk, bad = b"{" * 2_000_000, {"Content-Type": "text/plain"}
    post = api.client.post
    assert (await api.client.get("/nowhere/api")).status_code == 404
    assert (await api.client.put("/api/generate", content=junk)).status_code == 405
    assert (await post("/api/generate", content=junk, headers=bad)).status_code == 401
    assert (
        await post("/api/generate", content=junk, headers=bad | {"X-API-Key": "x"})
    ).status_code == 403
    assert (
        await post("/api/generate", content=junk * 3, headers=bad | {"X-API-Key": api.key})
    ).status_code == 415
    assert (
        await post("/api/generate", content=junk * 3, headers=JSON | {"X-API-Key": api.key})
    ).status_code == 413
    assert (
        await post("/api/generate", content=junk, headers=JSON | {"X-API-Key": api.key})
    ).status_code == 400


async def test_a_malformed_key_is_403_even_when_the_store_is_down(api):
    await api.store.close()
    api.path.unlink()
    api.path.mkdir()

    answer = await api.post(**{"X-API-Key": "icsm_x"})

    assert answer.status_code == 403
    api.path.rmdir()


@pytest.mark.parametrize("garbage", [b"not a database" * 100, None], ids=["garbage", "folder"])
async def test_a_broken_store_is_503_and_a_good_file_put_back_is_used(tmp_path, garbage):
    async with running(tmp_path) as api:
        assert (await api.post()).status_code == 200
        backup = tmp_path / "backup.db"
        await api.store.backup(backup)
        for name in ("keys.db", "keys.db-wal", "keys.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        if garbage is None:
            api.path.mkdir()
        else:
            api.path.write_bytes(garbage)
        await asyncio.sleep(0.6)  # the file is looked at each half second

        broken = await api.post()
        if garbage is None:
            api.path.rmdir()
        backup.replace(api.path)
        for _ in range(600):
            answer = await api.post()
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.1)

    assert broken.status_code == 503
    assert int(broken.headers["retry-after"]) >= 1
    assert broken.json()["error"].startswith("Service non configuré (KV indisponible)")
    assert answer.status_code == 200


async def test_every_fault_is_listed_with_its_path(api):
    good = json.loads(EXAMPLE)["evenement"]["occurrences"][0]
    request = {
        "evenement": {"occurrences": [good | {"titre": 1}, good | {"id": "2", "dateFin": "x"}]}
    }

    answer = await api.post(json.dumps(request).encode())

    body = answer.json()
    assert answer.status_code == 400
    assert body["error"] == (
        "Champ manquant ou incorrect : evenement.occurrences[0].titre, "
        "une chaîne de caractères est attendue (et 1 autre)"
    )
    assert [detail["path"] for detail in body["details"]] == [
        "evenement.occurrences[0].titre",
        "evenement.occurrences[1].dateFin",
    ]
    assert body["details"][1]["pointer"] == "/evenement/occurrences/1/dateFin"
    assert (body["total"], body["code"]) == (2, "invalid-request")
    assert body["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"[]", b"{}", b'{"evenement":{"occurrences":[]}}', b'{"a"', "{}".encode("utf-16")],
)
async def test_bad_bodies_are_400_in_french_and_in_english(api, content):
    french = await api.post(content)
    english = await api.post(content, **{"Accept-Language": "en-GB"})

    assert french.status_code == english.status_code == 400
    assert french.json()["error"].startswith(("Corps JSON invalide", "Champ manquant ou incorrect"))
    assert english.json()["error"].startswith(("Invalid JSON body", "Missing or invalid field"))
    assert english.headers["content-language"] == "en"


async def test_problem_details_hold_the_same_members(api):
    plain, problem = [
        (await api.post(b"{}", Accept=accept, **{"X-Request-Id": "the-same-id"}))
        for accept in ("*/*", "application/problem+json")
    ]

    assert problem.headers["content-type"] == "application/problem+json"
    body = problem.json()
    assert {key: body[key] for key in plain.json()} == plain.json()
    assert (body["type"], body["status"]) == ("/api-docs#invalid-request", 400)
    assert body["detail"] == plain.json()["error"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("APPLICATION/Problem+JSON", "application/problem+json"),
        ("application/json;q=0.5, application/problem+json", "application/problem+json"),
        ("application/problem+json, */*", "application/problem+json"),
        ("application/problem+json;q=0.5, */*", "application/json"),
        ("application/problem+json;q=0.5, application/*;q=0.4, */*", "application/problem+json"),
        ("application/problem+json;q=0", "application/json"),
        ("application/problem+json;q=0.5, application/json", "application/json"),
        ("application/problem+jsonx", "application/json"),
    ],
)
async def test_problem_details_come_when_they_are_preferred(api, accept, kind):
    assert (await api.post(b"{}", Accept=accept)).headers["content-type"] == kind


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/ld+json",
        "APPLICATION/JSON",
    ],
)
async def test_json_types_are_accepted(api, kind):
    assert (await api.post(**{"Content-Type": kind})).status_code == 200


async def test_no_type_at_all_is_accepted(api):
    answer = await api.client.post("/api/generate", content=EXAMPLE, headers={"X-API-Key": api.key})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/calendar", "multipart/form-data", "application/jsonp"]
)
async def test_other_types_are_415_and_say_what_is_accepted(api, kind):
    answer = await api.post(**{"Content-Type": kind})

    assert answer.status_code == 415
    assert answer.headers["accept-post"] == "application/json"


async def test_a_compressed_body_is_415(api):
    assert (await api.post(**{"Content-Encoding": "gzip"})).status_code == 415


async def test_options_needs_no_key_and_allows_other_origins(api):
    answer = await api.client.options("/api/generate")

    assert answer.status_code == 204
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-API-Key" in answer.headers["access-control-allow-headers"]


async def test_other_origins_may_read_faults_too(api):
    answer = await api.client.post("/api/generate")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


async def test_other_methods_are_405_and_say_which_are_allowed(api):
    answer = await api.client.get("/api/generate")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


async def test_every_authenticated_answer_tells_the_limits(tmp_path):
    async with running(tmp_path, limit_per_minute=60, limit_per_day=10_000) as api:
        good, bad = await api.post(), await api.post(b"{}")

    assert good.headers["ratelimit-policy"] == '"minute";q=60;w=60, "day";q=10000;w=86400'
    assert good.headers["ratelimit"].startswith('"minute";r=59;')
    assert bad.headers["ratelimit"].startswith('"minute";r=58;')


async def test_the_limit_is_429_with_the_time_to_wait(tmp_path):
    async with running(tmp_path, limit_per_minute=2) as api:
        answers = [await api.post() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "30"
    assert answers[2].json()["error"].startswith("Limite de 2 requêtes par minute atteinte")


async def test_failures_of_an_address_are_limited_and_a_good_key_is_not(tmp_path):
    async with running(tmp_path, failures_per_minute=2) as api:
        bad = [await api.post(**{"X-API-Key": "x"}) for _ in range(3)]
        good = await api.post()

    assert [answer.status_code for answer in bad] == [403, 403, 429]
    assert good.status_code == 200


async def test_accept_is_never_refused(api):
    assert (await api.post(Accept="image/png")).status_code == 200


def of(count: int) -> bytes:
    """The published example, so many times."""
    [example] = json.loads(EXAMPLE)["evenement"]["occurrences"]
    occurrences = [example | {"id": f"evt-{number}"} for number in range(count)]
    return json.dumps({"evenement": {"occurrences": occurrences}}).encode()


async def test_a_list_of_middling_size_waits_for_no_long_one(api):
    long, middling = of(5_000), of(100)
    assert len(long) > LONG_OCTETS > len(middling) > ASIDE_OCTETS
    ended: list[str] = []

    async def post(name: str, content: bytes) -> None:
        answer = await api.post(content)
        assert answer.status_code == 200
        ended.append(name)

    waiting = [asyncio.create_task(post("long", long)) for _ in range(6)]
    await asyncio.sleep(0)
    await asyncio.gather(post("middling", middling), *waiting)

    assert "middling" in ended[:3]  # of seven, and the last to ask


async def test_a_large_calendar_is_compressed_when_asked(api):
    good = json.loads(EXAMPLE)["evenement"]["occurrences"][0]
    many = {"evenement": {"occurrences": [good | {"id": str(i)} for i in range(2_000)]}}

    plain = await api.post(json.dumps(many).encode(), **{"Accept-Encoding": "identity"})
    packed = await api.post(json.dumps(many).encode(), **{"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert plain.text.count("BEGIN:VEVENT") == 2_000
