"""A file of events with rich members: the second writer, for those who ask for more.

    write(request, uid_secret, now, bounds).text()  →  "BEGIN:VCALENDAR…"

`generate` writes plain events in one loop and never comes here. Here every event is first
resolved (`event`), then each zone gets the VTIMEZONE that is right for all of its events, or, if
there is none, those events are written in UTC. A request without any rich member gives the same
bytes on both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import asdict

from icsmulti.engine import itip
from icsmulti.engine.calendar_properties import calendar_properties
from icsmulti.engine.checking import Refused, Stop
from icsmulti.engine.contentline import CRLF, clean, one_line
from icsmulti.engine.effort import Effort
from icsmulti.engine.event import About, When, details, resolve
from icsmulti.engine.identity import uid_maker
from icsmulti.engine.recurrence.instances import Budget
from icsmulti.engine.recurrence.series import Change, Series, is_series, series
from icsmulti.engine.request import (
    ALARM_MINUTES,
    ID_CHARS,
    Bounds,
    LenientOccurrence,
    LenientOptions,
    LenientRequest,
)
from icsmulti.engine.times import is_writable
from icsmulti.engine.vtimezone import vtimezone, vtimezone_of_changes
from icsmulti.engine.written import date_time
from icsmulti.engine.zones import Zone, zone
from icsmulti.errors import Fault, InvalidRequest, Path

_HEAD = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//ICSMulti//ICSMulti//FR\r\nCALSCALE:GREGORIAN\r\n"
)
_FOOT = "END:VCALENDAR\r\n"
_LISTED_CHARS = 2_000
"""No VTIMEZONE of rules is as long."""


@dataclass(slots=True)
class Event:
    """One VEVENT, ready but for the choice between local time and UTC."""

    occurrence: LenientOccurrence
    path: Path
    uid: str
    when: When
    details: str
    """From SUMMARY to the last VALARM."""
    in_utc: bool
    """Written in UTC for its own sake: a repeated hour, an offset with seconds, or zone UTC."""
    series: Series | None = None
    """What it repeats by; then it is in UTC in zone UTC only."""
    change: Change | None = None
    """What makes it one date of a series."""

    def uses(self) -> list[tuple[Zone, datetime, datetime | None]]:
        """The zones it is written in, and from when to when their VTIMEZONE must be right."""
        when = self.when
        if when.all_day or self.in_utc:
            return []
        ends = ((when.start_zone, when.start), (when.end_zone, when.end))
        if self.series is None:
            return [(tz, utc, utc) for tz, utc in ends]
        last = self.series.last
        return [(tz, utc, last and last + (utc - when.start)) for tz, utc in ends if not tz.is_utc]

    def member(self, name: str) -> str:
        """The member of the request that says when it starts or ends, as *name* does."""
        return self.change.member(name) if self.change else name

    def beyond(self) -> list[Fault]:
        """Which of its dates, as written, are not in the years that can be."""
        shown = self.when.shown(in_utc=self.in_utc)
        ends = ("dateDebut", "duree" if self.occurrence.duree else "dateFin")
        members = {
            self.member(end): None
            for end, at in zip(ends, shown, strict=True)
            if not is_writable(at)
        }
        return [Fault("out-of-range", (*self.path, name), "date-year") for name in members]

    def lines(self, stamp: str) -> str:
        recurrence_id = self.change.recurrence_id if self.change else ""
        when = recurrence_id + self.when.lines(in_utc=self.in_utc)
        if self.series:
            when += self.series.lines
        return f"BEGIN:VEVENT{CRLF}UID:{self.uid}{CRLF}{stamp}{when}{self.details}END:VEVENT{CRLF}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One occurrence of the request, as the VEVENTs that share its UID."""

    occurrence: LenientOccurrence
    about: About
    events: list[Event]

    @property
    def path(self) -> Path:
        return self.events[0].path


@dataclass(frozen=True, slots=True)
class Written:
    """A calendar whose events are ready to be put together, in one file or in several."""

    head: str
    stamp: str
    entries: list[Entry]
    effort: Effort
    listed_faults: int

    def text(self, entries: Sequence[Entry] | None = None) -> str:
        """A file of all entries, or of some.

        Raises:
            InvalidRequest: too much, with its zones; or, for its zone's sake in UTC, some date
                leaves the years that can be written.
        """
        entries = entries or self.entries
        events = [event for entry in entries for event in entry.events]
        zones = settle(events)
        path = entries[0].path if len(entries) == 1 else entries[0].path[:-1]
        for component in zones:
            # One that lists its changes costs three times its length: each has to be worked out.
            weight = 3 if len(component) > _LISTED_CHARS else 1
            self.effort.spend("written", weight * len(component), path)
        try:
            lines = [event.lines(self.stamp) for event in events]
        except Refused:
            beyond = [fault for event in events for fault in event.beyond()]
            if not beyond:
                raise
            raise InvalidRequest(beyond[: self.listed_faults], len(beyond)) from None
        return "".join((self.head, *zones, *lines, _FOOT))


