"""The three common forms of a date are read fast, and exactly as `parse` would read them."""

from datetime import datetime, timedelta

import pytest

from icsmulti.engine import times
from icsmulti.engine.times import InvalidDate, instant, locate, parse
from icsmulti.engine.zones import zone

PARIS = zone("Europe/Paris")
SUMMER, WINTER = timedelta(hours=2), timedelta(hours=1)
A_WINTER_DAY = "2026-01-01T10:00:00Z"
COMMON = ("2026-07-14T10:00:00Z", "2026-07-14T10:00:00.000Z", "2026-07-14T10:00:00")
SLIPS = "019TtZz:-.,+X \n٣"


def one_slip_away(text):
    """Every text that differs from *text* by one character changed, added or left out."""
    for i in range(len(text) + 1):
        yield text[:i] + text[i + 1 :]
        for slip in SLIPS:
            yield text[:i] + slip + text[i:]
            yield text[:i] + slip + text[i + 1 :]


def located(*texts):
    """The last of the texts, and the offset beside it."""
    instants, offsets = locate(texts, PARIS)
    return instants[-1], offsets[-1]


def outcome(read, text):
    try:
        return read(text)
    except InvalidDate as refusal:
        return refusal.reason


@pytest.mark.parametrize("text", COMMON)
@pytest.mark.parametrize("before", [[], [A_WINTER_DAY]], ids=["summer", "winter"])
def test_a_date_one_slip_away_from_a_common_form_is_read_as_the_slow_way_does(text, before):
    for near in one_slip_away(text):
        fast = outcome(lambda text: located(*before, text), near)
        slow = outcome(lambda text: instant(parse(text), PARIS), near)

        if isinstance(slow, str):
            assert fast == slow, near
        else:
            assert fast == (slow, PARIS.span_at(slow).offset), near


@pytest.mark.parametrize("text", COMMON)
def test_the_common_forms_never_need_the_slow_reading(text, monkeypatch):
    monkeypatch.setattr(times, "parse", None)

    hour = 8 if text.endswith("00:00") else 10
    assert located(text) == (datetime(2026, 7, 14, hour), SUMMER)


def test_the_first_second_of_summer_time_is_common_too(monkeypatch):
    monkeypatch.setattr(times, "parse", None)

    assert located("2026-03-29T03:00:00")[0] == datetime(2026, 3, 29, 1)


@pytest.mark.parametrize("text", ["2026-03-29T02:00:00", "2026-03-29T01:00:00Z"])
def test_a_time_at_the_very_end_of_a_span_lies_in_the_next_one(text):
    assert located(A_WINTER_DAY, text) == (datetime(2026, 3, 29, 1), SUMMER)


@pytest.mark.parametrize(
    "text", ["2026-10-25T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"]
)
def test_an_instant_of_the_repeated_hour_has_no_unmistakable_local_time(text):
    assert located(text)[1] is None


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
    assert located(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "1599-12-31T23:59:59Z",
        "4502-01-01T00:00:00Z",
        "0001-01-01",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.000Z",
        "9999-12-31T23:59:59",
    ],
)
def test_a_year_that_nothing_can_move_inside_is_refused(text):
    with pytest.raises(InvalidDate, match=r"^date-year$"):
        located(text)


def test_an_offset_counts_hours_and_minutes_with_its_sign():
    for text, offset in (("+01:30", timedelta(minutes=90)), ("-0030", timedelta(minutes=-30))):
        assert parse(f"2026-07-14T10:00:00{text}").offset == offset
