"""The form over HTTP, as a browser without script uses it, through the whole application."""

from __future__ import annotations

import dataclasses
import json
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape

import httpx
import icalendar
import pytest

from icsmulti.app import build_app
from icsmulti.engine.generate import generate
from icsmulti.errors import StoreUnavailable
from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.locales import LANGUAGES
from icsmulti.settings import read

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _now() -> None:
    """Not a date of our own, and of this very test: the store forgets long-past limits by the
    machine's clock, and the whole run takes a quarter of an hour."""
    global NOW  # noqa: PLW0603 - the clock of this file
    NOW = datetime.now(UTC)


BAL = {
    "o0-id": "a" * 32,
    "o0-titre": "Bal",
    "o0-jour": "2026-07-14",
    "o0-heure": "20:00",
    "o0-fin_heure": "23:30",
    "o0-lieu": "Mairie",
    "o0-rappel": "60",
    "fuseau": "Lyon",
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clients(tmp_path):
    @asynccontextmanager
    async def make(address="192.0.2.7", wrap=lambda store: store, **changes):
        store = open_store(f"sqlite://{tmp_path}/keys.db", Limits(60, 10_000), patience=PATIENT)
        await store.open()
        app = build_app(dataclasses.replace(read({}), **changes), wrap(store), lambda: NOW)
        transport = httpx.ASGITransport(app=app, client=(address, 4321))
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                client.store = store
                yield client
        finally:
            await store.close()

    return make


@pytest.fixture
async def client(clients):
    async with clients() as client:
        yield client


def fields(page):
    """The form's fields as a browser would send them back."""
    form = re.search(r'<form id="list".*?</form>', page, re.S)[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("file",) or "name" not in attributes:
            continue
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        found[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, value in re.findall(
        r'<textarea[^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.S
    ):
        found[name] = unescape(value)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        found[name] = chosen[0] if chosen else re.findall(r'value="([^"]*)"', options)[0]
    return found


def titles(page):
    return [value for name, value in fields(page).items() if name.endswith("-titre")]


def faults(page):
    return re.findall(r'data-for="([^"]*)"', page)


# The page.


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_language_has_its_page(client, language):
    page = await client.get("/app" if language == "fr" else f"/{language}/app")

    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.text


async def test_each_page_comes_with_a_random_id_of_its_own(client):
    ids = {fields((await client.get("/app")).text)["o0-id"] for _ in range(5)}

    assert len(ids) == 5
    assert all(len(bytes.fromhex(each)) == 16 for each in ids)


async def test_the_page_is_the_same_compressed_or_not(client):
    asked = [
        await client.get("/app", headers={"Accept-Encoding": each}) for each in ("gzip", "identity")
    ]
    texts = [re.sub(r'(name="o0-id" value=")[0-9a-f]{32}"', "", answer.text) for answer in asked]

    assert [answer.headers.get("content-encoding") for answer in asked] == ["gzip", None]
    assert all(answer.headers["vary"] == "Accept-Encoding" for answer in asked)
    assert texts[0] == texts[1]


async def test_pages_can_be_gone_back_to_and_are_no_caches_business(client):
    for page in (await client.get("/app"), await client.post("/app", data=BAL)):
        assert page.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/app", "GET, HEAD, POST"),
        ("GET", "/app/calendar.ics", "POST"),
        ("GET", "/app/list.json", "POST"),
        ("POST", "/widget", "GET, HEAD"),
    ],
)
async def test_other_methods_are_refused_with_the_list_of_those_there_are(
    client, method, path, allow
):
    answer = await client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


# The calendar.


async def test_the_file_is_the_engines_for_the_sites_own_account(client):
    answer = await client.post("/app/calendar.ics", data=BAL)

    occurrence = {
        "id": "a" * 32,
        "titre": "Bal",
        "dateDebut": "2026-07-14T20:00",
        "dateFin": "2026-07-14T23:30",
        "lieu": "Mairie",
        "rappelMinutes": 60,
    }
    body = {"evenement": {"occurrences": [occurrence]}, "options": {"fuseau": "Europe/Paris"}}
    secret = await client.store.secret("site")
    assert answer.status_code == 200
    assert answer.content == generate(json.dumps(body).encode(), uid_secret=secret, now=NOW).data
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="Bal.ics"'
    assert answer.headers["cache-control"] == "no-store"


async def test_the_same_draft_downloaded_again_has_the_same_uids(client):
    def uids(data):
        return [str(event["UID"]) for event in icalendar.Calendar.from_ical(data).walk("VEVENT")]

    first = await client.post("/app/calendar.ics", data=BAL)
    again = await client.post("/app/calendar.ics", data=BAL | {"o0-titre": "Grand bal"})

    assert uids(first.content) == uids(again.content)


async def test_blank_rows_are_left_out(client):
    answer = await client.post("/app/calendar.ics", data=BAL | {"o1-titre": "", "o1-rappel": "15"})

    assert answer.content.count(b"BEGIN:VEVENT") == 1


async def test_faults_come_beside_their_fields_with_everything_typed_still_there(client):
    typed = BAL | {
        "o0-fin_heure": "19:00",
        "o1-titre": "",
        "o1-notes": "<b>&",
        "o1-jour": "2026-07-15",
    }

    answer = await client.post("/app/calendar.ics", data=typed)

    assert answer.status_code == 400
    assert faults(answer.text) == ["o0-fin_heure", "o1-titre", "o1-heure", "o1-fin_heure"]
    assert 'aria-invalid="true"' in answer.text
    kept = fields(answer.text)
    assert {name: kept[name] for name in typed if name != "fuseau"} == {
        name: value for name, value in typed.items() if name != "fuseau"
    }
    assert re.search(r'id="summary"[^>]*role="alert"[^>]*autofocus', answer.text)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"fuseau": "Trifouilly"}, ["fuseau"]),
        ({"o0-titre": "x" * 1_001}, ["o0-titre"]),
        ({"o0-titre": "\u200b \n"}, []),
        ({"o0-titre": " \t"}, ["o0-titre"]),
        ({"o0-lieu": "x" * 2_001}, ["o0-lieu"]),
        ({"o0-notes": "x" * 50_001}, ["o0-notes"]),
        ({"o0-jour": ""}, ["o0-jour"]),
        ({"o0-jour": "2026-02-30", "o0-fin_jour": "2026-03-01"}, ["o0-jour"]),
        ({"o0-jour": "1500-01-01"}, ["o0-jour"]),
        ({"o0-heure": ""}, ["o0-heure"]),
        ({"o0-heure": "", "o0-journee": "1"}, []),
        ({"o0-journee": "1", "o0-fin_jour": "2026-07-01"}, ["o0-fin_jour"]),
        ({"o0-fin_heure": ""}, ["o0-fin_heure"]),
        ({"o0-fin_heure": "quand"}, ["o0-fin_heure"]),
        ({"o0-rappel": "1.5"}, ["o0-rappel"]),
        ({"o0-rappel": "999999"}, ["o0-rappel"]),
        (
            {"o1-id": "a" * 32, "o1-titre": "b", "o1-jour": "2026-01-01", "o1-journee": "1"},
            ["o1-titre"],
        ),
        ({"o0-rappel_2": "1.5"}, ["o0-rappel_2"]),
        ({"o0-rappel_2": "999999"}, ["o0-rappel_2"]),
        ({"o0-rappel_2": "15", "o0-rappel_3": "15"}, ["o0-rappel_3"]),
        ({"o0-rappel": "", "o0-rappel_2": "15", "o0-rappel_3": "15"}, ["o0-rappel_3"]),
        ({"o0-rappel_2": "15", "o0-rappel_3": "0"}, []),
        ({"o0-rappel_2": "15", "o0-plus": '{"rappels": [{"minutes": 5}]}'}, ["o0-rappel"]),
        ({"o0-lien": "javascript:alert(1)"}, ["o0-lien"]),
        ({"o0-statut": "peut-être"}, ["o0-statut"]),
        ({"o0-repete": "parfois"}, ["o0-repete"]),
        ({"o0-repete": "annuelle", "o0-repete_fin": "hier"}, ["o0-repete_fin"]),
        ({"o0-repete": "annuelle", "o0-repete_fin": "2020-01-01"}, ["o0-repete_fin"]),
        ({"o0-repete_fin": "2030-01-01"}, ["o0-repete"]),
        ({"o0-lien": "https://exemple.fr", "o0-repete": "annuelle", "o0-statut": "annule"}, []),
        ({"o0-plus": '{"titre": 3, "x": [}'}, []),
    ],
)
async def test_each_fault_is_said_once_at_the_field_to_mend(client, changes, found):
    answer = await client.post("/app", data=BAL | changes | {"do": "preview"})

    assert answer.status_code == 200
    assert faults(answer.text) == found
    assert "None" not in answer.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"o0-repete": "annuelle", "o0-repete_fin": "2020-01-01"},
            "La répétition finit avant le premier jour.",
        ),
        (
            {"o0-repete_fin": "2030-01-01"},
            "Choisissez la répétition, ou videz la date de sa fin.",
        ),
    ],
)
async def test_a_wrong_end_of_a_repetition_is_said_in_words_of_its_own(client, changes, said):
    answer = await client.post("/app/calendar.ics", data=BAL | changes)

    assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (
            ("02:30", "03:15"),
            "Le dimanche 28 mars 2027, les horloges passent de 2 h à 3 h : 2 h 30 n’existe pas et "
            "devient 3 h 30. La fin doit venir après.",
        ),
        (
            ("03:15", "02:00"),
            "La fin précède le début. Si elle est le lendemain, indiquez le jour de fin.",
        ),
    ],
)
async def test_an_end_before_the_start_says_so_unless_the_clocks_are_the_cause(client, hours, said):
    night = {"o0-jour": "2027-03-28", "o0-heure": hours[0], "o0-fin_heure": hours[1]}
    answer = await client.post("/app", data=BAL | night | {"do": "preview"})

    assert faults(answer.text) == ["o0-fin_heure"]
    message = re.search(r'id="o0-fin_heure-fault">([^<]*)<', answer.text)[1]
    assert unescape(message).replace("\u00a0", " ").replace("\u202f", " ") == said


