"""TZif files of every make, not only the slim ones that tzdata ships (RFC 9636)."""

import struct
from datetime import datetime, timedelta

import pytest

from icsmulti.engine.tzif import Change, Onset, Rule, parse, parse_rule

HOUR = timedelta(hours=1)
BIG_BANG = -(2**59)  # where zic starts the first type of a "fat" file


def block(version, changes, offsets, *, size=8, marks=0, leaps=0):
    """One header and data block: *changes* are (instant, type), *marks* isstd and isut octets."""
    body = b"".join(struct.pack(">q" if size == 8 else ">l", at) for at, _ in changes)
    body += bytes(kind for _, kind in changes)
    body += b"".join(struct.pack(">lBB", offset, i % 2, 0) for i, offset in enumerate(offsets))
    body += b"ABC\0" + b"\x01" * leaps * (size + 4) + bytes(2 * marks)
    counts = struct.pack(">6l", marks, marks, leaps, len(changes), len(offsets), 4)
    return b"TZif" + version + bytes(15) + counts + body


def fat(changes, offsets, footer=b"<+01>-1", **sizes):
    old = block(b"2", [(0, 0), (100, 1)], [0, 3600], size=4, marks=2, leaps=1)
    return old + block(b"2", changes, offsets, **sizes) + b"\n" + footer + b"\n"


@pytest.mark.parametrize("sizes", [{}, {"marks": 2}, {"leaps": 3}, {"marks": 3, "leaps": 1}])
def test_blocks_of_any_size_are_stepped_over(sizes):
    data = parse(fat([(0, 1), (86_400, 0), (172_800, 2)], [0, 3_600, -1_800], **sizes))

    assert data.at == (datetime(1970, 1, 1), datetime(1970, 1, 2), datetime(1970, 1, 3))
    assert data.offsets == (0 * HOUR, HOUR, 0 * HOUR, -HOUR / 2)
    assert data.rule == Rule(HOUR)
    assert data.rule_from == datetime(1970, 1, 3)


def test_what_happens_before_year_one_sets_the_first_offset():
    data = parse(fat([(BIG_BANG, 1), (BIG_BANG + 1, 2), (0, 0)], [0, 3_600, 7_200]))

    assert data.at == (datetime(1970, 1, 1),)
    assert data.offsets == (2 * HOUR, 0 * HOUR)


def test_the_first_second_of_year_one_counts():
    data = parse(fat([(-62_135_596_800, 1)], [0, 3_600]))

    assert data.at == (datetime(1, 1, 1),)


def test_a_change_of_name_alone_is_none_and_still_ends_what_is_listed():
    data = parse(fat([(0, 1), (86_400, 2)], [0, 3_600, 3_600]))

    assert data.at == (datetime(1970, 1, 1),)
    assert data.rule_from == datetime(1970, 1, 2)


@pytest.mark.parametrize("data", [b"", b"TZif", b"TZif1" + bytes(60), b"PK\3\4" + bytes(60)])
def test_another_file_is_refused_by_name(data):
    with pytest.raises(ValueError, match=r"^not a TZif file of version 2 or later$"):
        parse(data)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<+0530>-5:30", Rule(timedelta(hours=5, minutes=30))),
        ("LMT-0:09:21", Rule(timedelta(minutes=9, seconds=21))),
        ("AAA+3", Rule(-3 * HOUR)),
        (
            "CET-1CEST,M3.5.0,M10.5.0/3",
            Rule(HOUR, 2 * HOUR, Onset(3, 5, 0, 2 * HOUR), Onset(10, 5, 0, 3 * HOUR)),
        ),
        (
            "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            Rule(-2 * HOUR, -HOUR, Onset(3, 5, 0, -HOUR), Onset(10, 5, 0, 0 * HOUR)),
        ),
        (
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            Rule(10.5 * HOUR, 11 * HOUR, Onset(10, 1, 0, 2 * HOUR), Onset(4, 1, 0, 2 * HOUR)),
        ),
    ],
)
def test_a_footer_is_read_with_all_its_parts(text, rule):
    assert parse_rule(text) == rule


def test_a_rule_without_both_its_onsets_has_no_changes():
    onset = Onset(3, 5, 0, HOUR)

    assert Rule(HOUR, 2 * HOUR, onset, None).changes(2026) == []
    assert Rule(HOUR, 2 * HOUR, None, onset).changes(2026) == []
    assert Rule(HOUR, None, onset, onset).changes(2026) == []


def test_the_changes_of_a_southern_rule_come_in_order():
    rule = parse_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")

    assert rule.changes(2026) == [
        Change(datetime(2026, 4, 4, 15), 11 * HOUR, 10.5 * HOUR),
        Change(datetime(2026, 10, 3, 15, 30), 10.5 * HOUR, 11 * HOUR),
    ]


@pytest.mark.parametrize(
    ("onset", "year", "local"),
    [
        (Onset(3, 5, 0, HOUR), 2026, datetime(2026, 3, 29, 1)),
        (Onset(3, 4, 0, HOUR), 2026, datetime(2026, 3, 22, 1)),
        (Onset(2, 5, 0, HOUR), 2026, datetime(2026, 2, 22, 1)),
        (Onset(8, 5, 1, HOUR), 2027, datetime(2027, 8, 30, 1)),
        (Onset(9, 1, 6, 24 * HOUR), 2026, datetime(2026, 9, 6)),
        (Onset(3, 5, 0, -HOUR), 2026, datetime(2026, 3, 28, 23)),
        (Onset(11, 1, 0, 2 * HOUR), 2026, datetime(2026, 11, 1, 2)),
    ],
)
def test_an_onset_falls_on_its_weekday_of_the_month(onset, year, local):
    assert onset.local(year) == local
