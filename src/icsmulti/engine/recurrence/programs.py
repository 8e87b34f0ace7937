"""What programs make of a rule: the templates of Outlook, the rules of Proton, changes of clocks.

    is_read_by_outlook(Recur("DAILY", weekdays=(Weekday(0, 1),)))   →   False

All this is for `advice`; nothing is refused for it. Outlook's are those of MS-OXCICAL §2.1.3.2.2,
Proton's those of its public sources. What ical.js gets wrong, `spelling` knows.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

from icsmulti.engine.event import When
from icsmulti.engine.recurrence import Recur
from icsmulti.engine.recurrence.instances import Budget, Exhausted, days
from icsmulti.engine.recurrence.series import Series
from icsmulti.engine.vtimezone import ENDLESS_YEARS
from icsmulti.engine.zones import Zone

LAST_YEAR = 2037  # Proton
COUNT = 49  # Proton
INTERVALS = {"DAILY": 999, "WEEKLY": 4_999, "MONTHLY": 999, "YEARLY": 99}  # Proton
ORDINALS = (1, 2, 3, 4, -1)  # Outlook, Proton
SETS = ({0, 1, 2, 3, 4}, {5, 6}, {0, 1, 2, 3, 4, 5, 6})
"""Outlook's "weekday", "weekend day" and "day"."""
_DAY = timedelta(days=1)


def is_read_by_outlook(recur: Recur) -> bool:
    """Whether a rule fits a template of MS-OXCICAL §2.1.3.2.2."""
    match recur.frequency:
        case "DAILY":
            return not (recur.months or recur.month_days or recur.weekdays)
        case "WEEKLY":
            return not recur.months
        case "MONTHLY":
            return _is_one_day(recur)
        case _:
            return len(recur.months) == bool(recur.months) and _is_one_day(recur)


def _is_one_day(recur: Recur) -> bool:
    """Whether a rule is about one day of a month, by its number or its place."""
    if not recur.weekdays:
        return len(recur.month_days) <= 1 and all(number >= -1 for number in recur.month_days)
    if recur.month_days:
        return False
    weekdays = {weekday.day for weekday in recur.weekdays}
    places = recur.positions or tuple(weekday.ordinal for weekday in recur.weekdays)
    return (
        (recur.frequency == "MONTHLY" or bool(recur.months))
        and (len(weekdays) == 1 or weekdays in SETS)
        and len(places) == 1
        and places[0] in ORDINALS
    )


def is_read_by_proton(recur: Recur) -> bool:
    """Whether a rule is one of those that Proton imports."""
    if (
        (recur.count or 0) > COUNT
        or (recur.until and recur.until.year > LAST_YEAR)
        or recur.interval > INTERVALS[recur.frequency]
        or len(recur.months) > (recur.frequency == "YEARLY")
        or len(recur.month_days) > (recur.frequency in ("MONTHLY", "YEARLY"))
    ):
        return False
    match recur.frequency:
        case "DAILY" | "YEARLY":
            return not recur.weekdays
        case "MONTHLY":
            return _is_one_day(recur) and len(recur.weekdays) <= 1
        case _:
            return True


def meets_a_change(series: Series, start: datetime, tz: Zone, budget: Budget) -> bool:
    """Whether a date has its time in an hour that clocks skip or repeat (looked at for 20 years).

    Args:
        series: what repeats.
        start: its first date, as the wall clock has it.
        tz: its zone.
        budget: what may still be examined.
    """
    recur = series.recur
    if tz.is_utc or recur is None:
        return False
    clock = start.time()
    unsure = {
        date_
        for date_, low, high in _unsure_hours(tz, start.year)
        if low <= clock < high
        and date_ >= start.date()
        and datetime.combine(date_, clock) not in series.removed
    }
    if not unsure:
        return False
    last = max(unsure)
    try:
        for date_ in days(recur, start.date(), budget):
            if date_ > last:
                return False
            if date_ in unsure:
                utc = tz.instant(datetime.combine(date_, clock))
                return recur.until is None or utc <= recur.until
    except Exhausted:
        pass  # many series of many dates: not worth more
    return False


def passing(
    series: Series, first: When, moved: dict[datetime, datetime], budget: Budget
) -> set[datetime]:
    """Of the moved dates of a series those that pass the one before them, or after.

    Args:
        series: what repeats.
        first: its first date.
        moved: where they were, and where they are; wall clocks.
        budget: what may still be examined.
    """
    start, _ = first.shown(in_utc=False)
    walls = {start, *series.added}
    last = max(moved)
    try:
        for date_ in days(series.recur, start.date(), budget) if series.recur else ():
            clock = datetime.combine(date_, start.time())
            utc = clock if first.all_day else first.start_zone.instant(clock)
            if series.recur and series.recur.until is not None and utc > series.recur.until:
                break
            walls.add(clock)
            if clock > last and clock not in series.removed:
                break
    except Exhausted:
        return set()  # as above
    found: set[datetime] = set()
    for one, other in pairwise(sorted(walls - series.removed)):
        if moved.get(one, one) >= moved.get(other, other):
            found |= {one, other} & moved.keys()
    return found


@lru_cache(maxsize=1_024)
def _unsure_hours(tz: Zone, first_year: int) -> tuple[tuple[date, time, time], ...]:
    """What clocks skip or show twice: on which date, from when, until when (excluded)."""
    found = []
    for change in tz.changes(first_year, first_year + ENDLESS_YEARS):
        low, end = sorted((change.at + change.before, change.at + change.after))
        while low < end:
            midnight = datetime.combine(low.date() + _DAY, time())
            high = min(end, midnight)
            found.append((low.date(), low.time(), time.max if high == midnight else high.time()))
            low = high
    return tuple(found)
