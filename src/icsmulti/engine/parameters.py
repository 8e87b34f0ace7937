r"""Property parameters: quoted, and encoded where quotes do not suffice (RFC 5545 §3.2, RFC 6868).

>>> parameter("CN", 'Dupont, Jean "Jo"')
';CN="Dupont, Jean ^\'Jo^\'"'
"""

from __future__ import annotations

import re

# RFC 6868 §3: the caret first, or it would encode those that follow.
# A backslash means nothing here, but icalendar takes `\:` and ical.js `\,` for escapes: a slash.
_ENCODED = str.maketrans({"^": "^^", "\n": "^n", '"': "^'", "\\": "/"})
_NEEDS_QUOTES = re.compile(r"[:;,=]")  # icalendar drops white space beside a bare `=`


def parameter(name: str, value: str) -> str:
    """`;NAME=value`, or "" for an empty value.

    Args:
        name: upper case, ours or checked.
        value: cleaned text (`contentline.one_line`): no control character but TAB.
    """
    if not value:
        return ""
    encoded = value.translate(_ENCODED)
    return f';{name}="{encoded}"' if _NEEDS_QUOTES.search(encoded) else f";{name}={encoded}"


def quoted(name: str, value: str) -> str:
    """A parameter whose value is always quoted: a URI (ALTREP, SENT-BY, LINKREL)."""
    return f';{name}="{value.translate(_ENCODED)}"' if value else ""
