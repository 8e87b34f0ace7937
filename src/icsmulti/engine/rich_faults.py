"""Everything wrong with the members beyond the published ones, for `faults`.

An `Examination` looks at one event: first whether the types are right (`shapes`), then by having
the straight path's own code read the members (`event.details`) with a list for their faults. So
the two cannot disagree. Faults come in the order of docs/fields.md, after the published members'.

Nothing is told that would vanish with another fault: what has one is `UNKNOWN` to the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from icsmulti.engine import itip
from icsmulti.engine.calendar_properties import calendar_properties
from icsmulti.engine.checking import (
    COUNTED,
    UNKNOWN,
    Enough,
    Finder,
    Found,
    Refused,
    add_date_fault,
)
from icsmulti.engine.contentline import clean, one_line
from icsmulti.engine.effort import Effort
from icsmulti.engine.event import About, When, details, end_after, last_day, resolve
from icsmulti.engine.recurrence.instances import Budget
from icsmulti.engine.recurrence.modifications import SERIES_MEMBERS
from icsmulti.engine.recurrence.series import Change, series
from icsmulti.engine.request import (
    RICH_MEMBERS,
    Bounds,
    LenientOccurrence,
    LenientOptions,
)
from icsmulti.engine.shapes import good
from icsmulti.engine.times import InvalidDate, Moment, day, instant, parse
from icsmulti.engine.zones import Zone, zone
from icsmulti.errors import Fault, Path

_OPTIONS = ("methode", "calendrier", "format")
_ABSENT = (None, "")
_RICH = frozenset(RICH_MEMBERS)
_PUBLISHED = (
    "dateOriginale", "id", "titre", "notes", "dateDebut", "dateFin", "lieu", "touteLaJournee", "rappelMinutes",
)  # fmt: skip
_ORDER = (*_PUBLISHED, *RICH_MEMBERS)
_LISTS = ("exceptions", "datesSupplementaires", "modifications")
_ANY_TIME = parse("2000-01-01T00:00Z")
"""No length that can be written leads from it out of the years."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options mean for each event."""

    zone: Zone | None
    method: str
    """`AUCUNE` also where the method is wrong: nothing follows from it then."""
    bounds: Bounds
    budget: Budget = field(default_factory=Budget)
    effort: Effort = field(default_factory=Effort)

    @classmethod
    def of(cls, options: Any, tz: Zone | None, bounds: Bounds) -> Settings:
        members = dict(options) if isinstance(options, dict) else {}
        values = good(LenientOptions, ("methode",), members, (), Found(0))
        wrong = "methode" not in values and members.get("methode") not in _ABSENT
        return cls(tz, "AUCUNE" if wrong else values.get("methode") or "PUBLISH", bounds)


class _Ordered:
    """Faults of one event or of the options, to be told in the order of the members."""

    def __init__(self, at: int, names: tuple[str, ...], effort: Effort) -> None:
        self._at, self._names, self.effort = at, names, effort
        self._faults: list[Fault] = []
        self._told: set[Path] = set()
        """The places of all faults, and what is around them."""
        self.places: dict[str, list[int]] = {}
        """Where the items were, of lists that are read without those that are wrong."""

    def add(self, code: str, path: Path, reason: str = "", **values: object) -> None:
        """Note a fault, or nothing. Raises `Enough` once, when there are too many to go on."""
        if len(path) > self._at + 1 and (places := self.places.get(str(path[self._at]))):
            path = (*path[: self._at + 1], places[int(path[self._at + 1])], *path[self._at + 2 :])
            if isinstance(first := values.get("first"), int):
                values["first"] = places[first]
        # What is wrong inside a member, or with its type, hides what would follow from it.
        if path in self._told or self.is_full:
            return
        self._faults.append(Fault(code, path, reason or code, values))
        for length in range(len(path), self._at, -1):
            if path[:length] in self._told:
                break
            self._told.add(path[:length])
        if self.is_full:
            raise Enough

    @property
    def is_full(self) -> bool:
        """Whether no more is counted, so that nothing more need be looked at."""
        return len(self._faults) >= COUNTED

    @property
    def members(self) -> set[str]:
        """Those that have a fault."""
        return {str(fault.path[self._at]) for fault in self._faults}

    def finish(self, found: Finder) -> None:
        def place(fault: Fault) -> tuple[int, ...]:
            name, *inside = fault.path[self._at :]
            found_at = self._names.index(name) if name in self._names else -1
            if not inside or not isinstance(inside[0], int):
                return (found_at,)
            changed = inside[1] if name in SERIES_MEMBERS and len(inside) > 1 else ""
            return found_at, inside[0], _ORDER.index(changed) if changed in _ORDER else -1

        for fault in sorted(self._faults, key=place):
            found.add(fault.code, fault.path, fault.reason, **fault.values)


