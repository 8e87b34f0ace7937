"""The form's list as a person is still writing it: fields ↔ rows ↔ the contract's JSON.

    pairs of form fields   [("o0-titre", "Bal"), ("o0-jour", "2026-07-14"), ("fuseau", "Paris"), …]
    a Draft                rows of text, as typed, right or wrong
    the contract's JSON    what the engine reads, and the file of « Enregistrer la liste »

Nothing typed is ever dropped: a half-written row survives the round trip through JSON, and
members that the form does not show (`plus`) come back out as they went in. Right or wrong is
the engine's to say (`form_faults`); nothing here judges, and nothing here is asynchronous.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from icsmulti.engine.times import InvalidDate, instant, parse
from icsmulti.engine.zones import Zone

FIELDS = (
    "id",
    "titre",
    "notes",
    "jour",
    "heure",
    "fin_jour",
    "fin_heure",
    "lieu",
    "journee",
    "rappel",
    "plus",
    "lien",
    "statut",
    "repete",
    "repete_fin",
    "rappel_2",
    "rappel_3",
)
_NAME = re.compile(r"o(\d{1,6})-([a-z_23]{2,10})\Z")
_SHOWN = frozenset(
    ("id", "titre", "notes", "dateDebut", "dateFin", "lieu", "touteLaJournee", "rappelMinutes")
)


REMINDERS = 3
_UNITS = {"jours": 1_440, "heures": 60}


@dataclass(frozen=True, slots=True)
class Row:
    """One occurrence as typed; every field is text, empty when nothing was typed."""

    id: str = ""
    titre: str = ""
    notes: str = ""
    jour: str = ""
    """`2026-07-14`, what a date field sends."""
    heure: str = ""
    """`19:30`, what a time field sends."""
    fin_jour: str = ""
    """Empty: the day of the start."""
    fin_heure: str = ""
    lieu: str = ""
    journee: str = ""
    """`1` when it lasts all day."""
    rappel: str = ""
    """Minutes."""
    plus: str = ""
    """Other members of the contract, as JSON: shown nowhere, kept."""
    lien: str = ""
    statut: str = ""
    """`confirme`, `provisoire`, `annule`."""
    repete: str = ""
    """`quotidienne`, `hebdomadaire`, `mensuelle`, `annuelle`."""
    repete_fin: str = ""
    """The last day on which it may be repeated; empty: for ever."""
    rappel_2: str = ""
    rappel_3: str = ""

    @property
    def reminders(self) -> dict[str, str]:
        """The fields of reminders in which something stands."""
        fields = {"rappel": self.rappel, "rappel_2": self.rappel_2, "rappel_3": self.rappel_3}
        return {name: text for name, text in fields.items() if text}

    @property
    def is_blank(self) -> bool:
        """Nothing was typed in it."""
        return not any(
            (self.titre, self.notes, self.jour, self.heure, self.fin_jour, self.fin_heure)
        ) and not (self.lieu or self.plus or self.lien or self.repete_fin)

    def occurrence(self) -> dict[str, Any]:
        """The row as a member of `occurrences`, dates left as unfinished as they are."""
        last = self.fin_jour or self.jour
        if self.journee:
            start, end = self.jour, last
        else:
            start, end = _joined(self.jour, self.heure), _joined(last, self.fin_heure)
        more = {k: v for k, v in _object(self.plus).items() if k not in _SHOWN}
        if "duree" in more and not self.fin_jour and not self.fin_heure:
            end = ""  # a length, in a list opened from elsewhere, stands for the end
        members: dict[str, Any] = {
            "id": self.id,
            "titre": self.titre,
            "notes": self.notes,
            "dateDebut": start,
            "dateFin": end,
            "lieu": self.lieu,
            "touteLaJournee": True if self.journee else "",
        }
        reminders = [_minutes(text) for text in self.reminders.values()]
        if len(reminders) > 1 and "rappels" not in more:
            members["rappels"] = [_reminder(minutes) for minutes in reminders]
        elif reminders:
            members["rappelMinutes"] = reminders[0]
        required = ("id", "titre", "dateDebut", "dateFin")
        kept = {k: v for k, v in members.items() if v != "" or k in required}
        return kept | more | self._options()

    def _options(self) -> dict[str, Any]:
        """What is folded away until asked for."""
        # An end alone is passed on too: the engine says what is missing.
        rule = {"frequence": self.repete, "jusquA": self.repete_fin}
        options: dict[str, Any] = {
            "url": self.lien,
            "statut": self.statut,
            "recurrence": {name: value for name, value in rule.items() if value},
        }
        return {name: value for name, value in options.items() if value}

    def moved(self, days: int) -> Row:
        """The same, some days later; a day that is not one stays."""
        return replace(
            self, jour=_later(self.jour, days), fin_jour=_later(self.fin_jour, days), id=new_id()
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole form."""

    rows: tuple[Row, ...] = ()
    zone: str = ""
    """As typed: a city or an IANA name."""
    plus: str = ""
    """Members of `options` that the form does not show, as JSON."""

    def written(self) -> list[tuple[int, Row]]:
        """(position, row) of the rows in which something stands; the first one when none does."""
        rows = [(n, row) for n, row in enumerate(self.rows) if not row.is_blank]
        return rows or list(enumerate(self.rows[:1] or (Row(id=new_id()),)))

    def request(self, zone: str) -> dict[str, Any]:
        """The written rows as a request of the contract."""
        options = _object(self.plus) | {"fuseau": zone}
        occurrences = [row.occurrence() for _, row in self.written()]
        return {"evenement": {"occurrences": occurrences}, "options": options}

    def body(self, zone: str) -> bytes:
        """The request's bytes, as an API caller would send them."""
        return json.dumps(self.request(zone), ensure_ascii=False).encode("utf-8", "replace")


