"""`icsmulti keys`, as an operator runs it: a process of its own, on a real SQLite store."""

import asyncio
import json
import os
import re
import shlex
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from icsmulti.cli_keys import keys
from icsmulti.errors import StoreConflict, StoreUnavailable
from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.keys.key import KEY_PATTERN, new_account_id, new_key, read_key
from icsmulti.keys.sqlite import SqliteStore
from icsmulti.locales import catalogue

COMMANDS = (
    *("create", "list", "show", "rotate", "revoke", "suspend"),
    *("resume", "limit", "backup", "export", "import"),
)


class Operator:
    """Types commands; knows the store by its address."""

    def __init__(self, folder):
        self.address = f"sqlite://{folder}/keys.db"
        self.said = ""

    def run(self, *words, typed="", language="fr_FR.UTF-8", **environment):
        """A process of its own, as in a terminal: half a second."""
        done = subprocess.run(
            [sys.executable, "-c", "from icsmulti.cli import main; main()", "keys", *words],
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONIOENCODING": "utf-8",
                "LANG": language,
                "ICSMULTI_STORE": self.address,
                **environment,
            },
        )
        self.said += done.stderr
        return done

    def type(self, *words, typed="", **environment):
        """As `run`, in this process: for what one command alone says and does."""
        given = {"ICSMULTI_STORE": self.address, "LC_ALL": "fr_FR.UTF-8", **environment}
        done = CliRunner(env=given).invoke(
            keys, words, typed, prog_name="icsmulti keys", catch_exceptions=False
        )
        self.said += done.stderr
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    def key(self, *words):
        done = self.type("create", "--label", "Mairie", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def shown(self, key):
        return json.loads(self.type("show", public(key), "--json").stdout)

    def ask(self, use):
        """What *use* gets of the store itself, opened as a server opens it."""

        async def asking():
            store = open_store(self.address, Limits(60, 10_000), patience=PATIENT)
            await store.open()
            try:
                return await use(store)
            finally:
                await store.close()

        return asyncio.run(asking())

    def admit(self, key):
        presented = read_key(key)
        return self.ask(lambda store: store.admit(presented.id, presented.digest, time.time()))


@pytest.fixture
def operator(tmp_path):
    return Operator(tmp_path)


def public(key):
    return key[5:15]


def test_a_new_key_is_alone_on_standard_output_and_works(operator):
    done = operator.run("create", "--label", "Mairie de Sète")

    assert done.returncode == 0
    assert re.fullmatch(KEY_PATTERN + "\n", done.stdout)
    assert operator.admit(done.stdout.strip()).key.label == "Mairie de Sète"
    assert public(done.stdout) in done.stderr
    assert not re.search(KEY_PATTERN, done.stderr)


@pytest.mark.parametrize("name", ["account", "key"])
def test_a_key_can_join_an_account_named_by_itself_or_by_a_key(operator, name):
    first = operator.key()
    second = operator.key("--account", public(first)[:6] if name == "account" else public(first))

    assert operator.admit(first).account == operator.admit(second).account


def test_a_last_day_is_included_in_utc(operator):
    key = operator.key("--expires", "2099-06-30")

    assert operator.shown(key)["expireLe"] == "2099-07-01T00:00:00Z"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2099-06-30T18:00+02:00", "2099-06-30T16:00:00Z"),
        ("2099-06-30T18:00", "2099-06-30T18:00:00Z"),
    ],
)
def test_an_instant_of_expiry_is_exact(operator, typed, kept):
    assert operator.shown(operator.key("--expires", typed))["expireLe"] == kept


