"""Whole lists: what becomes of every row."""

from __future__ import annotations

import doctest
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti import spreadsheet
from icsmulti.locales import LANGUAGES, catalogue
from icsmulti.spreadsheet import cells, columns, moments, read


@pytest.mark.parametrize("module", [spreadsheet, cells, columns, moments])
def test_the_examples_of_the_documentation_hold(module):
    assert doctest.testmod(module).failed == 0


def one(text, **options):
    sheet = read(text, **options)
    assert len(sheet.rows) == 1
    return sheet.rows[0]


def test_a_french_list_in_windows_1252_is_read_whole():
    text = (
        "Intitulé;Date;Heure début;Heure fin;Lieu;Notes;Journée entière;Rappel\r\n"
        'Répétition;14/07/2026;19h30;21h;"Salle A; 1er étage";"Apporter\r\nles pupitres";non;1 h\r\n'
        "Fête;05/06/2026;;;Mairie;;oui;aucun\r\n"
    )

    sheet = read(text.encode("cp1252"))

    assert sheet.complaints(catalogue("fr")) == []
    first, second = sheet.occurrences()
    assert {k: v for k, v in first.items() if k != "id"} == {
        "titre": "Répétition",
        "notes": "Apporter\r\nles pupitres",
        "dateDebut": "2026-07-14T19:30",
        "dateFin": "2026-07-14T21:00",
        "lieu": "Salle A; 1er étage",
        "rappelMinutes": 60,
    }
    assert (second["dateDebut"], second["dateFin"], second["touteLaJournee"]) == (
        "2026-06-05",
        "2026-06-05",
        True,
    )


def test_an_export_of_outlook_in_english_is_read():
    sheet = read(
        '"Subject","Start Date","Start Time","End Date","End Time","All day event","Reminder on/off",'
        '"Reminder Date","Reminder Time","Description","Location"\r\n'
        '"Board","7/14/2026","7:30:00 PM","7/14/2026","9:00:00 PM","False","True","7/14/2026",'
        '"7:15:00 PM","Agenda, to come","Room 2"\r\n'
        '"Leave","7/20/2026","12:00:00 AM","7/22/2026","12:00:00 AM","True","False",,,,\r\n'
    )

    assert sheet.complaints(catalogue("en")) == []
    board, leave = sheet.occurrences()
    assert (board["dateDebut"], board["dateFin"]) == ("2026-07-14T19:30", "2026-07-14T21:00")
    assert (board["notes"], board["lieu"]) == ("Agenda, to come", "Room 2")
    assert (leave["dateDebut"], leave["dateFin"]) == ("2026-07-20", "2026-07-21")
    assert sheet.rows[1].assumed == ("last-day",)


def test_an_export_of_outlook_in_french_says_debut_twice():
    sheet = read(
        '"Objet";"Début";"Début";"Fin";"Fin";"Journée entière";"Emplacement"\r\n'
        '"Conseil";"14/07/2026";"19:30:00";"14/07/2026";"21:00:00";"Faux";"Mairie"\r\n'
    )

    assert sheet.occurrences()[0]["dateDebut"] == "2026-07-14T19:30"
    assert sheet.occurrences()[0]["dateFin"] == "2026-07-14T21:00"
    assert sheet.occurrences()[0]["lieu"] == "Mairie"


def test_cells_pasted_without_header_are_guessed():
    sheet = read(
        "14/07/2026\t19h30\t21h\tRépétition\tSalle A\n16/07/2026\t20h\t22h\tConcert\tÉglise"
    )

    assert [column.role for column in sheet.columns] == ["start", "start", "end", "title", "place"]
    assert sheet.occurrences()[1]["lieu"] == "Église"
    assert sheet.occurrences()[1]["dateFin"] == "2026-07-16T22:00"


def test_a_title_row_above_the_header_is_passed_over():
    sheet = read("Saison 2026-2027;;\n;;\nTitre;Date;Horaire\nBal;14/07/2026;20h-23h")

    assert sheet.rows[0].number == 4
    assert sheet.occurrences()[0]["titre"] == "Bal"