def new_id() -> str:
    """128 random bits: a row's id, made once and kept with it."""
    return secrets.token_hex(16)


def of_fields(pairs: Iterable[tuple[str, str]]) -> Draft:
    """The draft in a form's fields. Rows are in the order in which their fields first come."""
    rows: dict[str, dict[str, str]] = {}
    others: dict[str, str] = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match and match[2] in FIELDS:
            rows.setdefault(match[1], {})[match[2]] = _line_feeds(value)
        else:
            others[name] = value
    made = tuple(
        Row(**(members | {"id": members.get("id") or new_id()})) for members in rows.values()
    )
    return Draft(made, others.get("fuseau", "").strip(), others.get("plus", ""))


def of_occurrence(members: Mapping[str, Any], zone: Zone) -> Row:
    """A row from an occurrence of the contract; instants become the zone's wall clock."""
    all_day = members.get("touteLaJournee") is True
    start = _split(_text(members.get("dateDebut")), zone, all_day)
    end = _split(_text(members.get("dateFin")), zone, all_day)
    more = {name: value for name, value in members.items() if name not in _SHOWN}
    rule = more.get("recurrence")
    if isinstance(rule, dict) and _is_simple(rule):
        del more["recurrence"]
    else:
        rule = {}
    reminders = [_text(members.get("rappelMinutes"))]
    if not reminders[0] and (several := _reminders(more.get("rappels"))):
        reminders = several
        del more["rappels"]
    link, status = (
        more.pop(name) if isinstance(more.get(name), str) else "" for name in ("url", "statut")
    )
    return Row(
        id=_text(members.get("id")) or new_id(),
        titre=_text(members.get("titre")),
        notes=_line_feeds(_text(members.get("notes"))),
        jour=start[0],
        heure=start[1],
        fin_jour=end[0] if end[0] != start[0] else "",
        fin_heure=end[1],
        lieu=_text(members.get("lieu")),
        journee="1" if all_day else "",
        **dict(zip(("rappel", "rappel_2", "rappel_3"), reminders, strict=False)),
        plus=json.dumps(more, ensure_ascii=False) if more else "",
        lien=link,
        statut=status,
        repete=rule.get("frequence", ""),
        repete_fin=rule.get("jusquA", ""),
    )


def _is_simple(rule: dict[str, Any]) -> bool:
    """Whether the form's own fields can say a rule."""
    return (
        rule.keys() <= {"frequence", "jusquA"}
        and all(isinstance(value, str) for value in rule.values())
        and bool(rule.get("frequence"))
        and "T" not in rule.get("jusquA", "")
    )


def _minutes(text: str) -> int | str:
    """A reminder as typed: minutes, if it is a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _reminder(minutes: int | str) -> dict[str, Any]:
    """One of several reminders: a day before is at the same time of the clock."""
    for unit, size in _UNITS.items():
        if isinstance(minutes, int) and minutes and minutes % size == 0:
            return {unit: minutes // size}
    return {"minutes": minutes}


def _reminders(given: Any) -> list[str]:
    """The texts of several reminders that the form's own fields can say; none of any others."""
    if not isinstance(given, list) or not 1 < len(given) <= REMINDERS:
        return []
    found: list[int | str] = []
    for each in given:
        [(unit, number)] = each.items() if isinstance(each, dict) and len(each) == 1 else [("", "")]
        size = _UNITS.get(unit, 1)
        found.append(number * size if type(number) is int else _text(number))
    return [str(each) for each in found] if [_reminder(each) for each in found] == given else []


