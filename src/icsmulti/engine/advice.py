"""Warnings: what some calendar program will not do with this file. Never errors.

    [Fault("alarms-google", ("evenement", "occurrences", 0, "rappels"), values={"n": 3})]

Stable codes; each is told once, at the first event it concerns, with how many it does; a changed
date of a series is an event too, as far as it differs. Computed
only when asked for: `options.format: "json"`, `icsmulti generate --warnings`. The sources are in
docs/fields.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from icsmulti.engine.event import wall
from icsmulti.engine.recurrence.instances import Budget
from icsmulti.engine.recurrence.programs import (
    is_read_by_outlook,
    is_read_by_proton,
    meets_a_change,
    passing,
)
from icsmulti.engine.recurrence.spelling import is_read_alike
from icsmulti.engine.request import Calendrier, LenientOccurrence, LenientOptions, LenientRequest
from icsmulti.engine.rich import Event
from icsmulti.engine.vtimezone import is_told_for_ever, vtimezone
from icsmulti.errors import Fault, Path

TITLE_UNITS = 255  # Proton; Outlook's LOCATION (MS-OXCICAL)
NOTES_CHARS = 3_000  # Proton
FIRST_YEAR, LAST_YEAR = 1970, 2037  # Proton
FILE_OCTETS = 1_000_000  # Google

_EVENTS = ("evenement", "occurrences")
_Step = tuple[str, str]
"""A code, and the member it concerns."""


def advice(request: LenientRequest, entries: list[list[Event]], octets: int) -> list[Fault]:
    """What there is to say, in a fixed order: the file, the calendar, then the events.

    Args:
        request: as read.
        entries: the VEVENTs of each occurrence, as written: changed dates after their series.
        octets: the file's size.
    """
    options = request.options or LenientOptions()
    told = [
        Fault(code, path, f"warnings.{code}", {"n": 1}) for code, path in _file(request, octets)
    ]
    counted: dict[str, tuple[Path, int]] = {}
    budget = Budget()
    for events in entries:
        moved = _moved(events, budget)
        for event in events:
            steps = [*_event(event, options), *_time(event), *_series(event, budget)]
            if event.path in moved:
                steps.append(("series-order-outlook", "dateDebut"))
            for code, member in steps:
                first, n = counted.get(code, ((*event.path, member), 0))
                counted[code] = first, n + 1
    told += [
        Fault(code, first, f"warnings.{code}", {"n": n})
        for code, (first, n) in sorted(counted.items())
    ]
    return told


def _file(request: LenientRequest, octets: int) -> Iterator[tuple[str, Path]]:
    options = request.options or LenientOptions()
    calendar = options.calendrier or Calendrier()
    if len(request.evenement.occurrences) > 1 and options.format != "zip":
        yield "several-events-outlook", _EVENTS
    if octets > FILE_OCTETS:
        yield "size-google", _EVENTS
    if options.methode in ("REQUEST", "CANCEL"):
        yield "method-download", ("options", "methode")
    if calendar.nom and not calendar.nomStandardSeul:
        yield "calendar-name-outlook", ("options", "calendrier", "nom")
    if calendar.actualisation:
        yield "refresh-google", ("options", "calendrier", "actualisation")


def _event(event: Event, options: LenientOptions) -> Iterator[_Step]:
    for code, member in _members(event.occurrence, options):
        if event.change is None or member in event.change.given:  # else told of its series
            yield code, member


def _members(o: LenientOccurrence, options: LenientOptions) -> Iterator[_Step]:
    alarms = o.rappels or []
    if alarms or isinstance(o.rappelMinutes, int | float):
        yield "alarms-google", "rappels" if alarms else "rappelMinutes"
    if len(alarms) > 1:
        yield "alarms-outlook", "rappels"
    if any(alarm.avant == "fin" for alarm in alarms):
        yield "alarm-end-proton", "rappels"
    if _units(o.titre) > TITLE_UNITS:
        yield "title-long", "titre"
    if _units(o.lieu or "") > TITLE_UNITS:
        yield "place-long", "lieu"
    if len(o.notes or "") > NOTES_CHARS:
        yield "notes-proton", "notes"
    if any("," in category for category in o.categories or ()):
        yield "category-comma", "categories"
    elif o.categories:
        yield "categories-few", "categories"
    if o.disponibilite == "ailleurs":
        yield "busy-elsewhere", "disponibilite"
    if o.organisateur and options.methode in (None, "", "PUBLISH"):
        yield "organizer-publish", "organisateur"
    if o.couleur:
        yield "color-few", "couleur"
    if o.visio:
        yield "conference-few", "visio"
    if o.piecesJointes:
        yield "attachments-few", "piecesJointes"
    if o.notesHtml:
        yield "html-few", "notesHtml"
    if o.image:
        yield "image-few", "image"
    if o.liens:
        yield "links-few", "liens"


def _time(event: Event) -> Iterator[_Step]:
    when, first = event.when, event.member("dateDebut")
    start, end = when.shown(in_utc=event.in_utc)
    if start.year < FIRST_YEAR or end.year > LAST_YEAR:
        yield "year-proton", first
    if when.all_day:
        return
    last = "duree" if event.occurrence.duree else "dateFin"
    if when.start == when.end and event.member(last) == last:  # else told of its series
        yield "zero-length", last
    if event.in_utc and not when.start_zone.is_utc:
        # Its own hour is one that a zone shows twice; or its zone has no form that Outlook reads.
        yield ("zone-utc", first) if when.is_clear else ("hour-utc", first)


def _series(event: Event, budget: Budget) -> Iterator[_Step]:
    o, series, when = event.occurrence, event.series, event.when
    if series is None:
        return
    rule = "regle" if o.regle else "recurrence" if o.recurrence else "datesSupplementaires"
    start, _ = when.shown(in_utc=False)
    recur = series.recur
    if recur and not is_read_alike(recur, start):
        yield "series-misread", rule
    if o.datesSupplementaires or (recur and not is_read_by_outlook(recur)):
        yield "series-outlook", rule
    if recur and not is_read_by_proton(recur):
        yield "series-proton", rule
    if any(vtimezone(tz, first, last) is None for tz, first, last in event.uses()):
        yield "series-zone-outlook", rule
    if any(last is None and not is_told_for_ever(tz) for tz, _, last in event.uses()):
        yield "series-zone-years", rule
    if not when.all_day and meets_a_change(series, start, when.start_zone, budget):
        yield "series-hour", rule


def _moved(events: list[Event], budget: Budget) -> set[Path]:
    """Of the changed dates of a series those that pass the one before them, or after."""
    series, when = events[0].series, events[0].when
    moved = {
        event.change.date: event.when.start
        if when.all_day
        else wall(event.when.start, when.start_zone)
        for event in events
        if event.change and event.change.date and "dateDebut" in event.change.given
    }
    if not series or not moved:
        return set()
    found = passing(series, when, moved, budget)
    return {event.path for event in events if event.change and event.change.date in found}


def _units(text: str) -> int:
    """Length as Outlook and JavaScript count: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


Say = Callable[[Fault], str]
"""A warning as a sentence: the engine holds none."""


def code_only(warning: Fault) -> str:
    return warning.code
