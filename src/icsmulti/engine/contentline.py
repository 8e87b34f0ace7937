r"""Text becomes content lines here and nowhere else: clean, escape, fold (RFC 5545 §3.1, §3.3.11).

    >>> content_line("SUMMARY:", escape(one_line("Réunion ;\r\n salle A, Paris")))
    'SUMMARY:Réunion \\;  salle A\\, Paris\r\n'

Lines are `str` until the whole calendar is encoded at once; folding counts UTF-8 octets all
the same. Nothing here knows property names, and nothing else adds a line break.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CRLF = "\r\n"
FOLD_OCTETS = 75
"""The most a physical line may hold, its CRLF not counted (§3.1)."""

# Parsers that split lines as Unicode does (§3.1 knows CRLF only) break on these: node-ical
# loses a whole SUMMARY on a raw U+2028.
_BREAKERS = "\r\x0b\x0c\x85\u2028\u2029"
# What TEXT may not hold (§3.3.11 CONTROL, but TAB and LF), and what XML 1.0 §2.2 refuses in
# CalDAV answers. One such character makes Home Assistant and Xandikos refuse the whole file.
_NEVER = "\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff"
_UNCLEAN = re.compile(f"[{_BREAKERS}{_NEVER}]")
_LINE_BREAK = re.compile(f"\r\n|[{_BREAKERS}]")  # CR LF first, so that it is one break
_FORBIDDEN = re.compile(f"[{_NEVER}]")
_BREAKS = re.compile("\n+")
_BACKSLASH = ord("\\")
_SPACES = b" \t"
_INSIDES = frozenset(range(0x80, 0xC0))
"""The octets of a character in UTF-8 but its first."""
_NOT_BEFORE = frozenset((*_SPACES, *_INSIDES))


def clean(text: str) -> str:
    """Text of any origin as TEXT may hold it: line breaks as LF, forbidden characters dropped.

    Everything else stays as sent: bidi marks, joiners, combining sequences (no normalisation).
    A lone surrogate cannot come here: JSON decoding refuses it.
    """
    # The common cases: nothing but letters and spaces, at the speed of C; LF or a hard space.
    if text.isprintable() or not _UNCLEAN.search(text):
        return text
    return _FORBIDDEN.sub("", _LINE_BREAK.sub("\n", text))


def one_line(text: str) -> str:
    """Cleaned text for a title or a place: a run of line breaks is one space, ends trimmed.

    Outlook drops line breaks from LOCATION and glues the words together (MS-OXCICAL).
    """
    if text.isprintable():
        return text.strip()
    return _BREAKS.sub(" ", clean(text)).strip()


def escape(text: str) -> str:
    r"""TEXT escapes (§3.3.11), in the one order that works.

    1. backslash first, or it would escape the backslashes that follow;
    2. `;` and `,`; 3. LF as `\n`. Colon and double quote are not escaped.
    """
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def escape_all(texts: Iterable[str]) -> list[bytes]:
    """`escape` of many cleaned texts, in UTF-8: encoded and escaped as one, at the speed of C."""
    joined = "\r".join(texts).encode()  # cleaned: none of them holds a CR
    joined = joined.replace(b"\\", b"\\\\").replace(b";", b"\\;").replace(b",", b"\\,")
    return joined.replace(b"\n", b"\\n").split(b"\r")


def content_lines(name: bytes, values: Iterable[bytes]) -> list[bytes]:
    """`content_line` of many values in UTF-8; an empty one has no line."""
    room = FOLD_OCTETS - len(name)
    return [
        value and (name + value + b"\r\n" if len(value) <= room else fold_octets(name + value))
        for value in values
    ]


def text_line(name: str, text: str) -> str:
    """One content line of a TEXT value, cleaned before: `content_line` of what `escape` gives."""
    return content_line(name, escape(text))


def content_line(name: str, value: str) -> str:
    """One content line, folded and ended.

    Args:
        name: the property's name and parameters, with the colon: `SUMMARY:`.
        value: already escaped; no CR or LF in it.
    """
    line = name + value
    # Most lines fit: two looks at the text instead of an encoding.
    if len(line) <= FOLD_OCTETS and (line.isascii() or len(line.encode()) <= FOLD_OCTETS):
        return line + CRLF
    return fold(line)


def fold(line: str) -> str:
    """A content line as physical lines of at most 75 octets, ended by CRLF (§3.1).

    A continuation starts with one space, which counts. Octets, not characters: 40 letters
    "é" already need a fold. Never cut: inside a character (every reader shows U+FFFD), or
    between a backslash and its letter (Outlook shows a stray line break). Not cut beside
    white space where it can be helped: readers that strip lines would lose it.
    """
    return fold_octets(line.encode()).decode()


def fold_octets(raw: bytes) -> bytes:
    """`fold` of a line in UTF-8."""
    parts: list[bytes] = []
    start, cut = 0, FOLD_OCTETS
    while cut < len(raw):
        limit = cut
        while cut > start and (
            raw[cut] in _NOT_BEFORE
            or raw[cut - 1] in _SPACES
            or (raw[cut - 1] == _BACKSLASH and _splits(raw, start, cut))
        ):
            cut -= 1
        if cut == start:  # white space all along
            cut = limit
            while _splits(raw, start, cut):
                cut -= 1
        parts.append(raw[start:cut])
        start, cut = cut, cut + FOLD_OCTETS - 1
    parts.append(raw[start:])
    return b"\r\n ".join(parts) + b"\r\n"


def _splits(raw: bytes, start: int, cut: int) -> bool:
    """Whether a cut would part the octets of a character, or a backslash from its letter."""
    head = raw[start:cut]  # itself begun at a safe place
    return raw[cut] in _INSIDES or (len(head) - len(head.rstrip(b"\\"))) % 2 == 1
