"""Which column is what: by its name in French or English, else by what stands in it.

    >>> [column.role for column in recognise([["Titre", "Date", "Horaire", "Salle"]]).columns]
    ['title', 'start', 'start', 'place']

Several columns may have the role `start` (a day here, an hour there, as Outlook writes « Début »
twice): what they say is put together. A column that is not recognised is kept and shown, so that
a person can say what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from icsmulti.spreadsheet.moments import Unreadable, fold, read_moment

Role = Literal[
    "", "id", "title", "start", "end", "duration", "place", "notes", "all_day", "reminder"
]
ROLES: tuple[Role, ...] = get_args(Role)

_FRENCH: dict[Role, str] = {
    "id": "id, identifiant, ref, référence, code, uid",
    "title": "titre, intitulé, objet, sujet, nom, événement, libellé, activité, quoi, désignation, cours, "
    "match, séance, session, concert, spectacle, nom de l'événement, titre de l'événement",
    "start": "date, dates, jour, quand, début, date début, date de début, datedebut, du, de, dtstart, "
    "heure, heures, horaire, horaires, heure début, heure de début, commence, commence le, début le, "
    "début à, date et heure, date/heure, date et heure de début",
    "end": "fin, date fin, date de fin, datefin, dtend, au, à, jusqu'au, jusqu'à, heure fin, heure de fin, "
    "termine, fin le, fin à, finit, finit à, date et heure de fin",
    "duration": "durée, minutes",
    "place": "lieu, salle, endroit, adresse, où, emplacement, site, ville, gymnase, stade",
    "notes": "notes, note, description, détail, détails, commentaire, commentaires, remarque, remarques, "
    "info, infos, information, informations, observations, précisions, mémo",
    # « Journée » alone is a club's match day: its number is no « oui ».
    "all_day": "journée entière, toute la journée, jour entier, toutelajournee",
    "reminder": "rappel, alarme, alerte, rappelminutes",
}
_ENGLISH: dict[Role, str] = {
    "id": "id, identifier, uid, ref, reference, code",
    "title": "title, subject, summary, name, event, activity, what, course, match, session, concert, show, "
    "event name, event title",
    "start": "date, dates, day, when, start, start date, date start, begin, begin date, from, time, times, "
    "hour, hours, start time, starts, starts at, begin time, date time, date/time, datetime, "
    "start datetime, dtstart",
    "end": "end, end date, date end, to, until, end time, ends, ends at, finish, finish time, "
    "end datetime, dtend",
    "duration": "duration, length, minutes",
    "place": "place, location, room, address, where, venue, site, city",
    "notes": "notes, note, description, details, detail, comment, comments, body, info, information, memo",
    "all_day": "all day, all-day, allday, all day event",
    "reminder": "reminder, alarm, alert, reminder minutes",
}


def _by_name(names: dict[Role, str]) -> dict[str, Role]:
    return {fold(name): role for role, line in names.items() for name in line.split(",")}


FRENCH, ENGLISH = _by_name(_FRENCH), _by_name(_ENGLISH)
NAMES = FRENCH | ENGLISH

HEADER_WITHIN_ROWS = 10
"""A table may have a title and a blank row above its header."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    """As the header writes it; empty without header."""
    role: Role
    hours: bool = False
    """The name speaks of hours: `19` and `19.30` are read as such."""


@dataclass(frozen=True, slots=True)
class Layout:
    columns: tuple[Column, ...]
    first_row: int
    """Where the data begins, from 0."""
    french: bool
    """The header is in French."""
    header: bool


def recognise(grid: Sequence[Sequence[str]], roles: Sequence[str] = ()) -> Layout:
    """Find header and columns.

    Args:
        grid: rows of cells.
        roles: what a person chose instead, column after column; kept as given.
    """
    width = max((len(row) for row in grid), default=0)
    at = _header(grid)
    names = list(grid[at]) if at is not None else []
    names += [""] * (width - len(names))
    columns = [Column(name, _role(name), _speaks_of_hours(name)) for name in names]
    first_row = 0 if at is None else at + 1
    if roles:
        chosen = [role if role in ROLES else "" for role in roles] + [""] * width
        columns = [replace(column, role=chosen[n]) for n, column in enumerate(columns)]
    else:
        columns = _guess(columns, [row for row in grid[first_row:] if any(row)])
    french = any(key in FRENCH and key not in ENGLISH for key in map(_bare, names))
    return Layout(tuple(columns), first_row, french, header=at is not None)


def _key(name: str) -> str:
    return " ".join(fold(name).strip(" :*.?").split())


def _bare(name: str) -> str:
    return _key(_key(name).partition("(")[0])


def _role(name: str) -> Role:
    """« Lieu (adresse complète) » is a place; « Durée (heures) » is not one in minutes."""
    key = _key(name)
    role = NAMES.get(_bare(name), "")
    return "" if role in ("duration", "reminder") and "(" in key and "min" not in key else role


def _speaks_of_hours(name: str) -> bool:
    key = _key(name)
    return "heure" in key or "horaire" in key or "hour" in key or "time" in key.split()


def _header(grid: Sequence[Sequence[str]]) -> int | None:
    """The row of names: two known names, or one where no cell of the row reads as a moment."""
    for at, row in enumerate(grid[:HEADER_WITHIN_ROWS]):
        known = sum(_role(cell) != "" for cell in row)
        if known and not any(_says_a_day(cell) for cell in row):
            if known >= 2 or len([cell for cell in row if cell]) == known:
                return at
            return at if not any(_says_a_day(c) for r in grid[:at] for c in r) else None
        if any(_says_a_day(cell) for cell in row):
            return None
    return None


def _guess(columns: list[Column], rows: list[Sequence[str]]) -> list[Column]:
    """Roles for columns without a known name, from what most of their cells say."""
    taken = {column.role for column in columns}
    named = {"start", "end"} & taken

    def share(n: int, test: Callable[[str], bool]) -> float:
        cells = [row[n] for row in rows[:50] if n < len(row) and row[n]]
        return sum(map(test, cells)) / len(cells) if cells else 0.0

    unknown = [n for n, column in enumerate(columns) if not column.role]
    for test in (_says_a_day, _says_an_hour):
        found = [n for n in unknown if share(n, test) > 0.5]
        if not named or (test is _says_a_day and "start" not in taken):
            both: tuple[Role, Role] = ("start", "end")
            for n, role in zip(found, both, strict=False):
                columns[n] = replace(columns[n], role=role, hours=test is _says_an_hour)
        unknown = [n for n in unknown if n not in found]
    if any(column.name for column in columns):  # named columns: only a missing title is guessed
        wanted: list[Role] = ["title"]
    else:
        wanted = ["title", "place", "notes"]
    texts = [n for n in unknown if share(n, lambda cell: any(map(str.isalpha, cell))) > 0.5]
    for n, role in zip(texts, [role for role in wanted if role not in taken], strict=False):
        columns[n] = replace(columns[n], role=role)
    return columns


def _says_a_day(cell: str) -> bool:
    try:
        moment = read_moment(cell, "dmy")
    except Unreadable as error:
        return error.reason in ("no-such-day", "year", "weekday")
    return bool(moment.days or moment.instant)


def _says_an_hour(cell: str) -> bool:
    try:
        return bool(read_moment(cell, "dmy").minutes)
    except Unreadable:
        return False
