r"""A vendor's own properties (RFC 5545 §3.8.8.2), typed, never raw: the escape hatch.

    {"nom": "X-EXEMPLE-REF", "valeur": "a, b"}                      →  X-EXEMPLE-REF:a\, b
    {"nom": "X-EXEMPLE-VU", "valeur": true, "type": "booleen"}      →  X-EXEMPLE-VU;VALUE=BOOLEAN:TRUE

A reader must ignore what it does not know. What this service writes itself cannot be set here.
"""

from __future__ import annotations

import re
from typing import Any

from icsmulti.engine.checking import Finder, few, text
from icsmulti.engine.checking import date_time as read_date_time
from icsmulti.engine.contentline import clean, content_line, escape
from icsmulti.engine.parameters import parameter
from icsmulti.engine.request import Propriete
from icsmulti.engine.uri import media_type, uri
from icsmulti.engine.written import date, date_time
from icsmulti.engine.zones import Zone
from icsmulti.errors import Path

COUNT = 20
NAME_CHARS = 60
TEXT_CHARS = 2_000
PARAMETER_COUNT = 10
INTEGER_MAX = 2**31 - 1  # §3.3.8

_NAME = re.compile(r"X-[A-Z0-9]+-[A-Z0-9-]+", re.ASCII)
_PARAMETER = re.compile(r"X-[A-Z0-9-]+|LANGUAGE|FMTTYPE", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_OURS = frozenset(
    (
        *("X-ALT-DESC", "X-APPLE-STRUCTURED-LOCATION", "X-MICROSOFT-CDO-BUSYSTATUS"),
        *("X-WR-CALNAME", "X-WR-CALDESC", "X-WR-RELCALID", "X-WR-TIMEZONE"),
        *("X-PUBLISHED-TTL", "X-APPLE-CALENDAR-COLOR"),
    )
)
_KINDS: dict[str, type] = {"entier": int, "booleen": bool}


def x_properties(properties: list[Propriete], tz: Zone, path: Path, found: Finder) -> str:
    """The lines, in the order given. *tz* is where a `dateHeure` without offset is local time."""
    if not few(properties, path, found, COUNT):
        return ""
    return "".join(_line(one, tz, (*path, i), found) for i, one in enumerate(properties))


def _line(one: Propriete, tz: Zone, path: Path, found: Finder) -> str:
    if not _NAME.fullmatch(one.nom) or len(one.nom) > NAME_CHARS:
        found.add("invalid-value", (*path, "nom"), "x-name", limit=NAME_CHARS)
    elif one.nom in _OURS:
        found.add("not-allowed", (*path, "nom"), "x-name-ours")
    kind = one.type or "texte"
    here = (*path, "valeur")
    if type(one.valeur) is not _KINDS.get(kind, str):
        reason = {"entier": "type-integer", "booleen": "type-boolean"}.get(kind, "type-string")
        found.add("wrong-type", here, reason)
        return ""
    if one.valeur == "":
        found.add("empty", here)
        return ""
    declared, value = _value(kind, one.valeur, tz, here, found)
    parameters = _parameters(one.parametres, (*path, "parametres"), found)
    return content_line(f"{one.nom}{declared}{parameters}:", value)


def _value(kind: str, value: Any, tz: Zone, path: Path, found: Finder) -> tuple[str, str]:
    """The VALUE parameter, and the value as its type is written (§3.3)."""
    if kind == "uri":
        return ";VALUE=URI", uri(value, path, found)
    if kind == "entier":
        if not -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
            found.add("out-of-range", path, "number-range", low=-INTEGER_MAX - 1, high=INTEGER_MAX)
        return ";VALUE=INTEGER", str(value)
    if kind == "booleen":
        return ";VALUE=BOOLEAN", "TRUE" if value else "FALSE"
    if kind in ("date", "dateHeure"):
        return _date(kind, value, tz, path, found)
    if len(value) > TEXT_CHARS:
        found.add("too-long", path, limit=TEXT_CHARS, count=len(value))
    cleaned = clean(value)
    if not cleaned:  # nothing but characters that TEXT may not hold
        found.add("empty", path)
    return "", escape(cleaned)


def _date(kind: str, value: str, tz: Zone, path: Path, found: Finder) -> tuple[str, str]:
    read = read_date_time(value, tz, path, found)
    if read is None:
        return "", ""
    moment, utc = read
    if kind == "date":
        return ";VALUE=DATE", date(moment.day)
    return ";VALUE=DATE-TIME", f"{date_time(utc)}Z"


def _parameters(given: Any, path: Path, found: Finder) -> str:
    if not given or not few(given, path, found, PARAMETER_COUNT):
        return ""
    written = ""
    for name, value in given.items():
        here = (*path, name)
        if not _PARAMETER.fullmatch(name) or len(name) > NAME_CHARS:
            found.add("not-allowed", here, "x-parameter")
            continue
        if name == "FMTTYPE":
            media_type(value, here, found)
        elif name == "LANGUAGE" and value and not _LANGUAGE.fullmatch(value):
            found.add("invalid-value", here, "language")
        written += parameter(name, text(value, here, found, TEXT_CHARS))
    return written