def test_a_column_that_is_not_known_is_kept_and_can_be_named():
    text = "Quoi donc;Date\nBal;14/07/2026"

    assert [column.role for column in read(text).columns] == ["title", "start"]
    assert [c.role for c in read(text, roles=["notes", "start"]).columns] == ["notes", "start"]


def test_a_list_without_title_or_date_says_which_is_missing():
    assert read("Lieu;Notes\nMairie;rien").reasons == ("no-title", "no-start")
    assert read("").reasons == ("empty",)
    assert read("Titre;Date\n\n;\n").reasons == ("empty",)


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        ("Titre;Date\na;05/06/2026", "", "asked"),
        ("Title,Date\na,05/06/2026", "", "asked"),
        ("Title,Date\na,05/06/2026\nb,07/14/2026", "mdy", "proved"),
        ("Title,Date\na,05/06/2026\nb,14/07/2026", "dmy", "proved"),
        ("Title,Date\na,05/06/2026\nb,14/07/2026\nc,07/14/2026", "", "asked"),
        ("Title,Date,Time\na,05/06/2026,19h30", "", "asked"),
        ("05/06/2026;20:00;Bal", "", "asked"),
        ("Title,Date\na,2026-06-05", "", ""),
        ("Title,Date\na,05.06.2026", "", ""),
    ],
)
def test_the_order_of_days_and_months_is_proved_said_or_asked(text, order, reason):
    sheet = read(text)

    assert (sheet.order, sheet.order_reason) == (order, reason)


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("Titre;Date\na;05/06/2026", "dmy"),
        ("Title,Date,Time\na,05/06/2026,19h30", "dmy"),
        ("Title,Date\na,05/06/2026", ""),
        ("Titre;Date\na;05/06/2026\nb;14/07/2026\nc;07/14/2026", ""),
    ],
)
def test_a_list_in_french_proposes_day_first_and_takes_nothing_for_granted(text, likely):
    sheet = read(text)

    assert (sheet.likely, sheet.order_reason) == (likely, "asked")
    assert sheet.rows[0].faults[0].reason == "order"


def test_an_order_that_is_asked_is_a_fault_on_each_row_that_needs_it():
    sheet = read("Title,Date\na,05/06/2026\nb,2026-07-01")

    assert [bool(row.faults) for row in sheet.rows] == [True, False]
    assert sheet.rows[0].faults[0].reason == "order"
    assert sheet.rows[0].cells == ("a", "05/06/2026")


def test_the_order_a_person_gives_is_followed():
    assert (
        read("Title,Date\na,05/06/2026", order="mdy").occurrences()[0]["dateDebut"] == "2026-05-06"
    )


def test_a_row_without_end_lasts_the_default_and_says_so():
    row = one("Titre;Date;Heure\nBal;14/07/2026;19h30", default_min=90)

    assert row.occurrence["dateFin"] == "2026-07-14T21:00"
    assert row.assumed == ("end",)


def test_an_end_before_the_start_without_a_day_is_the_next_day_and_says_so():
    row = one("Titre;Date;Horaire\nBal;14/07/2026;21h-1h")

    assert row.occurrence["dateFin"] == "2026-07-15T01:00"
    assert row.assumed == ("next-day",)


def test_an_end_before_the_start_with_its_day_is_a_fault():
    row = one("Titre;Début;Fin\nBal;14/07/2026 21h;14/07/2026 20h")

    assert [fault.reason for fault in row.faults] == ["end-before-start"]
    assert row.faults[0].column == 2


def test_midnight_as_24_h_is_the_next_day():
    assert (
        one("Titre;Date;Horaire\nBal;14/07/2026;21h-24h").occurrence["dateFin"]
        == "2026-07-15T00:00"
    )


def test_a_duration_makes_the_end():
    row = one("Titre;Date;Heure;Durée\nBal;14/07/2026;19h30;1h30")

    assert row.occurrence["dateFin"] == "2026-07-14T21:00"
    assert row.assumed == ()