async def test_a_link_that_is_none_is_explained_without_the_engines_jargon(client):
    page = (await client.post("/app", data=BAL | {"o0-lien": "club", "do": "preview"})).text

    assert faults(page) == ["o0-lien"]
    assert "Donnez l’adresse entière d’une page" in unescape(page)


async def test_more_rows_than_the_form_takes_are_refused_and_kept(clients):
    many = {"fuseau": "Paris"}
    for n in range(6):
        many |= {f"o{n}-titre": f"T{n}", f"o{n}-jour": "2026-01-01", f"o{n}-journee": "1"}

    async with clients(form_max_occurrences=5) as client:
        answer = await client.post("/app/calendar.ics", data=many)

    assert answer.status_code == 400
    assert faults(answer.text) == ["rows"]
    assert len(titles(answer.text)) == 6


async def test_five_hundred_rows_become_one_file(client):
    many = {"fuseau": "Paris"}
    for n in range(500):
        day = f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}"
        many |= {
            f"o{n}-titre": f"Cours {n}",
            f"o{n}-jour": day,
            f"o{n}-heure": "9:00"[-5:].zfill(5),
        }
        many |= {f"o{n}-fin_heure": "10:30", f"o{n}-notes": "Salle\r\n" * 10}

    answer = await client.post("/app/calendar.ics", data=many)

    assert answer.content.count(b"BEGIN:VEVENT") == 500


