"""A series of events: the rule, its exceptions and its other dates (RFC 5545 §3.8.5, §3.8.4.4).

    repeated, changes = series(occurrence, members, when, path, STOP, Budget())
    repeated.lines   →   RRULE:FREQ=WEEKLY;BYDAY=TU
                         EXDATE;TZID=Europe/Paris:20260714T120000

No program may doubt what a series means, so: the first date is a date of the rule, at a time that
the clocks show once that day; an exception or a changed date is one of the series, to the second;
and a series is never written in UTC for want of a better form, or it would move by an hour twice a
year.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from msgspec.structs import asdict

from icsmulti.engine.checking import UNKNOWN, Finder, add_date_fault, few
from icsmulti.engine.contentline import content_line
from icsmulti.engine.event import When
from icsmulti.engine.recurrence import Recur, Start, from_text, from_words
from icsmulti.engine.recurrence.instances import EXAMINED, Budget, Exhausted, days, is_first
from icsmulti.engine.recurrence.modifications import SERIES_MEMBERS, fixed, overlay
from icsmulti.engine.recurrence.spelling import spelled
from icsmulti.engine.request import LenientOccurrence, Modification
from icsmulti.engine.times import InvalidDate, day, instant, is_writable, parse
from icsmulti.engine.vtimezone import is_settled
from icsmulti.engine.written import date as date_form
from icsmulti.engine.written import date_time, duration
from icsmulti.engine.zones import Zone, zone
from icsmulti.errors import Fault, InvalidRequest, Path

DATE_COUNT = 500
"""The most exceptions, dates and changes, each."""


@cache
def _no_time() -> When:
    """Stands for a first date that cannot be told. Not made at import: the server says in words
    that it has no time zones.
    """
    return When(datetime(2000, 1, 1), datetime(2000, 1, 1), zone("UTC"), zone("UTC"))


@dataclass(frozen=True, slots=True)
class Change:
    """One date that is otherwise, as an event of its own in all but its UID."""

    recurrence_id: str
    """RECURRENCE-ID, a whole line; "" of a series with faults."""
    members: dict[str, Any]
    """The event's members: the series' own, and the changed ones over them; `UNKNOWN` those that
    follow from a fault elsewhere."""
    path: Path
    given: frozenset[str]
    """Its own members: those that it has not from the series."""
    date: datetime | None
    """The date that it changes, as wall clock; None of a series with faults."""

    def member(self, name: str) -> str:
        """The member of the modification that says when it starts or ends, as *name* does."""
        if name in self.given:
            return name
        return "dateDebut" if "dateDebut" in self.given else "dateOriginale"


@dataclass(frozen=True, slots=True)
class Series:
    """What makes a VEVENT a series. Valid by construction."""

    lines: str
    """RRULE, RDATE, EXDATE."""
    recur: Recur | None
    """The rule as written; None of a series of dates only."""
    added: frozenset[datetime]
    """The dates beside those of the rule: wall clocks."""
    removed: frozenset[datetime]
    """The dates left out: wall clocks."""
    last: datetime | None
    """The start of the last date, UTC; None when there is none, or its VTIMEZONE need not know."""


def is_series(o: LenientOccurrence) -> bool:
    """Whether an event says that it happens more than once."""
    return any(getattr(o, name) for name in SERIES_MEMBERS)


def series(
    o: LenientOccurrence,
    members: dict[str, Any],
    when: When | None,
    path: Path,
    found: Finder,
    budget: Budget,
) -> tuple[Series | None, tuple[Change, ...]]:
    """The series of an event of which `is_series` is true, None with its faults; and the dates
    that are otherwise, with or without.

    Args:
        o: the event.
        members: the same, by name: structs inside, or JSON as it came, as `Change.members` will be;
            `UNKNOWN` those with a fault, but for the lists of the series, whose good items count.
        when: its first date; None where it cannot be told.
        path: of the event.
        found: where faults go.
        budget: what the request may still make us examine.
    """
    reader = _Reader(o, members, when or _no_time(), when is not None, path, found)
    try:
        return reader.read(budget)
    except Exhausted:
        # Alone and at once, as with `effort`: the work stays bounded.
        fault = Fault("too-many", reader.rule_path, "rule-examined", {"limit": EXAMINED})
        raise InvalidRequest([fault]) from None


@dataclass(slots=True)
class _Reader:
    """One series being read."""

    o: LenientOccurrence
    members: dict[str, Any]
    when: When
    is_placed: bool
    """Whether `when` is known: if not, nothing may be read of it."""
    path: Path
    found: Finder
    faults: int = 0
    is_certain: bool = True
    """Whether the first date and the rule are right, so that the series' dates can be told."""
    unread: set[str] = field(default_factory=set)
    """Its lists that hold something else than dates."""
    walls: dict[datetime, datetime] = field(default_factory=dict)
    """Of the instants in its lists."""

    @property
    def rule_path(self) -> Path:
        return (*self.path, "regle" if self.o.regle else "recurrence")

    def fault(self, code: str, path: Path, reason: str, **values: object) -> None:
        self.faults += 1
        self.found.add(code, (*self.path, *path), reason, **values)

    def read(self, budget: Budget) -> tuple[Series | None, tuple[Change, ...]]:
        recur = self._rule()
        self.is_certain = self.is_certain and self.is_placed
        if self.is_placed:
            self._check_times()
            self._check_first(recur, budget)
        added = self._dates(budget, "datesSupplementaires")
        removed = self._dates(budget, "exceptions")
        changed = self._dates(budget, "modifications", "dateOriginale")
        places = {i: utc for utc, i in changed.items()}
        given = self._changed()
        for i, change in given.items():
            for name in fixed(self.members, change):
                self.fault("conflict", ("modifications", i, name), "modification-member")
        if not self.is_certain:
            return None, self._changes(given, places, {})
        walls, last, is_left = self._walk(
            recur, {*added, *removed, *changed}, removed.keys(), budget
        )
        self._check_added(added, walls)
        for utc, i in removed.items():
            if utc not in walls:
                self.fault("no-instance", ("exceptions", i), "exception-no-instance")
        if not is_left and not self.members.get("datesSupplementaires"):
            self.fault("no-instance", ("exceptions",), "series-all-excluded")
        walls |= {utc: self.walls[utc] for utc in added}
        for utc, i in changed.items():
            is_none = utc not in walls and "datesSupplementaires" not in self.unread
            if is_none or utc in removed:
                where = ("modifications", i, "dateOriginale")
                self.fault("no-instance", where, "modification-no-instance")
                del places[i]
        if self.faults or self.unread:
            return None, self._changes(given, places, {})
        written = recur and spelled(recur, self._wall(self.when.start).date())
        more, gone = (frozenset(walls[utc] for utc in some) for some in (added, removed))
        made = Series(
            lines=self._lines(written, more, gone),
            recur=written,
            added=more,
            removed=gone,
            last=self._horizon(recur, last, added),
        )
        return made, self._changes(given, places, walls)

    def _rule(self) -> Recur | None:
        """The rule. None, and nothing is certain, with its faults; None of a series of dates."""
        o, when = self.o, self.when
        start = Start(when.start_zone, when.all_day, when.start) if self.is_placed else None
        recur = None
        if UNKNOWN in (self.members.get("recurrence"), self.members.get("regle")):
            self.is_certain = False
        elif o.recurrence and o.regle:
            self.fault("conflict", ("regle",), "rule-twice")
            self.is_certain = False
        elif o.regle or o.recurrence:
            if o.regle:
                recur = from_text(o.regle, start, self.rule_path, self.found)
            elif o.recurrence:
                recur = from_words(o.recurrence, start, self.rule_path, self.found)
            if recur is None:
                self.faults += 1
                self.is_certain = False
        elif not self.members.get("datesSupplementaires"):
            self.fault("missing", ("recurrence",), "series-rule")
            self.is_certain = False
        return recur

    def _check_times(self) -> None:
        """The first date starts and ends at times that the clocks show once that day.

        One that they skip would be written an hour later (§3.3.5), and so all other dates.
        """
        when, o = self.when, self.o
        if when.all_day:
            return
        start = _local(o.dateDebut)
        ends = [("dateDebut", when.start, when.start_zone, _is_skipped(start, when.start_zone))]
        if length := o.duree and duration(o.duree):
            end = self._wall(when.start) + timedelta(days=length.days)
            ends.append(("duree", when.end, when.end_zone, _is_skipped(end, when.start_zone)))
        elif o.dateFin and self.members.get("dateFin") is not UNKNOWN:
            is_skipped = _is_skipped(_local(o.dateFin), when.end_zone)
            ends.append(("dateFin", when.end, when.end_zone, is_skipped))
        for name, utc, tz, is_skipped in ends:
            is_clear = tz.is_utc or tz.span_at(utc).is_clear(utc)
            if is_skipped or not is_clear:
                reason = "series-skipped" if is_skipped else "series-ambiguous"
                self.fault("conflict", (name,), reason, zone=tz.name)
                self.is_certain = self.is_certain and name != "dateDebut"

    def _check_first(self, recur: Recur | None, budget: Budget) -> None:
        """The first date is one of the rule."""
        first = self._wall(self.when.start).date()
        if recur and not is_first(recur, first, budget):
            following = next(days(recur, first, budget), None)
            reason = "series-start" if following else "series-no-date"
            self.fault("conflict", ("dateDebut",), reason, next=str(following))
            self.is_certain = False

    def _items(self, member: str) -> list[Any]:
        """What a list of the series holds; nothing where it is none, as was told then."""
        items = self.members.get(member) or []
        if isinstance(items, list):
            return items
        self.unread.add(member)
        return []

    def _dates(self, budget: Budget, member: str, name: str = "") -> dict[datetime, int]:
        """The dates of a list as instants (midnights, of whole days), each with its place."""
        found: dict[datetime, int] = {}
        items = self._items(member)
        if not few(items, (*self.path, member), self.found, DATE_COUNT):
            self.unread.add(member)
            return found
        budget.spend(len(items))
        for i, item in enumerate(items):
            where = (member, i, name) if name else (member, i)
            text = _members(item).get(name) if name else item
            if not isinstance(text, str):  # told with the types
                self.unread.add(member)
                continue
            try:
                utc = self._date(text)
            except InvalidDate as error:
                self.unread.add(member)
                add_date_fault(error, (*self.path, *where), self.found)
                continue
            if utc is None:
                continue
            if utc in found:
                self.fault("duplicate", where, "duplicate-date")
            found.setdefault(utc, i)
        return found

    def _date(self, text: str) -> datetime | None:
        """A date of a list; None where the first one, and so its kind and zone, cannot be told."""
        moment = parse(text)
        if not self.is_placed:
            return None
        tz = self.when.start_zone
        utc = _midnight(day(moment, tz)) if self.when.all_day else instant(moment, tz)
        wall = self.walls[utc] = self._wall(utc)
        if not is_writable(utc) or not is_writable(wall):
            raise InvalidDate("date-year")
        return utc

    def _instances(self, recur: Recur, budget: Budget) -> Iterator[tuple[datetime, datetime]]:
        """The rule's dates, each as wall clock and as instant (§3.3.5 where clocks jump)."""
        start = self._wall(self.when.start)
        for date_ in days(recur, start.date(), budget):
            wall = datetime.combine(date_, start.time())
            utc = wall if self.when.all_day else self.when.start_zone.instant(wall)
            if recur.until is not None and utc > recur.until:
                return
            yield wall, utc

    def _walk(
        self,
        recur: Recur | None,
        wanted: AbstractSet[datetime],
        removed: AbstractSet[datetime],
        budget: Budget,
    ) -> tuple[dict[datetime, datetime], datetime, bool]:
        """The wanted instants that the rule gives, with their wall clocks; the last date looked at,
        which is the rule's last only where the VTIMEZONE must know it; whether any date is left.
        """
        last = self.when.start
        if recur is None:
            return {last: self._wall(last)}, last, last not in removed
        to_the_end = self._needs_last(recur)
        furthest = max(wanted, default=last)
        walls = {}
        is_left = False
        for wall, last in self._instances(recur, budget):
            if last in wanted:
                walls[last] = wall
            is_left = is_left or last not in removed
            if last >= furthest and is_left and not to_the_end:
                break
        return walls, last, is_left

    def _needs_last(self, recur: Recur) -> bool:
        when = self.when
        if when.all_day or (recur.count is None and recur.until is None):
            return False
        ends = ((when.start_zone, when.start), (when.end_zone, when.end))
        return not all(tz.is_utc or is_settled(tz, utc) for tz, utc in ends)

    def _horizon(
        self, recur: Recur | None, last: datetime, added: Iterable[datetime]
    ) -> datetime | None:
        if recur and not self._needs_last(recur):
            return None
        return max((last, *added))

    def _check_added(self, added: dict[datetime, int], walls: dict[datetime, datetime]) -> None:
        tz = self.when.start_zone
        for utc, i in added.items():
            where = ("datesSupplementaires", i)
            if utc in walls or utc == self.when.start:
                self.fault("duplicate", where, "date-in-series")
            elif utc < self.when.start:
                self.fault("conflict", where, "date-before-series")
            elif not self.when.all_day and not tz.is_utc and not tz.span_at(utc).is_clear(utc):
                self.fault("conflict", where, "series-ambiguous", zone=tz.name)

    def _changed(self) -> dict[int, dict[str, Any]]:
        """The members of each modification, by its place."""
        items = self._items("modifications")
        if len(items) > DATE_COUNT:
            return {}
        return {i: members for i, item in enumerate(items) if (members := _members(item))}

    def _changes(
        self,
        given: dict[int, dict[str, Any]],
        places: dict[int, datetime],
        walls: dict[datetime, datetime],
    ) -> tuple[Change, ...]:
        """The dates that are otherwise.

        Args:
            given: the members of each, by its place in the list.
            places: those whose date can be told.
            walls: the same as wall clocks; empty of a series with faults.
        """
        changes = []
        for i, members in given.items():
            place = places.get(i)
            wall = walls[place] if walls and place else None
            change = Change(
                recurrence_id=content_line("RECURRENCE-ID", self._form(wall)) if wall else "",
                members=overlay(
                    self.members, members, self.when if self.is_placed else None, place
                ),
                path=(*self.path, "modifications", i),
                given=frozenset(name for name in members if members[name] not in (None, "")),
                date=wall,
            )
            changes.append(change)
        return tuple(changes)

    def _lines(
        self, recur: Recur | None, added: Iterable[datetime], removed: Iterable[datetime]
    ) -> str:
        """Dates as wall clocks, one a line: Outlook reads no lists of them reliably."""
        lines = [content_line("RRULE:", recur.text(all_day=self.when.all_day))] if recur else []
        lines += [content_line("RDATE", self._form(wall)) for wall in sorted(added)]
        lines += [content_line("EXDATE", self._form(wall)) for wall in sorted(removed)]
        return "".join(lines)

    def _wall(self, utc: datetime) -> datetime:
        if self.when.all_day:
            return utc
        return utc + self.when.start_zone.span_at(utc).offset

    def _form(self, wall: datetime) -> str:
        """A date in the form of DTSTART: same type, same zone."""
        if self.when.all_day:
            return f";VALUE=DATE:{date_form(wall)}"
        if self.when.start_zone.is_utc:
            return f":{date_time(wall)}Z"
        return f";TZID={self.when.start_zone.name}:{date_time(wall)}"


def _members(change: Any) -> dict[str, Any]:
    """Of a modification, decoded or as it came; none of what is none."""
    if isinstance(change, Modification):
        return asdict(change)
    return change if isinstance(change, dict) else {}


def _local(text: str) -> datetime | None:
    """A date string as wall clock; None where an offset makes it an instant, which none skips."""
    moment = parse(text)
    return moment.wall if moment.offset is None else None


def _is_skipped(wall: datetime | None, tz: Zone) -> bool:
    """Whether clocks never show a time: they jump over it."""
    if wall is None:
        return False
    utc = tz.instant(wall)
    return utc + tz.span_at(utc).offset != wall


def _midnight(value: date) -> datetime:
    return datetime(value.year, value.month, value.day)  # a date, see `When`