def test_a_day_without_hour_is_all_day_unless_the_list_says_no():
    assert one("Titre;Date\nBal;14/07/2026").assumed == ("all-day",)
    refused = one("Titre;Date;Toute la journée\nBal;14/07/2026;non")
    assert [fault.reason for fault in refused.faults] == ["hour-missing"]


@pytest.mark.parametrize(
    ("cells", "end"),
    [
        ("2026-07-14T19:30:00+02:00;;;", "2026-07-14T20:30:00+02:00"),
        ("2026-07-14T17:30:00.000Z;;90;", "2026-07-14T19:00:00+00:00"),
        ("2026-07-14T00:00:00.000Z;;;oui", "2026-07-14T00:00:00.000Z"),
    ],
)
def test_a_moment_with_an_offset_follows_the_rules_of_the_rest(cells, end):
    row = one(f"Titre;Début;Fin;Durée;Journée entière\nA;{cells}")

    assert row.faults == ()
    assert row.occurrence["dateFin"] == end
    assert row.occurrence.get("touteLaJournee", False) == cells.endswith("oui")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Lieu (adresse complète) *", "place"),
        ("Date (jj/mm/aaaa)", "start"),
        ("Rappel (en minutes)", "reminder"),
        ("Duration (min)", "duration"),
        ("Durée (heures)", ""),
        ("Rappel (jours)", ""),
    ],
)
def test_what_a_header_says_in_brackets_may_be_a_unit(name, role):
    sheet = read(f"Titre;Début;{name}\nA;14/07/2026;1")

    assert sheet.columns[2].role == role


def test_an_hour_beside_all_day_is_left_out_and_said():
    sheet = read("Titre;Date;Heure;Journée entière\nA;14/07/2026;20h30;oui\nB;15/07/2026;00:00;oui")

    assert [row.assumed for row in sheet.rows] == [("no-hour",), ()]


def test_the_match_day_of_a_club_is_no_whole_day():
    sheet = read("Journée;Date;Heure;Match\n1;19/09/2026;20h30;Brest - Lyon")

    assert sheet.occurrences()[0]["dateDebut"] == "2026-09-19T20:30"


def test_several_days_are_one_event():
    row = one("Titre;Date\nStage;du 14 au 16 juillet 2026")

    assert (row.occurrence["dateDebut"], row.occurrence["dateFin"]) == ("2026-07-14", "2026-07-16")


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [
        ("15", 15),
        ("15 min", 15),
        ("1 h", 60),
        ("1h30", 90),
        ("2 heures avant", 120),
        ("1 jour", 1440),
        ("2 days before", 2880),
        ("0", 0),
        ("aucun", None),
        ("", None),
    ],
)
def test_a_reminder_is_read_in_minutes(cell, minutes):
    row = one(f"Titre;Date;Rappel\nBal;14/07/2026;{cell}")

    assert row.occurrence.get("rappelMinutes") == minutes
    assert row.faults == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Titre;Date\n;14/07/2026", "title-missing"),
        ("Titre;Date\nBal;", "day-missing"),
        ("Titre;Date\nBal;bientôt", "unreadable"),
        ("Titre;Date\nBal;31/02/2026", "no-such-day"),
        ("Titre;Date;Heure\nBal;14/07/2026;25h", "no-such-hour"),
        ("Titre;Date;Horaire;Fin\nBal;14/07/2026;19h-20h;21h", "two-ends"),
        ("Titre;Début;Fin\nBal;14/07/2026 19h;16/07/2026", "end-hour-missing"),
        ("Titre;Date;Journée entière\nBal;14/07/2026;peut-être", "yes-or-no"),
        ("Titre;Date;Rappel\nBal;14/07/2026;souvent", "length"),
        ("Titre;Début;Fin\nBal;2026-07-14T17:30:00Z;21h", "offset"),
        ("Titre;Début;Fin\nBal;14/07/2026 19h;2026-07-14T21:30:00Z", "offset"),
        ("Titre;Début\nBal;2026-02-30T17:30:00Z", "unreadable"),
        ("Titre;Date;Fin\nBal;14/07/2026;21h;", "hour-missing"),
    ],
)
def test_a_fault_stands_with_its_row_and_reason(text, reason):
    row = one(text)

    assert [fault.reason for fault in row.faults] == [reason]
    assert row.number == 2


