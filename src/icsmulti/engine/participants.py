"""Organizer and attendees as calendar addresses (RFC 5545 §3.3.3, §3.8.4.1, §3.8.4.3; RFC 6068).

    {"courriel": "jean.dupont@exemple.fr", "nom": "Dupont, Jean"}
    →  ORGANIZER;CN="Dupont, Jean":mailto:jean.dupont@exemple.fr

What a method asks of them is `itip`'s.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from icsmulti.engine.checking import Finder, few, text
from icsmulti.engine.contentline import content_line
from icsmulti.engine.parameters import parameter, quoted
from icsmulti.engine.request import Organisateur, Participant
from icsmulti.errors import Path

COUNT = 200
NAME_CHARS = 200
ADDRESS_CHARS = 254  # RFC 5321 §4.5.3.1.3, without its angle brackets

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# addr-spec without quoted strings, literals and comments: what mailboxes are called.
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.ASCII).fullmatch
_KEPT = "@!$'*+"  # what RFC 6068 §2 leaves as it is, of what an address may hold

_ROLES = {
    "requis": "REQ-PARTICIPANT",
    "facultatif": "OPT-PARTICIPANT",
    "information": "NON-PARTICIPANT",
    "president": "CHAIR",
}
_ANSWERS = {
    "en-attente": "NEEDS-ACTION",
    "accepte": "ACCEPTED",
    "refuse": "DECLINED",
    "provisoire": "TENTATIVE",
    "delegue": "DELEGATED",
}
_KINDS = {"personne": "INDIVIDUAL", "groupe": "GROUP", "salle": "ROOM", "ressource": "RESOURCE"}


def organizer(who: Organisateur, path: Path, found: Finder) -> str:
    """The ORGANIZER line."""
    address = mailto(who.courriel, (*path, "courriel"), found)
    name = parameter("CN", text(who.nom, (*path, "nom"), found, NAME_CHARS))
    agent = ""
    if who.enNomDe:
        agent = quoted("SENT-BY", mailto(who.enNomDe, (*path, "enNomDe"), found))
    return content_line(f"ORGANIZER{name}{agent}:", address)


def attendees(whom: list[Participant], path: Path, found: Finder) -> str:
    """An ATTENDEE line for each."""
    if not few(whom, path, found, COUNT):
        return ""
    lines = ""
    seen: set[str] = set()
    for i, who in enumerate(whom):
        here = (*path, i)
        address = mailto(who.courriel, (*here, "courriel"), found)
        if address.lower() in seen:
            found.add("duplicate", (*here, "courriel"), "duplicate-address")
        if address:
            seen.add(address.lower())
        parameters = (
            f";CUTYPE={_KINDS[who.type or 'personne']}"
            f";ROLE={_ROLES[who.role or 'requis']}"
            f";PARTSTAT={_ANSWERS[who.reponse or 'en-attente']}"
        )
        if isinstance(who.demandeReponse, bool):
            parameters += f";RSVP={'TRUE' if who.demandeReponse else 'FALSE'}"
        parameters += parameter("CN", text(who.nom, (*here, "nom"), found, NAME_CHARS))
        lines += content_line(f"ATTENDEE{parameters}:", address)
    return lines


def mailto(address: str, path: Path, found: Finder) -> str:
    """An address as a URI; "" with its fault. ASCII only: readers know no SMTPUTF8."""
    if not address:
        found.add("empty", path)
    elif len(address) > ADDRESS_CHARS or not _ADDRESS(address):
        found.add("invalid-email", path)
    else:
        return "mailto:" + quote(address, safe=_KEPT)
    return ""
