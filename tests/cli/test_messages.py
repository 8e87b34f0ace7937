"""What the commands say when something is wrong: whole, in one language, with a remedy that applies."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import CliRunner
from rich.console import Console

from icsmulti.cli import main
from icsmulti.cli_tables import table_of
from icsmulti.keys import Account, Entry, KeyRecord, Limits

EXAMPLE = Path(__file__).parents[1] / "example.json"


class Person:
    """Types commands in this process, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def types(self, *words: object, typed: str = "", **environment: str) -> CompletedProcess[str]:
        given = {"XDG_DATA_HOME": str(self.home), "LC_ALL": "fr_FR.UTF-8", **environment}
        arguments = [str(word) for word in words]
        done = CliRunner(env=given).invoke(
            main, arguments, typed, prog_name="icsmulti", catch_exceptions=False
        )
        return CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


def test_where_the_service_cannot_run_it_says_what_can(person, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")

    done = person.types("serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert "icsmulti generate" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["serve"], ["check"], ["keys", "list"]], ids=" ".join)
def test_every_wrong_setting_has_its_line(person, command):
    done = person.types(*command, ICSMULTI_PORT="99999", ICSMULTI_WORKERS="x")

    assert (done.returncode, done.stdout) == (1, "")
    assert re.findall("ICSMULTI_[A-Z]+", done.stderr) == ["ICSMULTI_PORT", "ICSMULTI_WORKERS"]
    assert len(done.stderr.splitlines()) == 2


ENGLISH = re.compile(r"Errno|Error|No such|Connect|denied|directory")


@pytest.fixture
def bad_stores(tmp_path: Path) -> dict[str, Path]:
    """Files that cannot be a store."""
    (tmp_path / "list.json").write_text('{"a": 1}')
    (tmp_path / "folder").mkdir()
    return {
        "base SQLite": tmp_path / "list.json",
        "c’est un dossier": tmp_path / "folder",
        "pas un dossier": tmp_path / "list.json" / "keys.db",
    }


@pytest.mark.parametrize("cause", ["base SQLite", "c’est un dossier", "pas un dossier"])
@pytest.mark.parametrize(
    "command", [["check"], ["keys", "list"], ["generate", EXAMPLE, "--account", "aaaaaa"]], ids=str
)
def test_of_a_file_that_is_no_store_the_path_and_the_rights_are_to_be_looked_at(
    person, bad_stores, command, cause
):
    done = person.types(*command, ICSMULTI_STORE=f"sqlite://{bad_stores[cause]}", ICSMULTI_PORT="0")

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert cause in line
    assert "ICSMULTI_STORE" in line
    assert "service" not in line
    assert not ENGLISH.search(line)


@pytest.mark.parametrize("command", [["check"], ["keys", "list"]], ids=" ".join)
def test_of_a_server_that_refuses_the_service_is_to_be_looked_at(person, command):
    done = person.types(*command, ICSMULTI_STORE="redis://127.0.0.1:1", ICSMULTI_PORT="0")

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert "connexion refusée" in line
    assert "ce service tourne" in line
    assert not ENGLISH.search(line)


def test_a_check_makes_no_store_and_says_that_there_is_none_yet(person, tmp_path):
    file = tmp_path / "new" / "keys.db"
    done = person.types("check", ICSMULTI_STORE=f"sqlite://{file}", ICSMULTI_PORT="0")

    assert (done.returncode, done.stderr) == (0, "")
    assert "n’existe pas encore" in done.stdout
    assert not file.parent.exists()


def test_a_check_beside_a_store_adds_no_file_to_it(person, tmp_path):
    store = {"ICSMULTI_STORE": f"sqlite://{tmp_path}/keys.db", "ICSMULTI_PORT": "0"}
    person.types("keys", "list", **store)
    (tmp_path / "keys.db-counters").unlink()
    before = sorted(tmp_path.iterdir())

    assert person.types("check", **store).returncode == 0
    assert sorted(tmp_path.iterdir()) == before


def test_an_accounts_calendar_makes_no_store(person, tmp_path):
    done = person.types(
        "generate", EXAMPLE, "--account", "aaaaaa", ICSMULTI_STORE=f"sqlite://{tmp_path}/s/keys.db"
    )

    assert done.returncode == 1
    assert "n’existe pas encore" in done.stderr
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "/nowhere.json"],
        ["generate", EXAMPLE, "-o", "/nowhere/out.ics"],
        ["keys", "backup", "/nowhere/x"],
    ],
    ids=lambda words: str(words[-1]),
)
def test_what_the_system_says_is_said_in_french(person, words):
    done = person.types(*words)

    assert done.returncode == 1
    assert "n’existe pas" in done.stderr
    assert not ENGLISH.search(done.stderr)


