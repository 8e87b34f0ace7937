r"""From bytes or pasted text to rows of cells: encoding, separator and quotes, nothing of dates.

>>> grid(text_of("Titre;Lieu\r\nRépétition;Salle A".encode("cp1252")))
[['Titre', 'Lieu'], ['Répétition', 'Salle A']]
"""

from __future__ import annotations

import csv
import io
from collections import Counter

SEPARATORS = ("\t", ";", ",")
"""In order of trust: a tab is never prose, a semicolon seldom, a comma often."""

SAMPLE_ROWS = 50


def text_of(data: bytes | str) -> str:
    """The text of a file as spreadsheets save it.

    A byte order mark decides (UTF-8, UTF-16). Without one it is UTF-8 when it can be, else
    Windows-1252: what Excel writes in Western Europe under the name « CSV ». The five octets
    which that encoding leaves undefined become U+FFFD, so that nothing is ever refused here.
    """
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def grid(text: str) -> list[list[str]]:
    """Rows of trimmed cells, blank rows kept so that row numbers are the spreadsheet's own.

    Quoted cells may hold separators and line breaks (RFC 4180). Where quotes do not pair,
    they are read as ordinary characters: an inch sign must not swallow the rows after it.
    """
    separator = ""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's own: `sep=;`
        separator, text = first.strip()[4], rest
    separator = separator or _separator(text)
    return [[cell.strip() for cell in row] for row in _rows(text, separator)]


def _separator(text: str) -> str:
    """The separator under which most rows have one same number of cells, and more than one."""

    def agreement(separator: str) -> int:
        widths = Counter(len(row) for row in _rows(text, separator)[:SAMPLE_ROWS] if any(row))
        return max((count for width, count in widths.items() if width > 1), default=0)

    return max(SEPARATORS, key=agreement)  # the first of equals: the order of trust


def _rows(text: str, separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:  # quotes that do not pair, or a cell of more than 128 KiB between two
        return [line.split(separator) for line in text.splitlines()]