def of_request(data: Any, zone_of: Callable[[str], Zone]) -> Draft:
    """The draft in a saved list, or in any request of the API.

    Raises:
        ValueError: it is none.
    """
    try:
        options = data.get("options") or {}
        occurrences = data["evenement"]["occurrences"]
        name = options.get("fuseau") or "Europe/Paris"
        zone = zone_of(name)
        rows = tuple(of_occurrence(members, zone) for members in occurrences)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not a list") from error
    more = {key: value for key, value in options.items() if key != "fuseau"}
    return Draft(rows, name, json.dumps(more, ensure_ascii=False) if more else "")


@dataclass(frozen=True, slots=True)
class Change:
    """What a button did: the new draft, and where to go on."""

    draft: Draft
    focus: int | None = None
    """The row to go to."""
    undo: str = ""
    """What « Annuler » has to send back to have the list as it was before."""
    done: str = ""
    """The sentence that says it (`form.done.<done>`)."""


def change(draft: Draft, action: str, undo: str = "") -> Change:
    """Do what a button of the form asks: `add`, `clear`, `undo`, or `copy-3`, `day-3`, `week-3`,
    `up-3`, `down-3`, `remove-3` with a row's position. Anything else changes nothing.
    """
    rows = list(draft.rows)
    verb, _, where = action.partition("-")
    if verb == "add":
        rows.append(Row(id=new_id()))
        return Change(replace(draft, rows=tuple(rows)), len(rows) - 1, undo)
    if verb == "clear":
        return Change(replace(draft, rows=(Row(id=new_id()),)), 0, undo_of(draft), "cleared")
    if verb == "undo":
        return _restored(draft, undo)
    if not where.isascii() or not where.isdigit() or int(where) >= len(rows):
        return Change(draft, None, undo)
    at = int(where)
    if verb == "remove":
        del rows[at]
        rows = rows or [Row(id=new_id())]
        kept = undo_of(draft, at)
        return Change(replace(draft, rows=tuple(rows)), min(at, len(rows) - 1), kept, "removed")
    if verb in _LATER:
        rows.insert(at + 1, rows[at].moved(_LATER[verb]))
        return Change(replace(draft, rows=tuple(rows)), at + 1, undo, "copied")
    if verb in ("up", "down"):
        to = at + (1 if verb == "down" else -1)
        if not 0 <= to < len(rows):
            return Change(draft, at, undo)
        rows.insert(to, rows.pop(at))
        return Change(replace(draft, rows=tuple(rows)), to, undo, "moved")
    return Change(draft, None, undo)


_LATER = {"copy": 0, "day": 1, "week": 7}


def undo_of(draft: Draft, at: int | None = None) -> str:
    """A draft as « Annuler » carries it, and the row to go to."""
    return json.dumps({"at": at, **asdict(draft)}, ensure_ascii=False)


def _restored(draft: Draft, undo: str) -> Change:
    kept = _object(undo)
    rows = kept.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return Change(draft)
    before = Draft(
        tuple(Row(**{name: _text(row.get(name)) for name in FIELDS}) for row in rows),
        _text(kept.get("zone")),
        _text(kept.get("plus")),
    )
    at = kept.get("at")
    if not isinstance(at, int) or not 0 <= at < len(before.rows):
        return Change(before, None, "", "restored")
    # Only the event that was removed comes back: what has been written since stays.
    since = [row for row in draft.rows if len(before.rows) > 1 or not row.is_blank]
    since.insert(at, before.rows[at])
    return Change(replace(draft, rows=tuple(since)), at, "", "restored")


def add_rows(draft: Draft, rows: Sequence[Row]) -> Draft:
    """The draft with rows at its end; blank ones before them make room."""
    kept = tuple(row for row in draft.rows if not row.is_blank)
    return replace(draft, rows=(*kept, *rows))


def _joined(day: str, hour: str) -> str:
    # A day without its hour stays unfinished, so that the engine does not read midnight.
    return f"{day}T{hour}" if day or hour else ""


def _split(text: str, zone: Zone, all_day: bool) -> tuple[str, str]:
    """A date of the contract as a date field's and a time field's text."""
    try:
        moment = parse(text)
        if all_day and (moment.offset is None or moment.is_utc_midnight):
            return moment.day.isoformat(), ""
        wall = moment.wall
        if moment.offset is not None:
            utc = instant(moment, zone)
            wall = utc + zone.span_at(utc).offset
    except InvalidDate:  # unfinished, as `_joined` left it
        day, _, hour = text.partition("T")
        return day, hour
    if all_day:
        return wall.date().isoformat(), ""
    return wall.date().isoformat(), wall.time().isoformat("seconds" if wall.second else "minutes")


def _later(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def _object(text: str) -> dict[str, Any]:
    """A JSON object, or an empty one: hidden fields are the visitor's to spoil."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return str(value)


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
