r"""The first title as a file name, in a Content-Disposition header (RFC 6266, RFC 8187).

    >>> disposition("Réunion hebdomadaire")
    'attachment; filename="Reunion_hebdomadaire.ics"; filename*=UTF-8\'\'R%C3%A9union%20hebdomadaire.ics'

The rulings are contract.md §2 "File name". What leaves here is ASCII without control
characters or quotes, so a title can neither split the header nor end the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import category, normalize

from icsmulti.engine.contentline import one_line

EXTENSION = ".ics"
FALLBACK = "calendrier"
LENGTH_LIMIT = 80

# Letters that decomposition leaves whole. Upper case as its own entry: a title may be capitals.
_SPELLED = str.maketrans(
    {
        "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS",
        "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
    }
)  # fmt: skip
# RFC 8187 §3.2.1: attr-char, of which the unreserved ones of RFC 3986 suffice.
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# Bidi controls can hide an extension (U+202E); the rest no file system or header takes.
_UNSAFE = re.compile('[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\\\:*?"<>|]')
_SEPARATORS = frozenset('/\\:*?"<>|')
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³])(?=\.|\Z)", re.IGNORECASE)


class _Spelling(dict[int, str]):
    """A table for `str.translate` that works each character out when it first comes up."""

    KEPT = 5_000  # of a million and more that strangers may send

    def __init__(self, spell: Callable[[str], str]) -> None:
        self._spell = spell

    def __missing__(self, code: int) -> str:
        spelled = self._spell(chr(code))
        if len(self) < self.KEPT:
            self[code] = spelled
        return spelled


def _in_ascii(character: str) -> str:
    """Its letters and digits without accents; a space for what is neither; marks are nothing."""
    decomposed = normalize("NFKD", character)  # Ǿ becomes Ø and an acute: spelled only then
    letters = "".join(c for c in decomposed if category(c)[0] != "M").translate(_SPELLED)
    return "".join(c if c.isascii() and c.isalnum() else " " for c in letters)


def _in_percents(character: str) -> str:
    if character in _UNRESERVED:
        return character
    return "".join(f"%{octet:02X}" for octet in character.encode())


_ASCII, _PERCENTS = _Spelling(_in_ascii), _Spelling(_in_percents)


def ascii_name(title: str) -> str:
    """The title as ASCII letters, digits and `_`, at most 80, without extension."""
    name = "_".join(title.translate(_ASCII).split())[:LENGTH_LIMIT].rstrip("_")
    return _unreserved(name or FALLBACK)


def unicode_name(title: str) -> str:
    """The title cleaned for a file name in UTF-8 (icalendar.md §1), without extension."""
    name = _UNSAFE.sub(_replaced, one_line(title))
    return _unreserved(name.strip(". ")[:LENGTH_LIMIT].rstrip(". ") or FALLBACK)


def _replaced(unsafe: re.Match[str]) -> str:
    return "_" if unsafe[0] in _SEPARATORS else ""


# A list that has changed is sent again, under the same title.
@lru_cache(maxsize=512)
def disposition(title: str, extension: str = EXTENSION) -> str:
    """The header's value: `filename`, and `filename*` when the title is not plain ASCII."""
    value = f'attachment; filename="{ascii_name(title)}{extension}"'
    if title.isascii():
        return value
    return f"{value}; filename*=UTF-8''{unicode_name(title).translate(_PERCENTS)}{extension}"


def _unreserved(name: str) -> str:
    """Windows opens a device for `CON.ics`: its reserved names get a `_` behind them."""
    match = _RESERVED.match(name)
    return f"{name[: match.end()]}_{name[match.end() :]}" if match else name
