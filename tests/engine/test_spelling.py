"""A rule is written so that programs agree on its dates, and keeps them."""

from datetime import date
from itertools import islice, takewhile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.test_recurrence_readers import first_date, rules
from icsmulti.engine.checking import STOP
from icsmulti.engine.recurrence import Start, from_text
from icsmulti.engine.recurrence.instances import Budget, days
from icsmulti.engine.recurrence.spelling import is_read_alike, spelled
from icsmulti.engine.times import parse
from icsmulti.engine.zones import zone

START = date(2026, 5, 12)  # a Tuesday, the second of its month


def read(rule, start=START):
    return from_text(rule, Start(zone("UTC"), True, parse(str(start)).wall), (), STOP)


@pytest.mark.parametrize(
    ("given_", "written"),
    [
        ("FREQ=DAILY;BYMONTHDAY=12;BYDAY=TU", "FREQ=DAILY;BYMONTHDAY=12;BYDAY=TU"),
        ("FREQ=YEARLY;BYMONTHDAY=12", "FREQ=MONTHLY;BYMONTHDAY=12"),
        ("FREQ=YEARLY;BYMONTHDAY=-20;COUNT=3", "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-20"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTHDAY=12", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=12"),
        ("FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=-20", "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=12"),
        ("FREQ=YEARLY;BYMONTH=5,11;BYMONTHDAY=12,31", "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=12,31"),
        ("FREQ=YEARLY;BYMONTH=5,6;BYMONTHDAY=12,31", "FREQ=DAILY;BYMONTH=5,6;BYMONTHDAY=12,31"),
        ("FREQ=MONTHLY;BYMONTH=5,6", "FREQ=YEARLY;BYMONTH=5,6;BYMONTHDAY=12"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTH=1,5,8", "FREQ=YEARLY;BYMONTH=5,8;BYMONTHDAY=12"),
        ("FREQ=MONTHLY;INTERVAL=5;BYMONTH=5", "FREQ=YEARLY;INTERVAL=5;BYMONTH=5;BYMONTHDAY=12"),
        ("FREQ=MONTHLY;BYMONTH=2,5,8,11;BYDAY=TU,WE;BYSETPOS=3", "FREQ=MONTHLY;INTERVAL=3;BYDAY=TU,WE;BYSETPOS=3"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1,5,7,12;BYDAY=TU", "FREQ=YEARLY;BYMONTH=2,5,8,11;BYMONTHDAY=1,5,7,12;BYDAY=TU"),
        ("FREQ=MONTHLY;BYMONTHDAY=12,29;BYDAY=TU", "FREQ=MONTHLY;BYMONTHDAY=12,29;BYDAY=TU"),
        ("FREQ=MONTHLY;BYMONTHDAY=5,12,19;BYDAY=TU", "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=5,12,19;BYDAY=TU"),
        ("FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=TU", "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=TU"),
        ("FREQ=MONTHLY;BYDAY=1WE,TU", "FREQ=MONTHLY;BYDAY=1TU,2TU,3TU,4TU,5TU,1WE"),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=TU;BYSETPOS=2", "FREQ=YEARLY;BYMONTH=5;BYDAY=2TU"),
        ("FREQ=YEARLY;BYMONTH=5,6;BYDAY=TU,WE;BYSETPOS=3", "FREQ=MONTHLY;INTERVAL=12;BYDAY=TU,WE;BYSETPOS=3"),
        ("FREQ=MONTHLY;INTERVAL=5;BYMONTH=5,10", "FREQ=MONTHLY;INTERVAL=5;BYMONTH=5,10"),
    ],
)  # fmt: skip
def test_the_first_way_that_is_read_alike_is_written(given_, written):
    assert spelled(read(given_), START).text(all_day=True) == written


@settings(deadline=None, max_examples=300)
@given(rules(), st.dates(date(2008, 1, 1), date(2030, 12, 31)))
def test_the_dates_stay_the_same(rule, anchor):
    start = first_date(rule, anchor)
    assume(start)
    recur = read(rule, start)

    other = spelled(recur, start)

    assert first(other, start) == first(recur, start)
    assert other == recur or is_read_alike(other, start)


def first(recur, start):
    """The dates of eight years, few of many."""
    near = takewhile(lambda day: day.year <= start.year + 8, days(recur, start, Budget()))
    return list(islice(near, 20))