# Limits, origins, the store.


async def test_downloads_are_limited_for_each_address_and_the_list_is_not_lost(clients):
    async with clients(form_per_minute=2) as client:
        for _ in range(2):
            assert (await client.post("/app/calendar.ics", data=BAL)).status_code == 200
        refused = await client.post("/app/calendar.ics", data=BAL)
    async with clients(address="192.0.2.8", form_per_minute=2) as other:
        allowed = await other.post("/app/calendar.ics", data=BAL)

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert titles(refused.text) == ["Bal"]
    assert allowed.status_code == 200


async def test_all_addresses_of_an_ipv6_network_share_one_limit(clients):
    one, near, far = "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"
    limit = {"form_per_minute": 1}

    async with clients(one, **limit) as a, clients(near, **limit) as b, clients(far, **limit) as c:
        statuses = [
            (await each.post("/app/calendar.ics", data=BAL)).status_code for each in (a, b, c)
        ]

    assert statuses == [200, 429, 200]


class Broken:
    """A store that cannot answer."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def take(self, *_):
        raise StoreUnavailable("down", 2)


async def test_a_store_that_is_down_loses_nothing_and_stops_nothing_else(clients):
    async with clients(wrap=Broken) as client:
        answer = await client.post("/app/calendar.ics", data=BAL)
        preview = await client.post("/app", data=BAL | {"do": "preview"})
        saved = await client.post("/app/list.json", data=BAL)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert titles(answer.text) == ["Bal"]
    assert 'role="alert"' in answer.text
    assert (preview.status_code, saved.status_code) == (200, 200)


@pytest.mark.parametrize("path", ["/app", "/app/calendar.ics", "/app/list.json", "/widget/frame"])
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://here"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "https://elsewhere.example"}, False),
        ({}, True),
    ],
)
async def test_another_sites_page_cannot_post_here(client, path, headers, allowed):
    answer = await client.post(path, data=BAL, headers=headers)

    assert answer.status_code == (200 if allowed else 403)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
async def test_what_is_not_a_form_is_refused(client, kind):
    answer = await client.post(
        "/app", content=b"{}", headers={"Content-Type": kind} if kind else {}
    )

    assert answer.status_code == 415


async def test_a_body_or_a_form_too_large_is_refused(clients):
    async with clients(max_body_bytes=2_000, form_max_occurrences=1) as client:
        assert (await client.post("/app", data={"o0-notes": "x" * 2_000})).status_code == 413
    async with clients(form_max_occurrences=1) as client:
        many = {f"x{n}": "" for n in range(1_100)}
        assert (await client.post("/app", data=many)).status_code == 413


async def test_a_broken_multipart_body_is_refused(client):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    assert (await client.post("/app", content=b"--y\r\nno", headers=headers)).status_code in (
        200,
        415,
    )
    assert (
        await client.post("/app", content=b"", headers={"Content-Type": "multipart/form-data"})
    ).status_code == 415


# The buttons.


async def test_a_list_is_made_copied_moved_and_removed_without_any_script(client):
    page = (await client.post("/app", data=BAL | {"do": "week-0"})).text
    assert [fields(page)[name] for name in ("o0-jour", "o1-jour")] == ["2026-07-14", "2026-07-21"]

    page = (await client.post("/app", data=fields(page) | {"o1-titre": "Repas", "do": "up-1"})).text
    assert titles(page) == ["Repas", "Bal"]

    page = (await client.post("/app", data=fields(page) | {"do": "remove-0"})).text
    assert titles(page) == ["Bal"]

    page = (await client.post("/app", data=fields(page) | {"do": "undo"})).text
    assert titles(page) == ["Repas", "Bal"]
    assert faults(page) == []

    page = (await client.post("/app", data=fields(page) | {"do": "add"})).text
    assert titles(page) == ["Repas", "Bal", ""]
    assert re.search(r'id="o2-titre"[^>]*autofocus', page)
    assert "a" * 32 in fields(page).values()


async def test_a_preview_shows_what_is_finished_and_the_faults_of_the_rest(client):
    page = (await client.post("/app", data=BAL | {"o1-titre": "Plus tard", "do": "preview"})).text

    assert faults(page) == ["o1-jour", "o1-heure", "o1-fin_heure"]
    seen = page[page.index('id="preview"') : page.index("<template")]
    assert "Mardi 14 juillet 2026" in seen
    assert "Plus tard" not in seen


# Import.


TABLE = "Titre;Date;Horaire\nRépétition;05/06/2026;19h30-21h\nBal;bientôt;\nFête;13/06/2026;"


async def test_a_table_is_shown_row_by_row_before_it_is_taken(client):
    page = (await client.post("/app", data=BAL | {"import-text": TABLE, "do": "import"})).text

    assert titles(page) == ["Bal"]
    assert page.count("prêt") == 2
    assert "n’est ni une date ni une heure" in page
    assert "5 juin 2026" in page


async def test_an_order_that_is_asked_about_is_not_a_text_to_correct(client):
    """The rows cannot be read yet, and nothing is wrong with them."""
    asked = {"import-text": "Titre,Date\nBal,05/06/2026\nBal,bientôt", "do": "import"}
    page = (await client.post("/en/app", data=asked)).text
    assert "Choose the order of the dates" in page
    assert "cannot be read" not in page

    page = (
        await client.post("/en/app", data=fields(page) | {"import-order": "dmy", "do": "reread"})
    ).text
    assert "1 row cannot be read" in page


async def test_the_rows_taken_get_random_ids_and_the_others_stay_to_be_mended(client):
    page = (await client.post("/app", data=BAL | {"import-text": TABLE, "do": "import"})).text
    page = (await client.post("/app", data=fields(page) | {"do": "take"})).text

    sent = fields(page)
    assert titles(page) == ["Bal", "Répétition", "Fête"]
    assert (sent["o1-jour"], sent["o1-heure"], sent["o1-fin_heure"]) == (
        "2026-06-05",
        "19:30",
        "21:00",
    )
    assert sent["o2-journee"] == "1"
    assert len({sent[f"o{n}-id"] for n in range(3)}) == 3
    assert sent["import-text"] == "Titre\tDate\tHoraire\nBal\tbientôt\t\n"

    page = (await client.post("/app", data=fields(page) | {"do": "undo"})).text
    assert titles(page) == ["Bal"]


async def test_a_windows_1252_file_is_read_as_french(client):
    file = ("liste.csv", TABLE.encode("cp1252"), "text/csv")

    page = (
        await client.post("/app", data=BAL | {"do": "import"}, files={"import-file": file})
    ).text

    assert "Répétition" in page
    assert fields(page)["import-text"].startswith("Titre;Date")


async def test_a_workbook_is_not_shown_but_told_to_be_saved_as_csv(client):
    file = ("liste.xlsx", b"PK\x03\x04\x14\x00\x06\x00", "application/octet-stream")

    page = (
        await client.post("/app", data=BAL | {"do": "import"}, files={"import-file": file})
    ).text

    assert "Enregistrez-le au format CSV" in page
    assert fields(page)["import-text"] == ""
    assert titles(page) == ["Bal"]


@pytest.mark.parametrize("path", ["/app", "/en/app"])
async def test_an_order_is_asked_in_both_languages_and_day_first_only_proposed(client, path):
    table = "Titre\tDate\nA\t05/06/2026\nB\t06/07/2026"
    page = (await client.post(path, data=BAL | {"import-text": table, "do": "import"})).text

    assert 'value="take"' not in page
    assert "05/06/2026" in page
    page = (await client.post(path, data=fields(page) | {"do": "reread"})).text
    assert fields(page)["import-order"] == "dmy"
    assert 'value="take"' in page


async def test_an_order_that_nothing_settles_is_asked_and_followed(client):
    table = "Title,Date\nBall,05/06/2026"
    page = (await client.post("/en/app", data=BAL | {"import-text": table, "do": "import"})).text
    assert "day first or month first?" in page
    assert 'value="take"' not in page

    chosen = fields(page) | {"import-order": "mdy", "do": "reread"}
    page = (await client.post("/en/app", data=chosen)).text
    page = (await client.post("/en/app", data=fields(page) | {"do": "take"})).text
    assert fields(page)["o1-jour"] == "2026-05-06"


async def test_a_columns_role_and_the_length_can_be_chosen(client):
    table = "Machin;Date;Heure;Truc\nAGORA;05/06/2026;19h30;Assemblée"
    page = (await client.post("/app", data=BAL | {"import-text": table, "do": "import"})).text

    chosen = {"import-role-0": "place", "import-role-3": "title", "import-length": "90"}
    page = (await client.post("/app", data=fields(page) | chosen | {"do": "reread"})).text
    page = (await client.post("/app", data=fields(page) | {"do": "take"})).text

    sent = fields(page)
    assert (sent["o1-titre"], sent["o1-lieu"], sent["o1-fin_heure"]) == (
        "Assemblée",
        "AGORA",
        "21:00",
    )


async def test_a_table_longer_than_the_form_says_so(clients):
    table = "Titre;Date\n" + "Bal;05/06/2026\n" * 4
    async with clients(form_max_occurrences=3) as client:
        page = (await client.post("/app", data=BAL | {"import-text": table, "do": "import"})).text

    assert "compte 4 lignes" in page
    assert 'value="take"' not in page


# Saving and opening.


def opened(**members):
    occurrence = {"id": "1", "titre": "T", "dateDebut": "2026-07-14T20:00", **members}
    body = {"evenement": {"occurrences": [occurrence]}, "options": {"fuseau": "Europe/Paris"}}
    return {"open-file": ("x.json", json.dumps(body).encode(), "application/json")}


@pytest.mark.parametrize(
    ("members", "line", "shown"),
    [
        ({"duree": "PT1H30M"}, "DTEND;TZID=Europe/Paris:20260714T213000", "20 h – 21 h 30"),
        (
            {"dateFin": "2026-07-14T22:00", "fuseau": "America/New_York"},
            "DTSTART;TZID=America/New_York:20260714T200000",
            "2 h – 4 h",
        ),
        (
            {"dateFin": "2026-07-14T21:00", "url": "https://exemple.fr/a"},
            "URL:https://exemple.fr/a",
            "20 h",
        ),
    ],
)
async def test_members_the_form_does_not_show_are_in_the_file_and_the_preview(
    client, members, line, shown
):
    page = (await client.post("/app", data={"do": "open"}, files=opened(**members))).text
    page = (await client.post("/app", data=fields(page) | {"do": "preview"})).text
    file = (await client.post("/app/calendar.ics", data=fields(page))).text

    assert line in file
    assert shown in page.replace("\u00a0", " ")


async def test_a_fault_in_a_member_the_form_does_not_show_names_it(client):
    files = opened(dateFin="2026-07-14T21:00", contact=3, id="")
    page = (await client.post("/app", data={"do": "open"}, files=files)).text
    page = (await client.post("/app", data=fields(page) | {"do": "preview"})).text

    assert faults(page) == ["o0-titre"]
    assert "contact\u00a0: " in page


async def test_a_saved_list_is_a_request_of_the_api_and_opens_again_as_it_was(client):
    typed = BAL | {"o1-titre": "À finir", "o1-heure": "10:00", "o1-id": "b" * 32}
    saved = await client.post("/app/list.json", data=typed)
    page = (await client.get("/app")).text

    file = {"open-file": ("Bal.json", saved.content, "application/json")}
    page = (await client.post("/app", data=fields(page) | {"do": "open"}, files=file)).text

    assert saved.headers["content-disposition"] == 'attachment; filename="Bal.json"'
    assert saved.json()["options"] == {"fuseau": "Europe/Paris"}
    sent = fields(page)
    assert {name: sent[name] for name in typed if name != "fuseau"} == {
        name: value for name, value in typed.items() if name != "fuseau"
    }
    assert sent["fuseau"] == "Paris (Europe/Paris)"


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"\xff", b'{"evenement": {"occurrences": 3}}', b"[" * 9_999]
)
async def test_a_file_that_is_no_list_is_said_to_be_none_and_changes_nothing(client, content):
    file = {"open-file": ("x.json", content, "application/json")}

    page = (await client.post("/app", data=BAL | {"do": "open"}, files=file)).text

    assert titles(page) == ["Bal"]
    assert "n’est pas une liste" in page


async def test_opening_a_list_can_be_undone(client):
    saved = await client.post("/app/list.json", data=BAL | {"o0-titre": "Autre"})
    file = {"open-file": ("x.json", saved.content, "application/json")}
    page = (await client.post("/app", data=BAL | {"do": "open"}, files=file)).text

    page = (await client.post("/app", data=fields(page) | {"do": "undo"})).text

    assert titles(page) == ["Bal"]


# What the script asks for.


@pytest.mark.parametrize(
    ("part", "action", "has", "has_not"),
    [
        ("judged", "preview", ['id="summary"', 'id="preview"'], ['id="list"', 'id="rows"']),
        ("import", "import", ['id="imported"', 'id="notice"'], ['id="list"', 'id="rows"']),
        ("rows", "take", ['id="rows"', 'id="imported"', "data-status"], ['id="list"']),
    ],
)
async def test_a_part_of_the_page_comes_alone(client, part, action, has, has_not):
    data = BAL | {"import-text": TABLE, "do": action, "part": part, "next": "7"}

    answer = await client.post("/app", data=data)

    assert all(each in answer.text for each in has)
    assert not any(each in answer.text for each in has_not)


async def test_rows_taken_for_the_script_are_numbered_from_where_it_says(client):
    data = {"import-text": TABLE, "do": "take", "part": "rows", "next": "7", "fuseau": "Paris"}

    answer = await client.post("/app", data=data)

    assert re.findall(r'<li class="event" id="(o\d+)">', answer.text) == ["o7", "o8"]


async def test_no_page_of_the_form_holds_inline_script_or_style(client):
    for page in (await client.get("/app"), await client.post("/app", data=BAL | {"do": "preview"})):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page.text)


async def test_what_visitors_type_is_text_wherever_it_is_shown(client):
    nasty = "</textarea><script>alert(1)</script>\"'<b>"
    typed = BAL | dict.fromkeys(
        ("o0-titre", "o0-notes", "o0-lieu", "o0-id", "o0-plus", "undo"), nasty
    )
    typed |= {"import-text": f'Titre;Date\n"{nasty}";x', "fuseau": nasty}

    for action in ("preview", "import", "add"):
        page = (await client.post("/app", data=typed | {"do": action})).text
        assert "<script>alert" not in page
        assert "<b>" not in page
