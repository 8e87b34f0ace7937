"""A fold beside backslashes: never inside a pair, and not earlier than it must be."""

import pytest

from icsmulti.engine.contentline import fold


@pytest.mark.parametrize(
    ("backslashes", "octets"),
    [(0, 75), (1, 74), (2, 75), (3, 74), (4, 75), (5, 74), (6, 75), (7, 74), (20, 75), (21, 74)],
)
def test_a_line_is_cut_after_whole_pairs_only(backslashes, octets):
    line = "X" * (75 - backslashes) + "\\" * backslashes + "n" * 30

    assert len(fold(line).split("\r\n")[0]) == octets


def test_a_line_of_nothing_but_pairs_is_cut_between_them():
    lines = fold("\\\\" * 100).replace("\r\n ", "\r\n").split("\r\n")

    assert [len(line) for line in lines] == [74, 74, 52, 0]
