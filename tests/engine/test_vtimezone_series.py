"""The component of a series in a zone that no pair can say: right at every instant of the series.

Resolved by the project's judge, compared with zoneinfo on the packaged tzdata.
"""

from datetime import UTC, datetime, timedelta

import pytest

from conformance import model, timezones
from conformance.contentlines import Component, parse
from icsmulti.engine.vtimezone import (
    ENDLESS_YEARS,
    is_settled,
    is_told_for_ever,
    vtimezone,
    vtimezone_of_changes,
)
from icsmulti.engine.zones import TZDATA_VERSION, zone

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SERIES = [
    ("Africa/Casablanca", datetime(2023, 1, 10, 9), datetime(2026, 12, 1)),
    ("Africa/Casablanca", datetime(2025, 6, 10, 9), None),
    ("Africa/Casablanca", datetime(2024, 4, 14, 2), datetime(2025, 2, 23, 2)),
    ("Asia/Gaza", datetime(2026, 1, 10, 9), None),
    ("America/Santiago", datetime(2026, 1, 10, 9), None),
    ("America/Nuuk", datetime(2022, 6, 10, 9), datetime(2030, 1, 1)),
    ("Europe/Paris", datetime(1990, 6, 1, 9), None),
    ("Europe/Paris", datetime(1994, 6, 1, 9), datetime(1998, 12, 1)),
    ("Europe/Paris", datetime(1996, 3, 31, 1), datetime(2027, 3, 28, 1)),
    ("America/Vancouver", datetime(2025, 1, 10, 9), None),
    ("America/New_York", datetime(2006, 1, 10, 9), None),
    ("Antarctica/Troll", datetime(2004, 1, 10, 9), None),
    ("Europe/Moscow", datetime(2011, 6, 1, 9), datetime(2016, 6, 1)),
    ("Pacific/Apia", datetime(2011, 12, 1, 9), None),
]


def component(text: str) -> Component:
    head, foot = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
    return parse(head + text.encode() + foot).components[0]


def right(vtimezone: Component, name: str, utc: datetime) -> bool:
    """Whether an unmistakable local time of the zone is this instant by the component."""
    tz = model.zone(name)
    local = utc.replace(tzinfo=UTC).astimezone(tz)
    wall = local.replace(tzinfo=None, fold=0)
    if wall.replace(tzinfo=tz, fold=0).utcoffset() != wall.replace(tzinfo=tz, fold=1).utcoffset():
        return True  # written in UTC
    return timezones.instant(vtimezone, wall).replace(tzinfo=None) == utc


@pytest.mark.parametrize(("name", "first", "last"), SERIES)
def test_days_all_along_a_series_and_both_sides_of_every_change_are_right(name, first, last):
    read = component(vtimezone_of_changes(zone(name), first, last))
    end = last or first + ENDLESS_YEARS * timedelta(days=365)

    changes = [c.at for c in zone(name).changes(first.year, end.year) if first < c.at <= end]
    instants = {first, end, *(first + n * DAY for n in range(0, (end - first).days, 19))}
    instants |= {at + side * SECOND for at in changes for side in (-1, 0, 1)} - {end + SECOND}
    assert [utc for utc in sorted(instants) if not right(read, name, utc)] == []


@pytest.mark.parametrize(("name", "first", "last"), SERIES)
def test_no_more_is_listed_than_the_series_needs_and_a_standard_is_among_it(name, first, last):
    text = vtimezone_of_changes(zone(name), first, last)
    end = last or first + (ENDLESS_YEARS + 1) * timedelta(days=366)

    onsets = [
        timezones.local_time(p.value) for o in component(text).components for p in o.all("DTSTART")
    ]
    listed = [p.value for o in component(text).components for p in o.all("RDATE")]
    assert len(onsets) == len(set(onsets)) or text.count("RRULE")
    assert max(onsets) <= max(end, datetime(zone(name).rule_since + 1, 12, 31))
    assert len(listed) == len(set(listed))
    assert component(text).value("TZID") == name
    assert "BEGIN:STANDARD" in text
    assert text.count("RRULE") in (0, 2)
    assert text.count("BEGIN:") <= 2 + 4 * (ENDLESS_YEARS + 1)


def test_an_endless_series_that_began_long_ago_is_right_today_and_for_years():
    name, first = "America/Santiago", datetime(1999, 3, 2, 13)
    read = component(vtimezone_of_changes(zone(name), first, None))
    until = datetime(int(TZDATA_VERSION[:4]) + ENDLESS_YEARS, 1, 1)

    days = (first + n * DAY for n in range(0, (until - first).days, 19))
    assert [utc for utc in days if not right(read, name, utc)] == []


def test_one_observance_is_in_force_before_the_first_and_the_pair_takes_over():
    text = vtimezone_of_changes(zone("Europe/Paris"), datetime(1994, 6, 1), None)

    assert [
        line for line in text.split("\r\n") if line[:7] in ("BEGIN:D", "BEGIN:S", "DTSTART")
    ] == [
        *("BEGIN:DAYLIGHT", "DTSTART:19940327T020000"),
        *("BEGIN:STANDARD", "DTSTART:19940925T030000"),
        *("BEGIN:DAYLIGHT", "DTSTART:19950326T020000"),
        *("BEGIN:STANDARD", "DTSTART:19950924T030000"),
        *("BEGIN:DAYLIGHT", "DTSTART:19960331T020000"),
        *("BEGIN:STANDARD", "DTSTART:19961027T030000"),
    ]
    assert text.count("RRULE") == 2


def test_a_lone_daylight_is_called_standard_and_keeps_its_offset():
    text = vtimezone_of_changes(zone("Europe/Paris"), datetime(1994, 6, 1), datetime(1994, 7, 1))

    assert "DAYLIGHT" not in text
    assert "BEGIN:STANDARD\r\nDTSTART:19940327T020000\r\n" in text
    assert "\r\nEND:STANDARD\r\n" in text
    assert "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n" in text


@pytest.mark.parametrize(
    ("name", "offset"), [("Antarctica/Troll", "+0000"), ("Etc/GMT-3", "+0300")]
)
def test_before_the_first_change_of_all_there_is_an_observance_too(name, offset):
    text = vtimezone_of_changes(zone(name), datetime(2004, 1, 1), datetime(2004, 2, 1))

    assert "DTSTART:16010101T000000\r\nRDATE:16010101T000000" in text
    assert f"TZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}" in text


@pytest.mark.parametrize(
    ("name", "first", "settled", "told"),
    [
        ("Europe/Paris", datetime(2026, 1, 1), True, True),
        ("Europe/Paris", datetime(1996, 12, 31, 22, 59), False, True),
        ("Europe/Paris", datetime(1996, 12, 31, 23), True, True),
        ("Asia/Kolkata", datetime(2026, 1, 1), True, True),
        ("Asia/Kolkata", datetime(1944, 1, 1), False, True),
        ("Africa/Casablanca", datetime(2026, 9, 21), True, True),
        ("Africa/Casablanca", datetime(2026, 1, 1), False, True),
        ("America/Santiago", datetime(2026, 1, 1), False, False),
        ("Asia/Jerusalem", datetime(2026, 1, 1), False, False),
        ("America/New_York", datetime(2008, 1, 1, 4, 59), False, True),
        ("America/New_York", datetime(2008, 1, 1, 5), True, True),
    ],
)
def test_whether_a_zone_is_told_for_ever_is_known(name, first, settled, told):
    assert is_settled(zone(name), first) is settled
    assert is_told_for_ever(zone(name)) is told
    assert (vtimezone(zone(name), first, None) is not None) is settled