def test_a_good_row_beside_a_bad_one_is_kept():
    sheet = read("Titre;Date\nBal;31/02/2026\nRepas;14/07/2026")

    assert [o["titre"] for o in sheet.occurrences()] == ["Repas"]
    assert sheet.faulty == 1
    assert sheet.complaints(catalogue("fr")) == [
        "Ligne 2, «\u00a0Date\u00a0»\u00a0: «\u00a031/02/2026\u00a0» n’existe pas dans le calendrier."
    ]


def test_ids_are_the_same_each_time_the_file_is_read_and_survive_an_edit_of_the_rest():
    before = read("Titre;Date;Heure;Lieu\nBal;14/07/2026;20h;Mairie\nBal;14/07/2026;22h;Mairie")
    after = read("Titre;Lieu;Date;Heure\nBal;Préau;14/07/2026;21h\nBal;Préau;14/07/2026;23h")

    ids = [o["id"] for o in before.occurrences()]
    assert ids == [o["id"] for o in after.occurrences()]
    assert len(set(ids)) == 2


def test_ids_of_the_list_are_kept_and_one_given_twice_is_a_fault():
    sheet = read("id;Titre;Date\nA;Bal;14/07/2026\nA;Repas;15/07/2026")

    assert sheet.occurrences()[0]["id"] == "A"
    assert sheet.rows[1].faults[0].reason == "duplicate-id"
    assert sheet.rows[1].faults[0].values == {"number": 2}


def test_a_weekday_that_disagrees_names_the_real_one():
    sheet = read("Titre;Date\nBal;lundi 14 juillet 2026")

    assert "mardi 14 juillet 2026" in sheet.complaints(catalogue("fr"))[0]


def test_what_was_assumed_is_said_in_both_languages():
    sheet = read("Titre;Date;Horaire\nBal;05/06/2026;21h-1h\nRepas;06/06/2026;\nJeu;13/06/2026;9h")

    for language in LANGUAGES:
        remarks = sheet.remarks(catalogue(language))
        assert len(remarks) == 4
        assert "{" not in "".join(remarks)


def test_a_row_without_end_is_told_how_long_it_lasts():
    remarks = read("Titre;Date\nBal;14/07/2026 20h", default_min=90).remarks(catalogue("fr"))

    assert any("90\u00a0minutes" in remark for remark in remarks)


@pytest.mark.parametrize("file", [b"PK\x03\x04\x14\x00\x06\x00Titre;Date", b"\x89PNG\r\n\x1a\n\0"])
def test_a_workbook_is_told_to_be_none_of_text(file):
    sheet = read(file)

    assert sheet.reasons == ("workbook",)
    assert "CSV" in sheet.complaints(catalogue("fr"))[0]


def test_the_request_is_the_contracts():
    request = read("Titre;Date;Horaire\nBal;14/07/2026;20h-23h").request("America/Guadeloupe")

    assert json.loads(json.dumps(request)) == request
    assert request["options"] == {"fuseau": "America/Guadeloupe"}
    assert set(request["evenement"]["occurrences"][0]) == {"id", "titre", "dateDebut", "dateFin"}


def test_every_fault_has_its_sentence_in_every_language():
    french, english = (catalogue(language).entry("spreadsheet") for language in LANGUAGES)

    assert french["faults"].keys() == english["faults"].keys()


@given(st.text(alphabet=st.sampled_from('Titre;,\t\n"Datel/0123456789hàé -x')))
def test_nothing_is_lost_whatever_the_text(text):
    sheet = read("Titre;Date\n" + text)

    filled = [row for row in cells.grid("Titre;Date\n" + text)[1:] if any(row)]
    assert sheet.reasons or len(sheet.rows) == len(filled) or not sheet.header
