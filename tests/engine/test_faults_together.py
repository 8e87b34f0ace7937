"""Several faults at once: each is told, and none that would vanish with another (contract.md §2)."""

import json
from datetime import UTC, datetime

import pytest

from engine.rich_requests import event, faults, make
from icsmulti.engine.generate import generate
from icsmulti.errors import InvalidRequest

HERE = "evenement.occurrences[0]."
DAILY = {"regle": "FREQ=DAILY"}


def told(*options, **members):
    """The paths of all faults, those of the event without their beginning."""
    given = dict(option for one in options for option in one.items())
    return [path.removeprefix(HERE) for _, path in faults(event(**members), **given)]


def changed(day, **members):
    return {"dateOriginale": f"2026-05-{day}T10:00"} | members


def test_each_changed_date_tells_its_faults():
    changes = [changed(13, url="x"), changed(14, url="x"), changed(15, duree="x"), changed(16)]

    assert told(**DAILY, modifications=changes) == [
        "modifications[0].url",
        "modifications[1].url",
        "modifications[2].duree",
    ]


def test_a_changed_date_tells_its_faults_beside_those_of_its_type_and_of_its_place():
    changes = [{"dateOriginale": "x", "titre": " "}, changed(12, statut="x"), {"titre": 3}, 5]

    assert told(**DAILY, modifications=changes) == [
        "modifications[0].dateOriginale",
        "modifications[0].titre",
        "modifications[1].statut",
        "modifications[2].dateOriginale",
        "modifications[2].titre",
        "modifications[3]",
    ]


def test_an_item_of_a_wrong_type_hides_no_other_fault_of_its_list():
    members = {
        "rappels": [
            5,
            {"minutes": 5},
            {"minutes": -1},
            {"avant": "x", "minutes": 5},
            {"minutes": 5},
        ],
        "categories": ["", 5, "x" * 101],
        "piecesJointes": [{}, {"url": "x"}],
        "proprietes": [{"nom": "X", "valeur": 1, "type": "entier"}, {"nom": 5, "valeur": 1}],
    }

    assert told(**members) == [
        *("rappels[0]", "rappels[2].minutes", "rappels[3].avant", "rappels[4]"),
        *("categories[0]", "categories[1]", "categories[2]"),
        *("piecesJointes[0].url", "piecesJointes[1].url"),
        *("proprietes[0].nom", "proprietes[1].nom"),
    ]


def test_an_alarm_that_is_there_twice_names_the_first_where_it_stands():
    with pytest.raises(InvalidRequest) as caught:
        make(event(rappels=[5, {"minutes": 5}, {"minutes": 5}]))

    assert caught.value.faults[1].dotted == f"{HERE}rappels[2]"
    assert caught.value.faults[1].values["first"] == 1


def test_what_a_changed_date_inherits_is_told_at_the_series_alone():
    members = {"titre": 5, "rappels": [{"minutes": -1}], "visio": {}, "duree": "x", "dateFin": None}

    assert told(**members, **DAILY, modifications=[changed(13), changed(14, contact=1)]) == [
        "titre",
        "rappels[0].minutes",
        "duree",
        "modifications[1].contact",
        "visio.url",
    ]


@pytest.mark.parametrize(
    ("members", "change", "paths"),
    [
        ({"dateDebut": "x"}, {"dateFin": "2026-05-12T09:00"}, ["dateDebut"]),
        ({"dateDebut": "x"}, {"dateDebut": "y"}, ["dateDebut", "modifications[0].dateDebut"]),
        ({"dateFin": "x"}, {"dateDebut": "2026-05-13T12:00"}, ["dateFin"]),
        ({"touteLaJournee": "x"}, {"dateFin": "2026-05-12T09:00"}, ["touteLaJournee"]),
        ({"fuseau": "x"}, {"dateFin": "2026-05-12T09:00"}, ["fuseau"]),
        ({"fuseau": "x"}, {"dateDebut": "2026-05-13T09:00Z", "dateFin": "2026-05-13T08:00Z"},
         ["fuseau", "modifications[0].dateFin"]),
        ({"dateFin": "2026-05-12T10:00"}, {"dateDebut": "x"}, ["modifications[0].dateDebut"]),
        ({"regle": "FREQ=x"}, {"dateFin": "2026-05-13T09:00"}, ["regle", "modifications[0].dateFin"]),
        ({}, {"dateOriginale": "2026-05-13T10:01", "dateFin": "2026-05-13T10:00"},
         ["modifications[0].dateOriginale"]),
        ({}, {"touteLaJournee": True}, ["modifications[0].touteLaJournee"]),
        ({}, {"id": "2", "titre": " "}, ["modifications[0].id", "modifications[0].titre"]),
        ({"exceptions": ["2026-05-20T10:00"]}, {"exceptions": ["2026-05-20T10:00"], "url": "x"},
         ["modifications[0].url"]),
    ],
)  # fmt: skip
def test_nothing_follows_from_a_fault_for_a_changed_date(members, change, paths):
    assert told(**(DAILY | members), modifications=[changed(13) | change]) == paths


