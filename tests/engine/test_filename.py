"""Title → Content-Disposition (RFC 6266, RFC 8187; contract.md §2 "File name")."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine.filename import ascii_name, disposition, unicode_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Réunion hebdomadaire", "Reunion_hebdomadaire"),
        ("Œuvre, Æsir & Straße", "OEuvre_AEsir_Strasse"),
        ("Ærø Łódź Đà Nẵng Ǿ", "AEro_Lodz_Da_Nang_O"),
        ("ﬁn ①", "fin_1"),
        ("🎻🎻", "calendrier"),
        ("   ", "calendrier"),
        ("__a__", "a"),
        ("CON", "CON_"),
        ("com1", "com1_"),
        ("LPT9", "LPT9_"),
        ("CONcert", "CONcert"),
        ("COM10", "COM10"),
        ('a"; x="b', "a_x_b"),
        ("a\r\nSet-Cookie: x", "a_Set_Cookie_x"),
        ("a\u20ddb", "ab"),
        ("x" * 100, "x" * 80),
        ("x" * 79 + " yz", "x" * 79),
    ],
)
def test_the_ascii_name_is_letters_digits_and_underscores(title, name):
    assert ascii_name(title) == name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Réunion hebdomadaire", "Réunion hebdomadaire"),
        ("Été 2026 : « fin »", "Été 2026 _ « fin »"),
        ('é/\\:*?"<>|', "é_________"),
        ("facture\u202egnp.exe é", "facturegnp.exe é"),
        ("é...", "é"),
        (". .é", "é"),
        ("é" * 100, "é" * 80),
        ("é" * 79 + " .x", "é" * 79),
        ("ligne\r\nlivrée", "ligne livrée"),
        ("nul.é", "nul_.é"),
        ("\u200f", "calendrier"),
    ],
)
def test_the_unicode_name_is_the_title_without_what_file_systems_refuse(title, name):
    assert unicode_name(title) == name


def test_a_plain_ascii_title_has_no_second_form():
    assert disposition("Weekly meeting") == 'attachment; filename="Weekly_meeting.ics"'


def test_another_title_has_both_forms():
    assert disposition("Réunion hebdomadaire") == (
        'attachment; filename="Reunion_hebdomadaire.ics"; '
        "filename*=UTF-8''R%C3%A9union%20hebdomadaire.ics"
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_title_can_break_the_header(title):
    value = disposition(title)

    match = re.fullmatch(
        r'attachment; filename="([0-9A-Za-z_]{1,81})\.ics"'
        r"(?:; filename\*=UTF-8''([A-Za-z0-9%._~-]+)\.ics)?",
        value,
    )
    assert match
    assert match[2] is None or 0 < len(unquote(match[2])) <= 81
