"""Series: what a rule may say, what is refused and where, and the lines that follow (§3.8.5)."""

from datetime import date

import pytest

from engine.rich_requests import event, faults, lines
from icsmulti.engine.recurrence import Recur, Weekday
from icsmulti.engine.recurrence.instances import Budget, Exhausted, days

TUESDAYS = {"frequence": "hebdomadaire", "jours": ["MA"]}
"""The event of these tests starts on Tuesday 12 May 2026 at 10:00 in Paris."""
HERE = "evenement.occurrences[0]"


def of_series(**members):
    kept = ("RRULE:", "RDATE", "EXDATE", "RECURRENCE-ID", "DTSTART", "DTEND")
    found = lines(event(**members))
    return [line for line in found[found.index("BEGIN:VEVENT") :] if line.startswith(kept)]


def rule_of(**members):
    return next(line[6:] for line in of_series(**members) if line.startswith("RRULE:"))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (TUESDAYS, "FREQ=WEEKLY;BYDAY=TU"),
        ({"frequence": "quotidienne", "nombre": 3}, "FREQ=DAILY;COUNT=3"),
        ({"frequence": "quotidienne", "intervalle": 1.0}, "FREQ=DAILY"),
        (
            {"frequence": "mensuelle", "intervalle": 2, "jours": [{"jour": "MA", "rang": 2}]},
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU",
        ),
        (
            {"frequence": "mensuelle", "jours": ["LU", "MA"], "positions": [4]},
            "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=4",
        ),
        (
            {"frequence": "annuelle", "mois": [5], "joursDuMois": [12, -1]},
            "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=12,31",
        ),
        (TUESDAYS | {"debutSemaine": "DI"}, "FREQ=WEEKLY;BYDAY=TU;WKST=SU"),
        (
            {"frequence": "quotidienne", "jusquA": "2027-12-31", "nombre": None},
            "FREQ=DAILY;UNTIL=20271231T225959Z",
        ),
    ],
)
def test_words_become_a_rule(words, text):
    assert rule_of(recurrence=words) == text


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("RRULE:freq=weekly;byday=tu", "FREQ=WEEKLY;BYDAY=TU"),
        ("BYDAY=TU,TU,MO;FREQ=WEEKLY;INTERVAL=1;", "FREQ=WEEKLY;BYDAY=MO,TU"),
        ("FREQ=DAILY;UNTIL=20271231", "FREQ=DAILY;UNTIL=20271231T225959Z"),
        ("FREQ=DAILY;UNTIL=20271231T120000", "FREQ=DAILY;UNTIL=20271231T110000Z"),
        ("FREQ=DAILY;UNTIL=20271231T120000Z", "FREQ=DAILY;UNTIL=20271231T120000Z"),
    ],
)
def test_a_rule_is_read_and_written_anew(given, written):
    assert rule_of(regle=given) == written


def test_the_end_of_whole_days_is_a_date_as_their_start_is():
    members = {"touteLaJournee": True, "recurrence": TUESDAYS | {"jusquA": "2026-06-30"}}

    assert rule_of(**members) == "FREQ=WEEKLY;UNTIL=20260630;BYDAY=TU"


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    "end", [{"regle": "FREQ=DAILY;UNTIL=20260520T235959Z"},
            {"recurrence": {"frequence": "quotidienne", "jusquA": "2026-05-20T23:59:59.999Z"}}]
)  # fmt: skip
def test_whole_days_end_on_the_day_whose_last_second_is_written_in_utc(zone, end):
    days = event(dateDebut="2026-05-12", dateFin="2026-05-12", touteLaJournee=True, fuseau=zone)

    assert "RRULE:FREQ=DAILY;UNTIL=20260520" in lines(days | end)


def test_whole_days_end_on_the_day_that_another_instant_is_in_the_zone():
    days = event(dateDebut="2026-05-12", dateFin="2026-05-12", touteLaJournee=True)

    for until in ("20260519T220000Z", "20260520T215959Z", "20260520T000000Z", "20260520"):
        assert "RRULE:FREQ=DAILY;UNTIL=20260520" in lines(
            days | {"regle": f"FREQ=DAILY;UNTIL={until}"}
        )


