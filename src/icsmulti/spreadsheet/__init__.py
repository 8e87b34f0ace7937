r"""Lists as people keep them (CSV, TSV, cells pasted from a spreadsheet) → occurrences of the contract.

    >>> sheet = read("Titre;Date;Horaire;Lieu\nRépétition;14/07/2026;19h30-21h;Salle A")
    >>> sheet.occurrences()[0]["dateDebut"], sheet.occurrences()[0]["dateFin"]
    ('2026-07-14T19:30', '2026-07-14T21:00')

The form and `icsmulti generate liste.csv` read with this and nothing else. It refuses to guess
where a guess could be silently wrong: an order of day and month that nothing settles is asked
for, an hour that no one wrote is named in `Row.assumed`, and a row with a fault stays, with its
number, its cells and the reason. The rules:

- a row with a day and no hour lasts all day; its end, when given, is the last day, included;
- a row that is said to last all day and has an hour loses the hour: assumed, and said;
- a row with an hour and no end lasts *default_min* (60 by default): assumed, and said;
- an end before the start, with no day of its own, is the next day: assumed, and said;
- `05/06/2026` follows what other dates of the list prove (`14/07/2026`), else it is asked; a
  list in French only makes day first the answer that is proposed;
- an id comes from the `id` column, else from the title and the first day (`rows.derived_id`):
  the same file read again updates the same events.

Lengths, years and zones are the engine's to judge.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from babel.dates import format_date

from icsmulti.locales import Catalogue
from icsmulti.spreadsheet.cells import grid, text_of
from icsmulti.spreadsheet.columns import ROLES, Column, Role, recognise
from icsmulti.spreadsheet.moments import FRENCH_ONLY, Order, fold, order_seen
from icsmulti.spreadsheet.rows import CellFault, Row, derived_id, read_row

__all__ = [
    "DEFAULT_MINUTES",
    "ROLES",
    "CellFault",
    "Column",
    "Order",
    "Role",
    "Row",
    "Sheet",
    "explain",
    "read",
]

DEFAULT_MINUTES = 60

_ROLE_OF: dict[str, Role] = {
    "id": "id",
    "titre": "title",
    "notes": "notes",
    "dateDebut": "start",
    "dateFin": "end",
    "lieu": "place",
    "rappelMinutes": "reminder",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list as it was understood."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    order: Order
    """How `05/06/2026` was read; empty when nothing settles it."""
    order_reason: str = ""
    """`asked` (settle it with *order*), `given`, `proved`; empty when no date needs it."""
    likely: Order = ""
    """Where the order is asked: the answer to propose, if the list's own language suggests one."""
    reasons: tuple[str, ...] = ()
    """What keeps the whole list from being read: `workbook`, `empty`, `no-title`, `no-start`."""
    header: bool = False
    default_min: int = DEFAULT_MINUTES
    """How long a row without end lasts."""

    @property
    def faulty(self) -> int:
        """How many rows have faults."""
        return sum(bool(row.faults) for row in self.rows)

    def occurrences(self) -> list[dict[str, Any]]:
        """The rows without fault, as members of the contract."""
        return [row.occurrence for row in self.rows if not row.faults]

    def request(self, zone: str = "Europe/Paris") -> dict[str, Any]:
        """The rows without fault as a request body."""
        return {"evenement": {"occurrences": self.occurrences()}, "options": {"fuseau": zone}}

    def rest(self) -> str:
        """The rows with faults as tab-separated text, under their header: to be mended."""
        written = io.StringIO()
        rows = csv.writer(written, delimiter="\t", lineterminator="\n")
        if self.header:
            rows.writerow(column.name for column in self.columns)
        rows.writerows(row.cells for row in self.rows if row.faults)
        return written.getvalue() if self.faulty else ""

    def complaints(self, words: Catalogue) -> list[str]:
        """Every fault as a sentence with its row: « Ligne 12, « Date » : … ». Empty when all is well."""
        said = [words.say(f"spreadsheet.reasons.{reason}") for reason in self.reasons]
        for row in self.rows:
            for fault in row.faults:
                name = self.columns[fault.column].name if fault.column is not None else ""
                said.append(_in_row(row, name, explain(fault, words), words))
        return said

    def place(self, path: Sequence[str | int], message: str, words: Catalogue) -> str:
        """What the engine says of this list's `request`, with the row and the column it is about."""
        match path:
            case ("evenement", "occurrences", int(n), *member):
                row = [row for row in self.rows if not row.faults][n]
                role = _ROLE_OF.get(str(member[0]), "") if member else ""
                names = [column.name for column in self.columns if role and column.role == role]
                return _in_row(row, (*names, "")[0], message, words)
        return message

    def remarks(self, words: Catalogue) -> list[str]:
        """What was assumed over the list, as sentences: to show before it is taken."""
        said = []
        if self.order_reason in ("given", "proved"):
            said.append(words.say(f"spreadsheet.order.{self.order}"))
        counts = Counter(name for row in self.rows for name in row.assumed)
        said += [
            words.say(f"spreadsheet.assumed.{name}", n=n, minutes=self.default_min)
            for name, n in counts.items()
        ]
        return said


