"""The JSON types of rich members, checked without stopping at the first that is wrong.

    >>> good(LenientOccurrence, ("priorite", "sequence"), {"priorite": "3", "sequence": 2.0}, path, found)
    fault: priorite, wrong-type
    {"sequence": 2}

The types are those of the structs in `request`, read by `msgspec.inspect`: what the straight
path decodes and what is listed here cannot differ. Of numbers, 2.0 is whole, as JSON has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from msgspec import inspect

from icsmulti.engine.checking import LONGEST, Finder
from icsmulti.errors import Path

_ABSENT = (None, "")
_TYPES: dict[type, tuple[str, type | tuple[type, ...]]] = {
    inspect.StructType: ("type-object", dict),
    inspect.DictType: ("type-object", dict),
    inspect.ListType: ("type-array", list),
    inspect.StrType: ("type-string", str),
    inspect.BoolType: ("type-boolean", bool),
    inspect.IntType: ("type-integer", int),
    inspect.FloatType: ("type-number", (int, float)),
}


class _Wrong(Exception):
    """A fault was noted, and the value is of no use: of a list, all but *good*, by its place."""

    def __init__(self, good: dict[Any, Any] | None = None) -> None:
        self.good = good or {}


@cache
def _fields(struct: type) -> tuple[inspect.Field, ...]:
    kind = inspect.type_info(struct)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(struct)
    return kind.fields


def good(
    struct: type,
    names: Iterable[str],
    members: dict[str, Any],
    path: Path,
    found: Finder,
    places: dict[str, list[int]] | None = None,
) -> dict[str, Any]:
    """Of the members *names* of a struct those that are there and of their type, as decoded.

    The others are noted. Whole numbers written as 2.0 are made whole in *members* itself. With
    *places*, a list of which only some items are right is shortened, and where they were is in there.
    """
    values = {}
    for field in _fields(struct):
        if field.name in names and members.get(field.name) not in _ABSENT:
            try:
                values[field.name] = _member(field.type, members, field.name, path, found)
            except _Wrong as wrong:
                if places is not None and wrong.good:
                    places[field.name] = list(wrong.good)
                    values[field.name] = list(wrong.good.values())
    return values


def _member(kind: Any, holder: Any, key: str | int, path: Path, found: Finder) -> Any:
    """A member or an item, decoded. Raises _Wrong with its fault noted."""
    value, path = holder[key], (*path, key)
    choices = [one for one in getattr(kind, "types", (kind,)) if not _is_absence(one)]
    if type(value) is float and value.is_integer() and _is_among(inspect.IntType, choices):
        holder[key] = value = int(value)
    for choice in choices:
        if isinstance(choice, inspect.LiteralType):
            if isinstance(value, dict) and choice is not choices[-1]:
                continue
            if value not in choice.values or not value:
                known = ", ".join(str(one) for one in choice.values if one)
                code = "unknown-value" if isinstance(value, str) else "wrong-type"
                found.add(code, path, "unknown-value", known=known)
                raise _Wrong
            return value
        if isinstance(value, _TYPES[type(choice)][1]) and (
            not isinstance(value, bool) or isinstance(choice, inspect.BoolType)
        ):
            return _inside(choice, value, path, found)
    # 1.5 where 1 would do: a whole number is what the caller meant.
    meant = inspect.IntType if type(value) is float else type(choices[0])
    found.add(
        "wrong-type", path, _TYPES[meant if _is_among(meant, choices) else type(choices[0])][0]
    )
    raise _Wrong


def _is_absence(kind: Any) -> bool:
    return isinstance(kind, inspect.NoneType) or getattr(kind, "values", None) == ("",)


def _is_among(kind: type, choices: list[Any]) -> bool:
    return any(isinstance(choice, kind) for choice in choices)


def _inside(kind: Any, value: Any, path: Path, found: Finder) -> Any:
    """What is right outside, looked at inside."""
    if isinstance(kind, inspect.StrType):
        return _string(value, path, found)
    if isinstance(kind, inspect.FloatType):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    if isinstance(kind, inspect.ListType | inspect.DictType) and len(value) > LONGEST:
        return value  # its reader refuses it by its length, before any item
    if isinstance(kind, inspect.ListType):
        return _all(
            lambda i: _member(kind.item_type, value, i, path, found), list(range(len(value)))
        )
    if isinstance(kind, inspect.DictType):
        _all(lambda name: _string(name, path, found), list(value))
        given = [name for name, one in value.items() if one not in _ABSENT]
        _all(lambda name: _member(kind.value_type, value, name, path, found), given)
        return value
    if isinstance(kind, inspect.StructType):
        return _struct(kind, value, path, found)
    return value


def _all(read: Any, keys: list[Any]) -> list[Any]:
    """Every item, or _Wrong once all of them have been looked at."""
    values = {}
    for key in keys:
        with suppress(_Wrong):
            values[key] = read(key)
    if len(values) < len(keys):
        raise _Wrong(values)
    return list(values.values())


def _struct(kind: inspect.StructType, members: dict[str, Any], path: Path, found: Finder) -> Any:
    values: dict[str, Any] = {}
    wrong = False
    for field in kind.fields:
        value = members.get(field.name)
        if value in _ABSENT:
            if field.required:
                found.add("missing" if value is None else "empty", (*path, field.name))
                wrong = wrong or not isinstance(field.type, inspect.StrType)
                values[field.name] = ""
            continue
        try:
            values[field.name] = _member(field.type, members, field.name, path, found)
        except _Wrong:
            wrong = True
    if wrong:
        raise _Wrong
    return kind.cls(**values)


def _string(value: str, path: Path, found: Finder) -> str:
    """UTF-8 cannot hold the half of a surrogate pair, which JSON can escape."""
    try:
        value.encode()
    except UnicodeEncodeError:
        found.add("invalid-text", path)
        raise _Wrong from None
    return value
