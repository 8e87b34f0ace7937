"""Addresses: absolute, of known schemes, ASCII (RFC 3986; RFC 3987 §3.1 for others; RFC 5545 §3.3.13).

    >>> uri("https://exemple.fr/réunion 1", path, found)
    fault: invalid-url
    >>> uri("https://école.fr/réunion", path, found)
    'https://xn--cole-9oa.fr/r%C3%A9union'

What comes out holds no space, no control character and no `"`: it can end neither a line nor a
parameter. URI values are not escaped as TEXT is.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from icsmulti.engine.checking import Finder
from icsmulti.engine.host import ascii_host
from icsmulti.errors import Path

WEB = frozenset(("https", "http"))
SCHEMES = WEB | {
    "mailto",
    "tel",
    "sip",
    "sips",
    "xmpp",
    "geo",
    "urn",
    "cid",
    "ftp",
    "ftps",
    "msteams",
}
LENGTH_OCTETS = 2_000

_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,62}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,62}"
)
# No address has a backslash (RFC 3986 §2), and programs do not agree on whose host stands before it.
_NEVER = re.compile(
    r"[\x00-\x20\x7f-\xa0\"<>\\\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff\ufffe\uffff]"
)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)+|\[[0-9A-Fa-f:.]+\]", re.ASCII
)
_KEPT = "!#$&'()*+,/:;=?@[]~%"  # reserved (RFC 3986 §2.2), and what is encoded already
# Most addresses: nothing to encode, nothing to refuse but perhaps the host.
_PLAIN = re.compile(r"https?://([A-Za-z0-9.-]+)(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?", re.ASCII)
_PHONE = re.compile(r"\+?[0-9(][0-9 ().\u00a0\u202f-]{1,30}", re.ASCII)


def uri(value: str | None, path: Path, found: Finder, schemes: frozenset[str] = SCHEMES) -> str:
    """An address in ASCII; "" when absent or refused."""
    if not value:
        return ""
    written = _ascii(value, schemes, path, found) if len(value) <= LENGTH_OCTETS else value
    if not written:
        found.add("invalid-url", path, schemes=", ".join(sorted(schemes)))
    elif len(written) > LENGTH_OCTETS:
        found.add("too-long", path, limit=LENGTH_OCTETS, count=len(written))
        written = ""
    return written


def required_uri(value: str, path: Path, found: Finder, schemes: frozenset[str] = SCHEMES) -> str:
    if not value:
        found.add("empty", path)
    return uri(value, path, found, schemes)


def media_type(value: str | None, path: Path, found: Finder) -> str:
    """`application/pdf` (RFC 6838 §4.2); "" when absent or refused."""
    if not value or _MEDIA_TYPE.fullmatch(value):
        return value or ""
    found.add("invalid-value", path, "media-type")
    return ""


def telephone(value: str | None, path: Path, found: Finder) -> str:
    """A number as people write it, as a `tel:` URI (RFC 3966); "" when absent or refused."""
    if not value:
        return ""
    if not _PHONE.fullmatch(value):
        found.add("invalid-value", path, "telephone")
        return ""
    # "+33 (0)1 23 45 67 89": the 0 is dialled from inside the country only.
    dialled = value.replace("(0)", "") if value.startswith("+") else value
    return "tel:" + re.sub(r"[^+0-9]", "", dialled)


def _ascii(value: str, schemes: frozenset[str], path: Path, found: Finder) -> str:
    """The address with its host in Punycode and the rest percent-encoded; "" when it is none."""
    plain = _PLAIN.fullmatch(value)
    if plain and schemes >= WEB and _HOST.fullmatch(plain[1]):
        return value
    scheme, colon, rest = value.partition(":")
    if not colon or scheme.lower() not in schemes or not rest or _NEVER.search(value):
        return ""
    if _STRAY_PERCENT.search(rest):
        return ""
    try:
        parts = urlsplit(value)
        if scheme.lower() in WEB | {"ftp", "ftps"}:
            user, at, place = parts.netloc.rpartition("@")
            host, port = parts.hostname or "", parts.port  # `port` raises where it is no number
            name = f"[{host}]" if ":" in host else _host(host, path, found)
            if not _HOST.fullmatch(name):
                return ""
            del place
            netloc = f"{quote(user, safe=_KEPT)}{at}{name}{'' if port is None else f':{port}'}"
            parts = parts._replace(netloc=netloc)
        return quote(urlunsplit(parts), safe=_KEPT)
    except ValueError:  # a port that is no number, a label that is none
        return ""


def _host(name: str, path: Path, found: Finder) -> str:
    """A host in ASCII. Raises ValueError."""
    if name.isascii():
        return name
    return found.effort.once("hosts", name, name.count(".") + 1, path, ascii_host)