class Examination:
    """One event's rich members."""

    def __init__(self, members: dict[str, Any], path: Path, settings: Settings) -> None:
        self.zone = self.end_zone = settings.zone
        """Of the start and of the end; None when it cannot be told."""
        self.changes: tuple[Change, ...] = ()
        """Dates of a series that are otherwise: events to be looked at themselves."""
        self.needs_end = True
        """Whether `dateFin` is to be looked at: unless `duree` stands for it."""
        self.is_plain = settings.method not in itip.MESSAGES and _RICH.isdisjoint(members)
        if self.is_plain:  # ten thousand faulty events should not cost much more than good ones
            return
        self._members, self._path, self._settings = members, path, settings
        self.found = _Ordered(len(path), RICH_MEMBERS, settings.effort)
        """The faults so far."""
        self._values: dict[str, Any] = {}
        with suppress(Enough):
            places: dict[str, list[int]] = {}
            self._values = good(LenientOccurrence, RICH_MEMBERS, members, path, self.found, places)
            # The dates of a series are read from the request itself.
            self.found.places = {n: at for n, at in places.items() if n not in SERIES_MEMBERS}
        self.zone = self._zone("fuseau", settings.zone)
        self.end_zone = self._zone("fuseauFin", self.zone)
        if members.get("fuseauFin") not in _ABSENT and members.get("touteLaJournee") is True:
            self.found.add("conflict", (*path, "fuseauFin"), "all-day-zone")
        self.needs_end = members.get("duree") in _ABSENT or members.get("dateFin") not in _ABSENT
        if self.needs_end and members.get("duree") not in _ABSENT:
            self.found.add("conflict", (*path, "duree"), "duration-and-end")

    def _zone(self, name: str, default: Zone | None) -> Zone | None:
        if self._members.get(name) in _ABSENT:
            return default
        if name not in self._values:
            return None
        try:
            return zone(self._values[name])
        except KeyError:
            self.found.add("unknown-zone", (*self._path, name), "unknown-zone")
            return None

    def examine_duration(self, start: Moment | None, all_day: bool | None) -> None:
        """`duree`, with the start it counts from where that is known.

        Args:
            start: that.
            all_day: what kind of event it is; None where it cannot be told.
        """
        text, tz = self._values.get("duree"), self.zone
        if text is None:
            return
        if start is None or tz is None or all_day is None:
            start, tz = _ANY_TIME, zone("UTC")
        try:
            if all_day:
                last_day(day(start, tz), text)
            else:
                end_after(instant(start, tz), text, tz)
        except InvalidDate as error:
            add_date_fault(error, (*self._path, "duree"), self.found)

    def examine(self, wrong: Set[str]) -> None:
        """Read the rest as the straight path does.

        Args:
            wrong: the published members that have a fault.
        """
        if self.found.is_full:
            return
        published = {
            name: self._members.get(name) for name in ("id", "titre", "notes", "lieu", "dateFin")
        }
        minutes = self._members.get("rappelMinutes")
        members: dict[str, Any] = {
            name: value if isinstance(value, str) else "" for name, value in published.items()
        }
        members |= {"dateDebut": "", "rappelMinutes": None if minutes in _ABSENT else 15}
        o = LenientOccurrence(**members, **self._values)
        when, is_whole = self._when(o, wrong)
        about = About(
            title=one_line(o.titre),
            notes=clean(o.notes or ""),
            place=one_line(o.lieu or ""),
            zone=self.zone or zone("UTC"),
            method=self._settings.method,
            uid=_NO_UID,
            bounds=self._settings.bounds,
            has_end=when is None or not is_whole or when.start != when.end,
        )
        for text in (about.title, about.notes, about.place):
            try:
                text.encode()
            except UnicodeEncodeError:  # told already, and nothing here can be written with it
                about = About("", "", "", about.zone, about.method, about.uid, about.bounds)
                break
        with suppress(Enough):
            lines = details(o, about, self._path, self.found)
            self._settings.effort.spend("written", len(lines), self._path)
            if any(self._members.get(name) for name in SERIES_MEMBERS):
                sound = {
                    name: UNKNOWN if name in wrong | self.found.members else value
                    for name, value in self._members.items()
                }
                sound |= {name: self._members.get(name) for name in _LISTS}
                if not is_whole:
                    sound["dateFin"] = UNKNOWN
                budget = self._settings.budget
                _, self.changes = series(o, sound, when, self._path, self.found, budget)

    def finish(self, found: Finder) -> None:
        """Tell all faults."""
        self.found.finish(found)

    def _when(self, o: LenientOccurrence, wrong: Set[str]) -> tuple[When | None, bool]:
        """When the event is, as far as it can be told, and whether that is so of its end."""
        wrong = wrong | self.found.members
        if (
            self.zone is None
            or self._settings.zone is None
            or wrong & {"dateDebut", "touteLaJournee"}
        ):
            return None, False
        o.dateDebut, o.touteLaJournee = (
            self._members["dateDebut"],
            self._members.get("touteLaJournee"),
        )
        is_whole = self.end_zone is not None and not wrong & {"dateFin", "duree", "fuseauFin"}
        if not is_whole:
            o.dateFin, o.duree, o.fuseauFin = o.dateDebut, None, None
        try:
            return resolve(o, self._settings.zone), is_whole
        except (Refused, InvalidDate, KeyError):  # told already
            return None, False


def _no_uid(event_id: str) -> str:
    return event_id[:0]


_NO_UID: Callable[[str], str] = _no_uid


def examine_options(options: dict[str, Any], evenement: Any, found: Found) -> None:
    """The options beyond `fuseau`, and what they ask of the list of events as a whole."""
    ordered = _Ordered(1, _OPTIONS, Effort())
    with suppress(Enough):
        values = good(LenientOptions, _OPTIONS, options, ("options",), ordered)
        asked = LenientOptions(**values)
        occurrences = evenement.get("occurrences") if isinstance(evenement, dict) else None
        itip.check_file(asked, len(occurrences) if isinstance(occurrences, list) else 0, ordered)
        if asked.calendrier:
            calendar_properties(asked.calendrier, "UTC", ("options", "calendrier"), ordered)
    ordered.finish(found)
