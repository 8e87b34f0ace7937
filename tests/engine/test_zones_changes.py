"""Changes of a zone as a chain without gaps or repeats, and the year from which its rule holds."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from icsmulti.engine.zones import names, zone

# One of each kind: regular, changed lately, never regular, never changing, more than two offsets.
KINDS = (
    *("Europe/Paris", "Europe/London", "America/New_York", "America/Vancouver", "Asia/Gaza"),
    *("Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia", "Asia/Kolkata", "Etc/GMT+5"),
    *("America/Santiago", "Pacific/Norfolk", "Europe/Kyiv", "Australia/Lord_Howe", "America/Nuuk"),
)


@pytest.mark.parametrize("name", KINDS)
def test_every_change_starts_from_the_offset_that_the_one_before_left(name):
    changes = zone(name).changes(1850, 2060)

    for earlier, later in pairwise(changes):
        assert earlier.after == later.before
        assert earlier.at < later.at


@pytest.mark.parametrize("name", KINDS)
def test_changes_of_several_years_are_those_of_each(name):
    tz = zone(name)

    for first in range(1990, 2040):
        both = tz.changes(first, first + 1)
        assert both == tz.changes(first, first) + tz.changes(first + 1, first + 1)
        assert {change.onset.year for change in both} <= {first, first + 1}


def test_a_change_belongs_to_the_year_its_onset_is_written_with():
    # Kiribati's Line Islands skipped 31 December 1994; the onset is written in local time.
    (change,) = zone("Pacific/Kiritimati").changes(1994, 1995)

    assert change.onset == datetime(1994, 12, 31)
    assert zone("Pacific/Kiritimati").changes(1994, 1994) == [change]
    assert zone("Pacific/Kiritimati").changes(1995, 1995) == []


@pytest.mark.parametrize("name", KINDS)
def test_the_rule_speaks_for_every_year_from_the_first_it_can(name):
    tz = zone(name)

    for year in range(tz.rule_since, tz.rule_since + 60):
        assert tz.changes(year, year) == tz.rule.changes(year)
    before = tz.rule_since - 1
    assert tz.rule_since == 1850 or tz.changes(before, before) != tz.rule.changes(before)


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("Etc/GMT+5", 1850),
        ("Asia/Kolkata", 1946),
        ("Europe/London", 1996),
        ("Europe/Kyiv", 1997),
        ("Africa/Casablanca", 2027),
        ("Pacific/Norfolk", 2020),
        ("Australia/Lord_Howe", 2008),
        ("America/Santiago", 2023),
    ],
)
def test_the_year_of_the_rule_is_found(name, year):
    assert zone(name).rule_since == year


@pytest.mark.parametrize("name", KINDS)
def test_the_instant_that_ends_the_unmistakable_part_of_a_span_is_outside_it(name):
    span = zone(name).span_at(datetime(2026, 5, 1))

    assert span.is_clear(span.clear_until - timedelta(seconds=1))
    assert not span.is_clear(span.clear_until)
    assert span.is_clear(span.clear_from)
    assert not span.is_clear(span.clear_from - timedelta(seconds=1))


@pytest.mark.parametrize("name", KINDS)
def test_a_walk_from_span_to_span_misses_none(name):
    tz = zone(name)
    span = tz.span_at(datetime(1890, 1, 1))

    for change in tz.changes(1891, 2060):
        while span.end < change.at:  # a change of 1890
            span = tz.span_at(span.end)
        assert span.end == change.at
        assert span.offset == change.before
        span = tz.span_at(span.end)
        assert (span.start, span.before, span.offset) == change


def test_a_name_that_is_none_is_told():
    with pytest.raises(KeyError, match="\u212a"):
        zone("Asia/\u212aolkata")


def test_names_are_sorted_and_hold_no_stand_in():
    assert list(names()) == sorted(set(names()))
    assert "Factory" not in names()
