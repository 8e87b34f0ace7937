"""What a type cannot say of a member in OpenAPI: lengths in code points, bounds, how many.

    bounds(settings)[("Occurrence", "priorite")]   →   {"minimum": 0, "maximum": 9}

The numbers are the engine's own and the settings'. What stands beside `anyOf` holds for those of
its types that it is about: a `maxLength` says nothing of null.
"""

from __future__ import annotations

from typing import Any

from icsmulti.engine import (
    alarms,
    calendar_properties,
    descriptive,
    event,
    participants,
    presentation,
    recurrence,
    uri,
    xproperties,
)
from icsmulti.engine.recurrence import series
from icsmulti.engine.request import ALARM_MINUTES, ID_CHARS, LenientOccurrence
from icsmulti.engine.times import LENGTH_LIMIT
from icsmulti.keys.issue import LABEL_MAX
from icsmulti.settings import Settings
from icsmulti.web.keys import DEFAULT_OVERLAP, OVERLAPS_S

Schema = dict[str, Any]
Bounds = dict[tuple[str, str], Schema]

_ABSENT: list[Schema] = [{"const": ""}, {"type": "null"}]


def bounds(settings: Settings) -> Bounds:
    """The bounds of each member, by schema and member."""
    found = _published(settings) | _rich(settings) | _keys()
    # A date of a series may say again what its event says, or nothing.
    for member in LenientOccurrence.__struct_fields__:
        own = found.get(("Occurrence", member), {})
        found["Modification", member] = {k: v for k, v in own.items() if k != "minLength"}
    return found


def _published(settings: Settings) -> Bounds:
    minutes: Schema = {"type": "integer"} | _between(0, ALARM_MINUTES)
    return {
        ("Evenement", "occurrences"): {"minItems": 1, "maxItems": settings.max_occurrences},
        ("Occurrence", "id"): {"minLength": 1, "maxLength": ID_CHARS},
        ("Occurrence", "titre"): {"minLength": 1, "maxLength": settings.max_title_chars},
        ("Occurrence", "notes"): {"maxLength": settings.max_notes_chars},
        ("Occurrence", "lieu"): {"maxLength": settings.max_place_chars},
        ("Occurrence", "dateDebut"): {
            "minLength": 10,
            "maxLength": LENGTH_LIMIT,
            "examples": ["2026-05-12T10:00:00Z"],
        },
        ("Occurrence", "dateFin"): {
            "maxLength": LENGTH_LIMIT,
            "examples": ["2026-05-12T11:00:00Z"],
        },
        ("Occurrence", "touteLaJournee"): {"anyOf": [{"type": "boolean"}, *_ABSENT]},
        ("Occurrence", "rappelMinutes"): {"anyOf": [minutes, *_ABSENT]},
        ("Options", "fuseau"): {"examples": ["Europe/Paris"]},
    }


