"""The key as text."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.keys.key import (
    ALPHABET,
    KEY_PATTERN,
    new_account_id,
    new_key,
    read_key,
)


def test_a_new_key_reads_back_as_its_id_and_the_digest_of_the_whole() -> None:
    text, key = new_key("Ab3kQx")

    assert read_key(text) == key
    assert key.id[:6] == "Ab3kQx"
    assert key.digest == hashlib.sha256(text.encode()).digest()


def test_a_new_key_has_the_documented_shape() -> None:
    text, key = new_key(new_account_id())

    assert re.fullmatch(KEY_PATTERN, text)
    assert text.split("_")[1] == key.id
    assert len(text.split("_")[2]) == 32 + 6


def test_keys_are_never_the_same() -> None:
    assert len({new_key("Ab3kQx")[0] for _ in range(1_000)}) == 1_000


def test_account_ids_are_six_base62_characters() -> None:
    assert re.fullmatch(r"[0-9A-Za-z]{6}", new_account_id())


@given(at=st.integers(5, 52), character=st.sampled_from(ALPHABET))
def test_any_changed_character_is_caught_by_the_checksum(at: int, character: str) -> None:
    text, _ = new_key("Ab3kQx")
    changed = text[:at] + character + text[at + 1 :]

    assert (read_key(changed) is None) == (changed != text)


@given(st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert read_key(text) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text.upper(),
        lambda text: text.replace("icsm_", "icsn_"),
        lambda text: text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) + "٠",
    ],
)
def test_what_is_nearly_a_key_is_none(change) -> None:  # type: ignore[no-untyped-def] # a lambda each
    text, _ = new_key("Ab3kQx")

    assert read_key(change(text)) is None


def test_a_key_without_its_text_shows_no_secret() -> None:
    text, key = new_key("Ab3kQx")

    assert text[16:48] not in repr(key)
