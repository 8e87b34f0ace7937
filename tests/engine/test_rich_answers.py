"""The forms of an answer: calendar, jCal, JSON with links and warnings, ZIP."""

import io
import json
import zipfile
from urllib.parse import parse_qs, urlsplit

import icalendar
import pytest
from rich_requests import NOW, SECRET, event, make, request

from icsmulti.engine.answer.archive import archive
from icsmulti.engine.answer.jcal import jcal
from icsmulti.engine.generate import generate
from icsmulti.locales import LANGUAGES, catalogue
from icsmulti.locales.sentences import describe_message

MESSAGE = {
    "organisateur": {"courriel": "a@exemple.fr"},
    "participants": [{"courriel": "b@exemple.fr"}],
    "sequence": 1,
}


@pytest.mark.parametrize(
    ("options", "content_type", "extension"),
    [
        ({}, "text/calendar; charset=utf-8", "ics"),
        ({"format": "ics", "methode": "PUBLISH"}, "text/calendar; charset=utf-8", "ics"),
        ({"methode": "REQUEST"}, "text/calendar; charset=utf-8; method=REQUEST", "ics"),
        ({"methode": "CANCEL"}, "text/calendar; charset=utf-8; method=CANCEL", "ics"),
        ({"methode": "AUCUNE"}, "text/calendar; charset=utf-8", "ics"),
        ({"format": "jcal", "methode": "AUCUNE"}, "application/calendar+json", "json"),
        ({"format": "jcal", "methode": "REQUEST"}, "application/calendar+json; method=REQUEST", "json"),
        ({"format": "json", "methode": "AUCUNE"}, "application/json", "json"),
        ({"format": "zip", "methode": "AUCUNE"}, "application/zip", "zip"),
    ],
)  # fmt: skip
def test_the_type_and_the_name_say_what_it_is(options, content_type, extension):
    is_plain = options.get("methode") in (None, "PUBLISH")
    made = make(event(**({} if is_plain else MESSAGE)), **options)

    assert made.content_type == content_type
    assert made.disposition == f'attachment; filename="T.{extension}"'


def test_no_method_line_where_none_is_asked_for():
    assert b"METHOD" not in make(event(), methode="AUCUNE").data
    assert b"\r\nMETHOD:PUBLISH\r\n" in make(event(url="https://a.fr")).data


def test_jcal_says_what_the_file_says():
    members = {
        "categories": ["a,b", "c"],
        "geo": {"latitude": 1.5, "longitude": 2},
        "notes": "x\n;y",
    }

    made = json.loads(make(event(**members), format="jcal").data)

    _, _, (_, (name, properties, _)) = made
    assert name == "vevent"
    assert ["categories", {}, "text", "a,b", "c"] in properties
    assert ["geo", {}, "float", [1.5, 2.0]] in properties
    assert ["description", {}, "text", "x\n;y"] in properties
    assert ["dtstart", {"tzid": "Europe/Paris"}, "date-time", "2026-05-12T10:00:00"] in properties
    assert made == json.loads(jcal(make(event(**members)).data.decode()))


def test_jcal_has_colons_in_an_offset_with_seconds():
    series = {"frequence": "annuelle", "nombre": 30}
    dates = {"dateDebut": "1911-06-01T10:00", "dateFin": "1911-06-01T11:00"}

    made = make(event(**dates, recurrence=series), format="jcal").data

    assert b'["tzoffsetfrom",{},"utc-offset","+00:09:21"]' in made


def test_a_calendars_description_keeps_its_lines():
    made = make(event(), calendrier={"description": " Le club\r\net ses \x00cours "}).data

    assert b"DESCRIPTION:Le club\\net ses cours\r\nX-WR-CALDESC:Le club\\net ses cours\r\n" in made


def test_json_holds_the_calendar_the_uids_the_links_and_the_warnings():
    made = json.loads(make(event(rappelMinutes=5), event(id="2"), format="json").data)

    assert list(made) == ["calendrier", "uids", "liens", "avertissements"]
    assert made["calendrier"].encode() == make(event(rappelMinutes=5), event(id="2")).data
    assert made["uids"][0] == {"id": "1", "uid": "41e0a944-8f91-8dba-8b05-c6c2fc0edb1d"}
    assert [link["id"] for link in made["liens"]] == ["1", "2"]
    assert [warning["code"] for warning in made["avertissements"]] == [
        "several-events-outlook",
        "alarms-google",
    ]
    assert made["avertissements"][1]["path"] == "evenement.occurrences[0].rappelMinutes"


def links_of(**members):
    return json.loads(make(event(**members), format="json").data)["liens"]