@pytest.mark.parametrize(
    "words",
    [
        ["create"],
        ["create", "--label", ""],
        ["create", "--label", "x" * 101],
        ["create", "--label", "x", "--account", "abc"],
        ["create", "--label", "x", "--expires", "demain"],
        ["create", "--label", "x", "--expires", "2020-01-01"],
        ["create", "--label", "x", "--expires", "9999-12-31"],
        ["show"],
        ["show", "short"],
        ["revoke", "é" * 10],
        ["rotate", "aaaaaabbbb", "--overlap", "2h"],
        ["limit", "aaaaaa"],
        ["limit", "aaaaaa", "--per-minute", "-1"],
        ["limit", "aaaaaa", "--per-day", "1.5"],
        ["limit", "aaaaaa", "--per-day", "1000000001"],
        ["nothing"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_a_sentence(operator, words):
    done = operator.type(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip()


@pytest.mark.parametrize("command", ["show", "rotate", "revoke", "suspend", "resume", "limit"])
def test_a_whole_key_given_for_its_id_is_refused_and_not_repeated(operator, command):
    key, _ = new_key(new_account_id())
    done = operator.type(command, key)

    assert done.returncode == 2
    assert public(key) in done.stderr or command == "limit"
    assert not re.search(KEY_PATTERN, done.stdout + done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        *(["show"], ["rotate"], ["revoke"], ["suspend"], ["resume"]),
        ["limit", "--per-day", "5"],
        ["create", "--label", "x", "--account"],
    ],
    ids=lambda words: words[0],
)
def test_what_is_not_there_ends_with_1_and_one_line_that_says_what_to_do(operator, words):
    done = operator.type(*words, "aaaaaabbbb")

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "aaaaaa" in done.stderr
    assert "icsmulti keys list" in done.stderr


def test_a_store_that_cannot_be_reached_ends_with_1_and_names_the_setting(operator):
    operator.address = "redis://somebody:hunter2@127.0.0.1:1"
    done = operator.run("list")

    assert (done.returncode, done.stdout) == (1, "")
    assert "ICSMULTI_STORE" in done.stderr
    assert "redis://somebody:…@127.0.0.1:1" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_command_waits_for_whoever_keeps_the_store_locked(operator, tmp_path):
    operator.key()
    other = apsw.Connection(str(tmp_path / "keys.db"))
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(3, other.execute, ["ROLLBACK"])
    ending.start()

    done = operator.type("create", "--label", "Mairie")

    ending.join()
    other.close()
    assert done.returncode == 0, done.stderr


def test_a_command_beside_a_server_that_is_slow_to_make_the_store_makes_it(operator):
    async def serve():
        server = open_store(operator.address, Limits(60, 10_000))

        async def too_slow(job):
            raise StoreUnavailable("the disk is too slow")

        server._writer.run = too_slow
        await server.open()
        made = await asyncio.to_thread(operator.run, "create", "--label", "Mairie")
        await server.close()
        return made

    made = asyncio.run(serve())

    assert made.returncode == 0, made.stderr


def test_a_wrong_setting_ends_with_1_and_names_it(operator):
    done = operator.run("list", ICSMULTI_PORT="eighty")

    assert (done.returncode, done.stdout) == (1, "")
    assert "ICSMULTI_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_store_lists_nothing_and_says_how_to_begin(operator):
    done = operator.type("list")

    assert (done.returncode, done.stdout) == (0, "")
    assert "icsmulti keys create" in done.stderr
    assert json.loads(operator.type("list", "--json").stdout) == []


def test_the_list_has_a_row_for_each_key_that_no_pipe_cuts(operator):
    made = [operator.key() for _ in range(2)]
    operator.run("create", "--label", "x" * 100)
    listed = operator.run("list").stdout

    assert all(public(key) in listed for key in made)
    assert "x" * 100 in listed
    assert not re.search(KEY_PATTERN, listed)


def test_a_label_is_never_read_as_markup(operator):
    operator.type("create", "--label", "[red]Sète[/red] [link=x]")

    assert "[red]Sète[/red] [link=x]" in operator.type("list").stdout


def test_the_list_for_programs_has_every_key_with_its_state_and_use(operator):
    key = operator.key()
    operator.admit(key)
    (told,) = json.loads(operator.type("list", "--json").stdout)

    assert told["id"] == public(key)
    assert told["compte"] == public(key)[:6]
    assert (told["libelle"], told["etat"]) == ("Mairie", "active")
    assert told["usage"]["jour"] == 1
    assert told["limitesPropres"] == {"parMinute": None, "parJour": None}
    assert told["derniereUtilisation"]


def test_a_key_is_shown_with_its_use_day_by_day(operator):
    key = operator.key()
    operator.admit(key)

    assert list(operator.shown(key)["usage"]["parJour"].values()) == [1]
    card = operator.type("show", public(key)).stdout
    assert public(key) in card
    assert datetime.now(UTC).strftime("%Y-") in card


def test_rotating_prints_the_successor_alone_and_keeps_the_old_one_for_a_while(operator):
    old = operator.key()
    done = operator.type("rotate", public(old), "--overlap", "1h")
    new = done.stdout.strip()

    assert done.returncode == 0
    assert re.fullmatch(KEY_PATTERN, new)
    assert operator.admit(old).account == operator.admit(new).account
    ends = datetime.fromisoformat(operator.shown(old)["expireLe"])
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)
    assert public(old) in done.stderr


def test_an_account_with_two_valid_keys_is_told_what_to_do(operator):
    old = operator.key()
    operator.type("rotate", public(old))
    done = operator.type("rotate", public(old))

    assert (done.returncode, done.stdout) == (1, "")
    assert "icsmulti keys revoke" in done.stderr


def test_a_key_that_has_ended_is_not_rotated(operator):
    key = operator.key()
    operator.type("revoke", public(key))
    done = operator.type("rotate", public(key))

    assert (done.returncode, done.stdout) == (1, "")
    assert f"--account {public(key)[:6]}" in done.stderr


@pytest.mark.parametrize(
    ("command", "state"), [("revoke", "revoked"), ("suspend", "suspended"), ("resume", "active")]
)
def test_a_command_changes_the_state_of_a_key(operator, command, state):
    key = operator.key()
    if command == "resume":
        operator.type("suspend", public(key))
    done = operator.type(command, public(key))

    assert (done.returncode, done.stdout) == (0, "")
    assert operator.shown(key)["etat"] == state


def test_resuming_does_not_bring_back_what_was_revoked(operator):
    key = operator.key()
    operator.type("revoke", public(key))
    done = operator.type("resume", public(key))

    assert operator.shown(key)["etat"] == "revoked"
    assert "révoquée" in done.stderr


@pytest.mark.parametrize("name", ["account", "key"])
def test_limits_are_the_accounts_and_what_is_not_given_does_not_change(operator, name):
    key = operator.key()
    account = public(key)[:6] if name == "account" else public(key)

    def limits(*words):
        assert operator.type("limit", account, *words).returncode == 0
        return operator.shown(key)["limitesPropres"]

    assert limits("--per-minute", "600") == {"parMinute": 600, "parJour": None}
    assert limits("--per-day", "0") == {"parMinute": 600, "parJour": 0}
    assert limits("--per-minute", "default") == {"parMinute": None, "parJour": 0}


def test_a_backup_is_a_whole_store_of_its_own_that_only_its_owner_reads(operator, tmp_path):
    key = operator.key()
    copy = tmp_path / "copy.db"
    done = operator.type("backup", str(copy))

    assert (done.returncode, done.stdout) == (0, "")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
    operator.address = f"sqlite://{copy}"
    assert operator.admit(key).key.id == public(key)


def test_a_backup_replaces_no_file(operator, tmp_path):
    file = tmp_path / "precious"
    file.write_text("mine")
    done = operator.type("backup", str(file))

    assert done.returncode == 2
    assert file.read_text() == "mine"


def test_a_backup_where_nobody_may_look_is_no_traceback(operator, tmp_path):
    operator.key()
    done = operator.type("backup", str(tmp_path / ("x" * 300) / "copy.db"))

    assert (done.returncode, done.stdout) == (1, "")


def test_a_backup_that_cannot_be_written_ends_with_1_and_says_where(operator, tmp_path):
    done = operator.type("backup", str(tmp_path / "no" / "such" / "copy.db"))

    assert (done.returncode, done.stdout) == (1, "")
    assert "copy.db" in done.stderr


def test_only_sqlite_is_backed_up_here(operator):
    operator.address = "redis://127.0.0.1:1"
    done = operator.type("backup", "copy.db")

    assert (done.returncode, done.stdout) == (1, "")
    assert "icsmulti keys export" in done.stderr


def test_an_export_imported_elsewhere_is_the_same_store(operator, tmp_path):
    key, revoked = operator.key(), operator.key("--expires", "2099-01-01")
    operator.run("revoke", public(revoked))
    operator.run("limit", public(key), "--per-day", "7")
    operator.admit(key)
    exported = operator.run("export")
    other = Operator(tmp_path / "other")
    imported = other.run("import", typed=exported.stdout)

    assert (exported.returncode, imported.returncode) == (0, 0)
    assert "UID" in exported.stderr
    assert not re.search(KEY_PATTERN, exported.stdout)
    assert other.run("list", "--json").stdout == operator.run("list", "--json").stdout
    assert sorted(other.run("export").stdout.splitlines()) == sorted(exported.stdout.splitlines())
    assert other.admit(key).account.uid_secret == operator.admit(key).account.uid_secret


def test_importing_twice_changes_nothing(operator):
    operator.key()
    exported = operator.type("export").stdout
    done = operator.type("import", typed=exported)

    assert done.returncode == 0
    assert done.stderr.startswith("0 enregistrement ajouté")
    assert operator.type("export").stdout == exported


def test_an_import_that_differs_stops_and_names_the_record(operator):
    key = operator.key()
    exported = operator.type("export").stdout.replace("Mairie", "Autre")
    done = operator.type("import", typed=exported)

    assert (done.returncode, done.stdout) == (1, "")
    assert public(key) in done.stderr
    assert operator.shown(key)["libelle"] == "Mairie"


@pytest.mark.parametrize("line", ["{", "[]", "5", '"x"', "\\", "[" * 100_000])
def test_an_import_of_what_is_no_record_names_the_line(operator, line):
    operator.key()
    exported = operator.type("export").stdout
    done = operator.type("import", typed=f"{exported}\n{line}\n")

    assert (done.returncode, done.stdout) == (1, "")
    assert str(len(exported.splitlines()) + 2) in done.stderr
    assert "Traceback" not in done.stderr


def test_an_import_of_an_unknown_record_is_refused(operator):
    done = operator.type("import", typed='{"type": "invoice", "id": "x"}\n')

    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_an_import_into_a_store_that_could_lose_it_names_the_setting(operator, monkeypatch):
    async def refuse(store, records):
        raise StoreConflict("not-durable", setting="appendfsync always")

    operator.key()
    monkeypatch.setattr(SqliteStore, "import_", refuse)
    done = operator.type("import", typed=operator.type("export").stdout)

    assert (done.returncode, done.stdout) == (1, "")
    assert "appendfsync always" in done.stderr


def test_commands_work_while_a_server_holds_the_store(operator):
    async def serve(store):
        made = await asyncio.to_thread(operator.run, "create", "--label", "Mairie")
        key = made.stdout.strip()
        presented = read_key(key)
        await store.admit(presented.id, presented.digest, time.time())
        await asyncio.to_thread(operator.run, "suspend", public(key))
        try:
            await store.admit(presented.id, presented.digest, time.time())
        except Exception as refusal:
            return type(refusal).__name__
        return "admitted"

    assert operator.ask(serve) == "SuspendedKey"


@pytest.mark.parametrize("language", ["fr_FR.UTF-8", "en_GB.UTF-8"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_the_operators_language(operator, command, language):
    done = operator.run(command, "--help", language=language)
    sentences = catalogue(language[:2]).entry(f"keys.cli.{command}.help").split("\n\n")

    assert done.returncode == 0
    assert " ".join(sentences[0].split()) in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("environment", "first_word"),
    [
        ({"language": ""}, "Créer"),
        ({"language": "C.UTF-8"}, "Créer"),
        ({"language": "en_US.UTF-8"}, "Create"),
        ({"language": "fr_FR.UTF-8", "LC_MESSAGES": "en_IE.UTF-8"}, "Create"),
        ({"language": "en_US.UTF-8", "LC_ALL": "fr_CA.UTF-8"}, "Créer"),
        ({"language": "de_DE.UTF-8"}, "Créer"),
    ],
)
def test_french_unless_the_locale_begins_with_en(operator, environment, first_word):
    assert first_word in operator.run("--help", **environment).stdout


CLICKS_OWN = (
    "Usage:|Options:|Commands:|Error|Missing|Invalid|No such|Try|Show this|unexpected|default:"
    "|required|requires|Did you mean|not one of"
)


@pytest.mark.parametrize(
    "words",
    [
        *([], ["--help"], ["shw"], ["list", "x"], ["list", "x", "y"], ["show"], ["show", "x"]),
        *(["create"], ["create", "--help"], ["list", "--jsn"], ["list", "--json=1"]),
        *(["rotate", "--help"], ["rotate", "aaaaaabbbb", "--overlap", "2"]),
        *(["limit", "aaaaaa", "--per-day"], ["limit", "aaaaaa", "--per"], ["limit", "aaaaaa"]),
    ],
    ids=" ".join,
)
def test_what_the_library_says_is_french_too(operator, words):
    done = operator.type(*words)

    assert done.stdout + done.stderr
    assert not re.search(CLICKS_OWN, done.stdout + done.stderr)


@pytest.mark.parametrize("language", ["fr_FR.UTF-8", "en_GB.UTF-8"])
def test_the_group_lists_every_command_with_a_whole_sentence(operator, language):
    helped = operator.run("--help", language=language).stdout
    listed = re.findall(r"^  ([a-z]+)  +\S.*\.$", helped, re.MULTILINE)

    assert listed == list(COMMANDS)
    assert "..." not in helped.partition("create")[2]


def test_every_documented_command_can_be_typed_and_every_command_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    table = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    documented = set()
    for typed in re.findall(r"icsmulti keys ([^`\\]+)", table):
        name, *words = shlex.split(typed)
        documented.add(name)
        keys.commands[name].make_context(name, words)

    assert documented == set(COMMANDS)


def test_no_key_is_ever_on_standard_error(operator):
    key = operator.key()
    operator.type("rotate", public(key))
    for words in (
        *(["show", key], ["show", public(key), key], [key], ["backup", f"/nowhere/{key[:20]}"]),
        *(
            ["create", "--label", "x", "--account", key],
            ["create", "--label", "x", "--expires", key],
        ),
        *(["limit", key[5:11], "--per-day", key], ["rotate", public(key), "--overlap", key]),
    ):
        assert operator.type(*words).returncode

    assert not re.search(KEY_PATTERN, operator.said)
