"""The documentation says what the code does: all of it, and nothing else."""

from __future__ import annotations

import ast
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import icsmulti
from icsmulti.engine.request import LenientRequest, Request
from icsmulti.locales import LANGUAGES, catalogue
from icsmulti.settings import read
from icsmulti.web import docs, example
from icsmulti.web.docs import RULINGS, SEED, codes, members, reference

SOURCE = Path(icsmulti.__file__).parent


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_member_of_the_request_is_documented_and_no_other(language: str) -> None:
    rules = catalogue(language).entry("docs.fields.rules")

    assert set(rules) == {member.path for member in members(Request)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_further_member_is_documented_with_all_that_is_in_it(language: str) -> None:
    rules: dict[str, str] = {}
    for group in catalogue(language).entry("docs.rich.groups"):
        rules |= group["rules"]
    further = {member.path for member in members(LenientRequest)} - {
        member.path for member in members(Request)
    }

    for path in further:
        outer = next(
            (rule for rule in rules if re.match(re.escape(rule) + r"(\[\])?\.", path)), None
        )
        if outer is None:
            assert path in rules, path
        else:
            name = path.removeprefix(outer).lstrip("[].").partition(".")[0].removesuffix("[]")
            of_an_event = f"evenement.occurrences[].{name}"  # what a series' change may say again
            said = rules | catalogue(language).entry("docs.fields.rules")
            assert re.search(rf'[`"]{name}[`"]', rules[outer]) or of_an_event in said, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_further_example_is_a_request(language: str) -> None:
    event = json.loads(catalogue(language).say("docs.rich.sample"))
    calendar = example.made(json.dumps({"evenement": {"occurrences": [event]}})).decode()

    assert "DTEND;TZID=America/Montreal:20260710T153500" in calendar
    assert calendar.count("BEGIN:VALARM") == 2


def test_members_are_read_off_the_engines_structs() -> None:
    found = {member.path: (member.required, member.kind) for member in members(Request)}

    assert found["evenement.occurrences"] == (True, "array")
    assert found["evenement.occurrences[].titre"] == (True, "string")
    assert found["evenement.occurrences[].touteLaJournee"] == (False, "boolean")
    assert found["evenement.occurrences[].rappelMinutes"] == (False, "number")
    assert found["options.fuseau"] == (False, "string")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_is_explained_and_no_other(language: str) -> None:
    causes = catalogue(language).entry("docs.errors.causes")

    assert set(causes) == {code for code, _ in codes()}


def fault_codes() -> set[str]:
    """Every code that a fault of the product is made with: `Fault("…")`, `found.add("…", path)`."""
    found: set[str] = set()
    for module in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            is_fault = name == "Fault" or (name == "add" and len(node.args) > 1)
            if is_fault and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_fault_is_explained(language: str) -> None:
    causes = set(catalogue(language).entry("docs.errors.faults_causes"))

    assert fault_codes() <= causes
    promised = "missing wrong-type empty too-long too-many invalid-text invalid-date end-before-start duplicate-id unknown-zone out-of-range"
    assert set(promised.split()) <= causes


def test_every_ruling_has_its_sentence_and_no_sentence_is_left_over() -> None:
    for language in LANGUAGES:
        notes = catalogue(language).entry("docs.dates.notes")

        assert set(notes) == {ruling.note for ruling in RULINGS}


def rows(language: str = "fr") -> dict[str, dict[str, Any]]:
    shown: Any = reference(read({}), language)["rulings"]
    return {row["ruling"].note: row for row in shown}


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        ("instant", ["DTSTART;TZID=Europe/Paris:20260512T120000", "DTEND;TZID=Europe/Paris:20260512T130000"]),
        ("autumn", ["DTSTART:20261025T003000Z", "DTEND:20261025T030000Z"]),
        ("autumn_second", ["DTSTART:20261025T013000Z", "DTEND:20261025T030000Z"]),
        ("spring", ["DTSTART;TZID=Europe/Paris:20260329T033000", "DTEND;TZID=Europe/Paris:20260329T040000"]),
        ("equal", ["DTSTART;TZID=Europe/Paris:20260512T100000"]),
        ("days", ["DTSTART;VALUE=DATE:20260714", "DTEND;VALUE=DATE:20260717"]),
        ("day_browser", ["DTSTART;VALUE=DATE:20260714", "DTEND;VALUE=DATE:20260715"]),
    ],
)  # fmt: skip
def test_what_the_dates_table_shows_is_what_its_sentence_says(note: str, lines: list[str]) -> None:
    assert rows()[note]["said"] == lines


