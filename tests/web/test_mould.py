"""A page with a hole, compressed beforehand: any reader of gzip must find the whole page."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.web.mould import STORED_LIMIT, Mould

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffc"))


@given(words, words, st.binary(max_size=200))
def test_both_forms_hold_the_page_with_its_text(before, after, text):
    mould = Mould(before + "\ufffc" + after, "\ufffc")

    assert mould.filled(text) == before.encode() + text + after.encode()
    assert gzip.decompress(mould.gzipped(text)) == mould.filled(text)


def test_the_longest_text_of_a_stored_block_fits():
    text = b"x" * STORED_LIMIT

    assert gzip.decompress(Mould("a|b", "|").gzipped(text)) == b"a" + text + b"b"


@pytest.mark.parametrize("page", ["", "no hole", "two||holes", "|a|"])
def test_a_page_without_its_one_hole_is_refused(page):
    with pytest.raises(ValueError, match="unpack"):
        Mould(page, "|")
