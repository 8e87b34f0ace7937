r"""The one use case: a request's JSON bytes become a calendar's bytes (RFC 5545).

    calendar = generate(body, uid_secret=account.uid_secret, now=datetime.now(UTC))
    calendar.data         b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n..."
    calendar.disposition  'attachment; filename="Reunion.ics"'

The straight path decodes with types and walks the occurrences a hundred at a time, so that all
their texts are encoded and escaped as one, at the speed of C. Anything unusual makes it stop:
`faults` then reads the same bytes slowly and either lists what is wrong or finds nothing, and
the request is walked again.

The only module that knows the order of properties (icalendar.md §1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from icsmulti.engine import faults, rich
from icsmulti.engine.advice import Say, code_only
from icsmulti.engine.answer import answer
from icsmulti.engine.checking import Refused
from icsmulti.engine.contentline import clean, content_lines, escape_all, one_line
from icsmulti.engine.days import local_times, whole_days
from icsmulti.engine.filename import EXTENSION, disposition
from icsmulti.engine.identity import uid_maker
from icsmulti.engine.request import (
    ALARM_MINUTES,
    DEFAULT_BOUNDS,
    ID_CHARS,
    Bounds,
    LenientRequest,
    Occurrence,
    Request,
    convert,
    decode,
    decode_lenient,
    is_rich,
)
from icsmulti.engine.times import dates, locate, parse
from icsmulti.engine.vtimezone import vtimezone
from icsmulti.engine.written import date as date_form
from icsmulti.engine.written import date_time, minutes_before
from icsmulti.engine.zones import Zone, zone
from icsmulti.errors import Fault

CONTENT_TYPE = "text/calendar; charset=utf-8"

# No version in PRODID: bytes stay equal during an upgrade. No X-WR-CALNAME: Outlook would
# open a new calendar. METHOD:PUBLISH without ORGANIZER is the one rule we break knowingly.
_HEAD = (
    b"BEGIN:VCALENDAR\r\n"
    b"VERSION:2.0\r\n"
    b"PRODID:-//ICSMulti//ICSMulti//FR\r\n"
    b"CALSCALE:GREGORIAN\r\n"
    b"METHOD:PUBLISH\r\n"
)
_FOOT = b"END:VCALENDAR\r\n"
_IN_UTC = (":", "Z\r\n")
"""What stands around a DATE-TIME in UTC."""
_TOGETHER = 100
"""Events written at a time: enough to share the calls, few enough to stay in the nearest cache."""
_DAY = timedelta(days=1)


class Calendar(NamedTuple):
    """A finished file."""

    data: bytes
    """UTF-8, CRLF, folded."""
    occurrences: int
    title: str
    """Of the first occurrence, as received."""
    content_type: str = CONTENT_TYPE
    extension: str = EXTENSION
    warnings: tuple[Fault, ...] = ()
    """What some calendar program will not do with it; only when asked for."""

    @property
    def disposition(self) -> str:
        """The Content-Disposition header: the file's name (RFC 6266)."""
        return disposition(self.title, self.extension)


def generate(
    body: bytes,
    *,
    uid_secret: bytes,
    now: datetime,
    bounds: Bounds = DEFAULT_BOUNDS,
    warn: bool = False,
    say: Say = code_only,
) -> Calendar:
    """Make the calendar that a request asks for.

    Args:
        body: the request's JSON, in UTF-8.
        uid_secret: the account's 32 bytes: same secret and same id, same UID for ever.
        now: aware; becomes DTSTAMP, the only value that depends on the clock.
        bounds: how much a request may hold.
        warn: also compute `Calendar.warnings`.
        say: a warning as a sentence, for `options.format: "json"`.

    Raises:
        InvalidJson: not JSON, or not UTF-8.
        InvalidRequest: every fault, with its path.
    """
    text = body.removeprefix(faults.UTF8_BOM)
    try:
        try:
            request: Request = decode_lenient(text.decode()) if warn else decode(text)
        except msgspec.ValidationError:  # a member beyond the published ones, or a fault
            request = decode_lenient(text.decode())
        return _write(request, uid_secret, now, bounds, warn, say)
    except (msgspec.DecodeError, ValueError, RecursionError):
        request = _read_slowly(body, bounds)
    try:
        return _write(request, uid_secret, now, bounds, warn, say)
    except Refused:  # in UTC, for its zone's sake, some date leaves the years that can be written
        return _write_rich(request, uid_secret, now, bounds, warn, say)  # which knows the date


