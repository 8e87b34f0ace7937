"""The nights when clocks change, explained where an event meets one.

    « L’heure 2 h 30 n’existe pas le dimanche 29 mars 2026 : les horloges passent de 2 h à 3 h. »

Three ways to meet one: a time that the clocks skip, a time that comes twice, or an event that
lasts through the change and is an hour longer or shorter than its times suggest. One sentence
for each night, even where both start and end meet it. What the engine made of it (RFC 5545 §3.3.5) is read from its own instants, never decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date

from icsmulti.engine.zones import Zone
from icsmulti.locales import Catalogue

Written = tuple[datetime, datetime]
"""A wall clock as typed, and the instant (UTC, naive) that the engine made of it."""


def clock(moment: datetime, words: Catalogue) -> str:
    """An hour as the language writes it: « 19 h 30 », "7:30 pm"."""
    values = {"h": moment.hour, "h12": moment.hour % 12 or 12, "m": moment.minute}
    half = "am" if moment.hour < 12 else "pm"
    return words.say(f"form.clock.{half}-{'minutes' if moment.minute else 'hour'}", **values)


def long_day(day: date, words: Catalogue) -> str:
    """« jeudi 14 mai 2026 », « dimanche 1er novembre 2026 », "Thursday 14 May 2026"."""
    text = format_date(day, "EEEE d MMMM y", words.language)
    # CLDR writes a plain 1, which no French editor would.
    return text.replace(" 1 ", f" {words.say('form.first-of-month')} ", 1) if day.day == 1 else text


@dataclass(frozen=True, slots=True)
class _Change:
    at: datetime
    before: timedelta
    after: timedelta

    def told(self, kind: str, words: Catalogue, **values: str) -> str:
        return words.say(
            f"form.nights.{kind}",
            day=long_day((self.at + self.before).date(), words),
            old=clock(self.at + self.before, words),
            new=clock(self.at + self.after, words),
            **values,
        )


def nights_met(tz: Zone, start: Written, end: Written, words: Catalogue) -> tuple[str, ...]:
    """What to tell of an event's start and end; nothing for nearly all events."""
    met: dict[tuple[str, _Change], list[str]] = {}
    values: dict[str, str] = {}
    for which, (wall, utc) in (("start", start), ("end", end)):
        values |= {which: clock(wall, words), f"new_{which}": clock(_local(tz, utc), words)}
        span = tz.span_at(utc)
        if _local(tz, utc) != wall:
            met.setdefault(("gap", _skipping(tz, utc)), []).append(which)
        elif utc >= span.clear_until:  # the first of two: the clocks are about to go back
            change = _Change(span.end, span.offset, tz.span_at(span.end).offset)
            met.setdefault(("twice", change), []).append(which)
    said = []
    for (kind, change), both in met.items():
        which = "both" if len(both) == 2 and start != end else both[0]
        if kind == "gap" and start[1] == end[1] and start[0] != end[0]:
            which = f"{which}-empty"
        said.append(change.told(f"{kind}-{which}", words, **values))
    first, last = tz.span_at(start[1]), tz.span_at(end[1])
    if not said and first.end == last.start and first.offset != last.offset:
        kind = "shorter" if last.offset > first.offset else "longer"
        change = _Change(last.start, first.offset, last.offset)
        said.append(change.told(kind, words, length=_length(end[1] - start[1], words)))
    return tuple(said)


def why_end_is_too_early(tz: Zone, start: datetime, end: datetime, words: Catalogue) -> str:
    """What to tell of an end that the engine finds before the start, though its wall clock is
    later: the clocks skip the start. Empty where it simply is earlier.
    """
    utc = tz.instant(start)
    if end < start or _local(tz, utc) == start:
        return ""
    values = {"start": clock(start, words), "new_start": clock(_local(tz, utc), words)}
    return _skipping(tz, utc).told("gap-fault", words, **values)


def _local(tz: Zone, utc: datetime) -> datetime:
    return utc + tz.span_at(utc).offset


def _skipping(tz: Zone, utc: datetime) -> _Change:
    """The change behind an instant whose wall clock was skipped."""
    span = tz.span_at(utc)
    return _Change(span.start, span.before, span.offset)


def _length(length: timedelta, words: Catalogue) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    if not minutes:
        return words.say("form.length.hours", n=hours)
    if not hours:
        return words.say("form.length.minutes", n=minutes)
    return words.say("form.length.both", h=hours, m=minutes)