def test_a_calendar_never_overwrites_its_own_list(person, tmp_path):
    file = tmp_path / "liste.json"
    file.write_bytes(EXAMPLE.read_bytes())
    done = person.types("generate", file, "-o", file)

    assert done.returncode == 2
    assert file.read_bytes() == EXAMPLE.read_bytes()


def test_a_wrong_epoch_is_asked_for_as_a_number(person):
    done = person.types("generate", EXAMPLE, SOURCE_DATE_EPOCH="abc")

    assert done.returncode == 2
    assert "1778580000" in done.stderr
    assert "T10:00" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "said"), [('\n{"type": "key"}\n', "Ligne 2"), ("", "l’export a sans doute échoué")]
)
def test_an_import_says_what_is_wrong_with_what_it_was_given(person, typed, said):
    done = person.types("keys", "import", typed=typed)

    assert done.returncode == 1
    assert said in done.stderr


def test_a_terminal_without_accents_gets_no_traceback(person, tmp_path):
    store = {"ICSMULTI_STORE": f"sqlite://{tmp_path}/keys.db", "LC_ALL": "fr_FR.UTF-8"}
    person.types("keys", "create", "--label", "Été", **store)
    environment = os.environ | store | {"PYTHONIOENCODING": "ascii"}
    run = [sys.executable, "-m", "icsmulti", "keys"]

    listed = subprocess.run([*run, "list"], env=environment, capture_output=True, check=True)
    exported = subprocess.run([*run, "export"], env=environment, capture_output=True, check=True)

    assert b"?t?" in listed.stdout
    assert "Été".encode() in exported.stdout  # for a program, and not to be lost


@pytest.mark.parametrize("width", [80, 120])
def test_a_list_of_keys_fits_the_terminal_with_nothing_cut(width):
    account = Account("aaaaaa", bytes(32), 0, Limits(None, 10_000))
    key = KeyRecord("aaaaaabbbb", bytes(32), "x" * 30 + " agenda de la mairie", 0, 4_000_000_000)
    used = replace(key, suspended_at=1, last_used_at=1_700_000_000)
    said = io.StringIO()
    Console(file=said, width=width).print(table_of([Entry(account, used, 12_345)], 1))

    lines = said.getvalue().splitlines()
    row = next(line for line in lines if "aaaaaabbbb" in line)
    assert "…" not in said.getvalue()
    assert max(map(len, lines)) <= width
    assert re.search(r"suspend\w+ +2096-10-02 +2023-11-14 +12345 / 10000", row)
    assert said.getvalue().count("x") == 30 + sum(line.count("x") for line in lines[:2])


@pytest.mark.parametrize("language", ["fr_FR.UTF-8", "en_GB.UTF-8"])
def test_every_summary_of_the_help_is_whole_and_in_one_language(language):
    done = subprocess.run(
        [sys.executable, "-m", "icsmulti", "--help"],
        env=os.environ | {"LC_ALL": language}, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip

    assert "..." not in done.stdout
    assert ("COMMANDE [ARGUMENTS]" in done.stdout) == language.startswith("fr")