def _read_slowly(body: bytes, bounds: Bounds) -> LenientRequest:
    """The request of an unusual body. Raises everything that is wrong with it."""
    data = faults.read_json(body)
    faults.examine(data, bounds)
    return convert(data)


def _write(
    request: Request, uid_secret: bytes, now: datetime, bounds: Bounds, warn: bool, say: Say
) -> Calendar:
    if isinstance(request, LenientRequest) and (warn or is_rich(request)):
        return _write_rich(request, uid_secret, now, bounds, warn, say)
    occurrences = request.evenement.occurrences
    if not 0 < len(occurrences) <= bounds.occurrences:
        raise Refused
    if len({occurrence.id for occurrence in occurrences}) != len(occurrences):
        raise Refused
    try:
        tz = zone(request.zone_name)
    except KeyError:
        raise Refused from None
    stamp = f"DTSTAMP:{date_time(now.astimezone(UTC))}Z\r\n"
    events = _Events(uid_secret, stamp, tz, bounds)
    lines = events.write(occurrences)
    component = None
    if span := events.span:
        component = vtimezone(tz, *span)
        if component is None:  # no VTIMEZONE is right for all: UTC, which nobody misreads
            lines = events.write(occurrences, in_utc=True)
    data = b"".join((_HEAD, (component or "").encode(), *lines, _FOOT))
    return Calendar(data, len(occurrences), occurrences[0].titre)


def _write_rich(
    request: LenientRequest,
    uid_secret: bytes,
    now: datetime,
    bounds: Bounds,
    warn: bool,
    say: Say,
) -> Calendar:
    try:
        written = rich.write(request, uid_secret, now, bounds)
    except KeyError:  # a zone
        raise Refused from None
    occurrences = request.evenement.occurrences
    made = answer(request, written, warn=warn, say=say)
    return Calendar(
        made.data,
        len(occurrences),
        occurrences[0].titre,
        made.content_type,
        made.extension,
        made.warnings,
    )


