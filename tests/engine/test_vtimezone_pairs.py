"""Which yearly pair is found for the years around the events, zone by hard zone."""

from datetime import datetime

import pytest

from icsmulti.engine.vtimezone import vtimezone
from icsmulti.engine.zones import zone


def rules(name, first, last):
    """What recurs in the component for local times from *first* to *last*."""
    tz = zone(name)
    instants = (tz.instant(datetime.fromisoformat(wall)) for wall in (first, last))
    text = vtimezone(tz, *instants)
    return text and [
        line.removeprefix("RRULE:FREQ=YEARLY;")
        for line in text.split("\r\n")
        if line.startswith(("RRULE", "RDATE"))
    ]


def year(name, number):
    return rules(name, f"{number}-01-01T00:12:00", f"{number}-12-31T23:48:00")


@pytest.mark.parametrize(
    ("name", "number", "pair"),
    [
        ("America/Argentina/Buenos_Aires", 1990, ["BYMONTH=3;BYDAY=1SU", "BYMONTH=10;BYDAY=3SU"]),
        ("America/Asuncion", 2006, ["BYMONTH=3;BYDAY=2SU", "BYMONTH=10;BYDAY=3SU"]),
        ("America/Asuncion", 2014, ["BYMONTH=3;BYDAY=4SU", "BYMONTH=10;BYDAY=1SU"]),
        ("America/Asuncion", 2018, ["BYMONTH=3;BYDAY=4SU", "BYMONTH=10;BYDAY=1SU"]),
        ("America/Danmarkshavn", 1983, ["BYMONTH=3;BYDAY=4SA", "BYMONTH=9;BYDAY=-1SA"]),
        ("America/Belize", 1927, ["BYMONTH=2;BYDAY=2SU", "BYMONTH=10;BYDAY=1SU"]),
        ("America/New_York", 2000, ["BYMONTH=4;BYDAY=1SU", "BYMONTH=10;BYDAY=-1SU"]),
    ],
)
def test_years_that_share_their_changes_are_told_by_them(name, number, pair):
    assert year(name, number) == pair


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Africa/Cairo", 2006),  # the last Friday of September, then one before it
        ("America/Argentina/Catamarca", 1990),  # the dates of its neighbours, to another offset
        ("America/Nuuk", 2025),  # a Saturday because the rule says: an hour before Sunday
        ("Europe/Paris", 1995),  # September, then October
        ("Africa/Casablanca", 2024),  # four changes
    ],
)
def test_years_that_share_nothing_a_weekday_can_say_have_none(name, number):
    assert year(name, number) is None


@pytest.mark.parametrize(
    ("name", "first", "last", "pair"),
    [
        # East of Greenwich 31 December UTC is already January, west of it 1 January still December.
        (
            *("Africa/Cairo", "1996-01-01T00:12:00", "1996-12-31T23:18:00"),
            ["BYMONTH=4;BYDAY=-1FR", "BYMONTH=9;BYDAY=-1FR"],
        ),
        (
            *("America/Adak", "1972-01-01T00:12:00", "1972-12-31T23:18:00"),
            ["BYMONTH=4;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"],
        ),
    ],
)
def test_the_years_are_those_of_the_zones_own_calendar(name, first, last, pair):
    assert rules(name, first, last) == pair


def test_a_change_at_midnight_is_a_pair():
    assert rules("Asia/Beirut", "2026-01-10", "2026-12-10") == [
        "BYMONTH=3;BYDAY=-1SU",
        "BYMONTH=10;BYDAY=-1SU",
    ]


def test_whether_a_fixed_observance_must_start_early_is_told_by_local_time():
    assert rules("Etc/GMT-14", "1970-01-01T23:00:00", "1971-01-01") == ["RDATE:16010101T000000"]
    assert rules("Etc/GMT-14", "1970-01-02T01:00:00", "1971-01-01") == ["RDATE:19700101T000000"]
