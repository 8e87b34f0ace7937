"""From a row of cells to an occurrence of the JSON contract, with what was wrong and what was assumed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from icsmulti.spreadsheet.columns import Column, Role
from icsmulti.spreadsheet.moments import (
    DAY_MINUTES,
    Moment,
    Order,
    Unreadable,
    fold,
    read_moment,
)

_YES = frozenset(["oui", "yes", "vrai", "true", "1", "x", "o", "y", "ok", "v", "✓", "✔", "☑"])
_NO = frozenset(
    ["non", "no", "faux", "false", "0", "n", "-", "aucun", "aucune", "none", "jamais", "☐"]
)
_UNITS = {"": 1, "m": 1, "mn": 1, "min": 1, "h": 60, "heure": 60, "hour": 60, "hr": 60}
_UNITS |= {"minute": 1, "j": 1_440, "jour": 1_440, "day": 1_440, "d": 1_440}
_UNITS |= {"semaine": 10_080, "week": 10_080}
_LENGTH = re.compile(
    r"(\d{1,6})\s*([a-z]*?)s?\.?(?:\s*(?:et\s*|and\s*)?(\d{1,2})\s*(?:min|mn|m)?)?"
)


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing wrong in a row. `reason` names the sentence (`spreadsheet.faults.<reason>`)."""

    reason: str
    column: int | None = None
    """From 0; None when the fault is the whole row's."""
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that was not blank."""

    number: int
    """As the spreadsheet counts: from 1, header and blank rows included."""
    cells: tuple[str, ...]
    occurrence: dict[str, Any]
    """Members of the contract, in its order, empty ones left out; unusable while there are faults."""
    faults: tuple[CellFault, ...] = ()
    assumed: tuple[str, ...] = ()
    """What was not written: `all-day`, `no-hour`, `end`, `next-day`, `last-day` (`spreadsheet.assumed.<name>`)."""


def read_row(
    number: int, cells: Sequence[str], columns: Sequence[Column], order: Order, default_min: int
) -> Row:
    """Read one row. Never raises: what is wrong stands in `faults`."""
    return _RowReading(number, cells, columns, order, default_min).row()


def derived_id(title: str, day: str, rank: int) -> str:
    """An id for a row that has none: from its title and first day.

    The same file read again gives the same ids, so its events are updated, not doubled, even
    when hours, place or notes have changed. *rank* (from 0) tells apart rows that share both.
    """
    digest = hashlib.sha256(f"{title}\n{day}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{digest}-{rank + 1}" if rank else digest


class _RowReading:
    def __init__(
        self,
        number: int,
        cells: Sequence[str],
        columns: Sequence[Column],
        order: Order,
        default_min: int,
    ) -> None:
        self.number, self.cells, self.columns = number, tuple(cells), columns
        self.order, self.default_min = order, default_min
        self.faults: list[CellFault] = []
        self.assumed: list[str] = []

    def row(self) -> Row:
        occurrence: dict[str, Any] = {
            "id": self.text("id"),
            "titre": self.text("title"),
            "notes": self.text("notes", joint="\n"),
        }
        if not occurrence["titre"]:
            self.fault("title-missing", "title")
        occurrence |= self.times()
        occurrence["lieu"] = self.text("place", joint=", ")
        occurrence["touteLaJournee"] = occurrence.pop("journee", False)
        occurrence["rappelMinutes"] = self.length("reminder")
        kept = {name: value for name, value in occurrence.items() if value not in ("", None)}
        if kept["touteLaJournee"] is False:
            del kept["touteLaJournee"]
        return Row(self.number, self.cells, kept, tuple(self.faults), tuple(self.assumed))

    def fault(self, reason: str, where: Role | int, **values: object) -> None:
        """Note a fault, in a column or in the first one of a role."""
        self.faults.append(
            CellFault(reason, where if isinstance(where, int) else self.first(where), values)
        )

    def first(self, role: Role) -> int | None:
        return next((n for n, column in enumerate(self.columns) if column.role == role), None)

    def having(self, role: Role) -> list[tuple[int, str]]:
        """(column, cell) of the cells with a role that are not empty."""
        return [
            (n, cell)
            for n, (cell, column) in enumerate(zip(self.cells, self.columns, strict=False))
            if column.role == role and cell
        ]

    def text(self, role: Role, joint: str = " ") -> str:
        return joint.join(cell for _, cell in self.having(role))

    def moment(self, role: Role) -> Moment | None:
        """What all the columns of a role say together. None once a fault is noted."""
        days: list[date] = []
        minutes: list[int] = []
        for n, cell in self.having(role):
            try:
                said = read_moment(cell, self.order, bare_hours=self.columns[n].hours)
            except Unreadable as error:
                self.fault(error.reason, n, **error.values)
                return None
            if said.instant:
                return said
            if len(self.having(role)) > 1 and said.minutes == (0,) and said.days:
                said = Moment(said.days)  # a spreadsheet's empty hour, beside a column of hours
            days += [day for day in said.days if day not in days or len(said.days) > 1]
            minutes += said.minutes
        if len(days) > 2 or len(minutes) > 2:
            self.fault("too-many", role, value=self.text(role))
            return None
        return Moment(tuple(days), tuple(minutes))

    def times(self) -> dict[str, Any]:
        """dateDebut, dateFin and journee; what could not be read is left out."""
        start, end = self.moment("start"), self.moment("end")
        if start is None or end is None:
            return {}
        if start.instant:
            return self.instants(start, end)
        if not start.days:
            self.fault("day-missing", "start")
            return {}
        if end.instant:
            self.fault("offset", "end")
            return {}
        days, minutes = start.days + end.days, start.minutes + end.minutes
        if len(days) > 2 or len(minutes) > 2:
            self.fault("two-ends", "end")
            return {}
        all_day = self.all_day(minutes)
        if all_day is None:
            return {}
        if all_day:
            return self.whole_days(days, minutes)
        if not start.minutes:
            self.fault("hour-missing", "start")
            return {}
        return self.hours(days, minutes)

    def instants(self, start: Moment, end: Moment) -> dict[str, Any]:
        """Moments with an offset stay as they are written: the engine reads them."""
        said = {"dateDebut": start.instant, "dateFin": end.instant}
        if any(fold(cell) in _YES for _, cell in self.having("all_day")):
            said["dateFin"] = end.instant or start.instant
            return said | {"journee": True}
        if end.instant:
            return said
        if self.having("end"):
            self.fault("offset", "end")
            return {"dateDebut": start.instant}
        length = self.length("duration")
        if length is None:
            length = self.default_min
            self.assumed.append("end")
        try:
            moment = datetime.fromisoformat(start.instant.upper()) + timedelta(minutes=length)
        except (ValueError, OverflowError):
            self.fault("unreadable", "start", value=start.instant)
            return {}
        return said | {"dateFin": moment.isoformat()}

    def all_day(self, minutes: Sequence[int]) -> bool | None:
        for n, cell in self.having("all_day"):
            word = fold(cell)
            if word in _YES:
                if any(minutes):  # 0: midnight, as Outlook writes a whole day
                    self.assumed.append("no-hour")
                return True
            if word not in _NO:
                self.fault("yes-or-no", n, value=cell)
                return None
            if not minutes:
                self.fault("hour-missing", "start")
                return None
            return False
        if not minutes:
            self.assumed.append("all-day")
        return not minutes

    def whole_days(self, days: Sequence[date], minutes: Sequence[int]) -> dict[str, Any]:
        first, last = days[0], days[-1]
        if len(days) == 1 and (length := self.length("duration")):
            last = first + timedelta(days=max(0, length // DAY_MINUTES - 1))
        if last > first and list(minutes) == [0, 0]:
            # Outlook's export: from midnight to the midnight after the last day.
            last -= timedelta(days=1)
            self.assumed.append("last-day")
        if last < first:
            self.fault("end-before-start", "end")
        return {"dateDebut": first.isoformat(), "dateFin": last.isoformat(), "journee": True}

    def hours(self, days: Sequence[date], minutes: Sequence[int]) -> dict[str, Any]:
        start = _local(days[0], minutes[0])
        if len(minutes) == 2:
            end = _local(days[-1], minutes[1])
            if end < start and len(days) == 1:
                end += timedelta(days=1)
                self.assumed.append("next-day")
        elif (length := self.length("duration")) is not None:
            end = start + timedelta(minutes=length)
        elif len(days) == 2 and days[1] != days[0]:
            self.fault("end-hour-missing", "end")
            return {"dateDebut": _iso(start)}
        else:
            end = start + timedelta(minutes=self.default_min)
            self.assumed.append("end")
        if end < start:
            self.fault("end-before-start", "end")
        return {"dateDebut": _iso(start), "dateFin": _iso(end)}

    def length(self, role: Role) -> int | None:
        """Minutes of « 15 », « 1 h 30 », « 1:30 », « 2 jours »; None when empty or « aucun »."""
        for n, cell in self.having(role):
            word = fold(cell)
            if word in _NO and word != "0":
                return None
            colon = re.fullmatch(r"(\d{1,3}):(\d{2})(?::00)?", word)
            if colon:
                return int(colon[1]) * 60 + int(colon[2])
            match = _LENGTH.fullmatch(re.sub(r"\s*(?:avant|before)$", "", word))
            unit = _UNITS.get(match[2]) if match else None
            if not match or unit is None or (match[3] and unit != 60):
                self.fault("length", n, value=cell)
                return None
            return int(match[1]) * unit + int(match[3] or 0)
        return None


def _local(day: date, minutes: int) -> datetime:
    # 24 h is the next midnight; without zone on purpose: the engine reads it in the list's zone.
    midnight = datetime.combine(day, time())
    return midnight + timedelta(minutes=minutes)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
