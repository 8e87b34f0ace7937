"""What the documentation shows, made from the code's own tables.

`/api-docs`, `/docs.md` and `/llms.txt` are three templates over one `reference`: the fields
come from the engine's structs, the error codes from the error tree, the limits from the
settings, and what the engine does with a date from the engine, asked now. The sentences are
`docs.toml`'s, in inline Markdown; tests hold that none is missing and none is left over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import inspect

from icsmulti import errors
from icsmulti.locales import catalogue
from icsmulti.settings import Settings
from icsmulti.web import example
from icsmulti.web.site import localized

__all__ = [
    "RULINGS",
    "SEED",
    "SNIPPETS",
    "Ruling",
    "base_address",
    "codes",
    "key_page",
    "members",
    "reference",
]

SEED: dict[str, Any] = {
    "evenement": {
        "occurrences": [
            {
                "id": "evt-1",
                "titre": "Réunion hebdomadaire",
                "notes": "Ordre du jour à confirmer",
                "dateDebut": "2026-05-12T10:00:00Z",
                "dateFin": "2026-05-12T11:00:00Z",
                "lieu": "Salle A, Paris",
                "touteLaJournee": False,
                "rappelMinutes": 15,
            }
        ]
    },
    "options": {"fuseau": "Europe/Paris"},
}
"""The published example, which always works as written."""


class Ruling(NamedTuple):
    """One line of the dates' table. `note` names its sentence (`docs.dates.notes`)."""

    note: str
    start: str
    end: str
    all_day: bool = False
    zone: str = ""


RULINGS = (
    Ruling("instant", "2026-05-12T10:00:00Z", "2026-05-12T11:00:00Z"),
    Ruling("local", "2026-05-12T10:00", "2026-05-12T11:00"),
    Ruling("offset", "2026-05-12T10:00+02:00", "2026-05-12T11:00+02:00", zone="America/Montreal"),
    Ruling("date", "2026-05-12", "2026-05-12T09:30"),
    Ruling("midnight", "2026-12-31T20:00", "2026-12-31T24:00"),
    Ruling("equal", "2026-05-12T10:00", "2026-05-12T10:00"),
    Ruling("autumn", "2026-10-25T02:30", "2026-10-25T04:00"),
    Ruling("autumn_second", "2026-10-25T02:30+01:00", "2026-10-25T04:00+01:00"),
    Ruling("spring", "2026-03-29T02:30", "2026-03-29T04:00"),
    Ruling("day", "2026-07-14", "2026-07-14", all_day=True),
    Ruling("days", "2026-07-14", "2026-07-16", all_day=True),
    Ruling("day_utc", "2026-07-14T00:00:00.000Z", "2026-07-14T00:00:00.000Z", all_day=True),
    Ruling("day_browser", "2026-07-13T22:00:00.000Z", "2026-07-13T22:00:00.000Z", all_day=True),
    Ruling("before", "2026-05-12T11:00", "2026-05-12T10:00"),
    Ruling("invalid", "2026-02-30T10:00", "2026-03-01T10:00"),
)

SNIPPETS = (
    ("curl", "curl.sh"),
    ("Python", "python.py"),
    ("JavaScript", "javascript.mjs"),
    ("PHP", "php.php"),
)


def reference(settings: Settings, language: str) -> dict[str, object]:
    """All that the three templates show, in one language."""
    from icsmulti.engine.request import Bounds, LenientRequest, Request  # noqa: PLC0415 - see example.made

    words = catalogue(language)
    base = base_address(settings)
    seed = json.dumps(SEED, ensure_ascii=False, indent=2)
    bounds = Bounds()
    facts = {
        "max_occurrences": number(settings.max_occurrences, language),
        "max_body": words.say("docs.limits.bytes", n=_mebibytes(settings, language)),
        "read_timeout": settings.read_timeout_s,
    }
    published = {member.path: member for member in members(Request)}
    structure = {member.path: member for member in members(LenientRequest)} | published
    rules: dict[str, str] = words.entry("docs.fields.rules")
    return {
        "base": base,
        "facts": facts,
        "seed": seed,
        "seed_calendar": example.made(seed).decode().replace("\r\n", "\n"),
        "first_call": snippet("first.sh", base, seed=seed),
        "members": [
            (structure[path], _filled(rule, facts), _sample(path, language))
            for path, rule in rules.items()
        ],
        "richer": [
            (
                group["name"],
                [(structure[p], rule) for p, rule in group["rules"].items() if p in structure],
            )
            for group in words.entry("docs.rich.groups")
        ],
        "rulings": [_ruled(ruling, language) for ruling in RULINGS],
        "refusal": _refusal(language),
        "codes": [
            (code, status, _filled(words.entry("docs.errors.causes")[code], facts))
            for code, status in codes()
        ],
        "faults": words.entry("docs.errors.faults_causes"),
        "limits": _limits(settings, bounds, language),
        "snippets": [(name, snippet(file, base)) for name, file in SNIPPETS],
        "command_line": snippet("command.sh", base),
        "library": snippet("library.py", base),
        "absolute": lambda text: absolute(text, base, language),
    }


