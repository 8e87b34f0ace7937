"""Every language says the same things, and every error has its words."""

import os
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import icsmulti
from icsmulti import errors
from icsmulti.errors import Fault, IcsMultiError, InvalidJson, InvalidRequest, RateLimited
from icsmulti.locales import LANGUAGES, catalogue, negotiate
from icsmulti.locales.sentences import describe
from icsmulti.settings import TABLE


def sentences(table: Any, path: str = "") -> dict[str, str]:
    if isinstance(table, dict):
        return {
            k: v
            for name, part in table.items()
            for k, v in sentences(part, f"{path}.{name}").items()
        }
    if isinstance(table, list):
        return {
            k: v for i, part in enumerate(table) for k, v in sentences(part, f"{path}[{i}]").items()
        }
    return {path: table} if isinstance(table, str) else {}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "fr"])
def test_every_language_has_the_same_keys_as_french(language):
    french, other = sentences(catalogue("fr")._tables), sentences(catalogue(language)._tables)

    assert french.keys() - other.keys() == set()
    assert other.keys() - french.keys() == set()


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "fr"])
def test_every_sentence_has_the_same_fields_as_in_french(language):
    french, other = sentences(catalogue("fr")._tables), sentences(catalogue(language)._tables)

    different = [
        key for key in french
        # A singular may leave its number out; a clock of twelve hours has other fields.
        if not key.endswith((".one", ".other")) and ".clock." not in key and fields(french[key]) != fields(other[key])
    ]  # fmt: skip
    assert different == []


def test_adding_a_language_is_adding_its_folder(tmp_path):
    package = shutil.copytree(Path(icsmulti.__file__).parent, tmp_path / "icsmulti")
    folder = shutil.copytree(package / "locales" / "en", package / "locales" / "de")
    site = folder / "site.toml"
    site.write_text(site.read_text("utf-8").replace('"English"', '"Deutsch"'), "utf-8")
    asked = (
        "from icsmulti.locales import negotiate; from icsmulti.settings import read;"
        "from icsmulti.web.site import site_of;"
        "print(negotiate('de-AT, en;q=0.5'));"
        "print(site_of(read({})).render('security.html', 'en', '/security', served=[]))"
    )

    page = subprocess.run(
        [sys.executable, "-c", asked],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert page.startswith("de\n")
    assert re.findall(r'href="([^"]*)" hreflang="[a-z]+" lang="[a-z]+">(\w+)<', page) == [
        ("/security", "Français"),
        ("/de/security", "Deutsch"),
    ]


PAGES = ("api_key", "errors_pages", "form", "home", "security", "site", "spreadsheet", "widget")


def test_pages_never_break_a_french_line_before_its_punctuation():
    said = sentences(catalogue("fr")._tables)

    loose = [
        key for key, sentence in said.items()
        if key.split(".")[1] in PAGES and re.search(r" [:;!?»]|« ", sentence)
    ]  # fmt: skip
    assert loose == []


def every_error() -> list[IcsMultiError]:
    fault = Fault("missing", ("evenement",), "missing")
    return [
        InvalidJson("json-syntax", line=1, column=2),
        InvalidRequest([fault], 3),
        RateLimited("minute", 30, 60),
        errors.MethodNotAllowed("POST"),
        errors.UnsupportedType("application/json"),
        errors.UnsupportedType("application/x-www-form-urlencoded, multipart/form-data"),
        errors.TooLarge(5),
        errors.TooLarge(5, is_list=False),
        errors.TooSlow(10),
        errors.StoreUnavailable("down"),
        errors.StoreConflict("unknown-key"),
        *(kind() for kind in (
            errors.MissingKey, errors.RepeatedKey, errors.InvalidKey, errors.ExpiredKey,
            errors.SuspendedKey, errors.RevokedKey, errors.NotFound, errors.ForbiddenOrigin,
            errors.IcsMultiError,
        )),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.code)
def test_every_error_is_a_sentence_a_person_can_read(error, language):
    sentence = describe(error, catalogue(language))

    assert len(sentence) > 20
    assert "{" not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_of_a_form_does_not_ask_for_json(language):
    sentence = describe(errors.UnsupportedType("multipart/form-data"), catalogue(language))

    assert "JSON" not in sentence
    assert "multipart/form-data" in sentence


def test_the_published_phrases_begin_the_french_sentences():
    words = catalogue("fr")

    assert describe(errors.MissingKey(), words) == "Clé API manquante (header X-API-Key absent)"
    for kind in (errors.InvalidKey, errors.RevokedKey, errors.ExpiredKey, errors.SuspendedKey):
        assert describe(kind(), words).startswith("Clé API invalide ou révoquée")
    unavailable = describe(errors.StoreUnavailable("x"), words)
    assert unavailable.startswith("Service non configuré (KV indisponible)")


@pytest.mark.parametrize(
    ("total", "end"), [(1, "obligatoire absent"), (2, " (et 1 autre)"), (5, " (et 4 autres)")]
)
def test_an_invalid_request_names_the_first_fault_and_counts_the_others(total, end):
    fault = Fault("missing", ("evenement", "occurrences", 2, "dateFin"), "missing")

    sentence = describe(InvalidRequest([fault], total), catalogue("fr"))

    assert sentence.startswith(
        "Champ manquant ou incorrect : evenement.occurrences[2].dateFin, champ"
    )
    assert sentence.endswith(end)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "fr"), ("fr", "fr"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("de", "fr"), ("*", "fr"),
        ("fr;q=0.5, en;q=0.9", "en"), ("en;q=0.5, fr;q=0.9", "fr"), ("fr, en", "fr"), ("en, fr", "en"),
        ("de, en;q=0.5", "en"), ("en;q=0", "fr"), ("nonsense;;;", "fr"), ("en," * 400, "fr"),
        ("*, fr;q=0.1", "en"), ("fr;q=0, *", "en"), ("*;q=0.5, en;q=0", "fr"), ("en;q=0, fr;q=0", "fr"),
        ("en;q=1.5", "fr"), ("en, *", "en"), ("de, *;q=0.1", "fr"),
    ],
)  # fmt: skip
def test_english_is_answered_only_to_who_prefers_it_to_french(header, language):
    assert negotiate(header) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_has_a_help_text(language):
    helps = catalogue(language).entry("settings.help")

    assert {row.name for row in TABLE} == set(helps)


@pytest.mark.parametrize(
    "part", ["cli", "keys", "operations", "settings", "spreadsheet", "trouble"]
)
def test_french_in_a_terminal_breaks_no_line_before_its_punctuation(part):
    torn = re.compile(r" [:;?!»](?=\s|$)|« ")

    assert not [one for one in sentences(catalogue("fr").entry(part)).values() if torn.search(one)]
