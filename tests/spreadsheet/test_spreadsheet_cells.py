"""Encodings, separators and quotes, as spreadsheets write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.spreadsheet.cells import grid, text_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_a_spreadsheet_saves_in_gives_the_same_text(encoding):
    text = "Titre;Lieu\nRépétition;Salle « à côté »"

    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data", [b"\xff\xfea", b"\x81\x8d", b"\xef\xbb\xbf\xe9", b"\xff\xfe\x00\xd8"]
)
def test_broken_octets_are_shown_and_never_refused(data):
    assert isinstance(text_of(data), str)


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_the_separator_is_found(separator):
    text = separator.join(["Titre", "Date"]) + "\n" + separator.join(["Bal", "14/07/2026"])

    assert grid(text) == [["Titre", "Date"], ["Bal", "14/07/2026"]]


def test_a_comma_in_every_text_does_not_hide_the_semicolons():
    assert grid("Bal, concert;14/07\nRepas, jeu;15/07") == [
        ["Bal, concert", "14/07"],
        ["Repas, jeu", "15/07"],
    ]


def test_a_semicolon_in_one_note_does_not_hide_the_commas():
    assert grid("a,b\nc; d,e\nf,g")[1] == ["c; d", "e"]


def test_the_line_that_excel_writes_for_itself_names_the_separator():
    assert grid("sep=|\na|b;c") == [["a", "b;c"]]


def test_a_quoted_cell_keeps_separators_quotes_and_line_breaks():
    assert grid('a;"b;\r\n""c"""\r\nd;e') == [["a", 'b;\r\n"c"'], ["d", "e"]]


def test_a_quote_that_does_not_pair_swallows_no_row():
    assert grid('a\tb\n"c\td\ne\tf') == [["a", "b"], ['"c', "d"], ["e", "f"]]


def test_an_inch_sign_inside_a_cell_is_a_character():
    assert grid('écran 12";salle\ntable;cour') == [['écran 12"', "salle"], ["table", "cour"]]


def test_blank_rows_are_kept_so_that_numbers_are_the_spreadsheets_own():
    assert grid("a;b\n\nc;d") == [["a", "b"], [], ["c", "d"]]


@given(st.text())
def test_any_text_becomes_rows(text):
    assert isinstance(grid(text), list)
