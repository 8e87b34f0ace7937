"""`icsmulti generate`: the API's bytes without key or server (contract.md §3)."""

import json
import os
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import icsmulti
from icsmulti import TZDATA_VERSION, settings

EXAMPLE = Path(__file__).parents[1] / "example.json"
INSTANT = "2026-11-22T12:00:00Z"


class Command:
    """`python -m icsmulti` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("ICSMULTI_", "LC_", "LANG"))
        }
        self.environment = kept | {"XDG_DATA_HOME": str(home), "LANG": "fr_FR.UTF-8"}

    def __call__(
        self, *arguments: object, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "icsmulti", *map(str, arguments)],
            input=stdin, capture_output=True, timeout=120, check=False, env=self.environment | environment,
        )  # fmt: skip


@pytest.fixture
def icsmulti_(tmp_path: Path) -> Command:
    return Command(tmp_path / "home")


def test_the_bytes_go_to_standard_output_and_nothing_else_does(icsmulti_):
    done = icsmulti_("generate", EXAMPLE, "--now", INSTANT)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"BEGIN:VCALENDAR\r\n")
    assert done.stdout.endswith(b"END:VCALENDAR\r\n")


def test_the_bytes_are_the_librarys_for_the_same_identity_and_instant(icsmulti_):
    done = icsmulti_("generate", EXAMPLE, "--now", INSTANT)

    secret = bytes.fromhex((icsmulti_.home / "icsmulti" / "identity").read_text())
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert done.stdout == icsmulti.generate(EXAMPLE.read_bytes(), uid_secret=secret, now=now).data


def test_the_local_identity_is_made_once_for_this_user_alone(icsmulti_):
    first, second = (icsmulti_("generate", EXAMPLE, "--now", INSTANT).stdout for _ in range(2))

    file = icsmulti_.home / "icsmulti" / "identity"
    assert first == second
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["identity"]


def test_a_broken_identity_is_an_error_and_not_replaced(icsmulti_):
    file = icsmulti_.home / "icsmulti" / "identity"
    file.parent.mkdir(parents=True)
    file.write_text("not hexadecimal")

    done = icsmulti_("generate", EXAMPLE)

    assert done.returncode == 1
    assert str(file) in done.stderr.decode()
    assert file.read_text() == "not hexadecimal"


def test_an_accounts_identity_gives_the_apis_uids(icsmulti_):
    store = {"ICSMULTI_STORE": f"sqlite://{icsmulti_.home}/keys.db"}
    key = icsmulti_("keys", "create", "--label", "x", **store).stdout.decode().strip()

    one, two = (
        icsmulti_("generate", EXAMPLE, "--now", INSTANT, "--account", key[5:11], **store).stdout
        for _ in range(2)
    )

    assert one == two
    assert one != icsmulti_("generate", EXAMPLE, "--now", INSTANT).stdout


def test_an_unknown_account_is_an_error(icsmulti_):
    icsmulti_("keys", "list")
    done = icsmulti_("generate", EXAMPLE, "--account", "nobody")

    assert (done.returncode, done.stdout) == (1, b"")
    assert "nobody" in done.stderr.decode()


def test_standard_input_is_read_for_a_dash(icsmulti_):
    done = icsmulti_("generate", "-", "--now", INSTANT, stdin=EXAMPLE.read_bytes())

    assert done.stdout == icsmulti_("generate", EXAMPLE, "--now", INSTANT).stdout


def test_a_file_is_written_whole(icsmulti_, tmp_path):
    out = tmp_path / "out.ics"
    out.write_text("old")

    done = icsmulti_("generate", EXAMPLE, "-o", out)

    assert (done.returncode, done.stdout) == (0, b"")
    assert out.read_bytes().endswith(b"END:VCALENDAR\r\n")
    assert not list(tmp_path.glob("*.tmp"))


def test_a_file_takes_nothing_else_away(icsmulti_, tmp_path):
    neighbour, real, link = (tmp_path / name for name in ("out.ics.tmp", "real.ics", "out.ics"))
    neighbour.write_text("mine")
    real.write_text("old")
    link.symlink_to(real)

    assert icsmulti_("generate", EXAMPLE, "-o", link).returncode == 0
    assert neighbour.read_text() == "mine"
    assert link.is_symlink()
    assert real.read_bytes().endswith(b"END:VCALENDAR\r\n")


@pytest.mark.parametrize("output", ["-", "/dev/stdout"])
def test_standard_output_can_be_named(icsmulti_, tmp_path, output):
    done = icsmulti_("generate", EXAMPLE, "-o", output, "--now", INSTANT)

    assert done.stdout == icsmulti_("generate", EXAMPLE, "--now", INSTANT).stdout


def test_a_pipe_is_written_to_and_stays_one(icsmulti_, tmp_path):
    pipe = tmp_path / "out"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    assert icsmulti_("generate", EXAMPLE, "-o", pipe).returncode == 0
    assert os.read(end, 65_536).endswith(b"END:VCALENDAR\r\n")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    os.close(end)


def test_a_folder_for_the_output_is_told_in_the_catalogues_words(icsmulti_, tmp_path):
    done = icsmulti_("generate", EXAMPLE, "-o", tmp_path)

    assert done.returncode == 2
    assert "est un dossier" in done.stderr.decode()


def test_an_output_that_may_not_be_looked_at_is_one_line(icsmulti_, tmp_path):
    done = icsmulti_("generate", EXAMPLE, "-o", tmp_path / ("x" * 300) / "out.ics")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_faults_leave_the_old_file_alone(icsmulti_, tmp_path):
    out = tmp_path / "out.ics"
    out.write_text("old")

    assert icsmulti_("generate", "-", "-o", out, stdin=b"{}").returncode == 1
    assert out.read_text() == "old"


def test_every_fault_is_on_its_own_line(icsmulti_):
    bad = {"evenement": {"occurrences": [{"id": str(i)} for i in range(20)]}}

    done = icsmulti_("generate", "-", stdin=json.dumps(bad).encode())

    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert len(lines) == 60
    assert lines[0] == "evenement.occurrences[0].titre\u00a0: champ obligatoire absent"


def test_faults_are_in_english_in_an_english_locale(icsmulti_):
    done = icsmulti_("generate", "-", stdin=b"{}", LC_ALL="en_GB.UTF-8")

    assert done.stderr.decode() == "evenement: required field missing\n"


@pytest.mark.parametrize("stdin", [b"", b"{", b"[1"])
def test_what_is_not_json_is_one_line(icsmulti_, stdin):
    done = icsmulti_("generate", "-", stdin=stdin)

    assert done.returncode == 1
    assert done.stderr.decode().startswith("Corps JSON invalide : ")
    assert len(done.stderr.decode().splitlines()) == 1


def test_source_date_epoch_is_the_instant(icsmulti_):
    done = icsmulti_("generate", EXAMPLE, SOURCE_DATE_EPOCH="0")

    assert b"DTSTAMP:19700101T000000Z\r\n" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("--now", "yesterday"), ("--fuseau", "Asia/Tokyo"), ("--nonsense",)]
)
def test_wrong_usage_is_status_2(icsmulti_, arguments):
    assert icsmulti_("generate", EXAMPLE, *arguments).returncode == 2


def test_a_file_that_is_not_there_is_an_error(icsmulti_):
    done = icsmulti_("generate", "nowhere.json")

    assert done.returncode == 1
    assert "nowhere.json" in done.stderr.decode()


def test_a_list_is_read_as_the_form_reads_it(icsmulti_, tmp_path):
    file = tmp_path / "liste.csv"
    file.write_bytes(
        "Titre;Date;Horaire;Lieu\nRépétition;14/07/2026;19h30-21h;Salle A\n".encode("cp1252")
    )

    done = icsmulti_("generate", file)

    lines = done.stdout.decode().split("\r\n")
    assert "SUMMARY:Répétition" in lines
    assert "DTSTART;TZID=Europe/Paris:20260714T193000" in lines
    assert "DTEND;TZID=Europe/Paris:20260714T210000" in lines


def test_a_list_read_again_has_the_same_uids(icsmulti_, tmp_path):
    file = tmp_path / "liste.csv"
    file.write_text("Titre;Date\nUne;14/07/2026\nDeux;15/07/2026\n")
    uids = [
        {
            line
            for line in icsmulti_("generate", file).stdout.split(b"\r\n")
            if line.startswith(b"UID")
        }
        for _ in range(2)
    ]

    assert uids[0] == uids[1]
    assert len(uids[0]) == 2


def test_a_lists_zone_can_be_said(icsmulti_):
    done = icsmulti_(
        "generate", "-", "--fuseau", "Asia/Tokyo", stdin=b"titre;date;heure\nA;14/07/2026;10h\n"
    )

    assert b"DTSTART;TZID=Asia/Tokyo:20260714T100000\r\n" in done.stdout


def test_an_order_that_nothing_settles_is_asked_for(icsmulti_):
    table = b"Title,Date\nA,05/06/2026\n"

    asked = icsmulti_("generate", "-", stdin=table)
    told = icsmulti_("generate", "-", "--order", "mdy", stdin=table)

    assert asked.returncode == 1
    assert "--order" in asked.stderr.decode()
    assert b"DTSTART;VALUE=DATE:20260506\r\n" in told.stdout


def test_faults_of_a_list_name_the_row(icsmulti_):
    done = icsmulti_("generate", "-", stdin=b"Titre;Date\nA;14/07/2026\nB;31/02/2026\n")

    assert done.returncode == 1
    assert "3" in done.stderr.decode()


def test_what_the_engine_refuses_of_a_list_names_the_row_and_the_column(icsmulti_):
    table = f"Titre;Date;Lieu\n\nA;14/07/2026;\n{'B' * 1001};15/07/2026;{'x' * 2001}\n"

    done = icsmulti_("generate", "-", "--fuseau", "Paris", stdin=table.encode())

    assert done.returncode == 1
    *_, title, place, zone = done.stderr.decode().splitlines()
    assert zone.startswith("--fuseau\u00a0: ")
    assert title.startswith("Ligne 4, «\u00a0Titre\u00a0»\u00a0: ")
    assert place.startswith("Ligne 4, «\u00a0Lieu\u00a0»\u00a0: ")


def test_a_warning_about_a_list_names_the_row_that_has_no_such_column(icsmulti_):
    table = b"Titre;Date;Heure\nA;14/07/2026;10h\nB;25/10/2026;2h30\n"

    done = icsmulti_("generate", "-", "--warnings", stdin=table)

    assert "occurrences[" not in done.stderr.decode()
    assert "Ligne 3, «\u00a0Date\u00a0»\u00a0: " in done.stderr.decode()


def test_columns_of_a_list_that_are_not_read_are_named(icsmulti_):
    done = icsmulti_("generate", "-", stdin=b"Titre;Date;Prix;Arbitre\nA;14/07/2026;5;B\n")

    assert done.returncode == 0
    assert "Colonnes non lues\u00a0: Prix, Arbitre." in done.stderr.decode()


def test_the_table_that_help_shows_is_read_whole(icsmulti_):
    for locale in ("fr_FR.UTF-8", "en_GB.UTF-8"):
        said = icsmulti_("generate", "--help", LANG=locale).stdout.decode()
        table = re.findall(r"^ {4}(\S.*[;,].*)$", said.split("Options")[0], re.MULTILINE)

        done = icsmulti_("generate", "-", stdin="\n".join(table).encode(), LANG=locale)

        assert (done.returncode, done.stderr) == (0, b"")
        for line in (b"DTSTART;TZID=Europe/Paris:20260714T193000", b"LOCATION:"):
            assert line in done.stdout


def test_the_help_of_serve_lists_every_setting_with_its_default(icsmulti_):
    said = icsmulti_("serve", "--help").stdout.decode()

    assert all("ICSMULTI_" + row.name in said for row in settings.TABLE)
    assert "[par défaut\u00a0: 127.0.0.1]" in said


def test_the_version_names_tzdatas(icsmulti_):
    said = icsmulti_("--version").stdout.decode()

    assert said == f"icsmulti {icsmulti.__version__} (tzdata {TZDATA_VERSION})\n"


def test_the_library_takes_bytes_text_and_values_alike():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    raw = EXAMPLE.read_bytes()

    made = {
        icsmulti.generate(request, uid_secret=bytes(32), now=now).data
        for request in (raw, raw.decode(), json.loads(raw))
    }

    assert len(made) == 1


def test_a_fault_of_the_whole_request_is_named_in_the_librarys_error():
    with pytest.raises(icsmulti.InvalidRequest) as refused:
        icsmulti.generate(b"[]", uid_secret=bytes(32), now=datetime.now(UTC))

    assert str(refused.value) == "1 fault(s): JSON: type-object"


def test_the_library_refuses_a_naive_instant():
    with pytest.raises(ValueError, match="aware"):
        icsmulti.generate(b"{}", uid_secret=bytes(32), now=datetime(2026, 1, 1))


def test_every_public_name_exists():
    for name in icsmulti.__all__:
        assert hasattr(icsmulti, name)


@pytest.mark.parametrize("as_text", [True, False])
def test_the_library_names_the_member_that_holds_half_a_character(as_text):
    request = json.loads(EXAMPLE.read_bytes())
    request["evenement"]["occurrences"][0]["titre"] = "a\ud800"

    with pytest.raises(icsmulti.InvalidRequest) as caught:
        icsmulti.generate(
            json.dumps(request) if as_text else request,
            uid_secret=bytes(32),
            now=datetime.now(UTC),
        )

    [fault] = caught.value.faults
    assert (fault.code, fault.dotted) == ("invalid-text", "evenement.occurrences[0].titre")
