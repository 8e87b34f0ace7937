"""Same account, same request, same instant: same bytes, wherever and whenever they are made."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from hashlib import sha256

import pytest

from conformance import strategies, vectors
from conformance.requests import NOW, SECRET, request
from icsmulti.engine.generate import generate
from icsmulti.errors import RequestFault

PROGRAM = """
import json, sys
from conformance.test_determinism import digest
print(digest([body.encode() for body in json.load(sys.stdin)]))
"""
ENVIRONMENTS = {
    "utc": {"TZ": "UTC"},
    "tokyo": {"TZ": "Asia/Tokyo"},
    "new-york": {"TZ": "America/New_York"},
    "c-locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    "hash-seed": {"PYTHONHASHSEED": "4242"},
    "no-system-zones": {"PYTHONTZPATH": ""},
}


@cache
def bodies():
    fixed = [vectors.body(v["request"]) for v in vectors.load().values() if "request" in v]
    drawn = strategies.drawn(strategies.requests(), 40, start=1)
    return fixed + [request(*occurrences, zone=zone) for occurrences, zone in drawn]


def digest(bodies):
    """One digest of every file and every refusal."""
    whole = sha256()
    for body in bodies:
        try:
            made = generate(body, uid_secret=SECRET, now=NOW)
            whole.update(made.data + made.disposition.encode())
        except RequestFault as fault:
            whole.update(str(fault).encode())
    return whole.hexdigest()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_another_process_elsewhere_makes_the_same_bytes(name):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **ENVIRONMENTS[name]}

    asked = bodies()

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        input=json.dumps([body.decode() for body in asked]).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )

    assert done.stdout.decode().strip() == digest(asked)


def test_only_dtstamp_depends_on_the_clock():
    body = request()
    early, late = (
        generate(body, uid_secret=SECRET, now=now).data.decode().splitlines()
        for now in (NOW, NOW + timedelta(days=400))
    )

    differing = [pair for pair in zip(early, late, strict=True) if pair[0] != pair[1]]

    assert differing == [("DTSTAMP:20260501T080000Z", "DTSTAMP:20270605T080000Z")]


def test_the_instant_may_be_told_in_any_zone():
    there = NOW.astimezone(timezone(timedelta(hours=9)))

    made = {generate(request(), uid_secret=SECRET, now=now).data for now in (NOW, there)}

    assert len(made) == 1


def test_neither_unknown_members_nor_spelling_of_the_json_change_a_byte():
    data = json.loads(request())
    plain = generate(request(), uid_secret=SECRET, now=NOW).data
    data["evenement"]["occurrences"][0] |= {
        "couleurInconnue": [1, {"a": None}],
        "lieu": "",
        "notes": None,
    }
    data |= {"version": 3, "options": {"fuseau": "", "__proto__": {}}}

    for body in (
        json.dumps(data).encode(),
        json.dumps(data, indent=4, ensure_ascii=True).encode(),
        b"\xef\xbb\xbf" + json.dumps(data).encode(),
    ):
        assert generate(body, uid_secret=SECRET, now=NOW).data == plain


def test_a_fraction_of_a_second_of_the_clock_does_not_show():
    now = datetime(2026, 5, 1, 8, 0, 0, 999_999, tzinfo=UTC)

    assert b"DTSTAMP:20260501T080000Z" in generate(request(), uid_secret=SECRET, now=now).data
