"""Date strings: accepted as the contract says, or refused; never guessed."""

from datetime import date, datetime, timedelta

import pytest

from icsmulti.engine.times import InvalidDate, dates, instant, locate, parse
from icsmulti.engine.zones import zone

PARIS = zone("Europe/Paris")


def utc(text: str, name: str = "Europe/Paris") -> str:
    tz = zone(name)
    found, offset = locate(text, tz)
    span = tz.span_at(found)
    assert offset == (span.offset if span.is_clear(found) else None)
    assert found == instant(parse(text), tz)
    return found.isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-12T10:00:00Z", "2026-05-12T10:00:00"),
        ("2026-05-12t10:00:00z", "2026-05-12T10:00:00"),
        ("2026-05-12 10:00:00Z", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00Z", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00.000Z", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00.999Z", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00,5Z", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00.123456789Z", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00+02:00", "2026-05-12T08:00:00"),
        ("2026-05-12T10:00:00+0200", "2026-05-12T08:00:00"),
        ("2026-05-12T10:00:00+02", "2026-05-12T08:00:00"),
        ("2026-05-12T10:00:00−02:30", "2026-05-12T12:30:00"),
        ("2026-05-12T10:00:00-00:00", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00+23:59", "2026-05-11T10:01:00"),
        ("2026-05-12T10:00:00", "2026-05-12T08:00:00"),
        ("2026-05-12T10:00", "2026-05-12T08:00:00"),
        ("2026-05-12", "2026-05-11T22:00:00"),
        ("2026-05-12T24:00:00", "2026-05-12T22:00:00"),
        ("2026-05-12T24:00Z", "2026-05-13T00:00:00"),
        ("2026-05-12T24:00:00.000Z", "2026-05-13T00:00:00"),
        ("2026-12-31T24:00:00Z", "2027-01-01T00:00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59"),
        ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:59"),
        ("2017-01-01T00:59:60", "2016-12-31T23:59:59"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00"),  # a gap: the offset before it
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00"),  # twice: the first
        ("1700-01-01T00:00:00Z", "1700-01-01T00:00:00"),
    ],
)
def test_accepted_forms(text, expected):
    assert utc(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "date-form"),
        ("x", "date-form"),
        ("05/12/2026 10:00", "date-form"),
        ("2026", "date-form"),
        ("2026-05", "date-form"),
        ("2026-5-12", "date-form"),
        ("20260512T100000Z", "date-form"),
        ("2026-W20-2", "date-form"),
        ("2026-W20-2T10:00:00Z", "date-form"),
        ("2026-132", "date-form"),
        ("2026-05-12T10", "date-form"),
        ("2026-05-12T10Z", "date-form"),
        ("2026-05-12T1:00:00Z", "date-form"),
        ("2026-05-12T10:00:00.Z", "date-form"),
        ("2026-05-12T10:00.5Z", "date-form"),
        ("2026-05-12T10:00:00Z ", "date-form"),
        (" 2026-05-12T10:00:00Z", "date-form"),
        ("2026-05-12T10:00:00Z\n", "date-form"),
        ("2026-05-12T10:00:00ZZ", "date-form"),
        ("2026-05-12T10:00:00\n", "date-form"),
        ("2026-05-12\n", "date-form"),
        ("2026-05-12Z", "date-form"),
        ("2026-05-12T10:00:00+2", "date-form"),
        ("2026-05-12T10:00:00+02:0", "date-form"),
        ("2026-05-12T10:00:00+02:00:00", "date-form"),
        ("2026-05-12T10:00:00[Europe/Paris]", "date-form"),
        ("2026-05-12T10:00:00Z[UTC]", "date-form"),
        ("+02026-05-12T10:00:00Z", "date-form"),
        ("-2026-05-12", "date-form"),
        ("٢٠٢٦-05-12T10:00:00Z", "date-form"),
        ("2026-05-12T10:00:00.٠٠٠Z", "date-form"),
        ("2026-05-12T10+01:00", "date-form"),
        ("Tue, 12 May 2026 10:00:00 GMT", "date-form"),
        ("2026-02-30", "date-value"),
        ("2025-02-29T10:00:00Z", "date-value"),
        ("1900-02-29T10:00:00Z", "date-value"),
        ("2026-13-01T10:00:00Z", "date-value"),
        ("2026-00-01", "date-value"),
        ("2026-01-00", "date-value"),
        ("2026-05-12T25:00:00Z", "date-value"),
        ("2026-05-12T24:30:00Z", "date-value"),
        ("2026-05-12T24:00:01Z", "date-value"),
        ("2026-05-12T24:00:00.5Z", "date-value"),
        ("2026-05-12T10:60:00Z", "date-value"),
        ("2026-05-12T10:00:61Z", "date-value"),
        ("2026-05-12T10:00:00+24:00", "date-value"),
        ("2026-05-12T10:00:00+02:60", "date-value"),
        ("2026-05-12T10:00:60Z", "date-leap-second"),
        ("2026-05-12T23:59:60", "date-leap-second"),
        ("2026-05-12T23:59:60+01:00", "date-leap-second"),
        ("1599-12-31", "date-year"),
        ("4502-01-01T00:00:00Z", "date-year"),
        ("0001-01-01T00:00:00+23:59", "date-year"),
        ("9999-12-31T23:59:59-23:59", "date-year"),
        ("2026-05-12T10:00:00." + "0" * 44 + "Z", "date-length"),
    ],
)
def test_refused_forms_and_why(text, reason):
    with pytest.raises(InvalidDate) as caught:
        locate(text, PARIS)

    assert caught.value.reason == reason


