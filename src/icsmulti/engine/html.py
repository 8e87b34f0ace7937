r"""Rich notes: HTML made harmless, and the same as plain text (RFC 5545 §3.2.1, §3.8.1.5).

    >>> sanitise('<p onclick="x()">Ordre <b>du jour</b></p><script>y()</script>')
    '<p>Ordre <b>du jour</b></p>'
    >>> plain("<p>Ordre <b>du jour</b></p><ul><li>Un</li></ul>")
    'Ordre du jour\n- Un'

The one module that imports nh3 (the Ammonia sanitiser), and only when somebody sends HTML: an
allow-list of tags and attributes, so that what no one thought of is dropped too.

What is sent there is `balanced` first: HTML's own repairs copy every element left open into each
block that follows, so that 50 000 characters can become a million elements. Text without tags
that overlap has nothing to repair. That is about cost alone: safe is what nh3 makes of it.
"""

from __future__ import annotations

import re
from functools import cache
from html import unescape

from icsmulti.engine.contentline import clean

DEPTH = 100
"""The most elements inside one another: sanitising takes quadratic time in it."""

_SCHEMES = {"https", "http", "mailto", "tel"}
_BLOCKS = frozenset(
    (
        *("p", "div", "br", "ul", "ol", "li", "tr", "table", "caption", "blockquote", "pre", "hr"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hgroup", "header", "footer", "article", "aside"),
        *("nav", "center", "details", "summary", "dl", "dt", "dd", "figure", "figcaption"),
    )
)
_SPACES = re.compile(r"[ \t\n]+")
_BREAKS = re.compile(r" *\n[ \n]*")

# A tag with its attributes, or what HTML drops: a comment (§13.2.5.43), a tag without end. Tags
# are told from text exactly as HTML does it (§13.2.5.6 to §13.2.5.40): a quote begins a value only
# after "=". Nothing is tried twice: atomic groups, possessive repeats.
_ATTRIBUTES = r"""
    (?>
        [ \t\n\f\r/]++
      | [^ \t\n\f\r/>][^ \t\n\f\r/>=]*+
        (?>[ \t\n\f\r]*+=[ \t\n\f\r]*+(?>"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\f\r>"'][^ \t\n\f\r>]*+|))?+
    )*+
"""
_TOKEN = re.compile(
    rf"""
    <(?:script|style)(?=[ \t\n\f\r/>]){_ATTRIBUTES}>(?>.*?(?=</(?:script|style)|\Z))
  | <(/?)([A-Za-z][^ \t\n\f\r/>]*+){_ATTRIBUTES}>
  | <!--(?>-?>|.*?(?>--!?>|\Z))
  | <[!?][^>]*+>?+
  | </(?![A-Za-z])[^>]*+>?+
  | </?[A-Za-z].*+
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

_VOID = frozenset(("br", "hr", "wbr", "col"))
# §13.2.4.2, "special", of what is allowed here: blocks, which end tags of others do not cross.
_INLINE = frozenset(
    (
        *("a", "abbr", "acronym", "b", "bdi", "cite", "code", "data", "del", "dfn", "em", "i"),
        *("ins", "kbd", "mark", "q", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span"),
        *("strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
    )
)
_PASSED = _INLINE | {"div", "p"}
"""What a list item that begins closes, on its way to the one before it."""
_IN_PARAGRAPHS = _INLINE | {"br", "wbr"}
_BOXES = frozenset(("caption", "td", "th"))
"""Where a table holds anything."""
_PARENTS = {
    "caption": ("table",),
    "colgroup": ("table",),
    "col": ("colgroup", "table"),
    "thead": ("table",),
    "tbody": ("table",),
    "tr": ("tbody", "thead", "table"),
    "td": ("tr",),
    "th": ("tr",),
}
_TABLE = frozenset((*_PARENTS, "table"))
_OF_NO_TABLE = _INLINE | frozenset(
    (
        *("article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hgroup", "li", "nav", "ol", "p", "pre", "summary", "ul"),
    )
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SIBLINGS = {"li": ("li",), "dt": ("dt", "dd"), "dd": ("dt", "dd")}


class TooDeep(ValueError):
    """More than DEPTH elements are open at once."""


def harmless(html: str) -> tuple[str, str]:
    """HTML sanitised, and the same as plain text. Raises `TooDeep`."""
    clean_html = sanitise(html)
    return clean_html, plain(clean_html)


@cache
def _allowed() -> frozenset[str]:
    import nh3  # noqa: PLC0415 - most requests have no HTML

    return frozenset(nh3.ALLOWED_TAGS - {"img", "map", "area", "bdo"})


def sanitise(html: str) -> str:
    """Without script, style, event handlers, images from elsewhere that track, other schemes, or
    links that are not absolute.

    Raises:
        TooDeep
    """
    import nh3  # noqa: PLC0415 - most requests have no HTML

    made = nh3.clean(
        balanced(clean(html)),
        tags=set(_allowed()),
        url_schemes=_SCHEMES,
        url_relative="deny",  # a file has no address that they could be relative to
    )
    return clean(made).strip()


def balanced(html: str) -> str:
    """The allowed elements of HTML, none overlapping another: each closed inside its parent.

    Raises:
        TooDeep
    """
    allowed, nest = _allowed(), _Nest()
    parts: list[str] = []
    at = 0
    for token in _TOKEN.finditer(html):
        begin, end = token.span()
        if at < begin:
            parts.append(html[at:begin].replace("<", "&lt;"))
        at = end
        name = (token[2] or "").lower()
        if name not in allowed:
            continue
        if token[1]:
            parts.append(nest.close(name))
        elif (before := nest.open(name)) is not None:
            parts.append(before + html[begin:end])
    parts.append(html[at:].replace("<", "&lt;"))
    return "".join((*parts, nest.close_to(0)))


class _Nest:
    """The elements that are open, and the end tags that HTML lets us leave out."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def open(self, name: str) -> str | None:
        """The end tags that go before a start tag; None when it has no place here.

        Raises:
            TooDeep
        """
        names, ended = self._names, ""
        if "table" in names or name in _PARENTS:
            inside = next((one for one in reversed(names) if one in _TABLE), "")
            if name in _PARENTS:
                if not (place := self._last(_PARENTS[name])):
                    return None
                ended = self.close_to(place)
            elif name == "table" and inside not in _BOXES:
                ended = self.close_to(self._last(("table",)) - 1)
            elif inside not in _BOXES:
                return None  # a table holds rows: HTML would move anything else out of it
        if name in _SIBLINGS:
            ended += self._end_before(_SIBLINGS[name], _PASSED)
        elif name == "a":
            ended += self._end_before(("a",), _OF_NO_TABLE)
        elif name in _HEADINGS and names and names[-1] in _HEADINGS:
            ended += self.close_to(len(names) - 1)
        if name not in _IN_PARAGRAPHS and "p" in names:
            ended += self._end_before(("p",), _INLINE)
        if name not in _VOID:
            names.append(name)
            if len(names) > DEPTH:
                raise TooDeep
        return ended

    def close(self, name: str) -> str:
        """The end tag of the last *name* that is open, after those of what is in it."""
        if self._names and self._names[-1] == name:
            self._names.pop()
            return f"</{name}>"
        # What a cell holds ends nothing around the table.
        passed = _OF_NO_TABLE | _TABLE if name in _TABLE else _OF_NO_TABLE
        return self._end_before((name,), passed)

    def close_to(self, length: int) -> str:
        """The end tags of all but the first *length*."""
        ended = "".join([f"</{name}>" for name in reversed(self._names[length:])])
        del self._names[length:]
        return ended

    def _end_before(self, wanted: tuple[str, ...], passed: frozenset[str]) -> str:
        """The end tags up to the last of the *wanted*, if only *passed* are in it."""
        for place in range(len(self._names) - 1, -1, -1):
            if self._names[place] in wanted:
                return self.close_to(place)
            if self._names[place] not in passed:
                break
        return ""

    def _last(self, wanted: tuple[str, ...]) -> int:
        """How many are open around and with the last of the *wanted*; 0 when none is."""
        for place in range(len(self._names) - 1, -1, -1):
            if self._names[place] in wanted:
                return place + 1
            if self._names[place] == "table":
                break
        return 0


# As nh3 writes: names in lower case, values in double quotes, no other "<" than a tag's.
_TAG = re.compile(r'<(/?)([a-z0-9]+)([^">]*+(?:"[^"]*+"[^">]*+)*+)>')
_HREF = re.compile(r' href="([^"]*)"')


def plain(html: str) -> str:
    """What sanitised HTML says, for readers of text: blocks as lines, links with their address."""
    parts: list[str] = []
    link, said, at = "", 0, 0
    html = _SPACES.sub(" ", html)
    for tag in _TAG.finditer(html):
        begin = tag.start()
        if at < begin:
            parts.append(html[at:begin])
        at = tag.end()
        end, name, attributes = tag.groups()
        if name in _BLOCKS:
            parts.append("\n- " if name == "li" and not end else "\n")
        elif name in ("td", "th") and not end:
            parts.append(" ")
        elif name == "a" and not end:
            href = _HREF.search(attributes)
            link, said = href[1] if href else "", len(parts)
        elif name == "a" and link:
            if link != "".join(parts[said:]).strip():
                parts.append(f" ({link})")
            link = ""
    parts.append(html[at:])
    return unescape(_BREAKS.sub("\n", "".join(parts))).strip()