def test_a_changed_date_of_a_message_has_the_faults_of_its_series_once():
    members = {
        "organisateur": {"courriel": "x"},
        "participants": [{"courriel": "a@b.fr"}, {"courriel": "x"}],
    }

    assert told({"methode": "REQUEST"}, **members, **DAILY, modifications=[changed(13)]) == [
        "organisateur.courriel",
        "participants[1].courriel",
    ]


def test_dates_of_a_series_are_looked_at_beside_wrong_dates_of_the_event():
    series = {"recurrence": {"frequence": "hebdomadaire", "jours": ["ME"]}, "exceptions": ["x"]}

    assert told(titre=5, dateFin="x", **series) == [
        "titre",
        "dateFin",
        "dateDebut",
        "exceptions[0]",
    ]
    assert told(dateDebut="x", **series, datesSupplementaires=[4, "y"]) == [
        "dateDebut",
        "exceptions[0]",
        "datesSupplementaires[0]",
        "datesSupplementaires[1]",
    ]


@pytest.mark.parametrize(
    ("members", "paths"),
    [
        ({"exceptions": ["x", "2026-05-13T10:01"]}, ["exceptions[0]", "exceptions[1]"]),
        ({"exceptions": [5, "2026-05-13T10:00", "2026-05-13T10:00"]}, ["exceptions[0]", "exceptions[2]"]),
        ({"datesSupplementaires": ["x"], "modifications": [changed(13, dateOriginale="2026-05-13T12:00")]},
         ["datesSupplementaires[0]"]),
        ({"regle": "FREQ=DAILY;COUNT=1", "exceptions": ["2026-05-12T10:00"], "datesSupplementaires": ["x"]},
         ["datesSupplementaires[0]"]),
        ({"regle": "FREQ=x", "exceptions": ["2026-05-13T10:01", "x"]}, ["regle", "exceptions[1]"]),
        ({"regle": "", "recurrence": {"frequence": "x"}, "exceptions": ["x"]}, ["recurrence.frequence", "exceptions[0]"]),
        ({"regle": "FREQ=DAILY;UNTIL=20261301", "dateDebut": "x"}, ["dateDebut", "regle"]),
        ({"regle": "FREQ=DAILY;UNTIL=20260101", "dateDebut": "x"}, ["dateDebut"]),
        ({"regle": "", "exceptions": ["x"]}, ["recurrence", "exceptions[0]"]),
        ({"regle": "", "exceptions": ["2026-05-12T10:00"], "datesSupplementaires": "x"}, ["datesSupplementaires"]),
    ],
)  # fmt: skip
def test_a_wrong_date_of_a_list_hides_no_other_and_makes_none_wrong(members, paths):
    assert told(**(DAILY | members)) == paths


REVERSED = {"dateDebut": "2026-05-12T11:00:00Z", "dateFin": "2026-05-12T10:00:00Z"}
ZONE = {"fuseau": "Nope"}


