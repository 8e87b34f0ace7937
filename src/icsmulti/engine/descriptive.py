"""What an event says of itself beyond title, notes and place (RFC 5545 §3.8.1, §3.8.2.7, §3.8.4.6).

categories: ["Équipe", "Projet"]   →  CATEGORIES:Équipe,Projet
disponibilite: "absent"            →  TRANSP:OPAQUE, X-MICROSOFT-CDO-BUSYSTATUS:OOF
geo: {latitude, longitude}         →  GEO:48.856614;2.352222, X-APPLE-STRUCTURED-LOCATION
"""

from __future__ import annotations

from icsmulti.engine.checking import Finder, few, number, required_text
from icsmulti.engine.contentline import CRLF, content_line, escape
from icsmulti.engine.parameters import parameter
from icsmulti.engine.request import Geo, LenientOccurrence
from icsmulti.engine.uri import WEB, uri
from icsmulti.errors import Path

CATEGORY_COUNT, CATEGORY_CHARS = 20, 100
PRIORITY_MAX = 9

STATUS = {"confirme": "CONFIRMED", "provisoire": "TENTATIVE", "annule": "CANCELLED"}
CLASS = {"public": "PUBLIC", "prive": "PRIVATE", "confidentiel": "CONFIDENTIAL"}
# Outlook reads its own property (MS-OXCICAL; the fifth value exists only in MAPI), others TRANSP.
_BUSY = {
    "occupe": "BUSY",
    "libre": "FREE",
    "provisoire": "TENTATIVE",
    "absent": "OOF",
    "ailleurs": "WORKINGELSEWHERE",
}
_APPLE_RADIUS_M = 70  # what Apple writes for an address


def descriptive(
    o: LenientOccurrence, place: str, *, cancelled: bool, path: Path, found: Finder
) -> str:
    """The lines from GEO to PRIORITY, in a fixed order.

    Args:
        o: the event.
        place: cleaned; names the point on Apple's map.
        cancelled: the method says so (RFC 5546 §3.2.5), whatever `statut` says.
        path: of the event.
        found: where faults go.
    """
    lines = _geo(o.geo, place, (*path, "geo"), found) if isinstance(o.geo, Geo) else ""
    if url := uri(o.url, (*path, "url"), found, WEB):
        lines += content_line("URL:", url)
    if o.categories:
        lines += _categories(o.categories, (*path, "categories"), found)
    if cancelled or o.statut:
        lines += f"STATUS:{'CANCELLED' if cancelled else STATUS[o.statut or '']}{CRLF}"
    if o.disponibilite:
        transparency = "TRANSPARENT" if o.disponibilite == "libre" else "OPAQUE"
        busy = _BUSY[o.disponibilite]
        lines += f"TRANSP:{transparency}{CRLF}X-MICROSOFT-CDO-BUSYSTATUS:{busy}{CRLF}"
    if o.visibilite:
        lines += f"CLASS:{CLASS[o.visibilite]}{CRLF}"
    if isinstance(o.priorite, int):
        priority = number(o.priorite, (*path, "priorite"), found, 0, PRIORITY_MAX)
        lines += f"PRIORITY:{priority}{CRLF}"
    return lines


def _categories(categories: list[str], path: Path, found: Finder) -> str:
    if not few(categories, path, found, CATEGORY_COUNT):
        return ""
    names = [
        escape(required_text(category, (*path, i), found, CATEGORY_CHARS))
        for i, category in enumerate(categories)
    ]
    return content_line("CATEGORIES:", ",".join(names))


def _geo(geo: Geo, place: str, path: Path, found: Finder) -> str:
    """GEO, whose semicolon is structure (§3.8.1.6), and the form that Apple's map reads."""
    for name, value, limit in (("latitude", geo.latitude, 90), ("longitude", geo.longitude, 180)):
        if not -limit <= value <= limit:  # NaN cannot come from JSON
            found.add("out-of-range", (*path, name), "number-range", low=-limit, high=limit)
    latitude, longitude = _degrees(geo.latitude), _degrees(geo.longitude)
    apple = f";VALUE=URI;X-APPLE-RADIUS={_APPLE_RADIUS_M}{parameter('X-TITLE', place)}"
    return content_line("GEO:", f"{latitude};{longitude}") + content_line(
        f"X-APPLE-STRUCTURED-LOCATION{apple}:", f"geo:{latitude},{longitude}"
    )


def _degrees(value: float) -> str:
    """At most six decimals (a decimetre), never an exponent, never a negative zero."""
    digits = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits
