"""The form's import: a pasted table or a CSV file, shown row by row before it is taken.

    text or file → `spreadsheet.read` → what was read, with its faults → rows of the form

The pasted text travels with the form, so that every answer can show it again: rows that could
not be read stay in it, to be mended there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from icsmulti.engine.zones import Zone
from icsmulti.locales import Catalogue
from icsmulti.spreadsheet import DEFAULT_MINUTES, ROLES, CellFault, Order, Sheet, explain, read
from icsmulti.spreadsheet.cells import text_of
from icsmulti.web.form_draft import Row, new_id, of_occurrence
from icsmulti.web.form_fields import Fields

LONGEST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of the table as read."""

    number: int
    cells: tuple[str, ...]
    messages: tuple[str, ...]
    """Its faults, as sentences."""
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """A table between having been pasted and having been taken."""

    text: str
    sheet: Sheet
    default_min: int
    rows: tuple[ShownRow, ...]
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    limit: int

    @property
    def roles(self) -> tuple[str, ...]:
        return ROLES

    @property
    def ready(self) -> int:
        """How many rows can be taken."""
        return len(self.sheet.rows) - self.sheet.faulty

    @property
    def asks_order(self) -> bool:
        return bool(self.sheet.order_reason)


def read_import(
    fields: Fields, words: Catalogue, limit: int, *, keep_choices: bool
) -> Import | None:
    """What the import's own fields hold; None when there is no table.

    Args:
        fields: the form's.
        words: for the sentences.
        limit: the most rows the form takes.
        keep_choices: honour the columns' roles and the order chosen below the table; not for
            another table than the one they were chosen for.
    """
    file = fields.file("import-file")
    text = text_of(file) if file else fields.get("import-text")
    if not text.strip():
        return None
    order = fields.get("import-order") if keep_choices and not file else ""
    roles: list[str] = []
    if keep_choices and not file:
        roles = [value for name, value in fields.pairs if name.startswith("import-role-")]
    length = fields.get("import-length")
    default_min = DEFAULT_MINUTES
    if length.isascii() and length.isdigit() and len(length) < 6:
        default_min = min(int(length), LONGEST_MINUTES)
    chosen = cast("Order", order) if order in ("dmy", "mdy") else ""
    sheet = read(text, order=chosen, roles=roles, default_min=default_min)
    if sheet.reasons == ("workbook",):  # nothing a person could mend here
        text = ""
    return shown(text, sheet, default_min, words, limit)


def shown(text: str, sheet: Sheet, default_min: int, words: Catalogue, limit: int) -> Import:
    """A table as the page shows it."""
    reasons = [words.say(f"spreadsheet.reasons.{reason}") for reason in sheet.reasons]
    if len(sheet.rows) > limit:
        reasons.append(words.say("form.import.too-many", n=len(sheet.rows), limit=limit))
        sheet = replace(sheet, rows=(), reasons=("too-many",))
    rows = tuple(
        ShownRow(
            row.number,
            row.cells[: len(sheet.columns)] + ("",) * (len(sheet.columns) - len(row.cells)),
            tuple(_said(fault, sheet, words) for fault in row.faults),
            tuple(words.say(f"spreadsheet.assumed-short.{name}") for name in row.assumed),
        )
        for row in sheet.rows
    )
    return Import(
        text, sheet, default_min, rows, tuple(reasons), tuple(sheet.remarks(words)), limit
    )


def taken(table: Import, zone: Zone) -> list[Row]:
    """The rows that could be read, as rows of the form.

    Their ids are made here: the site is one account for all its visitors, and a list's own
    `1`, `2`, `3` would make two visitors' events one.
    """
    return [
        replace(of_occurrence(occurrence, zone), id=new_id())
        for occurrence in table.sheet.occurrences()
    ]


def _said(fault: CellFault, sheet: Sheet, words: Catalogue) -> str:
    message = explain(fault, words)
    name = sheet.columns[fault.column].name if fault.column is not None else ""
    return words.say("spreadsheet.column", column=name, message=message) if name else message
