"""The parse floor: msgspec decodes the same bytes to typed structs, and nothing is written."""

from __future__ import annotations

import msgspec


class Occurrence(msgspec.Struct, rename="camel"):
    id: str
    titre: str
    date_debut: str
    date_fin: str
    notes: str | None = None
    lieu: str | None = None
    toute_la_journee: bool | None = None
    rappel_minutes: int | None = None


class Evenement(msgspec.Struct):
    occurrences: list[Occurrence]


class Options(msgspec.Struct):
    fuseau: str | None = None


class Request(msgspec.Struct):
    evenement: Evenement
    options: Options | None = None


decode = msgspec.json.Decoder(Request).decode
