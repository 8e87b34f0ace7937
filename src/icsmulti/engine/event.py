"""One event with rich members (RFC 5545 §3.6.1): when it is, and the lines that say the rest.

    when = resolve(occurrence, zone)         instants or dates, each end with its own zone
    details(occurrence, about, path, found)  from SUMMARY to the last VALARM

`rich` writes files of these; `faults` calls `details` with a list to collect faults in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icsmulti.engine import itip
from icsmulti.engine.alarms import valarm, valarms
from icsmulti.engine.checking import Finder, Refused, number
from icsmulti.engine.checking import date_time as read_date_time
from icsmulti.engine.contentline import CRLF, content_line, escape, text_line
from icsmulti.engine.descriptive import descriptive
from icsmulti.engine.participants import attendees, organizer
from icsmulti.engine.presentation import description, presentation
from icsmulti.engine.request import Bounds, LenientOccurrence
from icsmulti.engine.times import InvalidDate, dates, day, instant, is_writable, parse
from icsmulti.engine.written import date as date_form
from icsmulti.engine.written import date_time, duration, minutes_before
from icsmulti.engine.xproperties import x_properties
from icsmulti.engine.zones import Zone, zone
from icsmulti.errors import Path

SEQUENCE_MAX = 2**31 - 1  # INTEGER (§3.3.8)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class When:
    """Start and end, resolved. Valid by construction."""

    start: datetime
    """UTC, naive; of a whole-day event, midnight of its first day, no instant."""
    end: datetime
    """UTC, naive; of a whole-day event, midnight of the day after its last."""
    start_zone: Zone
    end_zone: Zone
    all_day: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether local time tells both ends from all others (icalendar.md §6)."""
        return all(
            not tz.is_utc and tz.span_at(utc).is_clear(utc)
            for utc, tz in ((self.start, self.start_zone), (self.end, self.end_zone))
        )

    def shown(self, *, in_utc: bool) -> tuple[datetime, datetime]:
        """Start and end as the file shows them: dates, local times, or UTC."""
        if self.all_day or in_utc:
            return self.start, self.end
        return wall(self.start, self.start_zone), wall(self.end, self.end_zone)

    def lines(self, *, in_utc: bool) -> str:
        """DTSTART and DTEND; no DTEND at zero length (§3.8.2.2)."""
        if self.all_day:
            return (
                f"DTSTART;VALUE=DATE:{date_form(self.start)}{CRLF}"
                f"DTEND;VALUE=DATE:{date_form(self.end)}{CRLF}"
            )
        lines = content_line("DTSTART", moment(self.start, self.start_zone, in_utc=in_utc))
        if self.end != self.start:
            lines += content_line("DTEND", moment(self.end, self.end_zone, in_utc=in_utc))
        return lines


def wall(utc: datetime, tz: Zone) -> datetime:
    """What a zone's clocks show at an instant."""
    return utc + tz.span_at(utc).offset


def moment(utc: datetime, tz: Zone, *, in_utc: bool) -> str:
    """The rest of a DATE-TIME property after its name: `;TZID=…:…`, or `:…Z`."""
    if in_utc or tz.is_utc:
        return f":{date_time(utc)}Z"
    return f";TZID={tz.name}:{date_time(utc + tz.span_at(utc).offset)}"


def resolve(o: LenientOccurrence, default: Zone) -> When:
    """When an event is.

    Raises:
        Refused, InvalidDate, KeyError (of a zone): `faults` will say why.
    """
    start_zone = zone(o.fuseau) if o.fuseau else default
    all_day = bool(o.touteLaJournee)
    if all_day and o.fuseauFin:
        raise Refused
    end_zone = zone(o.fuseauFin) if o.fuseauFin else start_zone
    start = parse(o.dateDebut)
    if bool(o.dateFin) == bool(o.duree):
        raise Refused
    if all_day:
        if o.duree:
            first = day(start, start_zone)
            last = last_day(first, o.duree)
        else:
            first, last = dates(start, parse(o.dateFin or ""), start_zone)
        if last < first:
            raise Refused
        return When(_midnight(first), _midnight(last + _DAY), start_zone, start_zone, all_day=True)
    begin = instant(start, start_zone)
    end = (
        end_after(begin, o.duree, start_zone)
        if o.duree
        else instant(parse(o.dateFin or ""), end_zone)
    )
    if end < begin:
        raise Refused
    return When(begin, end, start_zone, end_zone)


