"""Names and offsets of the packaged tzdata, against the standard library's reader of it."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine.tzif import parse, parse_rule
from icsmulti.engine.zones import TZDATA_VERSION, UTC_NAMES, names, zone

NEWEST_KNOWN_WRONG_ELSEWHERE = [
    ("America/Vancouver", datetime(2026, 12, 15, 18), -7),
    ("America/Edmonton", datetime(2026, 12, 15, 18), -6),
    ("America/Winnipeg", datetime(2026, 12, 15, 18), -5),
    ("Africa/Casablanca", datetime(2026, 10, 15, 12), 0),
]


def oracle(name: str) -> ZoneInfo:
    with files("tzdata.zoneinfo").joinpath(name).open("rb") as file:
        return ZoneInfo.from_file(file)


@given(st.sampled_from(names()), st.datetimes(datetime(1600, 1, 1), datetime(4501, 1, 1)))
def test_every_instant_has_the_offset_that_zoneinfo_gives(name, utc):
    span = zone(name).span_at(utc)

    assert span.offset == utc.replace(tzinfo=UTC).astimezone(oracle(name)).utcoffset()
    assert span.start <= utc < span.end


@pytest.mark.parametrize("name", names())
def test_both_sides_of_every_change_are_as_zoneinfo_says(name):
    tz, known = zone(name), oracle(name)
    for change in tz.changes(1900, 2060):
        for seconds in (-1, 0, 1):
            utc = change.at + timedelta(seconds=seconds)
            aware = utc.replace(tzinfo=UTC).astimezone(known)
            span = tz.span_at(utc)
            assert span.offset == aware.utcoffset()
            if not span.offset.seconds % 60:
                twice = aware.utcoffset() != aware.replace(fold=1 - aware.fold).utcoffset()
                assert span.is_clear(utc) != twice
        for minutes in (-61, -31, -30, -1, 0, 1, 30, 59, 60, 61):
            wall = change.onset + timedelta(minutes=minutes)
            expected = wall.replace(tzinfo=known).astimezone(UTC).replace(tzinfo=None)
            assert tz.instant(wall) == expected


@pytest.mark.parametrize("name", names())
def test_every_span_ends_where_the_next_begins_and_is_found_from_anywhere_in_it(name):
    tz, known = zone(name), oracle(name)
    span = tz.span_at(datetime(1850, 1, 1))
    while span.end < datetime(2060, 1, 1):
        following = tz.span_at(span.end)
        assert (following.start, following.before) == (span.end, span.offset)
        assert following.offset != span.offset
        middle = following.start + (min(following.end, datetime(2060, 1, 1)) - following.start) / 2
        assert tz.span_at(middle.replace(microsecond=0)) == following
        for utc in (following.start, middle, following.end - timedelta(seconds=1)):
            assert following.offset == utc.replace(tzinfo=UTC).astimezone(known).utcoffset()
        span = following


@pytest.mark.parametrize(("name", "utc", "hours"), NEWEST_KNOWN_WRONG_ELSEWHERE)
def test_the_shipped_tzdata_knows_the_changes_of_2026(name, utc, hours):
    assert zone(name).span_at(utc).offset == timedelta(hours=hours)


def test_a_name_is_found_whatever_its_case_and_written_in_its_own():
    assert zone("europe/PARIS").name == "Europe/Paris"
    assert zone("asia/calcutta").name == "Asia/Calcutta"


@pytest.mark.parametrize(
    "name",
    [
        "", "Paris", "CEST", "+02:00", "UTC+2", "Romance Standard Time", "CET-1CEST", "localtime",
        "posix/Europe/Paris", "right/Europe/Paris", "posixrules", "Factory", "Europe", "Europe/",
        "/usr/share/zoneinfo/Europe/Paris", "../Europe/Paris", "Europe/Paris ", "Europe/Paris\0",
        "Asia/\u212aolkata", "zone.tab", "__init__.py",
    ],
)  # fmt: skip
def test_what_is_no_iana_name_is_not_found(name):
    with pytest.raises(KeyError):
        zone(name)


def test_utc_is_told_from_zones_that_stand_at_it():
    assert {name for name in names() if zone(name).is_utc} == UTC_NAMES
    assert not zone("Etc/GMT").is_utc


def test_the_rule_of_a_zone_is_known_since_the_year_it_governs():
    assert zone("Europe/Paris").rule_since == 1996
    assert zone("America/New_York").rule_since == 2007
    assert zone("Antarctica/Troll").rule_since == 2005
    assert zone("America/Vancouver").rule_since == 2027


def test_the_version_of_the_data_is_known():
    assert len(TZDATA_VERSION) == 5
    assert TZDATA_VERSION >= "2026f"


@pytest.mark.parametrize("text", ["", "EST5EDT,J60,J300", "EST5EDT", "5EST", "EST5EDT,M3.2.0"])
def test_a_footer_that_is_not_understood_is_refused(text):
    with pytest.raises(ValueError, match="not understood"):
        parse_rule(text)


@pytest.mark.parametrize("data", [b"", b"TZif", b"TZif\0" + bytes(60), b"PK\3\4" + bytes(60)])
def test_what_is_not_tzif_of_version_2_is_refused(data):
    with pytest.raises(ValueError, match="TZif"):
        parse(data)
