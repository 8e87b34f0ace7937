"""A rule written so that programs agree on its dates (RFC 5545 §3.3.10).

    spelled(Recur("YEARLY", month_days=(13,)), date(2026, 5, 13))   →   Recur("MONTHLY", month_days=(13,))

RFC 5545 has several ways to say most series, and programs misread some: ical.js 2.2 (Thunderbird,
Nextcloud, Proton) takes `FREQ=YEARLY;BYMONTHDAY=13` for one month a year, python-dateutil takes
`BYDAY=TU,1FR` for no date at all. Of the ways that mean the same, the first is written that is known
to be read alike; where there is none, the rule stays as given, and `advice` warns.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from math import gcd

from icsmulti.engine.recurrence import ORDINAL_IN_MONTH, Recur, Weekday

_YEAR = tuple(range(1, 13))
_FEBRUARY = 2
_LENGTHS = {month: monthrange(2023, month)[1] for month in _YEAR}
"""In no leap year: a day that February has not always is misread."""
_SURE = 4
"""How many of each weekday a month has at least."""
_ONE_DIGIT = 9  # ical.js reads no more of an ordinal


def spelled(recur: Recur, start: date) -> Recur:
    """The rule in a way that programs read alike, if there is one; else as given.

    Args:
        recur: a rule.
        start: its first date.
    """
    return next((way for way in _ways(recur, start) if is_read_alike(way, start)), recur)


def is_read_alike(recur: Recur, start: date) -> bool:
    """Whether ical.js, python-dateutil and we find the same dates, as random rules have shown."""
    if len({bool(weekday.ordinal) for weekday in recur.weekdays}) > 1:
        return False
    match recur.frequency:
        case "DAILY":
            return all(day > 0 for day in recur.month_days)
        case "WEEKLY":
            return True
        case "MONTHLY":
            return not recur.months and _is_found_in_time(recur)
        case _:
            days = recur.month_days or (() if recur.weekdays else (start.day,))
            return (
                not recur.positions
                and all(abs(weekday.ordinal) <= _ONE_DIGIT for weekday in recur.weekdays)
                and bool(recur.months or not recur.month_days)
                and all(0 < day <= _LENGTHS[month] for day in days for month in recur.months)
            )


def _is_found_in_time(recur: Recur) -> bool:
    """Whether ical.js finds each date of a rule of weekdays on certain days of the month.

    After 48 days tried in vain it throws. No two days ask for as many, month by month or by parts of
    a year; a week of them is never in vain.
    """
    if not (recur.weekdays and recur.month_days):
        return True
    days = set(recur.month_days)
    is_week = any(days.issuperset(range(first, first + 7)) for first in range(1, 23))
    return is_week or (12 % recur.interval == 0 and recur.interval < 12 and len(days) <= 2)


def _ways(recur: Recur, start: date) -> Iterator[Recur]:
    """The rule, then others that have the same dates from *start* on."""
    yield recur
    recur = _each_ranked(recur)
    yield recur
    years, months = _months(recur, start)
    if not months:
        return
    recur = _nth(replace(recur, month_days=_from_start(recur, start, months), months=months))
    step = 12 // len(months)
    yearly = replace(recur, frequency="YEARLY", interval=years)
    monthly = replace(recur, frequency="MONTHLY", interval=years * step, months=())
    every_step = tuple(month for month in _YEAR if (month - start.month) % step == 0)
    if len(months) == 1 and not recur.positions:
        yield yearly
    if months == every_step and (years == 1 or len(months) == 1):
        yield monthly
    if not recur.positions:
        yield yearly
    if years == 1 and not recur.positions and not any(ordinal for ordinal, _ in recur.weekdays):
        yield replace(recur, frequency="DAILY", interval=1, months=months)


def _months(recur: Recur, start: date) -> tuple[int, tuple[int, ...]]:
    """Every how many years a monthly or yearly rule comes back, and in which months then.

    No months where the rule is about none, or where they are not the same each time.
    """
    among = recur.months or _YEAR
    if recur.frequency == "MONTHLY":
        step = gcd(recur.interval, 12)
        met = tuple(month for month in among if (month - start.month) % step == 0)
        return recur.interval // step, met if recur.interval == step or len(met) == 1 else ()
    if recur.positions:
        among = _month_of_positions(recur, among)
    elif not recur.months and not recur.month_days:
        among = () if recur.weekdays else (start.month,)
    return recur.interval, among


def _month_of_positions(recur: Recur, among: tuple[int, ...]) -> tuple[int, ...]:
    """The one month that holds the nth of a year's weekdays, if it is one for sure."""
    for sign, month in ((1, among[0]), (-1, among[-1])):
        if len(among) == 1 or all(0 < sign * place <= _SURE for place in recur.positions):
            return (month,)
    return ()


def _from_start(recur: Recur, start: date, months: tuple[int, ...]) -> tuple[int, ...]:
    """The days of the month, counted from its first where that is the same in all *months*."""
    days = recur.month_days or (() if recur.weekdays else (start.day,))
    lengths = {_LENGTHS[month] for month in months}
    if _FEBRUARY in months or len(lengths) > 1:
        return days
    beyond = lengths.pop() + 1
    return tuple(sorted({day if day > 0 else beyond + day for day in days}))


def _nth(recur: Recur) -> Recur:
    """The nth of one weekday by its ordinal instead of BYSETPOS."""
    if not recur.positions or len(recur.weekdays) > 1:
        return recur
    day = recur.weekdays[0].day
    ranked = tuple(
        Weekday(place, day) for place in recur.positions if abs(place) <= ORDINAL_IN_MONTH
    )
    return replace(recur, weekdays=ranked, positions=())


def _each_ranked(recur: Recur) -> Recur:
    """Every Tuesday beside a first Friday as the first to the fifth: all ordinals, or none."""
    if len({bool(weekday.ordinal) for weekday in recur.weekdays}) < 2:
        return recur
    ranked = {
        Weekday(rank, day)
        for ordinal, day in recur.weekdays
        for rank in ([ordinal] if ordinal else range(1, ORDINAL_IN_MONTH + 1))
    }
    return replace(recur, weekdays=tuple(sorted(ranked, key=lambda weekday: weekday[::-1])))
