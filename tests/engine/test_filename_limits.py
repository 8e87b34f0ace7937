"""What is dropped from a title to make a file name, and what is not."""

import pytest

from icsmulti.engine.filename import disposition


def ascii_name(title):
    return disposition(title).split('filename="')[1].split('.ics"')[0]


def unicode_name(title):
    from urllib.parse import unquote

    return unquote(disposition(title).split("filename*=UTF-8''")[1]).removesuffix(".ics")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a€b", "a_b"),
        ("àb", "ab"),
        ("a\u0300b", "ab"),
        ("a\u0301\u0327b", "ab"),
        ("X réunion X", "X_reunion_X"),
        ("XX", "XX"),
        ("_a_", "a"),
        ("a" * 79 + "X", "a" * 79 + "X"),
        ("a" * 79 + " b", "a" * 79),
        ("a" * 80 + "b", "a" * 80),
        ("œuf œuf", "oeuf_oeuf"),
        ("日本 X 日本", "X"),
    ],
)
def test_the_ascii_name_keeps_letters_and_digits(title, name):
    assert ascii_name(title) == name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Xé X", "Xé X"),
        ("é" * 79 + "X", "é" * 79 + "X"),
        ("é" * 79 + ".b", "é" * 79),
        ("é" * 79 + " b", "é" * 79),
        ("é" * 79 + "\u00a0b", "é" * 79 + "\u00a0"),
        (". é .", "é"),
        ("é" * 81, "é" * 80),
    ],
)
def test_the_unicode_name_keeps_everything_a_file_may_be_called(title, name):
    assert unicode_name(title) == name