@pytest.mark.parametrize("note", ["before", "invalid"])
def test_what_the_dates_table_calls_refused_is_refused_in_words(note: str) -> None:
    row = rows()[note]

    assert row["said"] == []
    assert len(row["refused"]) > 10


def test_every_other_ruling_gives_a_calendar() -> None:
    assert {note for note, row in rows().items() if not row["said"]} == {"before", "invalid"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_refusal_shown_is_the_services_own(language: str) -> None:
    refusal: Any = reference(read({}), language)["refusal"]
    answer = json.loads(refusal["answer"])

    assert answer["code"] == "invalid-request"
    assert [fault["code"] for fault in answer["details"]][-1] == "unknown-zone"
    assert answer["total"] == len(answer["details"]) > 1


def test_the_published_words_are_on_the_french_page_as_published() -> None:
    body = catalogue("fr").say("docs.published.body")

    assert '"id":             string,       // obligatoire — identifiant unique' in body
    assert (
        '"fuseau": string                    // optionnel  — IANA (défaut : "Europe/Paris")' in body
    )
    assert catalogue("fr").entry("docs.published.statuses") == {
        "400": "Corps JSON invalide / champ manquant ou incorrect",
        "401": "Clé API manquante (header X-API-Key absent)",
        "403": "Clé API invalide ou révoquée",
        "503": "Service non configuré (KV indisponible)",
    }


def test_the_published_example_is_what_the_engine_was_promised_to_make_of_it() -> None:
    calendar = example.made(json.dumps(SEED)).decode()

    for line in (
        "SUMMARY:Réunion hebdomadaire",
        "DTSTART;TZID=Europe/Paris:20260512T120000",
        "LOCATION:Salle A\\, Paris",
        "TRIGGER:-PT15M",
    ):
        assert f"\r\n{line}\r\n" in calendar


def test_the_limits_shown_are_the_servers() -> None:
    settings = read(
        {
            "ICSMULTI_LIMIT_PER_MINUTE": "7",
            "ICSMULTI_LIMIT_PER_DAY": "0",
            "ICSMULTI_MAX_OCCURRENCES": "1234",
        }
    )
    shown: Any = dict(reference(settings, "en")["limits"])  # type: ignore[call-overload] # it is a dict

    assert shown["Requests per minute and account"] == "7"
    assert shown["Requests per day (UTC) and account"] == "none"
    assert shown["Events per request"] == "1,234"


def test_the_newest_version_in_the_changelog_is_the_one_that_serves() -> None:
    for language in LANGUAGES:
        assert catalogue(language).entry("docs.changelog.list")[0]["version"] == version("icsmulti")


def test_links_in_markdown_lead_back_to_the_site() -> None:
    text = docs.absolute("[a](/api-key) [b](#x) [c](https://d.e)", "https://dates.example", "en")

    assert text == "[a](https://dates.example/en/api-key) [b](#x) [c](https://d.e)"


def test_a_server_that_listens_everywhere_is_called_localhost_in_the_examples() -> None:
    everywhere = read({"ICSMULTI_HOST": "0.0.0.0", "ICSMULTI_PORT": "8080"})

    assert docs.base_address(everywhere) == "http://localhost:8080"


def test_the_first_pages_dates_are_written_as_people_write_them() -> None:
    french: Any = example.shown(read({}), "fr")["list"]
    english: Any = example.shown(read({}), "en")["list"]

    assert french[0]["when"] == "vendredi 16 octobre 2026"
    assert french[0]["hours"] == "19\u00a0h\u00a030\u00a0– 22\u00a0h"
    assert french[1]["when"] == "samedi 24 et dimanche 25 octobre 2026"
    assert english[0]["when"] == "Friday 16 October 2026"
    assert english[0]["hours"] == "7:30\u00a0pm\u00a0– 10\u00a0pm"
