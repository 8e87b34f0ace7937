"""Where local time stops being plain: the exact seconds around the changes of clock."""

import json
import time
from datetime import UTC, datetime

import pytest

from icsmulti.engine.generate import generate
from icsmulti.errors import InvalidRequest

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


def times(start, end, *more, zone="Europe/Paris"):
    """The DTSTART and DTEND lines for events given as instants."""
    pairs = [(start, end), *more]
    occurrences = [
        {"id": str(n), "titre": "T", "dateDebut": first + "Z", "dateFin": last + "Z"}
        for n, (first, last) in enumerate(pairs)
    ]
    body = {"evenement": {"occurrences": occurrences}, "options": {"fuseau": zone}}
    data = generate(json.dumps(body).encode(), uid_secret=bytes(32), now=NOW).data.decode()
    events = data[data.index("BEGIN:VEVENT") :]
    return [line for line in events.split("\r\n") if line.startswith(("DTSTART", "DTEND"))]


@pytest.mark.parametrize(
    ("instant", "line"),
    [
        ("2026-10-24T23:59:59", "DTSTART;TZID=Europe/Paris:20261025T015959"),
        ("2026-10-25T00:00:00", "DTSTART:20261025T000000Z"),
        ("2026-10-25T00:59:59", "DTSTART:20261025T005959Z"),
        ("2026-10-25T01:00:00", "DTSTART:20261025T010000Z"),
        ("2026-10-25T01:59:59", "DTSTART:20261025T015959Z"),
        ("2026-10-25T02:00:00", "DTSTART;TZID=Europe/Paris:20261025T030000"),
        ("2026-03-29T00:59:59", "DTSTART;TZID=Europe/Paris:20260329T015959"),
        ("2026-03-29T01:00:00", "DTSTART;TZID=Europe/Paris:20260329T030000"),
    ],
)
def test_a_start_is_in_utc_exactly_while_its_local_time_comes_twice(instant, line):
    assert times(instant, instant) == [line]


@pytest.mark.parametrize(
    ("instant", "lines"),
    [
        ("2026-10-24T23:59:59", ["DTSTART;TZID=Europe/Paris:20261024T220000", "DTEND;TZID=Europe/Paris:20261025T015959"]),
        ("2026-10-25T00:00:00", ["DTSTART:20261024T200000Z", "DTEND:20261025T000000Z"]),
        ("2026-10-25T01:59:59", ["DTSTART:20261024T200000Z", "DTEND:20261025T015959Z"]),
        ("2026-10-25T02:00:00", ["DTSTART;TZID=Europe/Paris:20261024T220000", "DTEND;TZID=Europe/Paris:20261025T030000"]),
    ],
)  # fmt: skip
def test_an_end_that_comes_twice_takes_its_start_into_utc(instant, lines):
    assert times("2026-10-24T20:00:00", instant) == lines


def test_one_event_over_a_change_that_no_rule_says_takes_all_of_the_file_into_utc():
    plain = ("2024-01-10T10:00:00", "2024-01-10T11:00:00")
    ramadan = ("2024-03-20T10:00:00", "2024-03-20T11:00:00")

    assert times(*plain, zone="Africa/Casablanca")[0].startswith("DTSTART;TZID=")
    assert times(*ramadan, zone="Africa/Casablanca")[0].startswith("DTSTART;TZID=")
    for pair in ((plain, ramadan), (ramadan, plain)):
        lines = times(*pair[0], pair[1], zone="Africa/Casablanca")
        assert all(line.endswith("Z") for line in lines), lines


def test_the_span_of_a_file_reaches_to_the_latest_end_not_to_the_latest_start():
    long = ("2024-01-10T10:00:00", "2024-03-20T10:00:00")
    late = ("2024-02-10T10:00:00", "2024-02-10T11:00:00")

    lines = times(*long, late, zone="Africa/Casablanca")

    assert all(line.endswith("Z") for line in lines), lines


