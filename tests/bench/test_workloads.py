"""The benchmark measures what it says: valid requests, described peers, a check that can fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from bench.check import Wrong, check
from bench.workloads import WORKLOADS, Workload, all_faulty, one_bad_field

from bench import contenders, page
from icsmulti.engine.generate import generate
from icsmulti.errors import InvalidRequest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEERS = {folder.name: contenders.describe(folder) for folder in contenders.peer_folders()}
SMALLER = [each for each in WORKLOADS.values() if each.events <= 1_000]


def answer(body: bytes) -> bytes:
    return generate(body, uid_secret=bytes(32), now=NOW).data


@pytest.mark.parametrize("workload", SMALLER, ids=lambda workload: workload.name)
def test_every_body_of_a_workload_becomes_the_calendar_that_the_check_asks_for(workload: Workload):
    for turn, body in enumerate(workload.bodies):
        check(workload, turn, 200, answer(body))


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda workload: workload.name)
def test_a_workload_holds_as_many_occurrences_as_it_says(workload: Workload):
    requests = [json.loads(body) for body in workload.bodies]

    assert {len(r["evenement"]["occurrences"]) for r in requests} == {workload.events}


def test_fifty_zones_are_fifty_different_zones_that_exist():
    zones = {json.loads(body)["options"]["fuseau"] for body in WORKLOADS["zones50"].bodies}

    assert len({ZoneInfo(zone).key for zone in zones}) == 50


def test_the_faulty_bodies_are_refused_with_as_many_faults_as_they_say():
    with pytest.raises(InvalidRequest) as one:
        answer(one_bad_field(10))
    with pytest.raises(InvalidRequest) as all_of_them:
        answer(all_faulty(10))

    assert (one.value.total, all_of_them.value.total) == (1, 10)


def test_a_faulty_body_is_as_large_as_the_good_one():
    assert len(all_faulty(100)) == len(WORKLOADS["n100"].bodies[0])


@pytest.mark.parametrize(
    ("from_bytes", "to_bytes"),
    [
        (b"END:VEVENT", b"END:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT"),
        ("Réunion".encode(), b"Reunion"),
        (b"T090000", b"T100000"),
    ],
    ids=["one event too many", "a title without its accent", "an hour late"],
)
def test_the_check_refuses_an_answer_with(from_bytes: bytes, to_bytes: bytes):
    workload = WORKLOADS["n1"]
    spoilt = answer(workload.bodies[0]).replace(from_bytes, to_bytes, 1)

    with pytest.raises(Wrong):
        check(workload, 0, 200, spoilt)


@pytest.mark.parametrize("name", PEERS)
def test_each_peer_has_its_row_in_the_readme(name: str):
    readme = (contenders.HERE / "README.md").read_text("utf-8")
    about = PEERS[name]

    assert f"| [`{name}`](peers/{name}/) | {about['language']} | {about['leaves_out']} |" in readme


@pytest.mark.parametrize("name", PEERS)
def test_each_peer_brings_its_lock(name: str):
    locks = ("requirements.txt", "package-lock.json", "go.sum", "Cargo.toml", "pom.xml")

    assert any((contenders.HERE / "peers" / name / lock).is_file() for lock in locks)


def test_a_missing_toolchain_is_named_instead_of_built(tmp_path):
    (tmp_path / "peer.toml").write_text('needs = ["no-such-compiler"]\n')

    made = contenders.prepare(tmp_path)

    assert isinstance(made, contenders.Missing)
    assert "no-such-compiler" in made.why


def test_the_summary_says_which_target_was_missed():
    found = {
        "contenders": {"product": {"title": "ICSMulti"}},
        "http": {"n1": {"product": {"per_s": 10_000.0}, "go-golang-ical": {"product_is": 0.8}}},
    }

    row = next(line for line in page.summary(found).splitlines() if "beside Go" in line)

    assert row.split("|")[4].strip() == "missed"
