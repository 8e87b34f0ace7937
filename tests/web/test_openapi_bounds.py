"""The OpenAPI document says of every member of a request what it is, and bounds that are true."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from icsmulti.engine.generate import generate
from icsmulti.errors import InvalidRequest
from icsmulti.locales import LANGUAGES, catalogue
from icsmulti.settings import read
from icsmulti.web.openapi import document

SETTINGS = read({})
SCHEMAS = document(SETTINGS, catalogue("en"))["components"]["schemas"]
OF_ANSWERS = {"OwnKey", "NewKey", "Challenge", "Readiness", "Alive", "Usage", "Limits", "OldKey"}
OF_KEYS = {"KeyWanted", "Rotation", "Problem", "Detail"}

URL = "https://exemple.fr/"
EVENT: dict[str, Any] = {
    "id": "1",
    "titre": "T",
    "notes": "n",
    "lieu": "l",
    "dateDebut": "2026-05-12T10:00",
    "dateFin": "2026-05-12T11:00",
    "rappels": [{"minutes": 5, "message": "m"}],
    "url": URL,
    "categories": ["c"],
    "priorite": 1,
    "geo": {"latitude": 1, "longitude": 1},
    "sequence": 1,
    "creeLe": "2026-01-01",
    "modifieLe": "2026-01-01",
    "exceptions": ["2026-05-26T10:00"],
    "datesSupplementaires": ["2026-05-20T10:00"],
    "recurrence": {"frequence": "mensuelle", "intervalle": 1, "jours": ["MA"], "mois": [5, 6], "positions": [2, 4]},
    "modifications": [{"dateOriginale": "2026-06-09T10:00"}],
    "organisateur": {"courriel": "a@b.fr", "nom": "A", "enNomDe": "c@d.fr"},
    "participants": [{"courriel": "e@f.fr", "nom": "E"}],
    "visio": {"url": URL, "libelle": "v", "fonctions": ["audio"]},
    "piecesJointes": [{"url": URL, "nom": "n", "taille": 1}],
    "notesHtml": "<p>x</p>",
    "image": {"url": URL},
    "liens": [{"url": URL, "relation": "related", "titre": "t"}],
    "contact": "c",
    "relations": [{"id": "2"}],
    "proprietes": [{"nom": "X-EX-A", "valeur": "v", "parametres": {"X-P": "p"}}],
}  # fmt: skip
CALENDAR: dict[str, Any] = {
    "nom": "n",
    "description": "d",
    "actualisation": 60,
    "source": URL,
    "url": URL,
    "identifiant": "i",
    "proprietes": EVENT["proprietes"],
}
PLAIN = {name: EVENT[name] for name in ("id", "titre", "dateDebut", "dateFin")}
# What contradicts a member of EVENT, in an event of its own.
OTHERS: list[dict[str, Any]] = [
    PLAIN | {"rappelMinutes": 5},
    PLAIN | {"rappels": [{"heures": 1}, {"jours": 1}]},
    PLAIN | {"regle": "FREQ=WEEKLY"},
    PLAIN | {"recurrence": {"frequence": "mensuelle", "joursDuMois": [12], "nombre": 3}},
    PLAIN | {"recurrence": {"frequence": "mensuelle", "jusquA": "2027-01-01", "jours": [{"jour": "MA", "rang": 2}]}},
    PLAIN | {"proprietes": [{"nom": "X-EX-B", "valeur": 1, "type": "entier"}]},
]  # fmt: skip


def request(event: dict[str, Any]) -> dict[str, Any]:
    options = {"methode": "AUCUNE", "calendrier": CALENDAR}
    return copy.deepcopy({"evenement": {"occurrences": [event]}, "options": options})


def faults(body: dict[str, Any]) -> list[tuple[str | int, ...]]:
    try:
        generate(
            json.dumps(body).encode(),
            uid_secret=bytes(32),
            now=datetime(2026, 11, 22, tzinfo=UTC),
        )
    except InvalidRequest as refusal:
        return [fault.path for fault in refusal.faults]
    return []


def beyond(schema: dict[str, Any], value: Any) -> Any:
    """Values just outside of what a schema bounds, of the type of one that is inside."""
    if isinstance(value, str) and "maxLength" in schema:
        yield value + "x" * (schema["maxLength"] + 1 - len(value))
    if isinstance(value, int) and "minimum" in schema:
        yield schema["minimum"] - 1
        yield schema["maximum"] + 1
    if isinstance(value, list) and "maxItems" in schema:
        yield value * (schema["maxItems"] // len(value) + 1)
    if isinstance(value, list) and "items" in schema:
        yield from ([*value, item] for item in beyond(schema["items"], value[0]))
    if isinstance(value, dict) and "maxProperties" in schema:
        yield {f"X-{n}": "p" for n in range(schema["maxProperties"] + 1)}


def bounded(name: str, value: Any, path: tuple[str | int, ...]) -> Any:
    """Every member inside a value that its schema bounds: (path, schema, value)."""
    for member, shape in SCHEMAS[name].get("properties", {}).items():
        if member not in value:
            continue
        here, found = (*path, member), value[member]
        choices = shape.get("anyOf", [shape])
        if any("minimum" in each for each in choices):  # `rappelMinutes` has them one step inside
            yield here, choices[0], found
        yield here, shape, found
        items = next((each["items"] for each in choices if "items" in each), {})
        refs = [
            each["$ref"] for each in [*choices, items, *items.get("anyOf", ())] if "$ref" in each
        ]
        for n, one in enumerate(found) if isinstance(found, list) else [(None, found)]:
            if isinstance(one, dict) and refs:
                inside = here if n is None else (*here, n)
                yield from bounded(refs[0].rpartition("/")[2], one, inside)


CASES = [
    pytest.param(event, path, outside, id=f"{n}-{'.'.join(map(str, path[1:]))}-{m}")
    for n, event in enumerate([EVENT, *OTHERS])
    for path, schema, value in bounded("Request", request(event), ())
    for m, outside in enumerate(beyond(schema, value))
    # As many events as that are another test's; the calendar is in every request.
    if path != ("evenement", "occurrences") and (n == 0 or path[1] != "calendrier")
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_member_of_a_request_has_words(language: str) -> None:
    schemas = document(SETTINGS, catalogue(language))["components"]["schemas"]

    silent = [
        f"{name}.{member}"
        for name, schema in schemas.items()
        if name not in OF_ANSWERS | OF_KEYS
        for member, shape in schema.get("properties", {}).items()
        if len(shape.get("description", "")) < 8
    ]
    assert silent == []


@pytest.mark.parametrize("event", [EVENT, *OTHERS])
def test_what_the_bounds_are_tried_on_is_good(event: dict[str, Any]) -> None:
    assert faults(request(event)) == []


@pytest.mark.parametrize(("event", "path", "outside"), CASES)
def test_what_lies_outside_of_a_bound_is_refused_there(
    event: dict[str, Any], path: tuple[str | int, ...], outside: Any
) -> None:
    body = request(event)
    holder: Any = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = outside

    # A rule's faults are told at its member, as `regle` has no smaller places.
    where = path[: path.index("jours") + 1] if "jours" in path else path
    assert any(found[: len(where)] == where for found in faults(body))


def test_every_bound_is_tried() -> None:
    def is_bounded(shape: dict[str, Any]) -> bool:
        return bool({"maxLength", "minimum", "maxItems", "maxProperties"} & shape.keys())

    tried = {[step for step in case.values[1] if isinstance(step, str)][-1] for case in CASES}
    bounds = {
        member
        for name, schema in SCHEMAS.items()
        if name not in OF_ANSWERS | OF_KEYS
        for member, shape in schema.get("properties", {}).items()
        if is_bounded(shape)
    }
    assert bounds - tried == {"occurrences"}