def test_the_stamp_is_utc_wherever_the_server_stands(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        body = {
            "evenement": {
                "occurrences": [
                    {"id": "1", "titre": "T", "dateDebut": "2026-05-12", "dateFin": "2026-05-13"}
                ]
            }
        }
        data = generate(json.dumps(body).encode(), uid_secret=bytes(32), now=NOW).data
    finally:
        monkeypatch.undo()
        time.tzset()

    assert b"\r\nDTSTAMP:20260501T080000Z\r\n" in data


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("Europe/Paris", "1600-12-31T23:55:00"),  # 9 min 21 s before: written in UTC, so still 1600
        ("Europe/Paris", "4500-12-31T23:30:00"),  # already 4501 on the clocks of Paris
        ("UTC", "4501-01-01T00:00:00"),
    ],
)
def test_the_years_that_can_be_written_are_those_of_the_form_written(zone, instant):
    with pytest.raises(InvalidRequest) as refusal:
        times(instant, instant, zone=zone)

    assert [(fault.code, fault.path[-1]) for fault in refusal.value.faults] == [
        ("out-of-range", "dateDebut"),
        ("out-of-range", "dateFin"),
    ]


def test_the_last_second_that_can_be_written_is_written():
    assert times("4500-12-31T22:59:59", "4500-12-31T22:59:59") == [
        "DTSTART;TZID=Europe/Paris:45001231T235959"
    ]


def test_an_answer_of_another_format_says_so():
    one = {"id": "1", "titre": "Été", "dateDebut": "2026-05-12", "dateFin": "2026-05-13"}
    body = {
        "evenement": {"occurrences": [one, {**one, "id": "2", "titre": "Hiver"}]},
        "options": {"format": "jcal"},
    }

    made = generate(json.dumps(body).encode(), uid_secret=bytes(32), now=NOW)

    assert json.loads(made.data)[0] == "vcalendar"
    assert (made.occurrences, made.title, made.extension) == (2, "Été", ".json")
    assert made.content_type.startswith("application/calendar+json")
    assert made.warnings == ()


def test_a_date_that_only_the_form_in_utc_puts_past_the_last_year_is_refused():
    # 22:00 on the last day of 4500 in Santiago: fine alone, but over a change that no rule says
    # the whole file is in UTC, where it is 4501.
    last = ("4501-01-01T01:00:00", "4501-01-01T02:00:00")
    winter = ("4500-06-01T10:00:00", "4500-06-01T11:00:00")
    assert times(*last, zone="America/Santiago") == [
        "DTSTART;TZID=America/Santiago:45001231T220000",
        "DTEND;TZID=America/Santiago:45001231T230000",
    ]

    with pytest.raises(InvalidRequest) as refusal:
        times(*winter, last, zone="America/Santiago")

    told = [(fault.dotted, fault.code, fault.reason) for fault in refusal.value.faults]
    assert told == [
        (f"evenement.occurrences[1].{name}", "out-of-range", "date-year")
        for name in ("dateDebut", "dateFin")
    ]


def unusual(request):
    """The same request with half a character in a member that nobody reads: read slowly."""
    return (json.dumps(request)[:-1] + ', "autre": "\\ud800"}').encode()


MEETING = {
    "evenement": {
        "occurrences": [
            {
                "id": "1",
                "titre": "T" * 300,
                "dateDebut": "2026-05-12T10:00:00Z",
                "dateFin": "2026-05-12T11:00:00Z",
            }
        ]
    }
}


def test_an_unusual_request_has_its_warnings_too():
    made = generate(unusual(MEETING), uid_secret=bytes(32), now=NOW, warn=True)

    usual = generate(json.dumps(MEETING).encode(), uid_secret=bytes(32), now=NOW, warn=True)
    assert made.warnings == usual.warnings != ()


def test_an_unusual_request_has_its_warnings_in_the_caller_s_words():
    request = MEETING | {"options": {"format": "json"}}

    made = generate(
        unusual(request), uid_secret=bytes(32), now=NOW, say=lambda fault: f"said {fault.code}"
    )

    assert {w["message"] for w in json.loads(made.data)["avertissements"]} == {
        f"said {w['code']}" for w in json.loads(made.data)["avertissements"]
    }
