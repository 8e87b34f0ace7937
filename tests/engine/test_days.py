"""Quiet days by table: exactly what the slow way reads, or left to it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine import days
from icsmulti.engine.days import local_times, whole_days
from icsmulti.engine.times import InvalidDate, dates, locate, parse
from icsmulti.engine.written import date, date_time
from icsmulti.engine.zones import names, zone

PARIS = zone("Europe/Paris")
COMMON = (
    *("2026-07-14T10:00:00Z", "2026-07-14T10:00:00.000Z", "2026-07-14T10:00:00"),
    *("2026-07-14T10:00:00+02:00", "2026-07-14T10:00:00-0430", "2026-07-14"),
)
SLIPS = "019TtZz:-.,+X \n٣"


def one_slip_away(text):
    """Every text that differs from *text* by one character changed, added or left out."""
    for i in range(len(text) + 1):
        yield text[:i] + text[i + 1 :]
        for slip in SLIPS:
            yield text[:i] + slip + text[i:]
            yield text[:i] + slip + text[i + 1 :]


def by_table(text, tz=PARIS):
    try:
        return local_times([text], tz)[0]
    except InvalidDate as refusal:
        return refusal


def slowly(text, tz=PARIS):
    try:
        utc, offset = locate(text, tz)
    except InvalidDate as refusal:
        return refusal
    return None if offset is None else date_time(utc + offset)


def same(text, tz=PARIS):
    """What the table says of a date is what the slow way says; it may also say nothing."""
    found, expected = by_table(text, tz), slowly(text, tz)
    if isinstance(expected, InvalidDate):
        assert found is None or isinstance(found, InvalidDate), text  # `faults` finds the reason
    else:
        assert found in (None, expected), text
    return found


@pytest.mark.parametrize("text", COMMON)
def test_the_common_forms_are_told_by_table(text):
    assert same(text) is not None


@pytest.mark.parametrize("text", COMMON)
def test_a_date_one_slip_away_from_a_common_form_is_read_as_the_slow_way_does(text):
    for near in one_slip_away(text):
        same(near)


@given(
    st.datetimes(datetime(1890, 1, 1), datetime(2150, 1, 1)),
    st.sampled_from(["", "Z", "+02:00", "-05:30", "+14:00", "-12:00", "+23:59", "-23:59"]),
    st.sampled_from(names()),
)
def test_any_time_in_any_zone_is_told_as_the_slow_way_does_or_left_to_it(when, offset, name):
    same(f"{when:%Y-%m-%dT%H:%M:%S}{offset}".rjust(19, "0"), zone(name))


@pytest.mark.parametrize("year", [1950, 2026, 2100])
@pytest.mark.parametrize("name", ["Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_around_every_change_of_a_year_nothing_is_told_wrong(name, year):
    tz = zone(name)
    for change in tz.changes(year, year):
        for hours in range(-80, 81):
            when = change.at + timedelta(hours=hours)
            for offset in ("", "Z", "+23:59", "-23:59"):
                same(f"{when.isoformat()}{offset}", tz)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-12T00:30:00+02:00", "20260512T003000"),
        ("2026-05-12T01:30:00+23:59", "20260511T033100"),
        ("2026-12-31T22:30:00-05:00", "20270101T043000"),
        ("2026-05-12T24:00:00", "20260513T000000"),
        ("2026-05-12T10:00:00-23:59", "20260513T115900"),
    ],
)
def test_a_time_may_lie_on_another_day_of_the_zone(text, expected):
    assert by_table(text) == slowly(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-05-12T22:30:00-23:59", "Europe/Paris"),  # two days on
        ("2026-05-12T01:00:00+23:59", "Pacific/Honolulu"),  # two days back
    ],
)
def test_a_time_two_days_away_is_left_to_the_slow_way(text, name):
    assert by_table(text, zone(name)) is None
    same(text, zone(name))


@pytest.mark.parametrize(
    ("name", "quiet", "not_quiet"),
    [
        # The change: at 01:00 in UTC, on 29 March.
        ("Europe/Paris", ("2026-03-26", "2026-04-01"), ("2026-03-27", "2026-03-31")),
        # At 00:00 in UTC, on 1 June: midnights at the very edge.
        ("Africa/Casablanca", ("2008-05-28", "2008-06-03"), ("2008-05-29", "2008-06-02")),
    ],
)
def test_a_day_is_quiet_two_days_from_a_change(name, quiet, not_quiet):
    for day in quiet:
        assert by_table(f"{day}T10:00:00Z", zone(name)), day
    for day in not_quiet:
        assert by_table(f"{day}T10:00:00Z", zone(name)) is None, day


def test_what_was_told_once_is_remembered():
    by_table("2026-05-12T10:00:00Z")

    _, times = days._days(PARIS)["2026-05-12"]
    assert times["T10:00:00Z"] is times["T10:00:00Z"]
    assert "T10:00:00Z" in times


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60Z", "2017-01-01T00:59:60"])
def test_a_leap_second_is_left_to_the_slow_way(text):
    assert by_table(text) is None


@pytest.mark.parametrize("year", ["1600", "1601", "4500", "4501"])
def test_the_outermost_years_are_left_to_the_slow_way(year):
    assert by_table(f"{year}-05-12T10:00:00Z", zone("UTC")) is None


def test_a_full_table_forgets_and_goes_on(monkeypatch):
    monkeypatch.setattr(days, "KEPT", 3)
    days._days.cache_clear()
    days._times.cache_clear()
    texts = [f"2026-05-{day:02}T{day:02}:00:00Z" for day in range(1, 20)]

    table = days._days(PARIS)
    for text in texts:
        assert by_table(text) == slowly(text)
        assert 1 <= len(table) <= 3
        assert all(len(times) <= 3 for _, times in table.values())


def test_tables_keep_nothing_of_what_is_no_date():
    table = days._days(PARIS)
    table.clear()

    for text in ("x" * 10, "2026-02-30", "2026-10-25T02:30:00Z", "2026-05-12Tx"):
        by_table(text)

    assert list(table) == ["2026-05-12"]
    assert "Tx" not in table["2026-05-12"][1]


WHOLE = ("2026-07-14", "2026-07-14T00:00:00Z", "2026-07-14T00:00:00.000Z")


def same_days(start, end, tz=PARIS):
    """What the table says of an all-day event is what the slow way says; or nothing."""
    try:
        found = whole_days(start, end, tz)
    except InvalidDate as refusal:
        found = refusal
    try:
        first, last = dates(parse(start), parse(end), tz)
        expected = date(first), date(last + timedelta(days=1))
    except (InvalidDate, OverflowError) as refusal:
        expected = refusal
    if isinstance(expected, Exception):
        assert found is None or isinstance(found, InvalidDate), (start, end)
    else:
        assert found in (None, expected), (start, end)
    return found


@pytest.mark.parametrize("start", WHOLE)
@pytest.mark.parametrize("end", WHOLE)
@pytest.mark.parametrize("name", ["Europe/Paris", "Pacific/Apia", "America/New_York", "UTC"])
def test_whole_days_as_browsers_send_them_are_told_by_table(start, end, name):
    assert same_days(start, end.replace("-14", "-16"), zone(name)) == ("20260714", "20260717")


@pytest.mark.parametrize("text", WHOLE)
def test_a_whole_day_one_slip_away_from_a_common_form_is_read_as_the_slow_way_does(text):
    for near in one_slip_away(text):
        same_days(near, text)
        same_days(text, near)


@given(
    st.dates(datetime(1890, 1, 1).date(), datetime(2150, 1, 1).date()),
    st.integers(-3, 40),
    st.tuples(
        *2 * [st.sampled_from(["", "T00:00:00Z", "T00:00:00.000Z", "T22:00:00Z", "T00:00:00"])]
    ),
    st.sampled_from(names()),
)
def test_whole_days_in_any_zone_are_told_as_the_slow_way_does_or_left_to_it(
    first, more, tails, name
):
    start, end = (
        f"{day}{tail}" for day, tail in zip((first, first + timedelta(more)), tails, strict=True)
    )
    same_days(start, end, zone(name))


@pytest.mark.parametrize("days_before", [0, 1, 5])
def test_whole_days_beside_a_change_of_clocks_and_at_the_ends_of_time_are_the_same(days_before):
    for text in (
        "2026-03-29",
        "2026-10-25",
        "0001-01-05",
        "1583-01-01",
        "9999-12-31",
        "2100-01-01",
    ):
        for tz in (PARIS, zone("Pacific/Apia")):
            same_days(text, text, tz)
    change = datetime(2026, 10, 25) - timedelta(days=days_before)
    assert same_days(f"{change:%Y-%m-%d}", "2026-10-25") is None