class _Events:
    """The VEVENTs of one file, and the span of those that need its VTIMEZONE."""

    def __init__(self, uid_secret: bytes, stamp: str, tz: Zone, bounds: Bounds) -> None:
        self._uid, self._stamp, self._zone, self._bounds = uid_maker(uid_secret), stamp, tz, bounds
        self._form = _IN_UTC if tz.is_utc else (f";TZID={tz.name}:", "\r\n")
        self.first = "9"  # behind every year that is written
        """The earliest local time written, as DATE-TIME."""
        self.last = ""
        """The latest; empty when there is none."""

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last instant written with TZID, in UTC."""
        if not self.last:
            return None
        first, last = map(datetime.fromisoformat, (self.first, self.last))
        return self._zone.instant(first), self._zone.instant(last)

    def write(self, occurrences: Sequence[Occurrence], *, in_utc: bool = False) -> list[bytes]:
        """The lines of the events, in the order asked for. This is the cost of a request."""
        lines: list[bytes] = []
        for start in range(0, len(occurrences), _TOGETHER):
            self._write(occurrences[start : start + _TOGETHER], in_utc, lines)
        return lines

    def _write(self, occurrences: Sequence[Occurrence], in_utc: bool, lines: list[bytes]) -> None:
        """Check and gather, escape and fold all texts at once, then put the events together."""
        titles: list[str] = []
        notes: list[str] = []
        places: list[str] = []
        moments: list[str] = []
        alarms: list[bytes] = []
        bounds = self._bounds
        for occurrence in occurrences:
            title = one_line(occurrence.titre)
            if (
                not title
                or len(occurrence.titre) > bounds.title_chars
                or not 0 < len(occurrence.id) <= ID_CHARS
            ):
                raise Refused
            titles.append(title)
            notes.append(_notes(occurrence.notes, bounds.notes_chars) if occurrence.notes else "")
            places.append(_place(occurrence.lieu, bounds.place_chars) if occurrence.lieu else "")
            minutes = occurrence.rappelMinutes
            alarms.append(b"" if minutes is None or minutes == "" else _alarm(minutes))
            if not occurrence.touteLaJournee:
                moments += (occurrence.dateDebut, occurrence.dateFin)
        times = self._times(moments, in_utc)
        count = len(occurrences)
        escaped = escape_all(titles + notes + places)
        shown = escaped[:count]
        summaries = content_lines(b"SUMMARY:", shown)
        messages = content_lines(b"DESCRIPTION:", shown) if any(alarms) else alarms
        descriptions = content_lines(b"DESCRIPTION:", escaped[count : 2 * count])
        locations = content_lines(b"LOCATION:", escaped[2 * count :])
        uid, stamp = self._uid, self._stamp
        for occurrence, summary, description, location, alarm, message in zip(
            occurrences, summaries, descriptions, locations, alarms, messages, strict=True
        ):
            when = self._all_day(occurrence) if occurrence.touteLaJournee else next(times)
            head = f"BEGIN:VEVENT\r\nUID:{uid(occurrence.id)}\r\n{stamp}{when}"
            lines += (head.encode(), summary, description, location, b"SEQUENCE:0\r\n")
            if alarm:
                lines += (alarm, message, b"END:VALARM\r\n")
            lines.append(b"END:VEVENT\r\n")

    def _times(self, moments: Sequence[str], in_utc: bool) -> Iterator[str]:
        """DTSTART and DTEND as DATE-TIME, of a start and an end in turn.

        Local time where both are unmistakable, else both in UTC: the only form for the second
        pass of an autumn hour. No DTEND at zero length: it must be later (§3.8.2.2).
        """
        local = [None] * len(moments) if in_utc else local_times(moments, self._zone)
        for number in range(0, len(moments), 2):
            before, after = self._form
            first, last = local[number], local[number + 1]
            if first is None or last is None:
                first, last, is_local = self._locate(moments[number], moments[number + 1], in_utc)
                if not is_local:
                    before, after = _IN_UTC
            if last < first:  # unmistakable local times are in the order of their instants
                raise Refused
            if before is not _IN_UTC[0]:
                self.first = min(self.first, first)
                self.last = max(self.last, last)
            if last == first:
                yield f"DTSTART{before}{first}{after}"
            else:
                yield f"DTSTART{before}{first}{after}DTEND{before}{last}{after}"

    def _locate(self, start: str, end: str, in_utc: bool) -> tuple[str, str, bool]:
        """A start and an end as DATE-TIME, and whether that is in local time."""
        first, offset = locate(start, self._zone)
        last, last_offset = locate(end, self._zone)
        if in_utc or offset is None or last_offset is None:
            return date_time(first), date_time(last), False
        return date_time(first + offset), date_time(last + last_offset), True

    def _all_day(self, occurrence: Occurrence) -> str:
        """DTSTART and DTEND as DATE; DTEND is the calendar day after the last (§3.6.1)."""
        days = whole_days(occurrence.dateDebut, occurrence.dateFin, self._zone)
        if days is None:
            first, last = dates(parse(occurrence.dateDebut), parse(occurrence.dateFin), self._zone)
            days = date_form(first), date_form(last + _DAY)
        start, end = days
        if end <= start:
            raise Refused
        return f"DTSTART;VALUE=DATE:{start}\r\nDTEND;VALUE=DATE:{end}\r\n"


def _notes(notes: str, limit: int) -> str:
    if len(notes) > limit:
        raise Refused
    cleaned = clean(notes)
    return "" if cleaned.isspace() else cleaned


def _place(place: str, limit: int) -> str:
    if len(place) > limit:
        raise Refused
    return one_line(place)


@lru_cache(maxsize=1_024)
def _alarm(minutes: float) -> bytes:
    """A VALARM that shows a message before the start (§3.6.6), up to that message: DESCRIPTION."""
    if not 0 <= minutes <= ALARM_MINUTES or minutes != int(minutes):
        raise Refused
    trigger = minutes_before(int(minutes))
    return f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-{trigger}\r\n".encode()