def test_dates_of_a_series_have_the_form_of_its_start_one_a_line():
    assert of_series(
        recurrence=TUESDAYS,
        exceptions=["2026-05-26T08:00:00Z", "2026-05-19T10:00"],
        datesSupplementaires=["2026-05-20T10:00"],
    ) == [
        "DTSTART;TZID=Europe/Paris:20260512T100000",
        "DTEND;TZID=Europe/Paris:20260512T110000",
        "RRULE:FREQ=WEEKLY;BYDAY=TU",
        "RDATE;TZID=Europe/Paris:20260520T100000",
        "EXDATE;TZID=Europe/Paris:20260519T100000",
        "EXDATE;TZID=Europe/Paris:20260526T100000",
    ]


def test_a_series_in_utc_is_written_in_utc():
    found = of_series(fuseau="UTC", recurrence=TUESDAYS, exceptions=["2026-05-19T10:00"])

    assert found[0] == "DTSTART:20260512T100000Z"
    assert found[-1] == "EXDATE:20260519T100000Z"


def test_a_changed_date_is_an_event_of_its_own_that_lasts_as_long():
    found = of_series(
        recurrence=TUESDAYS,
        modifications=[{"dateOriginale": "2026-05-19T10:00", "dateDebut": "2026-05-20T14:00"}],
    )

    assert found[3:] == [
        "RECURRENCE-ID;TZID=Europe/Paris:20260519T100000",
        "DTSTART;TZID=Europe/Paris:20260520T140000",
        "DTEND;TZID=Europe/Paris:20260520T150000",
    ]


def test_a_changed_date_keeps_what_it_does_not_change():
    found = lines(
        event(
            lieu="A",
            rappelMinutes=5,
            recurrence=TUESDAYS,
            modifications=[{"dateOriginale": "2026-05-19T10:00", "titre": "Autre"}],
        )
    )

    assert found.count("LOCATION:A") == found.count("TRIGGER:-PT5M") == 2
    assert "SUMMARY:Autre" in found


def test_a_series_over_changes_of_rule_tells_its_zone_change_by_change():
    found = lines(
        event(
            fuseau="America/New_York",
            dateDebut="2006-06-06T10:00",
            dateFin="2006-06-06T11:00",
            recurrence=TUESDAYS,
        )
    )

    assert "RDATE:20060402T020000" in found
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU" in found
    assert "DTSTART;TZID=America/New_York:20060606T100000" in found


def test_single_events_stay_out_of_a_zone_that_only_a_series_needs_listed():
    single = event(
        id="2", fuseau="America/Santiago", dateDebut="2027-01-05T10:00", dateFin="2027-01-05T11:00"
    )
    found = lines(event(fuseau="America/Santiago", recurrence=TUESDAYS | {"nombre": 20}), single)

    assert "DTSTART;TZID=America/Santiago:20260512T100000" in found
    assert "DTSTART:20270105T130000Z" in found
    assert "RDATE:20260906T000000" in found