def key_page(settings: Settings, language: str) -> dict[str, object]:
    """What the key page shows beyond its sentences: the first call, waiting for its key."""
    seed = json.dumps(SEED, ensure_ascii=False)
    base = base_address(settings)
    return {"base": base, "first_call": snippet("first.sh", base, seed=seed)}


def base_address(settings: Settings) -> str:
    """Where this service is, for the lines a reader copies."""
    if settings.public_url:
        return settings.public_url
    host = "localhost" if settings.host in ("127.0.0.1", "::1", "0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    return f"http://{host}:{settings.port}"


def snippet(name: str, base: str, **values: str) -> str:
    """A program of `templates/snippets` with the service's address in it.

    The files end in .txt: they are what a reader writes, not code of ours to lint.
    """
    text = files("icsmulti.web").joinpath("templates", "snippets", f"{name}.txt").read_text("utf-8")
    for field, value in {"base": base, **values}.items():
        text = text.replace("{{ " + field + " }}", value)
    return text.rstrip("\n")


class Member(NamedTuple):
    """One member of a request, as the engine's structs declare it."""

    path: str
    """`evenement.occurrences[].titre`."""
    required: bool
    kind: str
    """JSON types: `string`, or `string, number`."""
    choices: tuple[str, ...] = ()
    """The values it may take, where they are listed."""


def members(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[Member]:
    """Every member of a request, outer ones before what is in them."""
    yield from _members(cast("inspect.StructType", inspect.type_info(struct)), prefix, (struct,))


def _members(info: inspect.StructType, prefix: str, above: tuple[type, ...]) -> Iterator[Member]:
    for field in info.fields:
        path = f"{prefix}{field.encode_name}"
        kinds: dict[str, None] = {}
        choices: tuple[str, ...] = ()
        inner: list[tuple[str, inspect.StructType]] = []
        for each in _alternatives(field.type):
            if isinstance(each, inspect.LiteralType):
                choices += tuple(str(value) for value in each.values if value != "")
            if kind := _kind(each):
                kinds[kind] = None
            if isinstance(each, inspect.StructType):
                inner.append((".", each))
            elif isinstance(each, inspect.ListType):
                inner += [
                    ("[].", item)
                    for item in _alternatives(each.item_type)
                    if isinstance(item, inspect.StructType)
                ]
        yield Member(path, field.required, ", ".join(kinds), choices)
        for step, content in inner:
            if content.cls not in above:  # a series' modifications are events again
                yield from _members(content, path + step, (*above, content.cls))


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _kind(kind: inspect.Type) -> str:
    """The JSON type; "" for what stands for absence (null, and "" where text is no value)."""
    if isinstance(kind, inspect.LiteralType):
        return "string" if any(kind.values) else ""
    return next((name for each, name in _JSON_TYPES.items() if isinstance(kind, each)), "")


_JSON_TYPES: dict[type[inspect.Type], str] = {
    inspect.StructType: "object",
    inspect.DictType: "object",
    inspect.ListType: "array",
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.IntType: "number",
    inspect.FloatType: "number",
}


def codes() -> list[tuple[str, int]]:
    """Every stable code an answer may carry, with its status, in the order of the tree."""
    from icsmulti.web import problems  # noqa: PLC0415 - it draws its error pages from `pages`

    found: dict[str, int] = {}
    todo: list[type[errors.IcsMultiError]] = [errors.IcsMultiError]
    while todo:
        kind = todo.pop(0)
        if kind is not errors.SettingsError:  # the operator's, at start; never an answer
            found.setdefault(kind.code, problems.status_of(kind))
            todo += kind.__subclasses__()
    return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))


