"""Every example in the docs runs: the commands of both READMEs, in a fresh copy of the project."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import icalendar
import pytest

from icsmulti import errors
from icsmulti.web.problems import STATUS

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.fr.md")
PATIENCE_S = 900


def blocks(file: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", file.read_text("utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as git would give it to somebody else, in an empty folder."""
    folder = tmp_path_factory.mktemp("fresh")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def environment(data: Path) -> dict[str, str]:
    """As a newcomer has it; the server takes a free port, and keeps its data in a folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ICSMULTI_", "VIRTUAL"))}
    # A package index may be slow to answer, or not answer at once.
    patient = {"PIP_RETRIES": "10", "PIP_DEFAULT_TIMEOUT": "60"}
    return patient | kept | {"ICSMULTI_PORT": "0", "XDG_DATA_HOME": str(data)}


@contextmanager
def served(folder: Path, command: str, environment: dict[str, str]) -> Iterator[int]:
    """Run the command until its server answers; the port on which it does."""
    said = Path(environment["XDG_DATA_HOME"]) / "said"
    with said.open("wb") as out:
        process = _started(folder, command, environment, out)
    deadline, attempts = time.monotonic() + PATIENCE_S, 1
    try:
        while not (port := _port_that_answers(said)):
            if process.poll() is not None:
                # Before anything is installed there is a package index to blame: once more.
                assert attempts < 3, said.read_text()
                assert not (folder / ".venv" / ".serve").exists(), said.read_text()
                attempts += 1
                with said.open("ab") as out:
                    process = _started(folder, command, environment, out)
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        yield port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _started(
    folder: Path, command: str, environment: dict[str, str], out: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-c", command], cwd=folder, env=environment, stderr=out, start_new_session=True
    )


def _port_that_answers(said: Path) -> int:
    """The port that a server says it has, once it is ready there; 0 before."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)", said.read_text("utf-8", "replace"))
    if not found:
        return 0
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/readyz", timeout=30).close()
    except OSError:
        return 0
    return int(found[1])


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_commands_work_as_printed(readme, fresh, tmp_path):
    serve, _, use, generate = blocks(fresh / readme, "sh")  # the other one is `make test`
    here = environment(tmp_path)

    def run(command: str) -> None:
        subprocess.run(["sh", "-ec", command], cwd=fresh, env=here, check=True, timeout=300)

    with served(fresh, serve, here) as port:
        run(use.replace("8000", str(port)))
    through_api = (fresh / "reunion.ics").read_bytes()
    run(generate)
    through_cli = (fresh / "reunion.ics").read_bytes()

    for data in (through_api, through_cli):
        event = icalendar.Calendar.from_ical(data).events[0]
        assert event["SUMMARY"] == "Réunion hebdomadaire"
        assert event["DTSTART"].dt.isoformat() == "2026-05-12T12:00:00+02:00"


def test_the_command_that_serve_prints_makes_a_key_for_that_server(fresh, tmp_path):
    here = environment(tmp_path)
    store = {"ICSMULTI_STORE": f"sqlite://{tmp_path}/of this server.db"}

    with served(fresh, "make serve", here | store) as port:
        command = (tmp_path / "said").read_text("utf-8").splitlines()[-1].split(":", 1)[1].strip()
        key = subprocess.check_output(["sh", "-ec", command], cwd=fresh, env=here, text=True)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/key", headers={"X-API-Key": key.strip()}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


def test_a_second_start_installs_nothing(fresh, tmp_path):
    with served(fresh, "make serve", environment(tmp_path)):
        pass  # whatever was to be installed is
    installed = (fresh / ".venv" / ".serve").stat().st_mtime_ns

    # Nothing could be: there is no index to install from.
    with served(fresh, "make serve", environment(tmp_path) | {"PIP_NO_INDEX": "1"}):
        assert "Installing" not in (tmp_path / "said").read_text("utf-8")

    assert (fresh / ".venv" / ".serve").stat().st_mtime_ns == installed


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_python_runs(readme, tmp_path):
    for code in blocks(ROOT / readme, "python"):
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=300)

    assert (tmp_path / "repetition.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_both_readmes_show_the_same_commands_and_code():
    english, french = [
        [
            block.replace("--label essai", "--label test")
            for block in blocks(ROOT / r, "(?:sh|python)")
        ]
        for r in READMES
    ]

    assert english == french


@pytest.mark.parametrize(
    "target", ["serve", "test", "test-long", "check", "bench", "mutants", "audit", "sbom"]
)
def test_every_command_that_the_docs_name_is_a_target(target):
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


def markdown() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", markdown(), ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", markdown(), ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page):
    for name in re.findall(r"`(tests/[^`]+)`", page.read_text("utf-8")):
        assert (ROOT / name).exists(), name


def test_the_api_page_lists_every_code_with_its_status():
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", page, re.M))

    assert rows == {kind.code: str(status) for kind, status in STATUS.items()}


def test_every_error_that_can_reach_http_has_a_status():
    kinds = {
        getattr(errors, name) for name in errors.__all__ if name not in ("Fault", "SettingsError")
    }
    concrete = {kind for kind in kinds if not kind.__subclasses__()} | {errors.IcsMultiError}

    assert set(STATUS) == concrete


def requests_and_lines() -> list[tuple[str, list[str]]]:
    """The rulings of docs/api.md: a request in JSON, and lines of the calendar it makes."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    pairs = re.findall(r"^```json\n(.*?)^```\n+```ics\n(.*?)^```", page, re.M | re.S)
    return [(request, lines.splitlines()) for request, lines in pairs]


@pytest.mark.parametrize(("request_", "lines"), requests_and_lines())
def test_the_examples_of_the_api_page_give_what_it_shows(request_, lines):
    from datetime import UTC, datetime

    import icsmulti

    made = icsmulti.generate(
        json.loads(request_), uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC)
    )

    written = made.data.decode().replace("\r\n ", "").split("\r\n")
    assert [line for line in lines if line not in written] == []
