"""The dates of a rule, one after another (RFC 5545 §3.3.10).

    >>> tuesdays = Recur("WEEKLY", weekdays=(Weekday(0, 1),))
    >>> next(days(tuesdays, date(2026, 5, 12), Budget()))
    datetime.date(2026, 5, 12)

Periods (a day, a week, a month, a year) follow each other by the interval; each has its dates, in
order, of which BYSETPOS may pick some. Dates that do not exist (31 February) are skipped. A rule
here gives one time of day, so all this is about dates; COUNT is counted here, UNTIL by the caller,
who knows the zone.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

from icsmulti.engine.recurrence import Recur
from icsmulti.engine.times import LAST_YEAR

EXAMINED = 100_000
"""How many dates and periods one request may make us look at."""

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class Exhausted(Exception):
    """The request asks to look at more dates than one may."""


class Budget:
    """What is left to examine, for all rules of a request together."""

    def __init__(self, examined: int = EXAMINED) -> None:
        self._left = examined

    def spend(self, examined: int) -> None:
        """Raises `Exhausted`."""
        self._left -= examined
        if self._left < 0:
            raise Exhausted


def is_first(recur: Recur, start: date, budget: Budget) -> bool:
    """Whether *start* is a date of its own rule: if not, programs disagree whether it counts.

    The period is not counted: `days` looks at it again, and counts it then.

    Raises:
        Exhausted: when the budget is, already.
    """
    budget.spend(0)
    return start in _picked(recur, next(_periods(recur, start), []))  # none after the last year


def days(recur: Recur, start: date, budget: Budget) -> Iterator[date]:
    """The dates of a rule from *start* on, at most COUNT, none after the last year written.

    Raises:
        Exhausted: when the budget is.
    """
    left = recur.count
    for period in _periods(recur, start):
        picked = _picked(recur, period)
        # A period made to pick from costs too: one date of it, or one weekday of the rule, an
        # eighth of a date given.
        budget.spend(1 + len(picked) + max(len(period), len(recur.weekdays)) // 8)
        for day in picked:
            if day < start:
                continue
            yield day
            if left is not None:
                left -= 1
                if not left:
                    return


def _picked(recur: Recur, period: list[date]) -> list[date]:
    """BYSETPOS: the nth dates of a period, counted from either end."""
    if not recur.positions:
        return period
    size = len(period)
    places = {p - 1 if p > 0 else size + p for p in recur.positions}
    return [period[place] for place in sorted(places) if 0 <= place < size]


def _periods(recur: Recur, start: date) -> Iterator[list[date]]:
    """Each period's dates in order, from the period that holds *start*."""
    match recur.frequency:
        case "DAILY":
            return _daily(recur, start)
        case "WEEKLY":
            return _weekly(recur, start)
        case "MONTHLY":
            return _monthly(recur, start)
        case _:
            return _yearly(recur, start)


def _daily(recur: Recur, start: date) -> Iterator[list[date]]:
    day, weekdays = start, _weekdays(recur)
    while day.year <= LAST_YEAR:
        last = monthrange(day.year, day.month)[1]
        fits = (
            (not recur.months or day.month in recur.months)
            and (not weekdays or day.weekday() in weekdays)
            and (not recur.month_days or {day.day, day.day - last - 1} & set(recur.month_days))
        )
        yield [day] if fits else []
        day += recur.interval * _DAY


def _weekly(recur: Recur, start: date) -> Iterator[list[date]]:
    week = start - (start.weekday() - recur.week_start) % 7 * _DAY
    weekdays = _weekdays(recur) or {start.weekday()}
    ahead = sorted((weekday - recur.week_start) % 7 for weekday in weekdays)
    while week.year <= LAST_YEAR:
        dates = [week + n * _DAY for n in ahead]
        yield [day for day in dates if not recur.months or day.month in recur.months]
        week += recur.interval * _WEEK


def _monthly(recur: Recur, start: date) -> Iterator[list[date]]:
    for n in count(start.year * 12 + start.month - 1, recur.interval):
        year, month = divmod(n, 12)
        if year > LAST_YEAR:
            return
        fits = not recur.months or month + 1 in recur.months
        yield _in_month(recur, year, month + 1, start.day) if fits else []


def _yearly(recur: Recur, start: date) -> Iterator[list[date]]:
    if recur.months:
        months = recur.months
    elif recur.month_days:
        months = tuple(range(1, 13))
    else:
        months = (start.month,)
    for year in range(start.year, LAST_YEAR + 1, recur.interval):
        if recur.weekdays and not recur.months and not recur.month_days:
            yield _nth(recur, date(year, 1, 1), date(year, 12, 31))
        else:
            yield [day for month in months for day in _in_month(recur, year, month, start.day)]


def _in_month(recur: Recur, year: int, month: int, default: int) -> list[date]:
    """The dates of one month; the *default* day of it when the rule names neither day nor weekday."""
    last = monthrange(year, month)[1]
    if recur.weekdays and not recur.month_days:
        return _nth(recur, date(year, month, 1), date(year, month, last))
    numbers = {n if n > 0 else last + 1 + n for n in recur.month_days or (default,)}
    dates = [date(year, month, n) for n in sorted(numbers) if 1 <= n <= last]
    if not recur.weekdays:
        return dates
    weekdays = _weekdays(recur)
    return [day for day in dates if day.weekday() in weekdays]


def _weekdays(recur: Recur) -> set[int]:
    return {weekday.day for weekday in recur.weekdays}


def _nth(recur: Recur, first: date, last: date) -> list[date]:
    """The weekdays of a month or a year: all of them, or the nth from either end."""
    found: set[date] = set()
    for ordinal, weekday in recur.weekdays:
        earliest = first + (weekday - first.weekday()) % 7 * _DAY
        size = (last - earliest).days // 7 + 1
        if not ordinal:
            found.update(earliest + n * _WEEK for n in range(size))
            continue
        place = ordinal - 1 if ordinal > 0 else size + ordinal
        if 0 <= place < size:
            found.add(earliest + place * _WEEK)
    return sorted(found)
