"""Days and hours as people write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.spreadsheet.moments import Moment, Unreadable, order_seen, read_moment

JULY_14 = date(2026, 7, 14)


@pytest.mark.parametrize(
    "text",
    [
        "14/07/2026",
        "14/7/2026",
        "14/07/26",
        "14.07.2026",
        "14-07-2026",
        "2026-07-14",
        "2026/07/14",
        "mardi 14 juillet 2026",
        "Mardi 14 Juillet 2026",
        "mar. 14 juil. 2026",
        "mar 14 juil 2026",
        "mar. 14/07/2026",
        "le 14 juillet 2026",
        "14-juil-26",
        "14-juil.-2026",
        "July 14, 2026",
        "July 14th, 2026",
        "Tuesday, July 14, 2026",
        "Tue 14 Jul 2026",
        "14 July 2026",
        "14th of July 2026",
        "Jul 14 2026",
        "14 juillet 2026",
    ],
)
def test_a_day_is_read_however_it_is_written(text):
    assert read_moment(text, "dmy") == Moment((JULY_14,))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1er août 2026", date(2026, 8, 1)),
        ("Mar 14, 2026", date(2026, 3, 14)),
        ("14 mars 2026", date(2026, 3, 14)),
        ("2 février 2027", date(2027, 2, 2)),
        ("31/12/98", date(1998, 12, 31)),
        ("5 mai 2026", date(2026, 5, 5)),
        ("May 5 2026", date(2026, 5, 5)),
        ("05.06.2026", date(2026, 6, 5)),
        ("06/06/2026", date(2026, 6, 6)),
    ],
)
def test_a_day_that_needs_no_order_is_read_without_one(text, day):
    assert read_moment(text).days == (day,)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("19h30", (1170,)),
        ("19 h 30", (1170,)),
        ("19 h", (1140,)),
        ("19H", (1140,)),
        ("9 heures", (540,)),
        ("9 heures 15", (555,)),
        ("19:30", (1170,)),
        ("19:30:00", (1170,)),
        ("7:30 PM", (1170,)),
        ("7:30\u202fPM", (1170,)),
        ("7pm", (1140,)),
        ("7 p.m.", (1140,)),
        ("12 AM", (0,)),
        ("12:15 pm", (735,)),
        ("midi", (720,)),
        ("minuit", (0,)),
        ("24h", (1440,)),
        ("24:00", (1440,)),
        ("19h30-21h", (1170, 1260)),
        ("19h30 – 21h", (1170, 1260)),
        ("de 19h30 à 21h", (1170, 1260)),
        ("7-9 PM", (1140, 1260)),
        ("11 - 1 PM", (660, 780)),
        ("from 9 am to noon", (540, 720)),
    ],
)
def test_an_hour_or_a_range_of_hours_is_read(text, minutes):
    assert read_moment(text, bare_hours="-" in text) == Moment(minutes=minutes)


@pytest.mark.parametrize(("text", "minutes"), [("19", 1140), ("19.30", 1170), ("7.30 pm", 1170)])
def test_a_bare_number_is_an_hour_only_in_a_column_of_hours(text, minutes):
    assert read_moment(text, bare_hours=True).minutes == (minutes,)
    with pytest.raises(Unreadable):
        read_moment(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("14/07 - 16/07/2026", (14, 16)),
        ("14/07/2026-16/07/2026", (14, 16)),
        ("du 14 au 16 juillet 2026", (14, 16)),
        ("14-16 juillet 2026", (14, 16)),
        ("July 14-16, 2026", (14, 16)),
        ("14 juillet au 16 juillet 2026", (14, 16)),
    ],
)
def test_the_first_day_of_a_range_takes_what_the_second_says(text, days):
    assert [day.day for day in read_moment(text, "dmy").days] == list(days)
    assert all((day.year, day.month) == (2026, 7) for day in read_moment(text, "dmy").days)


@pytest.mark.parametrize(
    "text",
    [
        "14/07/2026 19:30",
        "14/07/2026 à 19h30",
        "2026-07-14T19:30",
        "2026-07-14T19:30:00.000",
        "mardi 14 juillet 2026, 19h30",
        "July 14, 2026 7:30 PM",
        "July 14, 2026, 19:30",
    ],
)
def test_a_day_and_an_hour_in_one_cell_are_both_read(text):
    assert read_moment(text, "dmy") == Moment((JULY_14,), (1170,))


def test_a_moment_with_an_offset_is_left_to_the_engine():
    assert read_moment("2026-07-14T17:30:00Z").instant == "2026-07-14T17:30:00Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("05/06/2026", "order"),
        ("31/02/2026", "no-such-day"),
        ("29 février 2026", "no-such-day"),
        ("25h", "no-such-hour"),
        ("19h75", "no-such-hour"),
        ("13 pm", "no-such-hour"),
        ("24h01", "no-such-hour"),
        ("14 juillet", "year"),
        ("14/07", "year"),
        ("lundi 14 juillet 2026", "weekday"),
        ("14/07/2026, 15/07/2026, 16/07/2026", "too-many"),
        ("46217", "unreadable"),
        ("0,8125", "unreadable"),
        ("bientôt", "unreadable"),
        ("19h30 ouverture 19h", "unreadable"),
        ("14/07/2026?", "unreadable"),
        ("x" * 101, "unreadable"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused_with_its_reason(text, reason):
    with pytest.raises(Unreadable) as caught:
        read_moment(text)

    assert caught.value.reason == reason


def test_month_first_is_read_when_it_was_said():
    assert read_moment("05/06/2026", "mdy").days == (date(2026, 5, 6),)
    assert read_moment("05/06/2026", "dmy").days == (date(2026, 6, 5),)


@pytest.mark.parametrize(
    ("texts", "seen"),
    [
        (["14/07/2026", "05/06/2026"], (True, False, True)),
        (["07/14/2026"], (False, True, False)),
        (["05/06/2026"], (False, False, True)),
        (["05.06.2026", "2026-05-06", "06/06/2026"], (False, False, False)),
    ],
)
def test_what_dates_prove_of_their_order(texts, seen):
    assert order_seen(texts) == seen


@given(st.text(alphabet=st.sampled_from("0123456789/-.: hHapmjuil etmrs,éû'–"), max_size=40))
def test_any_cell_is_read_or_refused(text):
    try:
        moment = read_moment(text, "dmy", bare_hours=True)
    except Unreadable:
        return

    assert len(moment.days) <= 2
    assert all(0 <= minute <= 1440 for minute in moment.minutes)


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)))
def test_every_day_is_read_back_from_each_way_of_writing_it(day):
    written = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y", "%B %d, %Y", "%a %d %b %Y", "%A %d %B %Y"]

    assert {read_moment(day.strftime(way), "dmy").days for way in written} == {(day,)}