def test_64_characters_are_a_date_still():
    assert utc("2026-05-12T10:00:00." + "0" * 43 + "Z") == "2026-05-12T10:00:00"


@pytest.mark.parametrize(
    ("start", "end", "name", "first", "last"),
    [
        ("2026-07-14", "2026-07-14", "Europe/Paris", "2026-07-14", "2026-07-14"),
        ("2026-07-14T00:00:00.000Z", "2026-07-14T00:00:00.000Z", "Pacific/Honolulu", "2026-07-14", "2026-07-14"),
        ("2026-07-14T00:00:00Z", "2026-07-14T23:59:59Z", "Pacific/Auckland", "2026-07-14", "2026-07-14"),
        ("2026-07-14T00:00:00+00", "2026-07-15T01:00:00+02:00", "America/New_York", "2026-07-14", "2026-07-14"),
        ("2026-07-13T22:00:00Z", "2026-07-14T22:00:00Z", "Europe/Paris", "2026-07-14", "2026-07-15"),
        ("2026-07-14T23:30:00", "2026-07-14T00:30:00", "Asia/Tokyo", "2026-07-14", "2026-07-14"),
        ("2026-07-14T24:00:00", "2026-07-14T24:00:00", "Europe/Paris", "2026-07-14", "2026-07-14"),
        ("2026-07-14", "2026-07-14T24:00:00Z", "Asia/Tokyo", "2026-07-14", "2026-07-14"),
        ("2026-03-01T00:00:00Z", "2026-04-01T23:00:00Z", "Europe/London", "2026-03-01", "2026-04-02"),
        ("2026-07-14T00:00:00Z", "2026-07-14T23:00:00Z", "Europe/London", "2026-07-14", "2026-07-14"),
        ("2026-03-01T00:00:00Z", "2026-04-01T22:00:00Z", "Europe/London", "2026-03-01", "2026-04-01"),
        ("2026-07-14T00:00:00Z", "2026-07-15", "Asia/Tokyo", "2026-07-14", "2026-07-15"),
        ("2026-07-14T15:00:00Z", "2026-07-15T00:00:00Z", "Asia/Tokyo", "2026-07-15", "2026-07-15"),
        ("2026-07-14T23:00:00+09:00", "2026-07-14T23:00:00+09:00", "Europe/Paris", "2026-07-14", "2026-07-14"),
    ],
)  # fmt: skip
def test_all_day_dates(start, end, name, first, last):
    found = dates(parse(start), parse(end), zone(name))

    assert found == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-01-14T10:00:00", 1),
        ("2026-07-14T10:00:00Z", 2),
        ("2026-07-14", 2),
        ("2026-03-29T01:00:00Z", 2),  # the first second of summer
        ("2026-10-24T23:59:59Z", 2),
        ("2026-10-25T00:00:00Z", None),  # the repeated hour, both times
        ("2026-10-25T00:59:59Z", None),
        ("2026-10-25T01:00:00Z", None),
        ("2026-10-25T02:00:00Z", 1),
        ("1789-07-14T10:00", None),  # Paris had seconds
    ],
)
def test_the_offset_is_told_where_local_time_is_unmistakable(text, hours):
    assert locate(text, PARIS)[1] == (None if hours is None else timedelta(hours=hours))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1600-12-31T23:30:00-02:00", datetime(1601, 1, 1, 1, 30)),
        ("4501-01-01T00:30:00+02:00", datetime(4500, 12, 31, 22, 30)),
        ("1600-12-31T23:59:59Z", datetime(1600, 12, 31, 23, 59, 59)),
        ("4501-01-01T00:00:00Z", datetime(4501, 1, 1)),
    ],
)
def test_a_year_that_the_zone_may_still_move_inside_is_read(text, expected):
    assert locate(text, PARIS)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "1599-12-31T23:59:59Z",
        "1600-01-01T00:00:00+01:00",
        "4501-12-31T23:59:59-01:00",
        "4502-01-01T00:00:00Z",
        "0001-01-01",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.000Z",
    ],
)
def test_a_year_that_nothing_can_move_inside_is_refused(text):
    with pytest.raises(InvalidDate, match=r"^date-year$"):
        locate(text, PARIS)


def test_an_offset_counts_hours_and_minutes_with_its_sign():
    for text, offset in (("+01:30", timedelta(minutes=90)), ("-0030", timedelta(minutes=-30))):
        assert parse(f"2026-07-14T10:00:00{text}").offset == offset