def write(request: LenientRequest, uid_secret: bytes, now: datetime, bounds: Bounds) -> Written:
    """The calendar of a request.

    Raises:
        Refused, InvalidDate, KeyError: something for `faults` to name.
        InvalidRequest: more than one request may cost, with the path that is too much.
    """
    occurrences = request.evenement.occurrences
    events = len(occurrences) + sum(len(o.modifications or ()) for o in occurrences)
    if not 0 < events <= bounds.occurrences:
        raise Refused
    if len({occurrence.id for occurrence in occurrences}) != len(occurrences):
        raise Refused
    options = request.options or LenientOptions()
    method = itip.method_of(options)
    default, uid = zone(request.zone_name), uid_maker(uid_secret)
    found = Stop(Effort())
    itip.check_file(options, len(occurrences), found)
    head = _HEAD if method == "AUCUNE" else f"{_HEAD}METHOD:{method}{CRLF}"
    if options.calendrier:
        head += calendar_properties(
            options.calendrier, default.name, ("options", "calendrier"), found
        )
    stamp = f"DTSTAMP:{date_time(now.astimezone(UTC))}Z{CRLF}"
    reader = _Reader(default, method, uid, bounds, Budget(), found)
    entries = [reader.entry(o, i) for i, o in enumerate(occurrences)]
    return Written(head, stamp, entries, found.effort, bounds.listed_faults)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What occurrences are read with."""

    zone: Zone
    method: str
    uid: Callable[[str], str]
    bounds: Bounds
    budget: Budget
    found: Stop

    def entry(self, o: LenientOccurrence, i: int) -> Entry:
        """One occurrence; a series with an event of its own for each date that is otherwise."""
        path = ("evenement", "occurrences", i)
        about, event = self._event(o, path)
        events = [event]
        if is_series(o):
            event.series, changes = series(o, asdict(o), event.when, path, self.found, self.budget)
            event.in_utc = event.when.start_zone.is_utc
            for change in changes:
                _, other = self._event(LenientOccurrence(**change.members), change.path)
                other.change = change
                events.append(other)
        return Entry(o, about, events)

    def _event(self, o: LenientOccurrence, path: Path) -> tuple[About, Event]:
        """One event, its plain members held to the same bounds as in `generate`."""
        title = one_line(o.titre)
        minutes = o.rappelMinutes
        if (
            not title
            or len(o.titre) > self.bounds.title_chars
            or not 0 < len(o.id) <= ID_CHARS
            or len(o.notes or "") > self.bounds.notes_chars
            or len(o.lieu or "") > self.bounds.place_chars
            or (
                isinstance(minutes, int | float)
                and not (0 <= minutes <= ALARM_MINUTES and minutes == int(minutes))
            )
        ):
            raise Refused
        when = resolve(o, self.zone)
        about = About(
            title=title,
            notes=clean(o.notes or ""),
            place=one_line(o.lieu or ""),
            zone=when.start_zone,
            method=self.method,
            uid=self.uid,
            bounds=self.bounds,
            has_end=when.start != when.end,
        )
        lines = details(o, about, path, self.found)
        self.found.effort.spend("written", len(lines), path)
        in_utc = not when.all_day and not when.is_clear
        event = Event(o, path, self.uid(o.id), when, lines, in_utc=in_utc)
        return about, event


def settle(events: Sequence[Event]) -> list[str]:
    """The VTIMEZONEs, in order of first use; events that no right one exists for turn to UTC.

    An event in two zones leaves both when one of them has no component, which may leave a zone
    with less to cover: so until nothing changes, at most once a zone. A series never turns: its
    zone then lists its changes, for the series alone.
    """
    while True:
        spans: dict[Zone, tuple[datetime, datetime | None]] = {}
        for event in events:
            for tz, start, end in event.uses():
                first, last = spans.get(tz, (start, end))
                spans[tz] = min(first, start), last and end and max(last, end)
        components = {tz: vtimezone(tz, *span) for tz, span in spans.items()}
        beyond = [
            event
            for event in events
            if event.series is None and any(components[tz] is None for tz, _, _ in event.uses())
        ]
        if not beyond:
            return [components[tz] or vtimezone_of_changes(tz, *spans[tz]) for tz in spans]
        for event in beyond:
            event.in_utc = True