def query(link):
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_links_carry_title_times_notes_and_place():
    (link,) = links_of(titre="Réunion & thé", notes="a\nb", lieu="Paris, salle #1")

    google, yahoo = query(link["google"]), query(link["yahoo"])
    assert google["text"] == yahoo["title"] == "Réunion & thé"
    assert google["dates"] == "20260512T080000Z/20260512T090000Z"
    assert google["details"] == yahoo["desc"] == "a\nb"
    assert google["location"] == yahoo["in_loc"] == "Paris, salle #1"
    for name in ("outlook", "microsoft365"):
        assert query(link[name])["startdt"] == "2026-05-12T08:00:00Z"
        assert query(link[name])["enddt"] == "2026-05-12T09:00:00Z"
        assert query(link[name])["location"] == "Paris, salle #1"


def test_notes_of_outlooks_links_are_html():
    (link,) = links_of(notes='Salle <B> & "C"\nEntrée\r\nlibre')

    for name in ("outlook", "microsoft365"):
        assert query(link[name])["body"] == 'Salle &lt;B&gt; &amp; "C"<br>Entrée<br>libre'
    assert query(link["yahoo"])["desc"] == 'Salle <B> & "C"\nEntrée\nlibre'


def test_links_hold_html_notes_as_the_plain_text_that_the_file_has():
    (link,) = links_of(notesHtml="<p>Ordre <b>du jour</b></p>", visio={"url": "https://a.fr/é"})

    assert query(link["google"])["details"] == "Ordre du jour\n\nhttps://a.fr/é"


def test_links_of_whole_days_end_as_each_service_counts():
    (link,) = links_of(touteLaJournee=True, dateDebut="2026-05-12", dateFin="2026-05-13")

    assert query(link["google"])["dates"] == "20260512/20260514"
    for name in ("outlook", "microsoft365"):
        assert query(link[name]).items() >= {"allday": "true", "enddt": "2026-05-14"}.items()
    assert query(link["yahoo"])["et"] == "20260514"
    assert "dur" not in query(link["yahoo"])


def test_yahoos_link_of_one_whole_day_has_no_end():
    (link,) = links_of(touteLaJournee=True, dateDebut="2026-05-12", dateFin="2026-05-12")

    assert query(link["yahoo"]) == {"v": "60", "title": "T", "st": "20260512", "dur": "allday"}


def test_what_does_not_fit_or_does_not_take_place_has_no_link():
    assert links_of(notes="x" * 2_000) == []
    assert links_of(statut="annule") == []
    assert links_of(regle="FREQ=DAILY;COUNT=3") == []


def test_a_zip_holds_one_good_file_for_each_event_in_order():
    events = [event(id=str(n), titre=f"Séance {n}") for n in range(1, 13)]
    made = make(*events, format="zip")

    with zipfile.ZipFile(io.BytesIO(made.data)) as opened:
        names = opened.namelist()
        titles = [
            str(icalendar.Calendar.from_ical(opened.read(name)).events[0]["SUMMARY"])
            for name in names
        ]
        assert opened.testzip() is None
    assert names == [f"{n:02}_Seance_{n}.ics" for n in range(1, 13)]
    assert titles == [f"Séance {n}" for n in range(1, 13)]
    assert opened.filename is None


def test_the_files_of_a_zip_are_those_of_single_requests():
    tokyo = event(id="2", fuseau="Asia/Tokyo")
    made = make(event(), tokyo, format="zip")

    with zipfile.ZipFile(io.BytesIO(made.data)) as opened:
        assert opened.read("01_T.ics") == make(event()).data
        assert opened.read("02_T.ics") == make(tokyo).data


def test_a_zip_depends_on_nothing_but_its_files():
    assert archive([("T", "x")]) == archive([("T", "x")])
    assert archive([("T", "x")])[10:14] == b"\0\0!\0"  # 1 January 1980, midnight