@pytest.mark.parametrize(
    ("members", "paths"),
    [
        (REVERSED, ["dateFin"]),
        (REVERSED | {"dateFin": "2026-05-12T10:00"}, []),
        ({"dateDebut": "1600-05-12T11:00:00Z"}, ["dateDebut"]),
        ({"dateDebut": "1600-12-31T23:00:00Z"}, []),
        ({"dateFin": "4501-05-12"}, ["dateFin"]),
        ({"dateDebut": "2026-05-12", "dateFin": "2026-05-11", "touteLaJournee": True}, ["dateFin"]),
        ({"dateDebut": "2026-05-12", "dateFin": "2026-05-11T23:00Z", "touteLaJournee": True}, []),
        (REVERSED | {"touteLaJournee": True}, []),
        ({"dateFin": None, "duree": "x"}, ["duree"]),
        ({"dateFin": None, "duree": "PT1H", "touteLaJournee": True}, ["duree"]),
        ({"dateFin": None, "duree": "P1D"}, []),
        ({"dateFin": "2026-05-12T23:59:60", "touteLaJournee": True}, []),
    ],
)  # fmt: skip
def test_what_needs_no_zone_is_told_without_one(members, paths):
    assert told(ZONE, **members) == [*paths, "options.fuseau"]
    assert set(told(**members, **ZONE)) == {*paths, "fuseau"}


def test_an_end_before_the_start_in_either_kind_of_event_is_told_without_the_kind():
    days = {"dateDebut": "2026-05-12T11:00:00Z", "dateFin": "2026-05-10T10:00:00Z"}

    assert told(**days, touteLaJournee="x") == ["dateFin", "touteLaJournee"]
    assert told(**days | {"dateFin": "2026-05-10T10:00:60"}, touteLaJournee="x") == [
        "dateFin",
        "touteLaJournee",
    ]
    # A good whole day, if that is what it is meant to be.
    assert told(**REVERSED, touteLaJournee="x") == ["touteLaJournee"]


def test_all_are_counted_where_twenty_are_listed():
    body = {"evenement": {"occurrences": [event(**DAILY, modifications=[
        {"dateOriginale": f"2026-{6 + n // 28:02}-{1 + n % 28:02}T10:00", "url": "x", "titre": " "}
        for n in range(100)
    ])]}}  # fmt: skip
    with pytest.raises(InvalidRequest) as caught:
        generate(
            json.dumps(body).encode(), uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC)
        )

    assert (len(caught.value.faults), caught.value.total) == (20, 200)


GOOD = event(
    notes="n", lieu="l", touteLaJournee=False, fuseau="Europe/Paris", fuseauFin="Europe/Rome",
    rappels=[{"minutes": 5}], url="https://a.fr", categories=["a"], statut="confirme",
    sequence=1, creeLe="2026-01-01T10:00", modifieLe="2026-01-02T10:00Z", regle="FREQ=DAILY;COUNT=9",
    exceptions=["2026-05-17T10:00"], datesSupplementaires=["2026-06-17T10:00"],
    organisateur={"courriel": "a@b.fr"}, participants=[{"courriel": "c@b.fr"}],
    visio={"url": "https://a.fr"}, notesHtml="<p>a</p>", contact="c", relations=[{"id": "2"}],
    modifications=[
        changed(13, titre="Autre", dateFin="2026-05-13T12:00", participants=[{"courriel": "d@b.fr"}]),
        changed(14, dateDebut="2026-05-14T12:00", fuseau="Europe/Rome", duree="PT1H"),
        {"dateOriginale": "2026-06-17T10:00", "lieu": "m", "statut": "annule", "rappels": [{"heures": 1}]},
    ],
)  # fmt: skip
METHOD = {"methode": "AUCUNE"}


@pytest.mark.parametrize("name", [name for name in GOOD if name != "sequence"])
def test_one_wrong_member_is_one_fault(name):
    assert told(METHOD, **GOOD) == []
    assert told(METHOD, **(GOOD | {name: 5})) == [name]


@pytest.mark.parametrize(
    ("i", "name"),
    [(i, name) for i, change in enumerate(GOOD["modifications"]) for name in change],
)
def test_one_wrong_member_of_a_changed_date_is_one_fault(i, name):
    changes = [dict(change) for change in GOOD["modifications"]]
    changes[i][name] = 5

    assert told(METHOD, **(GOOD | {"modifications": changes})) == [f"modifications[{i}].{name}"]