def _rich(settings: Settings) -> Bounds:
    of_alarm = {("Rappel", unit): _between(0, most) for unit, most in alarms.LIMITS.items()}
    of_calendar = {
        ("Calendrier", "nom"): _to(calendar_properties.NAME_CHARS),
        ("Calendrier", "description"): _to(calendar_properties.DESCRIPTION_CHARS),
        ("Calendrier", "identifiant"): _to(calendar_properties.IDENTIFIER_CHARS),
        ("Calendrier", "actualisation"): _between(
            calendar_properties.REFRESH_MINUTES_MIN, calendar_properties.REFRESH_MINUTES_MAX
        )
        | {"examples": [60, "PT1H"]},
        ("Calendrier", "source"): _to(uri.LENGTH_OCTETS),
        ("Calendrier", "url"): _to(uri.LENGTH_OCTETS),
        ("Calendrier", "proprietes"): _many(xproperties.COUNT),
    }
    return {
        ("Occurrence", "rappels"): _many(alarms.COUNT),
        ("Occurrence", "url"): _to(uri.LENGTH_OCTETS),
        ("Occurrence", "categories"): _many(
            descriptive.CATEGORY_COUNT, {"minLength": 1} | _to(descriptive.CATEGORY_CHARS)
        ),
        ("Occurrence", "priorite"): _between(0, descriptive.PRIORITY_MAX),
        ("Occurrence", "sequence"): _between(0, event.SEQUENCE_MAX),
        ("Occurrence", "creeLe"): _to(LENGTH_LIMIT),
        ("Occurrence", "modifieLe"): _to(LENGTH_LIMIT),
        ("Occurrence", "duree"): {"examples": ["PT1H30M", "P2D"]},
        ("Occurrence", "regle"): _to(recurrence.RULE_CHARS)
        | {"examples": ["FREQ=WEEKLY;BYDAY=MO,TH"]},
        ("Occurrence", "exceptions"): _many(series.DATE_COUNT, _to(LENGTH_LIMIT)),
        ("Occurrence", "datesSupplementaires"): _many(series.DATE_COUNT, _to(LENGTH_LIMIT)),
        ("Occurrence", "modifications"): _many(series.DATE_COUNT),
        ("Occurrence", "participants"): _many(participants.COUNT),
        ("Occurrence", "couleur"): {"examples": ["tomato", "#ff6347"]},
        ("Occurrence", "piecesJointes"): _many(presentation.COUNT),
        ("Occurrence", "notesHtml"): _to(settings.max_notes_chars),
        ("Occurrence", "liens"): _many(presentation.COUNT),
        ("Occurrence", "contact"): _to(presentation.CONTACT_CHARS),
        ("Occurrence", "relations"): _many(presentation.COUNT),
        ("Occurrence", "proprietes"): _many(xproperties.COUNT),
        ("Modification", "dateOriginale"): _to(LENGTH_LIMIT),
        ("Rappel", "message"): _to(alarms.MESSAGE_CHARS),
        ("Geo", "latitude"): _between(-90, 90),
        ("Geo", "longitude"): _between(-180, 180),
        ("Recurrence", "intervalle"): _between(1, recurrence.INTERVAL_MAX),
        ("Recurrence", "nombre"): _between(1, recurrence.COUNT_MAX),
        ("Recurrence", "jusquA"): _to(LENGTH_LIMIT),
        ("Recurrence", "jours"): _many(recurrence.PART_COUNT),
        ("Recurrence", "joursDuMois"): _many(recurrence.PART_COUNT, _between(-31, 31)),
        ("Recurrence", "mois"): _many(recurrence.PART_COUNT, _between(1, 12)),
        ("Recurrence", "positions"): _many(recurrence.PART_COUNT, _between(-366, 366)),
        ("JourDeRang", "rang"): _between(-recurrence.ORDINAL_IN_YEAR, recurrence.ORDINAL_IN_YEAR),
        ("Organisateur", "courriel"): _to(participants.ADDRESS_CHARS),
        ("Organisateur", "nom"): _to(participants.NAME_CHARS),
        ("Organisateur", "enNomDe"): _to(participants.ADDRESS_CHARS),
        ("Participant", "courriel"): _to(participants.ADDRESS_CHARS),
        ("Participant", "nom"): _to(participants.NAME_CHARS),
        ("Visio", "url"): _to(uri.LENGTH_OCTETS),
        ("Visio", "libelle"): _to(presentation.LABEL_CHARS),
        ("Visio", "fonctions"): _many(presentation.COUNT),
        ("PieceJointe", "url"): _to(uri.LENGTH_OCTETS),
        ("PieceJointe", "nom"): _to(presentation.LABEL_CHARS),
        ("PieceJointe", "taille"): _between(0, presentation.SIZE_MAX),
        ("Image", "url"): _to(uri.LENGTH_OCTETS),
        ("Lien", "url"): _to(uri.LENGTH_OCTETS),
        ("Lien", "relation"): _to(uri.LENGTH_OCTETS) | {"examples": ["related"]},
        ("Lien", "titre"): _to(presentation.LABEL_CHARS),
        ("Relation", "id"): {"minLength": 1} | _to(ID_CHARS),
        ("Propriete", "nom"): _to(xproperties.NAME_CHARS) | {"examples": ["X-EXEMPLE-REF"]},
        ("Propriete", "valeur"): _to(xproperties.TEXT_CHARS)
        | _between(-xproperties.INTEGER_MAX - 1, xproperties.INTEGER_MAX),
        ("Propriete", "parametres"): {"maxProperties": xproperties.PARAMETER_COUNT},
        **of_alarm,
        **of_calendar,
    }


def _keys() -> Bounds:
    return {
        ("KeyWanted", "libelle"): _to(LABEL_MAX),
        ("KeyWanted", "altcha"): {"minLength": 1},
        ("Rotation", "chevauchement"): {
            "anyOf": [{"enum": list(OVERLAPS_S)}, *_ABSENT],
            "examples": [DEFAULT_OVERLAP],
        },
    }


def _to(chars: int) -> Schema:
    return {"maxLength": chars}


def _between(low: int, high: int) -> Schema:
    return {"minimum": low, "maximum": high}


def _many(count: int, item: Schema | None = None) -> Schema:
    return {"maxItems": count} | ({"items": item} if item else {})