NIGHT = {"dateDebut": "2026-05-12T02:30", "dateFin": "2026-05-12T02:45"}
"""Clocks show it twice on 25 October 2026, and skip it on 28 March 2027."""
WARNED = [
    ({"rappelMinutes": 5}, {"alarms-google"}),
    ({"rappels": [{"minutes": 5}, {"minutes": 9, "avant": "fin"}]}, {"alarms-google", "alarms-outlook", "alarm-end-proton"}),
    ({"titre": "😀" * 128}, {"title-long"}),
    ({"lieu": "x" * 256}, {"place-long"}),
    ({"notes": "x" * 3001}, {"notes-proton"}),
    ({"categories": ["a"]}, {"categories-few"}),
    ({"categories": ["a,b"]}, {"category-comma"}),
    ({"disponibilite": "ailleurs"}, {"busy-elsewhere"}),
    ({"organisateur": {"courriel": "a@b.fr"}}, {"organizer-publish"}),
    ({"couleur": "red"}, {"color-few"}),
    ({"visio": {"url": "https://a.fr"}}, {"conference-few"}),
    ({"notesHtml": "<p>a</p>"}, {"html-few"}),
    ({"piecesJointes": [{"url": "https://a.fr/b.pdf"}]}, {"attachments-few"}),
    ({"image": {"url": "https://a.fr"}}, {"image-few"}),
    ({"liens": [{"url": "https://a.fr", "relation": "related"}]}, {"links-few"}),
    ({"dateFin": "2038-01-02"}, {"year-proton"}),
    ({"dateFin": "2038-01-01T00:30"}, {"year-proton"}),
    ({"dateFin": "2037-12-31T23:30", "fuseau": "America/New_York"}, set()),
    ({"dateFin": "2026-05-12T10:00"}, {"zero-length"}),
    ({"dateDebut": "2026-10-25T02:30", "dateFin": "2026-10-25T05:00"}, {"hour-utc"}),
    ({"dateFin": "2026-12-12T10:00", "fuseau": "America/Santiago"}, {"zone-utc"}),
    ({"regle": "FREQ=WEEKLY", "fuseau": "America/Santiago"}, {"series-zone-outlook", "series-zone-years"}),
    ({"regle": "FREQ=WEEKLY;COUNT=30", "fuseau": "America/Santiago"}, {"series-zone-outlook"}),
    ({"regle": "FREQ=MONTHLY;BYDAY=2TU"}, set()),
    ({"regle": "FREQ=YEARLY;BYMONTH=5;BYDAY=2TU"}, {"series-proton"}),
    ({"regle": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=8"}, {"series-outlook", "series-proton"}),
    ({"regle": "FREQ=DAILY;BYDAY=TU,WE"}, {"series-outlook", "series-proton"}),
    ({"regle": "FREQ=DAILY;COUNT=50"}, {"series-proton"}),
    ({"regle": "FREQ=DAILY;UNTIL=20380101"}, {"series-proton"}),
    ({"regle": "FREQ=YEARLY;BYDAY=19TU"}, {"series-misread", "series-outlook", "series-proton"}),
    ({"datesSupplementaires": ["2026-05-20T10:00"]}, {"series-outlook"}),
    (NIGHT | {"regle": "FREQ=DAILY"}, {"series-hour"}),
    ({"dateDebut": "2026-05-12T00:30", "dateFin": "2026-05-12T00:45", "regle": "FREQ=DAILY", "fuseau": "Atlantic/Azores"}, {"series-hour"}),
    (
        {"dateDebut": "2026-05-12T23:30", "dateFin": "2026-05-12T23:45", "regle": "FREQ=DAILY", "fuseau": "America/Santiago"},
        {"series-hour", "series-zone-outlook", "series-zone-years"},
    ),
    (NIGHT | {"regle": "FREQ=DAILY", "fuseau": "UTC"}, set()),
    (NIGHT | {"regle": "FREQ=DAILY", "touteLaJournee": True}, set()),
    (NIGHT | {"regle": "FREQ=DAILY;UNTIL=20261024"}, set()),
    (NIGHT | {"regle": "FREQ=DAILY;UNTIL=20261101", "exceptions": ["2026-10-25T02:30"]}, set()),
    (NIGHT | {"regle": "FREQ=WEEKLY"}, set()),
    (NIGHT | {"regle": "FREQ=WEEKLY;BYDAY=TU,SU"}, {"series-hour"}),
    (NIGHT | {"regle": "FREQ=DAILY;UNTIL=20270401", "exceptions": ["2026-10-25T02:30"]}, {"series-hour"}),
]  # fmt: skip


def warnings(*events, **options):
    return generate(request(*events, **options), uid_secret=SECRET, now=NOW, warn=True).warnings


@pytest.mark.parametrize(("members", "codes"), WARNED)
def test_a_warning_is_told_once_with_its_path(members, codes):
    told = warnings(event(**members))

    assert {warning.code for warning in told} == codes
    assert all(warning.path[:3] == ("evenement", "occurrences", 0) for warning in told)


DATE = {"dateOriginale": "2026-05-19T10:00"}
CHANGED = [
    ({"titre": "x" * 300}, {"title-long": "titre"}),
    ({"lieu": "x" * 300, "notes": "x" * 3001}, {"place-long": "lieu", "notes-proton": "notes"}),
    ({"rappels": [{"minutes": 5}, {"minutes": 9}]}, {"alarms-google": "rappels", "alarms-outlook": "rappels"}),
    ({"rappelMinutes": 5}, {"alarms-google": "rappelMinutes"}),
    ({"dateFin": "2026-05-19T10:00"}, {"zero-length": "dateFin"}),
    ({"dateDebut": "2026-05-19T14:00"}, {}),
    ({"dateDebut": "2026-05-26T09:59"}, {}),
    ({"dateDebut": "2026-05-26T10:00"}, {"series-order-outlook": "dateDebut"}),
    ({"dateDebut": "2026-05-11T10:00"}, {"series-order-outlook": "dateDebut"}),
    ({"dateDebut": "2026-10-25T02:30"}, {"series-order-outlook": "dateDebut", "hour-utc": "dateDebut"}),
    ({"dateDebut": "2026-05-19T17:30", "fuseau": "Asia/Tokyo"}, {}),
    ({"statut": "annule"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "codes"), CHANGED)
def test_a_changed_date_is_warned_about_at_its_own_member(change, codes):
    told = warnings(event(regle="FREQ=WEEKLY;COUNT=9", modifications=[DATE | change]))

    there = "evenement.occurrences[0].modifications[0]."
    assert {warning.code: warning.dotted.removeprefix(there) for warning in told} == codes


def test_a_changed_date_is_not_warned_about_what_its_series_is():
    series = event(
        regle="FREQ=WEEKLY", titre="x" * 300, modifications=[DATE | {"lieu": "Ailleurs"}]
    )

    [warning] = warnings(series)
    assert (warning.dotted, warning.values) == ("evenement.occurrences[0].titre", {"n": 1})


def test_a_date_of_a_series_that_is_in_utc_itself_is_warned_about():
    night = event(**NIGHT, regle="FREQ=DAILY;UNTIL=20261101", modifications=[
        {"dateOriginale": "2026-10-25T02:30", "titre": "Autre"}
    ])  # fmt: skip

    told = {warning.code: warning.dotted for warning in warnings(night)}
    assert told["hour-utc"] == "evenement.occurrences[0].modifications[0].dateOriginale"


def test_dates_that_move_together_keep_their_order():
    def moved(*days):
        return [
            {"dateOriginale": f"2026-05-{old}T10:00", "dateDebut": f"2026-05-{new}T10:00"}
            for old, new in days
        ]

    weekly = event(regle="FREQ=WEEKLY;COUNT=3", datesSupplementaires=["2026-05-20T10:00"])
    codes = [
        {w.code for w in warnings(weekly | members)} - {"series-outlook"}
        for members in (
            {"modifications": moved((19, 27), (20, 28), (26, 29))},
            {"modifications": moved((19, 21))},
            {"modifications": moved((19, 21)), "exceptions": ["2026-05-26T10:00"]},
            {"modifications": moved((19, 27)), "exceptions": ["2026-05-26T10:00"], "datesSupplementaires": None},
            {"modifications": moved((26, 30))},
            {"touteLaJournee": True, "modifications": moved((19, 20))},
        )
    ]  # fmt: skip

    past = {"series-order-outlook"}
    assert codes == [set(), past, past, set(), set(), past]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"calendrier": {"nom": "x"}}, "calendar-name-outlook"),
        ({"calendrier": {"actualisation": 60}}, "refresh-google"),
        ({"methode": "CANCEL"}, "method-download"),
    ],
)
def test_a_warning_of_the_file_names_its_option(options, code):
    members = MESSAGE if "methode" in options else {}
    told = {warning.code: warning.path for warning in warnings(event(**members), **options)}

    assert told[code][0] == "options"


def test_a_plain_request_can_be_warned_about_and_keeps_its_bytes():
    plain = request(event(rappelMinutes=5))
    warned = generate(plain, uid_secret=SECRET, now=NOW, warn=True)

    assert [warning.code for warning in warned.warnings] == ["alarms-google"]
    assert warned.data == generate(plain, uid_secret=SECRET, now=NOW).data
    assert generate(plain, uid_secret=SECRET, now=NOW).warnings == ()


def test_nothing_to_warn_about():
    assert warnings(event()) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_warning_has_its_sentence(language):
    words = catalogue(language)
    everything = warnings(
        event(titre="x" * 300, rappels=[{"minutes": 5}]),
        event(id="2", **WARNED[1][0]),
        calendrier={"nom": "x", "actualisation": 15},
    )

    assert all(len(describe_message(warning, words)) > 20 for warning in everything)
    assert {code for _, codes in WARNED for code in codes} <= set(words.entry("warnings"))
