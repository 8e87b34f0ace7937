"""Everything wrong with a request, at once, in the contract's order (contract.md §2)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from icsmulti.engine.generate import generate
from icsmulti.errors import InvalidJson, InvalidRequest

GOOD = {
    "id": "1",
    "titre": "T",
    "dateDebut": "2026-05-12T10:00:00Z",
    "dateFin": "2026-05-12T11:00:00Z",
}


def refused(request: Any) -> InvalidRequest:
    raw = request if isinstance(request, bytes) else json.dumps(request).encode()
    with pytest.raises(InvalidRequest) as caught:
        generate(raw, uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC))
    return caught.value


def faults(*occurrences: Any, **options: Any) -> list[tuple[str, str]]:
    error = refused({"evenement": {"occurrences": list(occurrences)}, "options": options})
    return [
        (fault.dotted.removeprefix("evenement.occurrences"), fault.code) for fault in error.faults
    ]


def one(**members: Any) -> list[tuple[str, str]]:
    return [(path.removeprefix("[0]."), code) for path, code in faults(GOOD | members)]


@pytest.mark.parametrize("request_", [[], "x", 1, None, True])
def test_the_body_is_an_object(request_):
    error = refused(request_)

    assert [(f.path, f.code, f.reason) for f in error.faults] == [((), "wrong-type", "type-object")]


@pytest.mark.parametrize(
    ("request_", "path", "code"),
    [
        ({}, "evenement", "missing"),
        ({"evenement": None}, "evenement", "missing"),
        ({"evenement": []}, "evenement", "wrong-type"),
        ({"evenement": {}}, "evenement.occurrences", "missing"),
        ({"evenement": {"occurrences": None}}, "evenement.occurrences", "missing"),
        ({"evenement": {"occurrences": {}}}, "evenement.occurrences", "wrong-type"),
        ({"evenement": {"occurrences": []}}, "evenement.occurrences", "empty"),
        ({"evenement": {"occurrences": [None]}}, "evenement.occurrences[0]", "wrong-type"),
        ({"evenement": {"occurrences": [GOOD, []]}}, "evenement.occurrences[1]", "wrong-type"),
        ({"evenement": {"occurrences": [GOOD]}, "options": []}, "options", "wrong-type"),
        ({"evenement": {"occurrences": [GOOD]}, "options": {"fuseau": 1}}, "options.fuseau", "wrong-type"),
        ({"evenement": {"occurrences": [GOOD]}, "options": {"fuseau": "Paris"}}, "options.fuseau", "unknown-zone"),
        ({"evenement": {"occurrences": [GOOD]}, "options": {"fuseau": "\ud800"}}, "options.fuseau", "unknown-zone"),
    ],
)  # fmt: skip
def test_a_fault_of_the_frame(request_, path, code):
    error = refused(request_)

    assert [(f.dotted, f.code) for f in error.faults] == [(path, code)]


@pytest.mark.parametrize("name", ["id", "titre", "dateDebut", "dateFin"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "missing"),
        ("", "empty"),
        (1, "wrong-type"),
        ([], "wrong-type"),
        (False, "wrong-type"),
    ],
)
def test_a_required_member(name, value, code):
    assert one(**{name: value}) == [(name, code)]


@pytest.mark.parametrize("name", ["id", "titre", "dateDebut", "dateFin"])
def test_a_required_member_that_is_absent(name):
    occurrence = {key: value for key, value in GOOD.items() if key != name}

    assert faults(occurrence) == [(f"[0].{name}", "missing")]


@pytest.mark.parametrize("name", ["notes", "lieu"])
@pytest.mark.parametrize("value", [0, False, [], {}])
def test_an_optional_text(name, value):
    assert one(**{name: value}) == [(name, "wrong-type")]


@pytest.mark.parametrize("name", ["id", "titre", "notes", "lieu"])
def test_half_a_surrogate_pair_is_refused_on_its_member(name):
    assert one(**{name: "a\ud800"}) == [(name, "invalid-text")]


@pytest.mark.parametrize(
    ("name", "limit"), [("id", 1_000), ("titre", 1_000), ("notes", 50_000), ("lieu", 2_000)]
)
def test_a_text_that_is_too_long(name, limit):
    assert one(**{name: "é" * (limit + 1)}) == [(name, "too-long")]
    made = json.dumps({"evenement": {"occurrences": [GOOD | {name: "é" * limit}]}}).encode()
    assert generate(made, uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_title_of_nothing_is_empty():
    assert one(titre=" \n\u2028 ") == [("titre", "empty")]


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_all_day_is_true_or_false(value):
    assert one(touteLaJournee=value) == [("touteLaJournee", "wrong-type")]


@pytest.mark.parametrize("value", ["15", True, False, [], {}])
def test_an_alarm_is_a_number(value):
    assert one(rappelMinutes=value) == [("rappelMinutes", "wrong-type")]


@pytest.mark.parametrize(
    "value", ["7.5", "-1", "525601", "1e400", "-1e400", "1" + "0" * 5_000, "525600.0001"]
)
def test_an_alarm_is_a_whole_number_in_its_range(value):
    raw = json.dumps({"evenement": {"occurrences": [GOOD | {"rappelMinutes": "X"}]}})

    error = refused(raw.replace('"X"', value).encode())

    assert [(f.dotted, f.code) for f in error.faults] == [
        ("evenement.occurrences[0].rappelMinutes", "out-of-range")
    ]


@pytest.mark.parametrize("name", ["dateDebut", "dateFin"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x", "invalid-date"),
        ("2026-02-30", "invalid-date"),
        ("2" * 65, "too-long"),
        ("1500-01-01", "out-of-range"),
        ("\ud800", "invalid-date"),
    ],
)
def test_a_date_that_is_none(name, value, code):
    assert one(**{name: value}) == [(name, code)]


@pytest.mark.parametrize("all_day", [False, True])
@pytest.mark.parametrize(
    ("start", "end", "members"),
    [
        ("1601-01-01T00:00:00Z", "1601-01-01T01:00:00Z", []),
        ("1600-12-31", "1601-01-05", ["dateDebut"]),
        ("1600-12-31", "1600-12-31", ["dateDebut", "dateFin"]),
        ("4500-12-30", "4500-12-30T22:59:59Z", []),
        ("4500-12-30", "4501-01-01T00:00:00", ["dateFin"]),
    ],
)
def test_years_are_1601_to_4500_as_they_would_be_written(start, end, members, all_day):
    request = {
        "evenement": {
            "occurrences": [GOOD | {"dateDebut": start, "dateFin": end, "touteLaJournee": all_day}]
        }
    }
    if members:
        assert [(f.path[-1], f.code) for f in refused(request).faults] == [
            (m, "out-of-range") for m in members
        ]
    else:
        assert generate(
            json.dumps(request).encode(), uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC)
        )


def test_an_end_is_in_utc_where_its_start_has_to_be():
    solar = GOOD | {"dateDebut": "1601-01-02", "dateFin": "4500-12-31T23:30:00Z"}

    assert faults(solar, GOOD | {"id": "2", "titre": ""}) == [("[1].titre", "empty")]


def test_the_last_day_of_4500_has_no_day_after_it():
    assert one(dateDebut="4500-12-31", dateFin="4500-12-31", touteLaJournee=True) == [
        ("dateFin", "out-of-range")
    ]


def test_the_end_is_compared_as_an_instant():
    assert one(dateDebut="2026-05-12T10:00:00Z", dateFin="2026-05-12T11:00:00+02:00") == [
        ("dateFin", "end-before-start")
    ]


def test_all_day_compares_days():
    assert one(dateDebut="2026-05-12", dateFin="2026-05-11", touteLaJournee=True) == [
        ("dateFin", "end-before-start")
    ]


def test_an_id_that_was_used_before_is_refused_on_the_second():
    assert faults(GOOD, GOOD | {"id": "2"}, GOOD) == [("[2].id", "duplicate-id")]


def test_faults_come_in_the_order_of_the_contract():
    wrong = {
        name: []
        for name in (
            "rappelMinutes",
            "touteLaJournee",
            "lieu",
            "dateFin",
            "dateDebut",
            "notes",
            "titre",
            "id",
        )
    }

    found = faults(GOOD, wrong, fuseau="Nowhere")

    members = [
        "id",
        "titre",
        "notes",
        "dateDebut",
        "dateFin",
        "lieu",
        "touteLaJournee",
        "rappelMinutes",
    ]
    assert [path for path, _ in found] == [
        *(f"[1].{member}" for member in members),
        "options.fuseau",
    ]


def test_twenty_are_listed_and_all_are_counted():
    error = refused({"evenement": {"occurrences": [{"id": str(i)} for i in range(100)]}})

    assert (len(error.faults), error.total) == (20, 300)
    assert error.faults[19].dotted == "evenement.occurrences[6].dateDebut"


def test_a_fault_has_a_json_pointer():
    error = refused({"evenement": {"occurrences": [GOOD | {"id": None}]}})

    assert error.faults[0].pointer == "/evenement/occurrences/0/id"


@pytest.mark.parametrize(
    ("raw", "reason", "values"),
    [
        (b"", "json-empty", {}),
        (b" \n", "json-empty", {}),
        (b"\xef\xbb\xbf", "json-empty", {}),
        (b"{", "json-syntax", {"line": 1, "column": 2}),
        (b'{"a":\n  tru}', "json-syntax", {"line": 2, "column": 3}),
        (b'{"a": NaN}', "json-constant", {"name": "NaN"}),
        (b'{"a": -Infinity}', "json-constant", {"name": "-Infinity"}),
        (b'{"a":"' + b"\xe9" + b'"}', "json-octet", {"encoding": "Windows-1252 / ISO-8859-1", "octet": 7}),
        (b'\xef\xbb\xbf"\xe9"', "json-octet", {"encoding": "Windows-1252 / ISO-8859-1", "octet": 5}),
        ("{}".encode("utf-16"), "json-encoding", {"encoding": "UTF-16"}),
        ("{}".encode("utf-16-le"), "json-encoding", {"encoding": "UTF-16LE"}),
        ("{}".encode("utf-32-be"), "json-encoding", {"encoding": "UTF-32BE"}),
        (b"[" * 100_000, "json-depth", {}),
        (b'{"a":' * 100_000, "json-depth", {}),
    ],
)  # fmt: skip
def test_what_is_not_json_says_why_and_where(raw, reason, values):
    with pytest.raises(InvalidJson) as caught:
        generate(raw, uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC))

    assert (caught.value.reason, caught.value.values) == (reason, values)


def test_nesting_in_a_member_that_is_ignored_is_refused_too():
    deep = b'{"evenement":{"occurrences":[]},"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"

    with pytest.raises(InvalidJson):
        generate(deep, uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_changed_date_of_a_series_counts_as_an_event():
    from icsmulti.engine.request import Bounds

    changed = [{"dateOriginale": f"2026-05-{day}T10:00:00Z", "titre": "U"} for day in (13, 14)]
    series = GOOD | {"regle": "FREQ=DAILY;COUNT=5", "modifications": changed}
    raw = json.dumps({"evenement": {"occurrences": [series]}}).encode()
    make = {"uid_secret": bytes(32), "now": datetime(2026, 1, 1, tzinfo=UTC)}
    assert generate(raw, bounds=Bounds(occurrences=3), **make)

    with pytest.raises(InvalidRequest) as caught:
        generate(raw, bounds=Bounds(occurrences=2), **make)

    assert [(f.dotted, f.code) for f in caught.value.faults] == [
        ("evenement.occurrences", "too-many")
    ]


LATE = {"dateDebut": "4500-12-31T23:30", "dateFin": "4500-12-31T23:40"}
EARLY = {"dateDebut": "4500-04-01T10:00", "dateFin": "4500-04-01T11:00"}


def test_a_year_that_is_left_in_utc_is_refused_on_its_member():
    # Santiago has no VTIMEZONE over its changes, so its events are in UTC, where it is 4501.
    late = [GOOD | LATE | {"id": "2"}, GOOD | EARLY | {"id": "3", "dateFin": LATE["dateFin"]}]

    assert faults(GOOD | EARLY, *late, fuseau="America/Santiago") == [
        ("[1].dateDebut", "out-of-range"),
        ("[1].dateFin", "out-of-range"),
        ("[2].dateFin", "out-of-range"),
    ]
    rich = {"fuseau": "America/Santiago", "url": "https://a.fr"}
    assert faults(GOOD | EARLY | rich, *[event | rich for event in late]) == [
        ("[1].dateDebut", "out-of-range"),
        ("[1].dateFin", "out-of-range"),
        ("[2].dateFin", "out-of-range"),
    ]


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"dateDebut": "4500-12-31T23:50"}, "dateDebut"),
        ({"dateFin": "4500-12-31T23:50"}, "dateFin"),
    ],
)
def test_a_changed_date_that_leaves_the_years_is_refused_on_its_member(change, member):
    series = {"regle": "FREQ=DAILY", "fuseau": "America/Santiago"}
    changes = [{"dateOriginale": "2026-05-13T10:00:00Z"} | change]

    [(path, code)] = faults(GOOD | series | {"modifications": changes})
    assert (path, code) == (f"[0].modifications[0].{member}", "out-of-range")


def test_a_year_left_in_utc_counts_every_event():
    events = [GOOD | LATE | {"id": str(n)} for n in range(30)]
    options = {"fuseau": "America/Santiago"}
    error = refused({"evenement": {"occurrences": [GOOD | EARLY, *events[2:]]}, "options": options})

    assert (len(error.faults), error.total) == (20, 56)