@pytest.mark.parametrize(
    ("recurrence", "code", "member"),
    [
        ({"jours": ["MA"]}, "missing", "frequence"),
        (TUESDAYS | {"nombre": 0}, "out-of-range", "nombre"),
        (TUESDAYS | {"nombre": 10_001}, "out-of-range", "nombre"),
        (TUESDAYS | {"intervalle": 0}, "out-of-range", "intervalle"),
        (TUESDAYS | {"nombre": 3, "jusquA": "2027-01-01"}, "conflict", "jusquA"),
        (TUESDAYS | {"jusquA": "2026-05-11"}, "end-before-start", "jusquA"),
        (TUESDAYS | {"jusquA": "demain"}, "invalid-date", "jusquA"),
        (TUESDAYS | {"jours": [{"jour": "MA", "rang": 2}]}, "conflict", "jours"),
        (TUESDAYS | {"joursDuMois": [12]}, "conflict", "joursDuMois"),
        (TUESDAYS | {"positions": [1]}, "conflict", "positions"),
        ({"frequence": "mensuelle", "positions": [1]}, "conflict", "positions"),
        ({"frequence": "mensuelle", "joursDuMois": [0]}, "out-of-range", "joursDuMois"),
        ({"frequence": "quotidienne", "joursDuMois": [-20]}, "conflict", "joursDuMois"),
        (
            {"frequence": "mensuelle", "joursDuMois": [-20], "jours": ["MA"]},
            "conflict",
            "joursDuMois",
        ),
        (
            {"frequence": "mensuelle", "jours": [{"jour": "MA", "rang": 2}], "positions": [1]},
            "conflict",
            "positions",
        ),
        (
            {"frequence": "annuelle", "jours": ["MA", {"jour": "ME", "rang": 2}]},
            "conflict",
            "jours",
        ),
        ({"frequence": "mensuelle", "jours": [{"jour": "MA", "rang": 6}]}, "out-of-range", "jours"),
        ({"frequence": "mensuelle", "jours": [{"jour": "MA", "rang": 0}]}, "out-of-range", "jours"),
        ({"frequence": "annuelle", "mois": [13]}, "out-of-range", "mois"),
        ({"frequence": "horaire"}, "unknown-value", "frequence"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused_on_its_member(recurrence, code, member):
    assert faults(event(recurrence=recurrence)) == [(code, f"{HERE}.recurrence.{member}")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hebdomadaire", "invalid-rule"),
        ("BYDAY=TU", "invalid-rule"),
        ("FREQ=HOURLY", "invalid-rule"),
        ("FREQ=WEEKLY;BYDAY=TU;BYDAY=WE", "invalid-rule"),
        ("FREQ=YEARLY;BYWEEKNO=20", "invalid-rule"),
        ("FREQ=DAILY;BYHOUR=9,10", "invalid-rule"),
        ("FREQ=WEEKLY;BYDAY=TU\r\nX-EVIL:1", "invalid-rule"),
        ("FREQ=MONTHLY;BYDAY=0TU", "invalid-rule"),
        ("FREQ=DAILY;COUNT=-1", "out-of-range"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "conflict"),
        ("FREQ=DAILY;" * 200, "too-long"),
    ],
)
def test_a_rule_that_cannot_be_read_or_kept_is_refused(text, code):
    assert faults(event(regle=text)) == [(code, f"{HERE}.regle")]


@pytest.mark.parametrize(
    ("members", "code", "path"),
    [
        ({"recurrence": TUESDAYS, "regle": "FREQ=DAILY"}, "conflict", "regle"),
        ({"exceptions": ["2026-05-12T10:00"]}, "missing", "recurrence"),
        ({"recurrence": {"frequence": "hebdomadaire", "jours": ["ME"]}}, "conflict", "dateDebut"),
        ({"recurrence": TUESDAYS, "exceptions": ["2026-05-19T10:01"]}, "no-instance", "exceptions[0]"),
        ({"recurrence": TUESDAYS, "exceptions": ["2026-05-19"]}, "no-instance", "exceptions[0]"),
        (
            {"recurrence": TUESDAYS, "exceptions": ["2026-05-19T10:00", "2026-05-19T08:00Z"]},
            "duplicate",
            "exceptions[1]",
        ),
        (
            {"recurrence": TUESDAYS | {"nombre": 1}, "exceptions": ["2026-05-12T10:00"]},
            "no-instance",
            "exceptions",
        ),
        ({"recurrence": TUESDAYS, "exceptions": ["2026-05-19T10:00"] * 501}, "too-many", "exceptions"),
        (
            {"recurrence": TUESDAYS, "datesSupplementaires": ["2026-05-19T10:00"]},
            "duplicate",
            "datesSupplementaires[0]",
        ),
        ({"datesSupplementaires": ["2026-05-11T10:00"]}, "conflict", "datesSupplementaires[0]"),
        ({"datesSupplementaires": ["2026-10-25T02:30"]}, "conflict", "datesSupplementaires[0]"),
        (
            {"recurrence": TUESDAYS, "modifications": [{"dateOriginale": "2026-05-20T10:00"}]},
            "no-instance",
            "modifications[0].dateOriginale",
        ),
        (
            {"recurrence": TUESDAYS, "modifications": [{"dateOriginale": "2026-05-19T10:00", "id": "2"}]},
            "conflict",
            "modifications[0].id",
        ),
        (
            {
                "recurrence": TUESDAYS,
                "modifications": [{"dateOriginale": "2026-05-19T10:00", "url": "ftp://x"}],
            },
            "invalid-url",
            "modifications[0].url",
        ),
        (
            {"recurrence": TUESDAYS | {"jusquA": "4400-01-01"}, "exceptions": ["4399-12-28T10:00"]},
            "too-many",
            "recurrence",
        ),
    ],
)  # fmt: skip
def test_what_no_program_could_tell_is_refused_where_it_is(members, code, path):
    assert faults(event(**members)) == [(code, f"{HERE}.{path}")]


def test_a_series_does_not_start_in_an_hour_that_comes_twice():
    members = event(
        dateDebut="2026-10-25T02:30", dateFin="2026-10-25T03:30", recurrence={"frequence": "quotidienne"}
    )  # fmt: skip

    assert faults(members) == [("conflict", f"{HERE}.dateDebut")]
    assert faults(members | {"fuseau": "UTC"}) == []


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        ({"dateDebut": "2026-03-29T02:30", "dateFin": "2026-03-29T02:45"}, ["dateDebut", "dateFin"]),
        ({"dateDebut": "2026-03-29T02:30", "dateFin": "2026-03-29T04:00"}, ["dateDebut"]),
        ({"dateDebut": "2026-03-29T01:30", "dateFin": "2026-03-29T02:30"}, ["dateFin"]),
        ({"dateDebut": "2026-03-28T02:30", "dateFin": None, "duree": "P1D"}, ["duree"]),
        ({"dateDebut": "2026-03-29T01:30", "dateFin": None, "duree": "PT1H"}, []),
        ({"dateDebut": "2026-03-29T01:30Z", "dateFin": "2026-03-29T03:45"}, []),
        ({"dateDebut": "2026-03-29", "dateFin": "2026-03-29T04:00", "fuseau": "Asia/Beirut"}, ["dateDebut"]),
        ({"dateDebut": "2026-03-29T02:30", "dateFin": "2026-03-29", "touteLaJournee": True}, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "series", [{"regle": "FREQ=WEEKLY"}, {"datesSupplementaires": ["2026-05-03T02:30"]}]
)
def test_a_series_does_not_start_or_end_at_a_time_that_clocks_skip(members, wrong, series):
    told = faults(event(**members, **series))

    assert told == [("conflict", f"{HERE}.{name}") for name in wrong]


def test_a_skipped_time_hides_no_good_exception():
    night = event(dateDebut="2026-03-29T02:30", dateFin="2026-03-29T04:00")
    series = {"regle": "FREQ=WEEKLY;COUNT=3", "exceptions": ["2026-04-05T02:30"]}

    assert faults(night | series) == [("conflict", f"{HERE}.dateDebut")]
    assert "DTSTART;TZID=Europe/Paris:20260329T033000" in lines(night)


def test_one_date_of_a_series_may_fall_where_clocks_skip():
    night = event(dateDebut="2026-03-22T02:30", dateFin="2026-03-22T02:45", regle="FREQ=WEEKLY")
    skipped = "2026-03-29T02:30"

    assert "EXDATE;TZID=Europe/Paris:20260329T023000" in lines(night | {"exceptions": [skipped]})
    changed = lines(night | {"modifications": [{"dateOriginale": skipped, "titre": "Autre"}]})
    assert "RECURRENCE-ID;TZID=Europe/Paris:20260329T023000" in changed
    assert "DTSTART;TZID=Europe/Paris:20260329T033000" in changed


@pytest.mark.parametrize("rule", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_series_from_beyond_the_last_year_is_refused(rule):
    members = event(dateDebut="4501-01-01T10:00", dateFin="4501-01-01T11:00", regle=f"FREQ={rule}")

    assert ("out-of-range", f"{HERE}.dateDebut") in faults(members)


def test_a_budget_ends_what_would_take_too_long():
    rule = Recur("DAILY", weekdays=(Weekday(0, 0),))
    start = date(2026, 5, 11)

    with pytest.raises(Exhausted):
        list(days(rule, start, Budget(1_000)))