def read(
    data: bytes | str,
    *,
    order: Order = "",
    roles: Sequence[str] = (),
    default_min: int = DEFAULT_MINUTES,
) -> Sheet:
    """Read a list.

    Args:
        data: a file's bytes, or pasted text. The caller bounds its size.
        order: how `05/06/2026` is meant, when a person has said so.
        roles: what each column is, when a person has said so (`ROLES`).
        default_min: how long a row without end lasts, in minutes.
    """
    text = text_of(data)
    if "\0" in text:  # no list that a person typed: .xlsx, .ods, a picture
        return Sheet((), (), order, reasons=("workbook",))
    cells = grid(text)
    layout = recognise(cells, roles)
    numbered = [
        (number, row)
        for number, row in enumerate(cells[layout.first_row :], layout.first_row + 1)
        if any(row)
    ]
    if not numbered:
        return Sheet(layout.columns, (), order, reasons=("empty",), header=layout.header)
    given = {column.role for column in layout.columns}
    reasons = tuple(
        reason
        for role, reason in (("title", "no-title"), ("start", "no-start"))
        if role not in given
    )
    order, order_reason, likely = _settle_order(order, layout.columns, numbered, layout.french)
    rows = () if reasons else _rows(numbered, layout.columns, order, default_min)
    return Sheet(
        layout.columns, rows, order, order_reason, likely, reasons, layout.header, default_min
    )


def _in_row(row: Row, column: str, message: str, words: Catalogue) -> str:
    key = "spreadsheet.row-column" if column else "spreadsheet.row"
    return words.say(key, number=row.number, column=column, message=message)


def explain(fault: CellFault, words: Catalogue) -> str:
    """The fault's sentence, its days written out."""
    values = {
        name: format_date(value, "full", words.language) if isinstance(value, date) else value
        for name, value in fault.values.items()
    }
    return words.say(f"spreadsheet.faults.{fault.reason}", **values)


def _settle_order(
    order: Order, columns: Sequence[Column], rows: Sequence[tuple[int, list[str]]], french: bool
) -> tuple[Order, str, Order]:
    """(order, its reason, the answer to propose)."""
    texts = [
        cell
        for _, row in rows
        for cell, column in zip(row, columns, strict=False)
        if column.role in ("start", "end") and len(cell) <= 100
    ]
    day_first, month_first, undecided = order_seen(texts)
    if order:
        return order, "given" if undecided or day_first or month_first else "", ""
    if day_first != month_first:
        return "dmy" if day_first else "mdy", "proved" if undecided else "", ""
    if not undecided:
        return "", "", ""
    # Nothing proves it, or the list proves both.
    french = french or any(FRENCH_ONLY.search(fold(text)) for text in texts)
    return "", "asked", "dmy" if french and not month_first else ""


def _rows(
    numbered: Sequence[tuple[int, list[str]]],
    columns: Sequence[Column],
    order: Order,
    default_min: int,
) -> tuple[Row, ...]:
    ranks: Counter[tuple[str, str]] = Counter()
    first_with: dict[str, int] = {}
    rows = []
    for number, cells in numbered:
        row = read_row(number, cells, columns, order, default_min)
        found = row.occurrence
        if "id" not in found:
            same = found.get("titre", ""), found.get("dateDebut", "")[:10]
            row = replace(row, occurrence={"id": derived_id(*same, ranks[same]), **found})
            ranks[same] += 1
        elif found["id"] in first_with:
            twice = CellFault("duplicate-id", None, {"number": first_with[found["id"]]})
            row = replace(row, faults=(*row.faults, twice))
        first_with.setdefault(row.occurrence["id"], number)
        rows.append(row)
    return tuple(rows)
