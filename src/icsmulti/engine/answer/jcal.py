r"""A calendar as jCal (RFC 7265): the same content lines, as JSON.

    BEGIN:VEVENT / SUMMARY:Réunion\, salle A / END:VEVENT
    →  ["vevent", [["summary", {}, "text", "Réunion, salle A"]], []]

Made from the finished text, so that it says what the file says. X- properties without VALUE are
of type "unknown" and keep their text as it stands (§5.1).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

CONTENT_TYPE = "application/calendar+json"

# The default types of what this service writes (RFC 5545 §3.8, RFC 7986 §5); TEXT is not listed.
_TYPES = {
    **dict.fromkeys(("dtstart", "dtend", "dtstamp", "created", "last-modified"), "date-time"),
    **dict.fromkeys(("exdate", "rdate", "recurrence-id"), "date-time"),
    **dict.fromkeys(("organizer", "attendee"), "cal-address"),
    **dict.fromkeys(("url", "attach", "source", "conference", "image", "link"), "uri"),
    **dict.fromkeys(("tzoffsetfrom", "tzoffsetto"), "utc-offset"),
    **dict.fromkeys(("priority", "sequence"), "integer"),
    **dict.fromkeys(("trigger", "refresh-interval"), "duration"),
    "geo": "float",
    "rrule": "recur",
}
_TEXT = frozenset(
    (
        *("version", "prodid", "calscale", "method", "uid", "name", "description", "color"),
        *("tzid", "summary", "location", "categories", "status", "transp", "class", "contact"),
        *("related-to", "action"),
    )
)
_LISTS = frozenset(("categories", "exdate", "rdate"))
_LIST_PARAMETERS = frozenset(("feature", "display"))
_PARAMETER = re.compile(r';([A-Z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')
_HEAD = re.compile(rf"[A-Z0-9-]+(?:{_PARAMETER.pattern})*")
_ESCAPE = re.compile(r"\\(.)")
_encode = msgspec.json.Encoder().encode
_CARET = re.compile(r"\^([n^'])")


def jcal(text: str) -> bytes:
    """The calendar of a finished file, one `["vcalendar", properties, components]`.

    Written as it is read: as Python values, ten thousand events would take ten times their size.
    """
    stack: list[tuple[str, list[bytes], list[bytes]]] = [("", [], [])]
    for line in text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        if line.startswith("BEGIN:"):
            stack.append((line[6:].lower(), [], []))
        elif line.startswith("END:"):
            name, properties, components = stack.pop()
            made = name.encode(), b",".join(properties), b",".join(components)
            stack[-1][2].append(b'["%b",[%b],[%b]]' % made)
        else:
            stack[-1][1].append(_property(line))
    return stack[0][2][0]


def _property(line: str) -> bytes:
    if '"' in line:  # what is quoted may hold a colon
        match = _HEAD.match(line)
        at = match.end() if match else 0
    else:
        at = line.index(":")
    begin, name, kind = _head(line[:at])
    value = line[at + 1 :]
    if name == "geo":  # structured (§3.3.3): one value of two parts
        made = _encode([float(part) for part in value.split(";")])
    elif name in _LISTS:
        made = b",".join([_encode(_value(kind, one)) for one in _split(value)])
    else:
        made = _encode(_value(kind, value))
    return b"%b,%b]" % (begin, made)


@lru_cache(maxsize=1_024)
def _head(written: str) -> tuple[bytes, str, str]:
    """Name and parameters as the beginning of a property, with its name and its values' type."""
    name, _, _ = written.partition(";")
    name = name.lower()
    parameters: dict[str, Any] = {}
    for found in _PARAMETER.finditer(written, len(name)):
        parameters[found[1].lower()] = _parameter(found[1].lower(), found[2])
    default = _TYPES.get(name, "text" if name in _TEXT else "unknown")
    kind = str(parameters.pop("value", default)).lower()
    return _encode([name, parameters, kind])[:-1], name, kind


def _parameter(name: str, written: str) -> str | list[str]:
    """Without quotes and carets; a list where the parameter may have several values (§3.5.1)."""
    parts = re.findall(r'"[^"]*"|[^",]+', written) if name in _LIST_PARAMETERS else [written]
    values = [_CARET.sub(_uncaret, part.strip('"')) for part in parts]
    return values if len(values) > 1 else values[0]


def _uncaret(match: re.Match[str]) -> str:
    return {"n": "\n", "^": "^", "'": '"'}[match[1]]


def _split(value: str) -> list[str]:
    """At the commas that no backslash escapes (RFC 5545 §3.3.11)."""
    return re.findall(r"(?:[^\\,]|\\.)+", value, re.DOTALL)


def _value(kind: str, value: str) -> Any:
    if kind == "text":
        return (
            value
            if "\\" not in value
            else _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
        )
    if kind in ("date", "date-time"):
        return _date(value)
    if kind == "utc-offset":
        return f"{value[:3]}:{value[3:5]}" + (f":{value[5:]}" if value[5:] else "")
    if kind == "integer":
        return int(value)
    if kind == "boolean":
        return value == "TRUE"
    return _recur(value) if kind == "recur" else value


def _date(value: str) -> str:
    """Extended form (§3.6.4, §3.6.5)."""
    day = f"{value[:4]}-{value[4:6]}-{value[6:8]}"
    if len(value) == 8:
        return day
    return f"{day}T{value[9:11]}:{value[11:13]}:{value[13:]}"


def _recur(value: str) -> dict[str, Any]:
    """§3.6.10: an object; parts of several values are arrays, numbers are numbers."""
    rule: dict[str, Any] = {}
    for part in value.split(";"):
        name, _, written = part.partition("=")
        name = name.lower()
        if name == "until":
            rule[name] = _date(written)
        elif name in ("freq", "wkst"):
            rule[name] = written
        elif name == "byday":
            days = written.split(",")
            rule[name] = days if len(days) > 1 else days[0]
        else:
            numbers = [int(number) for number in written.split(",")]
            rule[name] = numbers if len(numbers) > 1 else numbers[0]
    return rule
