"""The vectors, asked of the real command over HTTP, with a key made by the real command."""

import json
import os
import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from conformance import vectors
from conformance.expectation import Answer, failures
from conformance.requests import request

VECTORS = vectors.load()
COMMAND = str(Path(sys.executable).with_name("icsmulti"))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """`icsmulti serve` on a free port, without limits; yields (port, key)."""
    folder = tmp_path_factory.mktemp("served")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ICSMULTI_")}
    environment = {
        **kept,
        "ICSMULTI_STORE": f"sqlite://{folder / 'keys.db'}",
        "ICSMULTI_PORT": "0",
        "ICSMULTI_LIMIT_PER_MINUTE": "0",
        "ICSMULTI_LIMIT_PER_DAY": "0",
        "TZ": "Asia/Tokyo",  # the server's own zone must not show in any answer
    }
    made = subprocess.run(
        [COMMAND, "keys", "create", "--label", "vecteurs"],
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    said = folder / "said"
    with said.open("wb") as out:
        server = subprocess.Popen([COMMAND, "serve"], env=environment, stdout=out, stderr=out)
    try:
        yield _port(server, said), made.stdout.strip()
    finally:
        server.terminate()
        server.wait(60)


def _port(server, said):
    """The port it says it answers on."""
    for _ in range(600):
        if found := re.search(r"http://[^\s/]+:(\d+)", said.read_text()):
            return int(found[1])
        try:
            server.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(said.read_text())


@pytest.fixture(scope="module")
def ask(served):
    port, key = served
    connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def send(body):
        connection.request(
            "POST",
            "/api/generate",
            body,
            {"X-API-Key": key, "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        data = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        details = () if response.status == 200 else json.loads(data).get("details", ())
        paths = tuple(detail["path"] for detail in details)
        return Answer(response.status, data, paths, headers)

    yield send
    connection.close()


@pytest.mark.parametrize("name", VECTORS)
def test_the_server_answers_a_vector_rightly(name, ask):
    assert failures(VECTORS[name], ask) == []


def test_every_file_comes_as_a_calendar_to_save_and_not_to_keep(ask):
    headers = ask(request()).headers

    assert headers["content-type"] == "text/calendar; charset=utf-8"
    assert headers["content-disposition"] == 'attachment; filename="Reunion.ics"; ' + (
        "filename*=UTF-8''R%C3%A9union.ics"
    )
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_every_refusal_is_json_with_a_sentence_a_code_and_the_places(ask):
    answer = ask(b'{"evenement": {"occurrences": [{"id": 1}]}}')
    said = json.loads(answer.data)

    assert answer.status == 400
    assert said["error"].startswith("Champ manquant ou incorrect")
    assert (said["code"], said["total"]) == ("invalid-request", 4)
    assert [detail["pointer"] for detail in said["details"]] == [
        f"/evenement/occurrences/0/{member}" for member in ("id", "titre", "dateDebut", "dateFin")
    ]
