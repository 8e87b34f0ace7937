"""The calendar itself (RFC 7986 §5): its name, colour, how often to look again.

    {"nom": "Équipe", "actualisation": 60}
    →  NAME:Équipe  X-WR-CALNAME:Équipe
       REFRESH-INTERVAL;VALUE=DURATION:PT60M  X-PUBLISHED-TTL:PT60M

For calendars to subscribe to. Outlook opens any file with a name as a calendar of its own
(MS-OXCICAL 2.1.3.1.1.17): `nomStandardSeul` leaves X-WR-CALNAME out.
"""

from __future__ import annotations

from icsmulti.engine.checking import Finder, number, text
from icsmulti.engine.colors import color
from icsmulti.engine.contentline import CRLF, clean, content_line, text_line
from icsmulti.engine.presentation import color_line
from icsmulti.engine.request import Calendrier
from icsmulti.engine.uri import WEB, uri
from icsmulti.engine.written import duration
from icsmulti.engine.xproperties import x_properties
from icsmulti.engine.zones import zone
from icsmulti.errors import Path

NAME_CHARS = 200
DESCRIPTION_CHARS = 2_000
IDENTIFIER_CHARS = 200
REFRESH_MINUTES_MIN = 15
REFRESH_MINUTES_MAX = 525_600


def calendar_properties(calendar: Calendrier, zone_name: str, path: Path, found: Finder) -> str:
    """The lines that stand before the first component, in a fixed order."""
    c = calendar
    lines = ""
    if identifier := text(c.identifiant, (*path, "identifiant"), found, IDENTIFIER_CHARS):
        lines += text_line("UID:", identifier) + text_line("X-WR-RELCALID:", identifier)
    if name := text(c.nom, (*path, "nom"), found, NAME_CHARS):
        lines += text_line("NAME:", name)
        if not c.nomStandardSeul:
            lines += text_line("X-WR-CALNAME:", name)
    if said := _description(c.description, (*path, "description"), found):
        lines += text_line("DESCRIPTION:", said) + text_line("X-WR-CALDESC:", said)
    if c.couleur:
        lines += color_line(c.couleur, (*path, "couleur"), found)
        if known := color(c.couleur):
            lines += f"X-APPLE-CALENDAR-COLOR:#{known.rgb}{CRLF}"
    if c.actualisation not in (None, ""):
        every = _refresh(c.actualisation, (*path, "actualisation"), found)
        lines += f"REFRESH-INTERVAL;VALUE=DURATION:{every}{CRLF}X-PUBLISHED-TTL:{every}{CRLF}"
    if source := uri(c.source, (*path, "source"), found, WEB):
        lines += content_line("SOURCE;VALUE=URI:", source)
    if page := uri(c.url, (*path, "url"), found, WEB):
        lines += content_line("URL:", page)
    if c.fuseauAffiche:
        lines += f"X-WR-TIMEZONE:{zone_name}{CRLF}"
    if c.proprietes:
        lines += x_properties(c.proprietes, zone(zone_name), (*path, "proprietes"), found)
    return lines


def _description(value: str | None, path: Path, found: Finder) -> str:
    """Several lines if need be (RFC 7986 §5.2)."""
    if value and len(value) > DESCRIPTION_CHARS:
        found.add("too-long", path, limit=DESCRIPTION_CHARS, count=len(value))
        return ""
    return clean(value or "").strip()


def _refresh(value: int | str | None, path: Path, found: Finder) -> str:
    """How often to look again, as an exact DURATION (§3.3.6)."""
    minutes = value if isinstance(value, int) else None
    if isinstance(value, str):
        length = duration(value)
        if length is None or length.seconds % 60:
            found.add("invalid-duration", path, "duration-form")
            return ""
        minutes = length.days * 1_440 + length.seconds // 60
    minutes = number(minutes, path, found, REFRESH_MINUTES_MIN, REFRESH_MINUTES_MAX)
    hours, rest = divmod(minutes or 0, 60)
    return f"PT{minutes}M" if rest else f"PT{hours}H"
