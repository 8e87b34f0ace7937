"""The programs on the documentation page, copied from it and run, against the server that shows it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

Open = Callable[..., Page]
ReadsBack = Callable[[bytes], list[dict[str, Any]]]

RUNNERS = {
    "curl": ("sh", ".sh"),
    "python": (sys.executable, ".py"),
    "javascript": ("node", ".mjs"),
    "php": ("php", ".php"),
}


@pytest.fixture(scope="module")
def documented(start_site: Callable[..., Any]) -> Iterator[Any]:
    """A server that knows its own address, so that what it shows can be run unchanged."""
    port = port_of_our_own()
    with start_site(PORT=port, PUBLIC_URL=f"http://127.0.0.1:{port}") as site:
        yield site


def port_of_our_own() -> int:
    """A free port that is still free a moment later: the system gives none below 32768 to others."""
    for port in range(20_000 + os.getpid() % 10_000, 32_768):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def shown(page: Page, anchor: str) -> str:
    text: str = page.locator(f"#{anchor} ~ .snippet code").first.text_content() or ""
    return text


def run(
    program: str, ending: str, command: str, folder: Path, key: str = ""
) -> subprocess.CompletedProcess[str]:
    source = folder / f"program{ending}"
    source.write_text(program)
    return subprocess.run(
        [command, source.name],
        cwd=folder,
        env=os.environ | {"CLE": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """A folder with a list in it, as the programs expect one."""
    events = [
        {
            "id": str(n),
            "titre": f"Répétition {n}",
            "dateDebut": f"2026-10-0{n}T19:30",
            "dateFin": f"2026-10-0{n}T21:30",
        }
        for n in (1, 2, 3)
    ]
    (tmp_path / "liste.json").write_text(json.dumps({"evenement": {"occurrences": events}}))
    return tmp_path


@pytest.mark.parametrize("language", RUNNERS)
@pytest.mark.parametrize("path", ["/api-docs", "/en/api-docs"])
def test_each_program_runs_as_it_is_shown(
    path: str,
    language: str,
    documented: Any,
    open_page: Open,
    season: Path,
    reads_back: ReadsBack,
    need: Callable[[bool, str], None],
) -> None:
    command, ending = RUNNERS[language]
    need(shutil.which(command) is not None, f"no {command}")
    program = shown(open_page(documented.url + path), language)
    done = run(program, ending, command, season, documented.new_key())

    assert (done.returncode, done.stderr if language != "curl" else "") == (0, "")
    events = reads_back((season / "agenda.ics").read_bytes())
    assert [event["title"] for event in events] == ["Répétition 1", "Répétition 2", "Répétition 3"]


@pytest.mark.parametrize("language", [name for name in RUNNERS if name != "curl"])
def test_each_program_says_what_is_wrong_and_writes_no_file(
    language: str,
    documented: Any,
    open_page: Open,
    season: Path,
    need: Callable[[bool, str], None],
) -> None:
    command, ending = RUNNERS[language]
    need(shutil.which(command) is not None, f"no {command}")
    (season / "liste.json").write_text('{"evenement": {"occurrences": []}}')
    program = shown(open_page(documented.url + "/api-docs"), language)
    done = run(program, ending, command, season, documented.new_key())

    assert done.returncode != 0
    assert done.stderr.startswith("Champ manquant ou incorrect")
    assert not (season / "agenda.ics").exists()


def test_the_first_call_works_once_the_key_is_in_it(
    documented: Any, open_page: Open, tmp_path: Path, reads_back: ReadsBack
) -> None:
    program = shown(open_page(documented.url + "/api-docs"), "first-call")
    # Through a pipe: no test leaves a key in a file.
    subprocess.run(
        ["sh", "-e"],
        input=program.replace("icsm_…", documented.new_key()),
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=True,
    )

    events = reads_back((tmp_path / "reunion.ics").read_bytes())
    assert [event["title"] for event in events] == ["Réunion hebdomadaire"]


def test_the_library_example_runs(
    documented: Any, open_page: Open, season: Path, reads_back: ReadsBack
) -> None:
    program = shown(open_page(documented.url + "/api-docs"), "library")
    done = run(program, ".py", sys.executable, season)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(reads_back((season / "agenda.ics").read_bytes())) == 3


def test_the_command_line_example_runs(
    documented: Any, open_page: Open, season: Path, reads_back: ReadsBack
) -> None:
    (season / "liste.json").rename(season / "saison.json")
    (season / "saison.csv").write_text("titre;date;début;fin\nRépétition;14/07/2026;19h30;21h30\n")
    program = shown(open_page(documented.url + "/api-docs"), "command-line")
    path = f"PATH={Path(sys.executable).parent}:$PATH\nset -e\n"
    done = run(path + program, ".sh", "sh", season)

    assert done.returncode == 0, done.stderr
    assert [event["title"] for event in reads_back((season / "saison.ics").read_bytes())] == [
        "Répétition"
    ]
