"""What the preview says of a list: the engine's times, in words, and the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine.generate import generate
from icsmulti.locales import LANGUAGES, catalogue
from icsmulti.web.form_draft import Draft, Row
from icsmulti.web.form_zones import cities, resolve, zone_label
from icsmulti.web.preview import EVENTS_SHOWN, MONTHS_SHOWN, REPETITIONS_SHOWN, preview

FRENCH = catalogue("fr")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def shown(*rows, zone="Europe/Paris", language="fr"):
    return preview(list(enumerate(rows)), zone, catalogue(language))


def one(zone="Europe/Paris", language="fr", **fields):
    return shown(Row("1", "Bal", **fields), zone=zone, language=language).days[0].events[0]


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_an_evening_is_said_in_the_hours_of_the_language():
    evening = {"jour": "2026-05-14", "heure": "19:30", "fin_heure": "21:00"}

    assert plain(one(**evening).when) == "19 h 30 – 21 h"
    assert plain(one(language="en", **evening).when) == "7:30 pm – 9 pm"
    assert shown(Row("1", "Bal", **evening)).days[0].label == "Jeudi 14 mai 2026"


def test_an_evening_past_midnight_shows_until_the_morning_and_days_later_says_the_day():
    late = one(jour="2026-05-14", heure="21:00", fin_jour="2026-05-15", fin_heure="01:00")
    long = one(jour="2026-05-14", heure="21:00", fin_jour="2026-05-16", fin_heure="18:00")

    assert plain(late.when) == "21 h – 1 h"
    assert plain(long.when) == "21 h, jusqu’au samedi 16 mai 2026 à 18 h"


def test_an_event_until_midnight_does_not_show_on_the_day_after():
    event = one(jour="2026-05-14", heure="21:00", fin_jour="2026-05-15", fin_heure="00:00")

    assert event.first == event.last


def test_whole_days_are_said_with_the_last_one_included():
    assert one(jour="2026-05-14", journee="1").when == "toute la journée"
    days = one(jour="2026-05-14", fin_jour="2026-05-16", journee="1")
    assert days.when == "jusqu’au samedi 16 mai 2026 compris"
    assert (days.last - days.first).days == 2


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ("0", "Rappel : au début"),
        ("15", "Rappel : 15 minutes avant"),
        ("60", "Rappel : 1 heure avant"),
        ("1440", "Rappel : 1 jour avant"),
        ("20160", "Rappel : 2 semaines avant"),
        ("", ""),
    ],
)
def test_a_reminder_is_said_in_its_own_unit(minutes, said):
    event = one(jour="2026-05-14", heure="19:30", fin_heure="20:00", rappel=minutes)

    assert plain(event.reminder) == said


def test_several_reminders_are_said_together():
    event = one(
        jour="2026-05-14",
        heure="19:30",
        fin_heure="20:00",
        rappel="1440",
        rappel_2="60",
        rappel_3="0",
    )

    assert plain(event.reminder) == "Rappels : 1 jour avant, 1 heure avant et au début"
    assert "1\u00a0heure" in event.reminder


@pytest.mark.parametrize(
    ("zone", "fields", "said"),
    [
        (
            "Europe/Paris",
            {"jour": "2026-03-29", "heure": "02:30", "fin_heure": "05:00"},
            "Le dimanche 29 mars 2026, les horloges passent de 2 h à 3 h : 2 h 30 n’existe pas. "
            "L’événement commence à 3 h 30.",
        ),
        (
            "Europe/Paris",
            {"jour": "2027-03-28", "heure": "01:30", "fin_heure": "02:30"},
            "Le dimanche 28 mars 2027, les horloges passent de 2 h à 3 h : 2 h 30 n’existe pas. "
            "L’événement finit à 3 h 30.",
        ),
        (
            "Europe/Paris",
            {"jour": "2027-03-28", "heure": "02:00", "fin_heure": "02:45"},
            "Le dimanche 28 mars 2027, les horloges passent de 2 h à 3 h : "
            "2 h et 2 h 45 n’existent pas. L’événement va de 3 h à 3 h 45.",
        ),
        (
            "Europe/Paris",
            {"jour": "2027-03-28", "heure": "02:30", "fin_heure": "02:30"},
            "Le dimanche 28 mars 2027, les horloges passent de 2 h à 3 h : 2 h 30 n’existe pas. "
            "L’événement commence à 3 h 30.",
        ),
        (
            "Europe/Paris",
            {"jour": "2027-03-28", "heure": "02:30", "fin_heure": "03:30"},
            "Le dimanche 28 mars 2027, les horloges passent de 2 h à 3 h : 2 h 30 n’existe pas et "
            "devient 3 h 30, l’heure de la fin. L’événement est donc sans durée : choisissez une "
            "autre heure de début ou de fin.",
        ),
        (
            "Europe/Paris",
            {"jour": "2027-03-28", "heure": "03:30", "fin_heure": "02:30"},
            "Le dimanche 28 mars 2027, les horloges passent de 2 h à 3 h : 2 h 30 n’existe pas et "
            "devient 3 h 30, l’heure du début. L’événement est donc sans durée : choisissez une "
            "autre heure de début ou de fin.",
        ),
        (
            "Europe/Paris",
            {"jour": "2026-10-25", "heure": "02:15", "fin_heure": "02:45"},
            "Le dimanche 25 octobre 2026, les horloges reviennent de 3 h à 2 h : "
            "2 h 15 et 2 h 45 arrivent deux fois. C’est la première fois qui est prise.",
        ),
        (
            "Europe/Paris",
            {"jour": "2026-10-25", "heure": "02:30", "fin_heure": "05:00"},
            "Le dimanche 25 octobre 2026, les horloges reviennent de 3 h à 2 h : 2 h 30 arrive deux fois. "
            "C’est la première qui est prise.",
        ),
        (
            "Europe/Paris",
            {
                "jour": "2026-10-24",
                "heure": "22:00",
                "fin_jour": "2026-10-25",
                "fin_heure": "06:00",
            },
            "Le dimanche 25 octobre 2026, les horloges reviennent de 3 h à 2 h : "
            "l’événement dure 9 heures en tout.",
        ),
        (
            "Europe/Paris",
            {
                "jour": "2026-03-28",
                "heure": "22:00",
                "fin_jour": "2026-03-29",
                "fin_heure": "05:30",
            },
            "Le dimanche 29 mars 2026, les horloges passent de 2 h à 3 h : "
            "l’événement dure 6 h 30 en tout.",
        ),
        (
            "America/New_York",
            {"jour": "2026-11-01", "heure": "01:15", "fin_heure": "03:00"},
            "Le dimanche 1er novembre 2026, les horloges reviennent de 2 h à 1 h : 1 h 15 arrive deux fois. "
            "C’est la première qui est prise.",
        ),
        ("America/Guadeloupe", {"jour": "2026-10-25", "heure": "02:30", "fin_heure": "05:00"}, ""),
        ("Europe/Paris", {"jour": "2026-10-25", "heure": "03:00", "fin_heure": "05:00"}, ""),
        ("Europe/Paris", {"jour": "2026-10-25", "heure": "00:00", "fin_heure": "01:59"}, ""),
    ],
)
def test_a_night_when_clocks_change_is_explained_only_where_an_event_meets_it(zone, fields, said):
    assert " ".join(map(plain, one(zone, **fields).nights)) == said


@given(
    st.datetimes(
        min_value=datetime(2020, 1, 1),
        max_value=datetime(2035, 1, 1),
    ),
    st.integers(1, 72),
    st.sampled_from(
        ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
    ),
)
def test_the_preview_shows_the_instants_that_are_in_the_file(start, hours, zone):
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(hours=hours)
    row = Row("1", "x", "", str(start.date()), f"{start:%H:%M}", str(end.date()), f"{end:%H:%M}")

    event = shown(row, zone=zone).days[0].events[0]

    body = Draft((row,)).body(zone)
    file = icalendar.Calendar.from_ical(generate(body, uid_secret=bytes(32), now=NOW).data)
    written = file.walk("VEVENT")[0]["DTSTART"].dt
    assert event.start == written.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("fields", "dates"),
    [
        ({"repete": "hebdomadaire", "repete_fin": "2026-11-06"}, ["16", "23", "30", "6"]),
        ({"repete": "hebdomadaire", "repete_fin": "2026-11-05"}, ["16", "23", "30"]),
        ({"repete": "mensuelle", "repete_fin": "2026-12-31"}, ["16", "16", "16"]),
        ({"repete": "quotidienne", "repete_fin": "2026-10-17", "journee": "1"}, ["16", "17"]),
        ({"plus": '{"recurrence": {"frequence": "quotidienne", "nombre": 3}}'}, ["16", "17", "18"]),
    ],
)
def test_a_repeated_event_shows_on_each_of_its_dates_at_the_same_hour(fields, dates):
    row = Row("1", "Cours", jour="2026-10-16", heure="19:30", fin_heure="21:00", **fields)

    seen = shown(row)

    assert [str(day.date.day) for day in seen.days] == dates
    assert {plain(day.events[0].clock) for day in seen.days} in ({"19 h 30"}, {""})
    assert seen.count == 1


def test_an_event_repeated_for_ever_shows_its_first_dates():
    row = Row("1", "Cours", jour="2026-10-16", journee="1", repete="annuelle")

    assert len(shown(row).days) == REPETITIONS_SHOWN


def test_many_series_share_the_room():
    rows = [
        Row(str(n), "Cours", jour="2026-10-16", journee="1", repete="annuelle") for n in range(200)
    ]

    seen = shown(*rows)

    assert sum(len(day.events) for day in seen.days) == EVENTS_SHOWN


def test_months_show_each_day_an_event_covers_and_no_empty_month():
    seen = shown(
        Row("1", "Stage", jour="2026-10-30", fin_jour="2026-11-02", journee="1"),
        Row("2", "Bal", jour="2027-01-15", journee="1"),
    )

    assert [month.label for month in seen.months] == [
        "Octobre 2026",
        "Novembre 2026",
        "Janvier 2027",
    ]
    busy = [
        cell.date.day
        for month in seen.months
        for week in month.weeks
        for cell in week
        if cell.events
    ]
    assert busy == [30, 31, 1, 2, 15]


def test_a_list_that_spans_centuries_draws_its_first_months_and_says_how_many_are_left():
    rows = [
        Row(str(n), "x", jour=f"{2026 + n}-07-14", journee="1") for n in range(MONTHS_SHOWN + 5)
    ]

    seen = shown(*rows)

    assert (len(seen.months), seen.months_left_out, len(seen.days)) == (
        MONTHS_SHOWN,
        5,
        MONTHS_SHOWN + 5,
    )


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Paris (Europe/Paris)", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("lyon", "Europe/Paris"),
        ("Pointe à Pitre", "America/Guadeloupe"),
        ("MONTRÉAL", "America/Toronto"),
        ("Londres", "Europe/London"),
        ("London", "Europe/London"),
        ("Calcutta", "Asia/Kolkata"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("New York", "America/New_York"),
        ("", "Europe/Paris"),
        ("Trifouilly", "Trifouilly"),
    ],
)
def test_a_zone_is_found_by_a_city_or_by_its_name(typed, name):
    assert resolve(typed) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_city_offered_leads_to_its_own_zone(language):
    assert len(cities(language)) > 400
    for city, name in cities(language):
        assert resolve(f"{city} ({name})") == name


def test_a_label_of_a_zone_is_read_back_as_the_zone():
    assert resolve(zone_label("Indian/Reunion", "fr")) == "Indian/Reunion"
    assert zone_label("UTC", "fr") == "UTC"
    assert zone_label("no/zone", "fr") == "no/zone"
