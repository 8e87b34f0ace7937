r"""Bytes of an .ics file as a tree of components, strictly by the grammar of RFC 5545 §3.1.

    parse(b"BEGIN:VCALENDAR\r\n...END:VCALENDAR\r\n").components[0].value("UID")

Reads, and refuses what is not a content line or not one tree. What a *good* file must hold
beyond that is the business of `judge`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = r"[A-Za-z0-9-]+"
_PARAM_VALUE = r'(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x08\x0a-\x1f\x7f]*)'
_PARAM = re.compile(rf";({_NAME})=({_PARAM_VALUE}(?:,{_PARAM_VALUE})*)")
_LINE = re.compile(rf"(?P<name>{_NAME})(?P<params>(?:{_PARAM.pattern})*):(?P<value>.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\.?|[;,]", re.DOTALL)
_ESCAPES = {"\\\\": "\\", "\\;": ";", "\\,": ",", "\\n": "\n", "\\N": "\n"}


class Unreadable(ValueError):
    """The bytes are not one tree of content lines."""


@dataclass(frozen=True, slots=True)
class Property:
    """One unfolded content line; parameter values without their quotes, the value as written."""

    name: str
    params: dict[str, str]
    value: str


@dataclass(slots=True)
class Component:
    name: str
    properties: list[Property] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [p for p in self.properties if p.name == name]

    def one(self, name: str) -> Property:
        """The only property of that name. Raises Unreadable when there are none or several."""
        found = self.all(name)
        if len(found) != 1:
            raise Unreadable(f"{self.name}: {len(found)} x {name}")
        return found[0]

    def value(self, name: str) -> str:
        return self.one(name).value

    def children(self, name: str) -> list[Component]:
        return [c for c in self.components if c.name == name]

    def walk(self) -> Iterator[Component]:
        yield self
        for child in self.components:
            yield from child.walk()


def unfold(data: bytes) -> list[str]:
    """The content lines. Unfolds octets, then decodes, as §3.1 says. Raises UnicodeDecodeError."""
    lines = re.sub(rb"\r\n[ \t]", b"", data).decode().split("\r\n")
    return lines[:-1] if lines[-1] == "" else lines


def parse(data: bytes) -> Component:
    """The one VCALENDAR. Raises Unreadable, UnicodeDecodeError."""
    root = Component("")
    stack = [root]
    for line in unfold(data):
        match = _LINE.fullmatch(line)
        if match is None:
            raise Unreadable(f"not a content line: {line[:60]!r}")
        name, value = match["name"].upper(), match["value"]
        if name == "BEGIN":
            stack[-1].components.append(Component(value.upper()))
            stack.append(stack[-1].components[-1])
        elif name == "END":
            if len(stack) == 1 or stack.pop().name != value.upper():
                raise Unreadable(f"END:{value} closes nothing")
        else:
            values = {key.upper(): text.strip('"') for key, text in _PARAM.findall(match["params"])}
            stack[-1].properties.append(Property(name, values, value))
    if len(stack) != 1 or root.properties or [c.name for c in root.components] != ["VCALENDAR"]:
        raise Unreadable("not exactly one VCALENDAR")
    return root.components[0]


def unescape(text: str) -> str:
    """A TEXT value as the caller wrote it (§3.3.11). Raises Unreadable on what is no escape."""

    def one(match: re.Match[str]) -> str:
        if match[0] not in _ESCAPES:
            raise Unreadable(f"{match[0]!r} is not TEXT, in {text[:60]!r}")
        return _ESCAPES[match[0]]

    return _ESCAPE.sub(one, text)