def _sample(path: str, language: str) -> str:
    """A member's example: from the published request, in the language where it is prose."""
    samples: dict[str, str] = catalogue(language).entry("docs.fields.samples")
    if path in samples:
        return samples[path]
    value: Any = SEED
    for step in path.replace("[]", ".0").split("."):
        value = value[int(step)] if step.isdigit() else value.get(step)
        if value is None:
            return ""
    return "" if isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False)


def _ruled(ruling: Ruling, language: str) -> dict[str, object]:
    """A line of the dates' table: what is written, and what the engine says to it."""
    event: dict[str, Any] = {
        "id": "1",
        "titre": "T",
        "dateDebut": ruling.start,
        "dateFin": ruling.end,
    }
    if ruling.all_day:
        event["touteLaJournee"] = True
    body: dict[str, Any] = {"evenement": {"occurrences": [event]}}
    if ruling.zone:
        body["options"] = {"fuseau": ruling.zone}
    said: list[str] = []
    refused = ""
    try:
        calendar = example.made(json.dumps(body)).decode()
        said = re.findall(
            r"^DT(?:START|END)[^\r]*", calendar[calendar.index("BEGIN:VEVENT") :], re.M
        )
    except errors.InvalidRequest as error:
        refused = _answer(error, language)["details"][0]["message"]
    return {"ruling": ruling, "said": said, "refused": refused}


def _refusal(language: str) -> dict[str, object]:
    """A refused request and the service's real answer to it."""
    event: dict[str, Any] = {
        "id": "1",
        "titre": "",
        "dateDebut": "2026-05-12T10:00",
        "dateFin": "2026-05-12",
    }
    body = {"evenement": {"occurrences": [event]}, "options": {"fuseau": "Europe/Pari"}}
    try:
        example.made(json.dumps(body))
    except errors.InvalidRequest as error:
        answer = json.dumps(_answer(error, language), ensure_ascii=False, indent=2)
    return {"body": json.dumps(body, ensure_ascii=False, indent=2), "answer": answer}


def _answer(error: errors.IcsMultiError, language: str) -> dict[str, Any]:
    """The API's JSON for an error."""
    from icsmulti.web import problems  # noqa: PLC0415 - as in `codes`

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/generate",
        "headers": [(b"accept-language", language.encode())],
        "icsmulti": {"request_id": "6f1c0b1e9a7d4c55"},
    }
    answer: dict[str, Any] = json.loads(bytes(problems.problem(error, scope).body))
    return answer


def _limits(settings: Settings, bounds: Any, language: str) -> list[tuple[str, str]]:
    """The limits' table: what, and how much."""
    words = catalogue(language)

    def characters(n: int) -> str:
        return words.say("docs.limits.characters", n=number(n, language))

    def or_none(n: int) -> str:
        return number(n, language) if n else words.say("docs.limits.none")

    from icsmulti.engine.request import ID_CHARS  # noqa: PLC0415 - see example.made

    rows = (
        ("per_minute", or_none(settings.limit_per_minute)),
        ("per_day", or_none(settings.limit_per_day)),
        ("body", words.say("docs.limits.bytes", n=_mebibytes(settings, language))),
        ("occurrences", number(settings.max_occurrences, language)),
        ("id", characters(ID_CHARS)),
        ("title", characters(bounds.title_chars)),
        ("notes", characters(bounds.notes_chars)),
        ("place", characters(bounds.place_chars)),
    )
    return [(words.say(f"docs.limits.{what}"), how_much) for what, how_much in rows]


def number(n: float, language: str) -> str:
    """`10 000` (no-break), `10,000`."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - 60 ms that only pages need

    return format_decimal(n, locale=language)


def _mebibytes(settings: Settings, language: str) -> str:
    return number(round(settings.max_body_bytes / (1 << 20), 1), language)


def _filled(text: str, values: dict[str, Any]) -> str:
    """A sentence with only the facts it names filled: braces of JSON samples stay."""
    return re.sub(r"\{(\w+)\}", lambda m: str(values.get(m[1], m[0])), text)


def absolute(text: str, base: str, language: str) -> str:
    """Markdown whose links to pages work outside the site."""
    return re.sub(r"\]\((/[^)]*)\)", lambda m: f"]({base}{localized(m[1], language)})", text)
