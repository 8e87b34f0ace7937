"""Text becomes content lines: cleaned, escaped, folded (RFC 5545 §3.1, §3.3.11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine.contentline import (
    clean,
    content_line,
    content_lines,
    escape,
    escape_all,
    fold,
    one_line,
    text_line,
)


@pytest.mark.parametrize("text", ["", "x" * 67, "x" * 68, "é" * 200, "🎻" * 60, " " * 300])
def test_fold_keeps_every_line_within_75_octets_and_loses_nothing(text):
    folded = fold("SUMMARY:" + text)

    assert all(len(line) <= 75 for line in folded.encode().split(b"\r\n"))
    assert folded.replace("\r\n ", "") == "SUMMARY:" + text + "\r\n"


@given(st.text(alphabet="aé€😀\\n ,;\t\u200d", max_size=400), st.integers(0, 40))
def test_no_fold_cuts_a_character_or_an_escape_pair(text, shift):
    folded = content_line("X" * shift + ":", escape(text)).encode()

    lines = folded.split(b"\r\n")
    assert folded.replace(b"\r\n ", b"").decode() == "X" * shift + ":" + escape(text) + "\r\n"
    for line in lines:
        line.decode()  # no character is cut
        assert len(line) <= 75
        assert line != b" "
        assert (len(line) - len(line.rstrip(b"\\"))) % 2 == 0


def test_a_line_of_exactly_75_octets_is_not_folded():
    assert content_line("SUMMARY:", "é" + "a" * 65) == "SUMMARY:é" + "a" * 65 + "\r\n"


def test_a_line_of_76_octets_is_folded_after_75():
    assert content_line("SUMMARY:", "é" + "a" * 66) == "SUMMARY:é" + "a" * 65 + "\r\n a\r\n"


def test_a_continuation_holds_74_octets_behind_its_space():
    lines = fold("X" * 200).split("\r\n")

    assert [len(line) for line in lines] == [75, 75, 52, 0]


def test_folds_are_not_made_beside_white_space_where_it_can_be_helped():
    lines = content_line("DESCRIPTION:", "mot " * 100).split("\r\n")

    for line in lines[:-2]:
        assert not line.endswith(" ")
    for line in lines[1:-1]:
        assert not line.startswith("  ")


def test_white_space_all_along_is_folded_all_the_same():
    folded = content_line("DESCRIPTION:", "a" + " " * 200 + "b")

    assert folded.replace("\r\n ", "") == "DESCRIPTION:a" + " " * 200 + "b\r\n"


def test_escapes_are_made_in_the_order_that_works():
    assert escape('a\\b;c,d\ne:f"g') == 'a\\\\b\\;c\\,d\\ne:f"g'
    assert escape("\\n") == "\\\\n"


@pytest.mark.parametrize("mark", ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_kind_of_line_break_becomes_one_line_feed(mark):
    assert clean(f"a{mark}b") == "a\nb"


def test_cr_lf_is_one_break_and_cr_cr_two():
    assert clean("a\r\nb\r\rc") == "a\nb\n\nc"


@pytest.mark.parametrize("code", [*range(9), *range(0x0E, 0x20), 0x7F, 0xFEFF, 0xFFFE, 0xFFFF])
def test_characters_that_text_may_not_hold_are_dropped(code):
    assert clean(f"a{chr(code)}b") == "ab"


@pytest.mark.parametrize(
    "kept", ["\t", "\u200d", "\u200f", "\u2067", "\ufe0f", "e\u0301", "\xa0", "\x80", "\x9f"]
)
def test_everything_else_is_kept_as_sent(kept):
    assert clean(f"a{kept}b") == f"a{kept}b"


def test_a_run_of_line_breaks_in_a_title_is_one_space_and_ends_are_trimmed():
    assert one_line(" Salle 1\r\n\u2028\n2e étage \n") == "Salle 1 2e étage"
    assert one_line("  Réunion  ") == "Réunion"


def test_text_line_escapes_and_folds():
    assert text_line("LOCATION:", "Salle A, Paris") == "LOCATION:Salle A\\, Paris\r\n"


@given(st.lists(st.text(max_size=120), min_size=1), st.sampled_from(["SUMMARY:", "X:"]))
def test_many_texts_at_once_are_written_as_each_alone(texts, name):
    cleaned = [clean(text) for text in texts]

    lines = content_lines(name.encode(), escape_all(cleaned))

    assert [line.decode() for line in lines] == [text and text_line(name, text) for text in cleaned]


@pytest.mark.parametrize("shift", range(3))
def test_a_line_with_white_space_beside_every_letter_is_cut_at_the_last_whole_character(shift):
    lines = fold("X" * shift + "Y:" + "é " * 60).encode().split(b"\r\n")[:-1]

    assert {len(line) for line in lines[1:-1]} <= {74, 75}  # the first ends at its colon
    for line in lines:
        line.decode()
