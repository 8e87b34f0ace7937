"""The form's list, between its fields and the contract's JSON: nothing typed is ever lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine.zones import zone
from icsmulti.web.form_draft import (
    FIELDS,
    Draft,
    Row,
    add_rows,
    change,
    of_fields,
    of_occurrence,
    of_request,
    undo_of,
)

PARIS = zone("Europe/Paris")
BAL = Row("1", "Bal", "Buvette", "2026-07-14", "20:00", "2026-07-15", "01:00", "Mairie", "", "30")
STAGE = Row("2", "Stage", jour="2026-07-20", fin_jour="2026-07-22", journee="1")


def three():
    return Draft(tuple(Row(name, name) for name in "abc"), "Paris")


def titles(draft):
    return "".join(row.titre for row in draft.rows)


def test_rows_come_in_the_order_of_their_fields_whatever_their_numbers():
    draft = of_fields(
        [("o7-titre", "a"), ("o2-titre", "b"), ("o7-lieu", "x"), ("fuseau", " Lyon ")]
    )

    assert [(row.titre, row.lieu) for row in draft.rows] == [("a", "x"), ("b", "")]
    assert draft.zone == "Lyon"


def test_a_row_without_id_gets_128_random_bits_and_keeps_one_it_has():
    first, second, third = of_fields([("o0-titre", "a"), ("o1-titre", "b"), ("o2-id", "mine")]).rows

    assert len(bytes.fromhex(first.id)) == 16
    assert first.id != second.id
    assert third.id == "mine"


@pytest.mark.parametrize("name", ["o0-evil", "o-titre", "oo-titre", "o0-titre-x", "o1234567-titre"])
def test_fields_that_are_not_the_forms_make_no_row(name):
    assert of_fields([(name, "x")]).rows == ()


def test_a_timed_row_becomes_an_occurrence_in_local_time():
    assert BAL.occurrence() == {
        "id": "1",
        "titre": "Bal",
        "notes": "Buvette",
        "dateDebut": "2026-07-14T20:00",
        "dateFin": "2026-07-15T01:00",
        "lieu": "Mairie",
        "rappelMinutes": 30,
    }


def test_the_day_of_the_start_is_the_day_of_the_end_when_none_is_given():
    assert replace(BAL, fin_jour="").occurrence()["dateFin"] == "2026-07-14T01:00"


def test_an_all_day_row_becomes_dates_and_forgets_no_hour():
    row = replace(BAL, journee="1")

    assert row.occurrence()["dateDebut"] == "2026-07-14"
    assert row.occurrence()["dateFin"] == "2026-07-15"
    assert row.occurrence()["touteLaJournee"] is True


def test_a_day_without_its_hour_is_never_taken_for_midnight():
    assert Row("1", "x", jour="2026-07-14").occurrence()["dateDebut"] == "2026-07-14T"


def test_what_is_saved_opens_again_as_it_was_finished_or_not():
    half = Row("3", "Reste", jour="2026-09-01", fin_heure="20:00", rappel="bientôt")
    draft = Draft((BAL, STAGE, half), "Europe/Paris")

    opened = of_request(json.loads(draft.body("Europe/Paris")), zone)

    assert opened == draft


def test_members_the_form_does_not_show_come_back_out():
    request = {
        "evenement": {
            "occurrences": [
                {
                    "id": "1",
                    "titre": "T",
                    "dateDebut": "",
                    "dateFin": "",
                    "url": "https://a.fr",
                    "n": [1],
                }
            ]
        },
        "options": {"fuseau": "Asia/Tokyo", "methode": "AUCUNE"},
    }

    again = of_request(request, zone).request("Asia/Tokyo")

    assert again == request


def test_one_reminder_in_any_of_its_fields_is_minutes():
    for name in ("rappel", "rappel_2", "rappel_3"):
        members = Row("1", "T", **{name: "1440"}).occurrence()

        assert members["rappelMinutes"] == 1440
        assert "rappels" not in members


def test_several_reminders_are_said_in_their_units_and_come_back():
    row = Row("1", "T", rappel="1440", rappel_2="15", rappel_3="120")

    members = row.occurrence()

    assert members["rappels"] == [{"jours": 1}, {"minutes": 15}, {"heures": 2}]
    assert "rappelMinutes" not in members
    assert of_occurrence(members, zone("Europe/Paris")) == row


def test_a_reminder_half_typed_comes_back_among_others():
    row = Row("1", "T", rappel="bientôt", rappel_2="15")

    assert of_occurrence(row.occurrence(), zone("Europe/Paris")) == row


@pytest.mark.parametrize(
    "reminders",
    [
        [{"minutes": 5}],
        [{"minutes": 60}, {"minutes": 5}],
        [{"minutes": 5, "avant": "fin"}, {"minutes": 9}],
        [{"minutes": 5, "message": "m"}, {"minutes": 9}],
        [{"minutes": n} for n in range(1, 5)],
        [{"minutes": [1]}, {"minutes": 2}],
        [{}, "x"],
        "x",
    ],
)
def test_reminders_that_the_form_cannot_say_are_kept_as_they_are(reminders):
    members = Row("1", "T").occurrence() | {"rappels": reminders}

    row = of_occurrence(members, zone("Europe/Paris"))

    assert row.reminders == {}
    assert row.occurrence() == members
    assert replace(row, rappel="5", rappel_2="9").occurrence()["rappels"] == reminders


def test_what_is_folded_away_is_members_of_the_contract_and_back():
    row = replace(
        STAGE,
        lien="https://a.fr",
        statut="provisoire",
        repete="hebdomadaire",
        repete_fin="2026-09-01",
    )

    members = row.occurrence()

    assert members["url"] == "https://a.fr"
    assert members["statut"] == "provisoire"
    assert members["recurrence"] == {"frequence": "hebdomadaire", "jusquA": "2026-09-01"}
    assert of_occurrence(members, PARIS) == row


@pytest.mark.parametrize(
    "rule",
    [
        {"frequence": "hebdomadaire", "jours": ["LU", "JE"]},
        {"frequence": "hebdomadaire", "jusquA": "2026-09-01T10:00:00Z"},
        {"frequence": 3},
        {},
        "RRULE",
    ],
)
def test_a_rule_that_the_form_cannot_say_is_kept_as_it_is(rule):
    members = {"id": "1", "titre": "T", "dateDebut": "", "dateFin": "", "recurrence": rule}

    assert of_occurrence(members, PARIS).occurrence()["recurrence"] == rule


def test_instants_open_as_the_zones_wall_clock():
    row = of_occurrence(
        {
            "id": "1",
            "titre": "x",
            "dateDebut": "2026-05-12T10:00:00Z",
            "dateFin": "2026-05-12T23:30:00Z",
        },
        PARIS,
    )

    assert (row.jour, row.heure, row.fin_jour, row.fin_heure) == (
        "2026-05-12",
        "12:00",
        "2026-05-13",
        "01:30",
    )


@pytest.mark.parametrize(
    "data", [None, [], {}, {"evenement": []}, {"evenement": {"occurrences": [1]}}, 3]
)
def test_what_is_no_list_is_refused(data):
    with pytest.raises(ValueError, match="not a list"):
        of_request(data, zone)


@pytest.mark.parametrize(
    ("action", "after", "focus"),
    [
        ("add", "abc", 3),
        ("copy-1", "abbc", 2),
        ("day-0", "aabc", 1),
        ("up-1", "bac", 0),
        ("up-0", "abc", 0),
        ("down-1", "acb", 2),
        ("down-2", "abc", 2),
        ("remove-1", "ac", 1),
        ("remove-2", "ab", 1),
        ("clear", "", 0),
        ("remove-9", "abc", None),
        ("explode-1", "abc", None),
        ("copy--1", "abc", None),
        ("copy-²", "abc", None),
    ],
)
def test_each_button_changes_the_list_and_says_where_to_go_on(action, after, focus):
    done = change(three(), action)

    assert titles(done.draft) == after
    assert done.focus == focus


@pytest.mark.parametrize(("verb", "day"), [("copy", "14"), ("day", "15"), ("week", "21")])
def test_a_copy_is_another_event_and_moves_both_its_days(verb, day):
    copy = change(Draft((replace(BAL, fin_jour="2026-07-14"),)), f"{verb}-0").draft.rows[1]

    assert copy.jour == copy.fin_jour == f"2026-07-{day}"
    assert copy.id != BAL.id
    assert copy.titre == "Bal"


def test_a_copy_of_the_last_day_of_all_stays_where_it_is():
    assert (
        change(Draft((Row("1", jour="9999-12-31"),)), "week-0").draft.rows[1].jour == "9999-12-31"
    )


@pytest.mark.parametrize("action", ["remove-0", "remove-1", "clear"])
def test_undo_brings_back_the_list_as_it_was_ids_too(action):
    gone = change(Draft((BAL, STAGE), "Lyon", '{"methode": "AUCUNE"}'), action)

    back = change(gone.draft, "undo", gone.undo)

    assert back.draft == Draft((BAL, STAGE), "Lyon", '{"methode": "AUCUNE"}')
    assert back.undo == ""


def test_undoing_a_removal_keeps_what_has_been_written_since():
    gone = change(Draft((BAL, STAGE)), "remove-0")
    since = Draft((replace(STAGE, titre="Stage long"), Row("new", titre="Fête")), "Lyon")

    back = change(since, "undo", gone.undo)

    assert titles(back.draft) == "BalStage longFête"
    assert back.draft.zone == "Lyon"
    assert back.focus == 0


def test_undoing_the_removal_of_the_only_row_leaves_no_blank_one_beside_it():
    gone = change(Draft((BAL,)), "remove-0")

    assert change(gone.draft, "undo", gone.undo).draft == Draft((BAL,))


@pytest.mark.parametrize("action", ["up-0", "down-2"])
def test_a_row_that_can_go_no_further_is_not_said_to_have_moved(action):
    assert change(three(), action, "before").done == ""
    assert change(three(), action, "before").undo == "before"


@pytest.mark.parametrize("undo", ["", "{}", "[]", "x", '{"rows": 1}', '{"rows": [1]}', "[" * 9_999])
def test_an_undo_that_was_spoilt_changes_nothing(undo):
    assert change(three(), "undo", undo).draft == three()


def test_the_last_row_removed_leaves_a_blank_one():
    left = change(Draft((BAL,)), "remove-0").draft

    assert len(left.rows) == 1
    assert left.rows[0].is_blank


def test_rows_added_take_the_place_of_blank_ones():
    assert titles(add_rows(Draft((Row("0"), BAL)), [STAGE])) == "BalStage"


def test_blank_rows_are_not_written_unless_there_is_nothing_else():
    assert [at for at, _ in Draft((Row("0"), BAL, Row("9"))).written()] == [1]
    assert len(Draft((Row("0"), Row("1"))).written()) == 1
    assert len(Draft().written()) == 1


# Without CR: browsers send every line break as CRLF, and the form reads it as LF.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
rows = st.builds(Row, id=text.filter(bool), **dict.fromkeys(FIELDS[1:], text))


@given(st.lists(rows, max_size=4))
def test_undo_carries_any_list(given_rows):
    draft = Draft(tuple(given_rows))

    assert change(Draft(), "undo", undo_of(draft)).draft == draft


@given(st.lists(rows, max_size=4))
def test_any_list_comes_back_from_its_fields(given_rows):
    fields = [
        (f"o{n}-{name}", getattr(row, name).replace("\n", "\r\n"))
        for n, row in enumerate(given_rows)
        for name in FIELDS
    ]

    assert of_fields(fields).rows == tuple(given_rows)