def end_after(start: datetime, text: str, tz: Zone) -> datetime:
    """The instant a `duree` after another: days keep the time of the clock, the rest is exact.

    Raises:
        InvalidDate: `duration-form`, or `date-year` beyond what can be written.
    """
    length = duration(text)
    if length is None:
        raise InvalidDate("duration-form")
    try:
        wall = start + tz.span_at(start).offset + timedelta(days=length.days)
        end = tz.instant(wall) if length.days else start
        end += timedelta(seconds=length.seconds)
    except OverflowError:
        raise InvalidDate("date-year") from None
    if not is_writable(end):
        raise InvalidDate("date-year")
    return end


def last_day(first: date, text: str) -> date:
    """The last day, included, of a whole-day event that lasts a `duree`.

    Raises:
        InvalidDate: `duration-form`, `duration-days` (no whole days), or `date-year`.
    """
    length = duration(text)
    if length is None:
        raise InvalidDate("duration-form")
    if length.seconds:
        raise InvalidDate("duration-days")
    try:
        last = first + timedelta(days=length.days - 1)
        if is_writable(last + _DAY):  # DTEND is the day after
            return last
    except OverflowError:
        pass
    raise InvalidDate("date-year")


def _midnight(value: date) -> datetime:
    return datetime(value.year, value.month, value.day)  # a date, see `When`


@dataclass(frozen=True, slots=True)
class About:
    """What the rich members of an event are read with. Texts are cleaned, not escaped."""

    title: str
    notes: str
    place: str
    zone: Zone
    """Where a date-time without offset is local time."""
    method: str
    """`PUBLISH`, `REQUEST`, `CANCEL`, or `AUCUNE`."""
    uid: Callable[[str], str]
    bounds: Bounds
    has_end: bool = True


def details(o: LenientOccurrence, about: About, path: Path, found: Finder) -> str:
    """The lines from SUMMARY to the last VALARM. With plain members only, as `generate` has them."""
    cancelled = about.method == "CANCEL"
    lines = content_line("SUMMARY:", escape(about.title))
    lines += description(o, about.notes, about.bounds.notes_chars, path, found)
    if about.place:
        lines += text_line("LOCATION:", about.place)
    alarms = ""
    if isinstance(o.rappelMinutes, int | float):
        trigger = f":-{minutes_before(int(o.rappelMinutes))}"
        alarms = valarm(trigger, escape(about.title))
    if o.rappels:
        here = (*path, "rappels")
        if alarms:
            found.add("conflict", here, "alarms-twice")
        alarms = valarms(o.rappels, about.title, has_end=about.has_end, path=here, found=found)
    lines += descriptive(o, about.place, cancelled=cancelled, path=path, found=found)
    if o.organisateur:
        lines += organizer(o.organisateur, (*path, "organisateur"), found)
    if o.participants:
        lines += attendees(o.participants, (*path, "participants"), found)
    lines += presentation(o, about.uid, path, found)
    if o.proprietes:
        lines += x_properties(o.proprietes, about.zone, (*path, "proprietes"), found)
    lines += _history(o, about.zone, path, found)
    itip.check_event(o, about.method, path, found)
    return lines + alarms


def _history(o: LenientOccurrence, tz: Zone, path: Path, found: Finder) -> str:
    """SEQUENCE, CREATED, LAST-MODIFIED (§3.8.7). A service without memory invents none."""
    sequence = number(o.sequence or 0, (*path, "sequence"), found, 0, SEQUENCE_MAX)
    lines = ""
    created = _instant(o.creeLe, (*path, "creeLe"), tz, found)
    modified = _instant(o.modifieLe, (*path, "modifieLe"), tz, found)
    if created:
        lines += f"CREATED:{date_time(created)}Z{CRLF}"
    if modified:
        if created and modified < created:
            found.add("conflict", (*path, "modifieLe"), "modified-before-created")
        lines += f"LAST-MODIFIED:{date_time(modified)}Z{CRLF}"
    return f"{lines}SEQUENCE:{sequence}{CRLF}"


def _instant(value: str | None, path: Path, tz: Zone, found: Finder) -> datetime | None:
    read = value and read_date_time(value, tz, path, found)
    return read[1] if read else None
