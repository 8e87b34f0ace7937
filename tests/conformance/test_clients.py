"""A real server and a real client: Radicale stores every event, khal imports and lists them."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from hashlib import sha256
from http.client import HTTPConnection

import pytest

from conformance import vectors
from conformance.requests import calendar, occurrence, request
from icsmulti.errors import RequestFault

HEADERS = {"Authorization": "Basic dTp1", "Content-Type": "text/calendar; charset=utf-8"}  # u:u


def one_event_files():
    """Every event of every vector as a file of its own, for a resource holds one UID."""
    files = {}
    for name, vector in vectors.load().items():
        if "request" not in vector:
            continue
        try:
            # An account each: vectors share ids, and a server takes a UID once in a calendar.
            secret = sha256(name.encode()).digest()
            data = calendar(vectors.body(vector["request"]), secret=secret).data
        except RequestFault:
            continue
        head, *events = re.split(rb"(?=BEGIN:VEVENT\r\n)", data.removesuffix(b"END:VCALENDAR\r\n"))
        for number, event in enumerate(events):
            files[f"{name}-{number}"] = keep_used_zone(head, event) + event + b"END:VCALENDAR\r\n"
    return files


def keep_used_zone(head, event):
    if b";TZID=" in event:
        return head
    return re.sub(rb"(?s)BEGIN:VTIMEZONE.*END:VTIMEZONE\r\n", b"", head)


@pytest.fixture(scope="module")
def radicale(tmp_path_factory):
    """A Radicale of our own with one empty calendar; yields `ask(method, path, body)`."""
    command = [sys.executable, "-m", "radicale", "--config", "", "--auth-type=none"]
    command += [f"--storage-filesystem-folder={tmp_path_factory.mktemp('radicale')}"]
    # It takes no port 0. Somebody may take a free port before it does: it is given several, and
    # says on which it listens.
    hosts = ",".join(f"127.0.0.1:{port}" for port in _free_ports(5))
    command += ["--rights-type=authenticated", f"--server-hosts={hosts}"]
    said = tmp_path_factory.mktemp("said") / "said"
    with said.open("wb") as out:
        server = subprocess.Popen(command, stderr=out)

    def ask(method, path, body=None, **headers):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body, {**HEADERS, **headers})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    try:
        port = _port(server, said)
        assert ask("MKCALENDAR", "/u/c/")[0] == 201
        yield ask
    finally:
        server.terminate()
        server.wait(60)


def _free_ports(count):
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def _port(server, said):
    """The port it says it listens on."""
    deadline = time.monotonic() + 60
    while not (found := re.search(r"Listening on '127\.0\.0\.1:(\d+)'", said.read_text())):
        assert server.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.05)
    return int(found[1])


def test_radicale_takes_every_event_twice_as_one_resource(radicale):
    files = one_event_files()

    answers = {
        name: [radicale("PUT", f"/u/c/{name}.ics", data)[0] for _ in range(2)]
        for name, data in files.items()
    }
    _, listing = radicale("PROPFIND", "/u/c/", Depth="1")

    assert len(files) > 130
    assert {name: codes for name, codes in answers.items() if codes != [201, 204]} == {}
    assert listing.count(b".ics</href>") == len(files)


def test_radicale_replaces_the_event_of_the_same_id(radicale):
    radicale("MKCALENDAR", "/u/replace/")
    first, second = (calendar(request(occurrence(titre=title))).data for title in ("Un", "Deux"))

    radicale("PUT", "/u/replace/x.ics", first)
    radicale("PUT", "/u/replace/x.ics", second)

    assert b"SUMMARY:Deux" in radicale("GET", "/u/replace/x.ics")[1]
    assert radicale("PROPFIND", "/u/replace/", Depth="1")[1].count(b".ics</href>") == 1


@pytest.fixture
def khal(tmp_path):
    """The command `khal` on an empty calendar; yields `run(*arguments) -> standard output`."""
    (tmp_path / "agenda").mkdir()
    config = tmp_path / "config"
    config.write_text(
        f"[calendars]\n[[agenda]]\npath = {tmp_path / 'agenda'}\n"
        "[locale]\nlocal_timezone = Europe/Paris\ndefault_timezone = Europe/Paris\n"
        "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        f"[sqlite]\npath = {tmp_path / 'khal.db'}\n[default]\ndefault_calendar = agenda\n"
    )
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "khal", "-c", str(config), *arguments],
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout

    return run


def test_khal_imports_a_file_and_lists_its_events(khal, tmp_path):
    path = tmp_path / "f.ics"
    events = (
        occurrence(1, titre="Réunion ; suite", lieu="Salle 3, Paris"),
        occurrence(
            2, titre="Fête", dateDebut="2026-07-14", dateFin="2026-07-14", touteLaJournee=True
        ),
        occurrence(
            3, titre="Nuit", dateDebut="2026-10-25T01:30:00Z", dateFin="2026-10-25T02:00:00Z"
        ),
    )
    path.write_bytes(calendar(request(*events)).data)

    khal("import", "--batch", str(path))
    khal("import", "--batch", str(path))  # the same UIDs: updated, not doubled
    listed = khal("list", "--format", "{start}|{end}|{title}|{location}", "2026-05-01", "250d")

    lines = [line for line in listed.splitlines() if "|" in line]
    assert lines == [
        "2026-05-12 12:00|2026-05-12 13:00|Réunion ; suite|Salle 3, Paris",
        "2026-07-14|2026-07-14|Fête|",
        "2026-10-25 02:30|2026-10-25 03:00|Nuit|",
    ]
