"""What a calendar will show of a list: days in order, months, and the nights when clocks change.

Times are the engine's own (`engine.event.resolve`), never read a second way: a preview that
disagrees with the file would be worse than none. Only rows without fault are shown. Words and
dates are the language's; nothing here is HTML.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

import msgspec
from babel.dates import format_date
from babel.lists import format_list

from icsmulti.engine.checking import STOP
from icsmulti.engine.event import resolve
from icsmulti.engine.recurrence import Start, from_words
from icsmulti.engine.recurrence.instances import Budget, days
from icsmulti.engine.request import LenientOccurrence
from icsmulti.engine.times import parse
from icsmulti.engine.zones import Zone, zone
from icsmulti.locales import Catalogue
from icsmulti.web.form_draft import Row
from icsmulti.web.nights import clock, long_day, nights_met

MONTHS_SHOWN = 24
"""Two school years. A list may span centuries, and a page may not."""
DAYS_COVERED = 62
"""Of one event in the month view, for the same reason."""
REPETITIONS_SHOWN = 60
EVENTS_SHOWN = 1_000
"""In all, repetitions counted: many series share the room."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """One event as a calendar shows it."""

    row: int
    """Its position in the draft."""
    title: str
    place: str
    first: date
    last: date
    """The last day on which it shows, included."""
    start: datetime
    """In the zone, naive; midnight when it lasts all day."""
    when: str
    """« 19 h 30 – 21 h », « toute la journée », « du 14 au 16 juillet »."""
    clock: str
    """« 19 h 30 », or nothing when it lasts all day."""
    reminder: str
    nights: tuple[str, ...]
    """Sentences on the change of clocks that it meets."""


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    label: str
    events: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    date: date
    in_month: bool
    events: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Month:
    label: str
    weeks: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    days: tuple[Day, ...]
    months: tuple[Month, ...]
    months_left_out: int
    weekdays: tuple[tuple[str, str], ...]
    """(short, long) names, Monday first."""
    count: int


def preview(rows: Sequence[tuple[int, Row]], zone_name: str, words: Catalogue) -> Preview:
    """The preview of rows in which the engine finds no fault.

    Args:
        rows: (position, row).
        zone_name: a zone the engine knows.
        words: the language.
    """
    tz = zone(zone_name)
    most = min(REPETITIONS_SHOWN, max(1, EVENTS_SHOWN // max(1, len(rows))))
    events = sorted(
        (_shown(at, each, tz, words) for at, row in rows for each in _repeated(row, tz, most)),
        key=lambda event: (event.start, event.row),
    )
    by_day: dict[date, list[Shown]] = {}
    for event in events:
        by_day.setdefault(event.first, []).append(event)
    by_date = tuple(
        Day(day, _capital(long_day(day, words)), tuple(found)) for day, found in by_day.items()
    )
    months, left_out = _months(events, words)
    monday = date(2024, 1, 1)
    weekdays = tuple(
        (
            format_date(monday + n * _DAY, "EEEEEE", words.language),
            format_date(monday + n * _DAY, "EEEE", words.language),
        )
        for n in range(7)
    )
    return Preview(by_date, months, left_out, weekdays, len(rows))


def _repeated(row: Row, tz: Zone, most: int) -> Iterator[Row]:
    """The row on each date of its rule, the first ones of many. Alone, where exceptions (in a
    list opened from elsewhere) would have to be taken out.
    """
    yield row
    words = msgspec.convert(row.occurrence(), LenientOccurrence)
    if not words.recurrence or words.exceptions or words.modifications:
        return
    held = resolve(words, tz)
    start = Start(held.start_zone, held.all_day, held.start)
    rule = from_words(words.recurrence, start, (), STOP)
    if rule is None:
        return
    offset = timedelta() if held.all_day else held.start_zone.span_at(held.start).offset
    wall = held.start + offset
    for day in islice(days(rule, wall.date(), Budget()), 1, most):
        local = datetime.combine(day, wall.time())
        utc = local if held.all_day else held.start_zone.instant(local)
        if rule.until is not None and utc > rule.until:
            return
        yield row.moved((day - wall.date()).days)


def _shown(at: int, row: Row, tz: Zone, words: Catalogue) -> Shown:
    members = row.occurrence()
    held = resolve(msgspec.convert(members, LenientOccurrence), tz)
    nights: tuple[str, ...] = ()
    if held.all_day:
        start, first, last = held.start, held.start.date(), (held.end - _DAY).date()
        hour, when = "", words.say("form.preview.all-day")
        if last > first:
            when = words.say("form.preview.until-day", day=long_day(last, words))
    else:
        start, end = (utc + tz.span_at(utc).offset for utc in (held.start, held.end))
        # An event until midnight does not show on the day after.
        first, last = start.date(), max(start, end - timedelta(seconds=1)).date()
        hour, when = clock(start, words), _hours(start, end, words)
        if held.start_zone is held.end_zone:
            begin, finish = _typed(members["dateDebut"], start), _typed(members["dateFin"], end)
            nights = nights_met(held.start_zone, (begin, held.start), (finish, held.end), words)
    reminder = ""
    if row.reminders:
        leads = [lead_time(int(minutes), words) for minutes in row.reminders.values()]
        reminder = words.say(
            "form.preview.reminder", n=len(leads), when=format_list(leads, locale=words.language)
        )
    place = " ".join(row.lieu.split())
    title = " ".join(row.titre.split())
    return Shown(at, title, place, first, last, start, when, hour, reminder, nights)


def _typed(text: str, local: datetime) -> datetime:
    """The wall clock as typed; as the zone has it where none was (a length, an instant)."""
    moment = parse(text) if text else None
    return moment.wall if moment and moment.offset is None else local


def lead_time(minutes: int, words: Catalogue) -> str:
    """« 15 minutes avant », « 1 jour avant »."""
    if not minutes:
        return words.say("form.reminder.at-start")
    for unit, size in (("weeks", 10_080), ("days", 1_440), ("hours", 60)):
        if minutes % size == 0:
            return words.say(f"form.reminder.{unit}", n=minutes // size)
    return words.say("form.reminder.minutes", n=minutes)


def _hours(start: datetime, end: datetime, words: Catalogue) -> str:
    if end == start:
        return clock(start, words)
    if end.date() == start.date() or (end.date() - start.date() == _DAY and end.hour < 12):
        return words.say("form.preview.hours", start=clock(start, words), end=clock(end, words))
    return words.say(
        "form.preview.hours-until",
        start=clock(start, words),
        day=long_day(end.date(), words),
        end=clock(end, words),
    )


def _months(events: Sequence[Shown], words: Catalogue) -> tuple[tuple[Month, ...], int]:
    by_day: dict[date, list[Shown]] = {}
    for event in events:
        covered = min((event.last - event.first).days + 1, DAYS_COVERED)
        for n in range(covered):
            by_day.setdefault(event.first + n * _DAY, []).append(event)
    wanted = sorted({(day.year, day.month) for day in by_day})
    weeks_of = calendar.Calendar().monthdatescalendar
    months = tuple(
        Month(
            _capital(format_date(date(year, month, 1), "LLLL yyyy", words.language)),
            tuple(
                tuple(
                    Cell(
                        day,
                        day.month == month,
                        tuple(by_day.get(day, ())) if day.month == month else (),
                    )
                    for day in week
                )
                for week in weeks_of(year, month)
            ),
        )
        for year, month in wanted[:MONTHS_SHOWN]
    )
    return months, len(wanted) - len(months)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
