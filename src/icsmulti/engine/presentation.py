"""How an event looks and what it leads to (RFC 7986 §5.9 to §5.11, RFC 9253 §8.2, RFC 8607 §4.1).

    couleur: "#ff6350"          →  COLOR:tomato
    visio: {url, libelle}       →  CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=…:https://…
    piecesJointes: [{url, nom}] →  ATTACH;FILENAME=ordre.pdf:https://…
    notesHtml: "<p>…</p>"       →  X-ALT-DESC, and ALTREP on DESCRIPTION

Few programs read CONFERENCE, so the address always stands in DESCRIPTION too. Attachments and
images are links: data inside would be dropped by most, and fetched by nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from icsmulti.engine.checking import Finder, few, number, required_text, text
from icsmulti.engine.colors import color
from icsmulti.engine.contentline import content_line, one_line, text_line
from icsmulti.engine.effort import Effort
from icsmulti.engine.html import DEPTH, TooDeep, harmless
from icsmulti.engine.parameters import parameter, quoted
from icsmulti.engine.request import (
    ID_CHARS,
    Image,
    LenientOccurrence,
    Lien,
    PieceJointe,
    Relation,
    Visio,
)
from icsmulti.engine.uri import WEB, media_type, required_uri, telephone, uri
from icsmulti.errors import Path

T = TypeVar("T")

COUNT = 20
"""Attachments, links, relations, functions of a meeting: no more of each."""
LABEL_CHARS = 200
CONTACT_CHARS = 2_000
SIZE_MAX = 2**53

_FEATURES = {
    "audio": "AUDIO",
    "video": "VIDEO",
    "discussion": "CHAT",
    "telephone": "PHONE",
    "ecran": "SCREEN",
    "diffusion": "FEED",
    "moderation": "MODERATOR",
}
_DISPLAYS = {"badge": "BADGE", "graphique": "GRAPHIC", "plein": "FULLSIZE", "vignette": "THUMBNAIL"}
_RELATIONS = {"parent": "PARENT", "enfant": "CHILD", "frere": "SIBLING"}


def description(
    o: LenientOccurrence, notes: str, limit_chars: int, path: Path, found: Finder
) -> str:
    """DESCRIPTION, with the meeting's address in it, and the notes in HTML where there are some.

    Args:
        o: the event.
        notes: cleaned; "" lets the HTML speak for itself as plain text.
        limit_chars: of notes, plain or not.
        path: of the event.
        found: where faults go.
    """
    html = words = ""
    if o.notesHtml:
        if len(o.notesHtml) > limit_chars:
            here = (*path, "notesHtml")
            found.add("too-long", here, limit=limit_chars, count=len(o.notesHtml))
        else:
            try:
                html, words = _harmless(o.notesHtml, path, found.effort)
            except TooDeep:
                found.add("invalid-value", (*path, "notesHtml"), "html-depth", limit=DEPTH)
    said = _in_words(o, notes if notes.strip() else words)
    lines = ""
    if said.strip():
        # Thunderbird shows the data: URI; of notes in two forms the plain one stays readable.
        name = "DESCRIPTION" + (quoted("ALTREP", _data_uri(html)) if html else "")
        lines = text_line(f"{name}:", said)
    if html:
        lines += text_line("X-ALT-DESC;FMTTYPE=text/html:", f"<html><body>{html}</body></html>")
    return lines


def _data_uri(html: str) -> str:
    return "data:text/html;charset=utf-8," + quote(html, safe="")


def in_words(o: LenientOccurrence, notes: str, path: Path, effort: Effort) -> str:
    """What DESCRIPTION says of an event without faults."""
    if o.notesHtml and not notes.strip():
        _, notes = _harmless(o.notesHtml, path, effort)
    return _in_words(o, notes)


def _harmless(html: str, path: Path, effort: Effort) -> tuple[str, str]:
    """Notes in HTML, made harmless, and the same as plain text. Raises `TooDeep`."""
    marks = html.count("<") + html.count("&")
    return effort.once("html", html, marks, (*path, "notesHtml"), harmless)


def _in_words(o: LenientOccurrence, notes: str) -> str:
    """The notes, and where to join: what every program shows."""
    return "\n\n".join(filter(None, (notes, _visio_in_words(o.visio)))) if o.visio else notes


def _visio_in_words(visio: Visio) -> str:
    """Label, address and telephone, a line each. Whatever is wrong with them is told elsewhere."""
    parts = (visio.libelle or "", visio.url, visio.telephone or "")
    return "\n".join(filter(None, map(one_line, parts)))


def presentation(o: LenientOccurrence, uid: Callable[[str], str], path: Path, found: Finder) -> str:
    """The lines from COLOR to RELATED-TO, in a fixed order."""
    lines = ""
    if o.couleur:
        lines += color_line(o.couleur, (*path, "couleur"), found)
    if o.visio:
        lines += _conferences(o.visio, (*path, "visio"), found)
    for i, attachment in _items(o.piecesJointes, (*path, "piecesJointes"), found):
        lines += _attachment(attachment, (*path, "piecesJointes", i), found)
    if o.image:
        lines += _image(o.image, (*path, "image"), found)
    for i, link in _items(o.liens, (*path, "liens"), found):
        lines += _link(link, (*path, "liens", i), found)
    if contact := text(o.contact, (*path, "contact"), found, CONTACT_CHARS):
        lines += text_line("CONTACT:", contact)
    for i, relation in _items(o.relations, (*path, "relations"), found):
        lines += _relation(relation, uid, (*path, "relations", i), found)
    return lines


def color_line(value: str, path: Path, found: Finder) -> str:
    known = color(value)
    if known:
        return f"COLOR:{known.name}\r\n"
    found.add("unknown-value", path, "color")
    return ""


def _items(values: list[T] | str | None, path: Path, found: Finder) -> list[tuple[int, T]]:
    if not isinstance(values, list) or not few(values, path, found, COUNT):
        return []
    return list(enumerate(values))


def _conferences(visio: Visio, path: Path, found: Finder) -> str:
    names = visio.fonctions or ("audio", "video")
    if not few(names, (*path, "fonctions"), found, COUNT):
        return ""
    features = [_FEATURES[name] for name in dict.fromkeys(names)]
    label = parameter("LABEL", text(visio.libelle, (*path, "libelle"), found, LABEL_CHARS))
    address = required_uri(visio.url, (*path, "url"), found)
    head = "CONFERENCE;VALUE=URI;FEATURE="
    lines = content_line(f"{head}{','.join(features)}{label}:", address)
    if number_uri := telephone(visio.telephone, (*path, "telephone"), found):
        lines += content_line(f"{head}PHONE{label}:", number_uri)
    return lines


def _attachment(file: PieceJointe, path: Path, found: Finder) -> str:
    address = required_uri(file.url, (*path, "url"), found, WEB)
    kind = parameter("FMTTYPE", media_type(file.type, (*path, "type"), found))
    name = parameter("FILENAME", text(file.nom, (*path, "nom"), found, LABEL_CHARS))
    size = ""
    if isinstance(file.taille, int):
        octets = number(file.taille, (*path, "taille"), found, 0, SIZE_MAX)
        size = parameter("SIZE", str(octets))
    return content_line(f"ATTACH{kind}{name}{size}:", address)


def _image(image: Image, path: Path, found: Finder) -> str:
    address = required_uri(image.url, (*path, "url"), found, WEB)
    display = parameter("DISPLAY", _DISPLAYS[image.usage]) if image.usage else ""
    kind = parameter("FMTTYPE", media_type(image.type, (*path, "type"), found))
    return content_line(f"IMAGE;VALUE=URI{display}{kind}:", address)


def _link(link: Lien, path: Path, found: Finder) -> str:
    address = required_uri(link.url, (*path, "url"), found)
    title = parameter("LABEL", text(link.titre, (*path, "titre"), found, LABEL_CHARS))
    kind = parameter("FMTTYPE", media_type(link.type, (*path, "type"), found))
    relation = _link_relation(link.relation, (*path, "relation"), found)
    return content_line(f"LINK;VALUE=URI{relation}{title}{kind}:", address)


def _link_relation(value: str, path: Path, found: Finder) -> str:
    """LINKREL: a registered name, or a URI for one's own (RFC 8288 §2.1)."""
    if not value:
        found.add("empty", path)
    elif ":" in value:
        return quoted("LINKREL", uri(value, path, found))
    elif len(value) <= LABEL_CHARS and _is_token(value):
        return parameter("LINKREL", value)
    else:
        found.add("invalid-value", path, "link-relation")
    return ""


def _is_token(value: str) -> bool:
    return (
        value.isascii() and value[0].isalpha() and value.replace("-", "").replace(".", "").isalnum()
    )


def _relation(relation: Relation, uid: Callable[[str], str], path: Path, found: Finder) -> str:
    """To the UID of another event of the same account, whether it is in this file or not."""
    required_text(relation.id, (*path, "id"), found, ID_CHARS)
    kind = _RELATIONS[relation.type or "parent"]
    return content_line(f"RELATED-TO;RELTYPE={kind}:", uid(relation.id))
