"""A request's bytes become a calendar's bytes: order of properties, forms, and the two paths."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from icsmulti.engine.generate import _TOGETHER, generate
from icsmulti.engine.request import Bounds
from icsmulti.errors import InvalidJson, InvalidRequest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = bytes(32)

PUBLISHED = {
    "id": "evt-1",
    "titre": "Réunion hebdomadaire",
    "notes": "Ordre du jour à confirmer",
    "dateDebut": "2026-05-12T10:00:00Z",
    "dateFin": "2026-05-12T11:00:00Z",
    "lieu": "Salle A, Paris",
    "touteLaJournee": False,
    "rappelMinutes": 15,
}
GOLDEN = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ICSMulti//ICSMulti//FR
CALSCALE:GREGORIAN
METHOD:PUBLISH
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:933bd560-b0b7-8f03-9e68-d5c03e2a269e
DTSTAMP:20261122T120000Z
DTSTART;TZID=Europe/Paris:20260512T120000
DTEND;TZID=Europe/Paris:20260512T130000
SUMMARY:Réunion hebdomadaire
DESCRIPTION:Ordre du jour à confirmer
LOCATION:Salle A\\, Paris
SEQUENCE:0
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:Réunion hebdomadaire
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def body(*occurrences: dict, **options: object) -> bytes:
    request = {"evenement": {"occurrences": list(occurrences)}, "options": options}
    return json.dumps(request).encode()


def event(**members: object) -> dict:
    return {"id": "1", "titre": "T", "dateDebut": "2026-05-12", "dateFin": "2026-05-12"} | members


def calendar(*occurrences: dict, **options: object) -> list[str]:
    made = generate(body(*occurrences, **options), uid_secret=SECRET, now=NOW)
    return made.data.decode().replace("\r\n ", "").split("\r\n")


def lines(prefix: str, *occurrences: dict, **options: object) -> list[str]:
    return [line for line in calendar(*occurrences, **options) if line.startswith(prefix)]


def test_the_published_example_gives_these_bytes():
    made = generate(body(PUBLISHED, fuseau="Europe/Paris"), uid_secret=SECRET, now=NOW)

    assert made.data.decode() == GOLDEN.replace("\n", "\r\n")
    assert made.occurrences == 1
    assert made.content_type == "text/calendar; charset=utf-8"
    assert made.disposition.startswith('attachment; filename="Reunion_hebdomadaire.ics"')


def test_the_clock_shows_in_dtstamp_alone_and_in_utc():
    summer = NOW.astimezone(timezone(timedelta(hours=5)))

    assert generate(body(PUBLISHED), uid_secret=SECRET, now=summer).data.decode() == GOLDEN.replace(
        "\n", "\r\n"
    )


@pytest.mark.parametrize("absent", [None, ""])
@pytest.mark.parametrize("name", ["notes", "lieu", "touteLaJournee", "rappelMinutes"])
def test_null_and_empty_mean_absent_whatever_the_type(name, absent):
    assert calendar(event(**{name: absent})) == calendar(event())


@pytest.mark.parametrize("options", [None, "", {}, {"fuseau": None}, {"fuseau": ""}])
def test_options_that_are_absent_mean_paris(options):
    raw = json.dumps({"evenement": {"occurrences": [event()]}, "options": options}).encode()

    made = generate(raw, uid_secret=SECRET, now=NOW)

    assert b"DTSTART;TZID=Europe/Paris:20260512T000000" in made.data


@pytest.mark.parametrize(
    "raw",
    [
        b'{"evenement":{"occurrences":[{"id":"1","titre":7,"titre":"T","dateDebut":"2026-05-12","dateFin":"2026-05-12"}]}}',
        b'{"x":"\\ud800","evenement":{"occurrences":[{"id":"1","titre":"T","dateDebut":"2026-05-12","dateFin":"2026-05-12"}]}}',
        b'{"evenement":{"occurrences":[{"id":"1","titre":"T","\\ud800":1,"dateDebut":"2026-05-12","dateFin":"2026-05-12"}]}}',
        b'{"evenement":{"occurrences":[{"id":"1","titre":"T","dateDebut":"2026-05-12","dateFin":"2026-05-12","extra":{"a":[1]}}],"nom":1},"version":2}',
        b'\xef\xbb\xbf{"evenement":{"occurrences":[{"id":"1","titre":"T","dateDebut":"2026-05-12","dateFin":"2026-05-12"}]}}',
    ],
    ids=["duplicate-member", "half-a-pair", "half-a-pair-in-a-name", "unknown-members", "bom"],
)
def test_an_unusual_request_gives_the_same_bytes(raw):
    plain = generate(body(event()), uid_secret=SECRET, now=NOW)

    assert generate(raw, uid_secret=SECRET, now=NOW).data == plain.data


def test_one_byte_order_mark_is_ignored_and_a_second_is_no_json():
    with pytest.raises(InvalidJson):
        generate(b"\xef\xbb\xbf" * 2 + body(event()), uid_secret=SECRET, now=NOW)


def test_zero_length_has_no_dtend():
    assert lines("DTSTART;", event()) == ["DTSTART;TZID=Europe/Paris:20260512T000000"]
    assert lines("DTEND", event()) == []


def test_an_ambiguous_end_puts_both_ends_in_utc():
    night = event(dateDebut="2026-10-25T00:00:00", dateFin="2026-10-25T02:30:00")

    assert lines("DTSTART", night) == ["DTSTART:20261024T220000Z"]
    assert lines("DTEND", night) == ["DTEND:20261025T003000Z"]
    assert lines("BEGIN:VTIMEZONE", night) == []


def test_an_ambiguous_start_puts_both_ends_in_utc():
    night = event(dateDebut="2026-10-25T01:30:00Z", dateFin="2026-10-25T05:00:00Z")

    assert lines("DTEND", night) == ["DTEND:20261025T050000Z"]


def test_one_night_in_utc_leaves_the_other_events_local():
    night = event(id="2", dateDebut="2026-10-25T01:30:00Z", dateFin="2026-10-25T05:00:00Z")

    assert lines("DTSTART;TZID", event(), night) == ["DTSTART;TZID=Europe/Paris:20260512T000000"]


def test_a_zone_that_no_component_can_say_puts_every_event_in_utc():
    march = event(dateDebut="2026-03-01T10:00:00Z", dateFin="2026-03-01T11:00:00Z")
    may = event(id="2", dateDebut="2026-05-01T10:00:00Z", dateFin="2026-05-01T11:00:00Z")
    day = event(id="3", touteLaJournee=True)

    starts = lines("DTSTART", march, may, day, fuseau="Africa/Casablanca")

    assert starts == [
        "DTSTART:20260301T100000Z",
        "DTSTART:20260501T100000Z",
        "DTSTART;VALUE=DATE:20260512",
    ]


def test_offsets_with_seconds_are_written_in_utc():
    old = event(dateDebut="1900-01-01T00:00:00", dateFin="1900-01-01T01:00:00")

    assert lines("DTSTART", old) == ["DTSTART:18991231T235039Z"]


def test_utc_has_neither_tzid_nor_vtimezone():
    assert lines("DTSTART", event(), fuseau="Etc/UCT") == ["DTSTART:20260512T000000Z"]
    assert lines("BEGIN:VTIMEZONE", event(), fuseau="zulu") == []


def test_all_day_ends_on_the_day_after_the_last():
    day = event(touteLaJournee=True, dateFin="2026-12-31", dateDebut="2026-12-30")

    assert [*lines("DTSTART", day), *lines("DTEND", day)] == [
        "DTSTART;VALUE=DATE:20261230",
        "DTEND;VALUE=DATE:20270101",
    ]


@pytest.mark.parametrize(
    ("minutes", "trigger"),
    [
        (0, "-PT0M"), (15, "-PT15M"), (15.0, "-PT15M"), (1e3, "-PT1000M"), (9999, "-PT9999M"),
        (10_000, "-PT10000M"), (10_020, "-PT167H"), (10_021, "-PT10021M"), (59_940, "-PT999H"),
        (60_000, "-PT60000M"), (525_600, "-PT525600M"), (-0.0, "-PT0M"),
    ],
)  # fmt: skip
def test_alarms_are_minutes_or_whole_hours(minutes, trigger):
    assert lines("TRIGGER", event(rappelMinutes=minutes)) == [f"TRIGGER:{trigger}"]


def test_an_alarm_shows_the_title_escaped_and_folded_on_its_own():
    made = generate(body(event(titre="a," * 60, rappelMinutes=5)), uid_secret=SECRET, now=NOW)

    assert made.data.decode().replace("\r\n ", "").count(":" + "a\\," * 60 + "\r\n") == 2
    assert max(map(len, made.data.split(b"\r\n"))) == 75


def test_notes_keep_their_line_breaks_and_outer_spaces():
    assert lines("DESCRIPTION", event(notes=" a\r\n\nb ")) == ["DESCRIPTION: a\\n\\nb "]


@pytest.mark.parametrize("text", [" ", "\n", "\u200b\n"[1:], "\x00", "\t \u2028"])
def test_texts_of_nothing_are_omitted(text):
    assert calendar(event(notes=text, lieu=text)) == calendar(event())


@pytest.mark.parametrize(
    ("members", "bounds"),
    [
        ({"titre": "abc"}, Bounds(title_chars=2)),
        ({"notes": "abc"}, Bounds(notes_chars=2)),
        ({"lieu": "abc"}, Bounds(place_chars=2)),
    ],
)
def test_lengths_count_as_received(members, bounds):
    with pytest.raises(InvalidRequest) as caught:
        generate(body(event(**members)), uid_secret=SECRET, now=NOW, bounds=bounds)

    assert [fault.code for fault in caught.value.faults] == ["too-long"]


def test_ten_thousand_occurrences_are_the_most():
    some = [event(id=str(i)) for i in range(3)]
    assert generate(body(*some[:2]), uid_secret=SECRET, now=NOW, bounds=Bounds(occurrences=2))

    with pytest.raises(InvalidRequest) as caught:
        generate(body(*some), uid_secret=SECRET, now=NOW, bounds=Bounds(occurrences=2))

    assert caught.value.faults[0].values == {"limit": 2, "count": 3}


def test_an_event_is_written_as_alone_wherever_it_stands_in_a_long_list():
    kinds = [
        PUBLISHED,
        event(titre="Journée ;\r\n portes\touvertes \\,", touteLaJournee=True, rappelMinutes=0),
        PUBLISHED | {"notes": "ligne 1\r\nligne 2\n" * 9, "lieu": None, "rappelMinutes": None},
        PUBLISHED | {"notes": " ", "lieu": "é" * 90, "dateDebut": "2026-01-12T10:00:00.000Z"},
        event(dateDebut="2026-10-25T00:30:00Z", dateFin="2026-10-25T01:30:00Z", titre="🎻" * 30),
    ]
    events = [kinds[i * i % 5] | {"id": f"evt-{i}"} for i in range(2 * _TOGETHER + 1)]

    def vevents(*some: dict) -> list[bytes]:
        data = generate(body(*some), uid_secret=SECRET, now=NOW).data
        return data.split(b"BEGIN:VEVENT\r\n")[1:]

    alone = [vevents(one)[0].removesuffix(b"END:VCALENDAR\r\n") for one in events]
    assert vevents(*events) == [*alone[:-1], alone[-1] + b"END:VCALENDAR\r\n"]
