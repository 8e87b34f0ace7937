"""The JSON contract as typed structs (contract.md §1): the only module that knows JSON names.

    >>> decode(b'{"evenement": {"occurrences": [{"id": "1", "titre": "T", ...}]}}').evenement
    Evenement(occurrences=[Occurrence(id='1', titre='T', ...)])

Optional members may be absent, null or "": all three mean absent. Nothing is coerced.
Unknown members are ignored; the first, strict decoding only refuses them to know that a
request is plain, so that plain requests pay for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

import msgspec

DEFAULT_ZONE = "Europe/Paris"
ID_CHARS = 1_000
ALARM_MINUTES = 525_600  # a year

_Absent = Literal[""] | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most a request may hold. Lengths count code points, as received."""

    occurrences: int = 10_000
    title_chars: int = 1_000
    notes_chars: int = 50_000
    place_chars: int = 2_000
    listed_faults: int = 20
    """How many faults an error lists; the rest are counted."""


DEFAULT_BOUNDS = Bounds()


class Occurrence(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One event, its members in the order of the contract."""

    id: str
    titre: str
    dateDebut: str
    dateFin: str
    notes: str | None = None
    lieu: str | None = None
    touteLaJournee: bool | _Absent = None
    rappelMinutes: int | float | _Absent = None


class Evenement(msgspec.Struct, forbid_unknown_fields=True):
    """The list of events."""

    occurrences: list[Occurrence]


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """What holds for the whole file."""

    fuseau: str | None = None


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A request."""

    evenement: Evenement
    options: Options | _Absent = None

    @property
    def zone_name(self) -> str:
        return (self.options and self.options.fuseau) or DEFAULT_ZONE


# What follows is what a request may say beyond the published one (docs/fields.md). Members that
# are not listed are ignored, here and inside.


class Rappel(msgspec.Struct):
    """One alarm: exactly one of the three units."""

    minutes: int | _Absent = None
    heures: int | _Absent = None
    jours: int | _Absent = None
    avant: Literal["debut", "fin", ""] | None = None
    message: str | None = None


class Geo(msgspec.Struct):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


class Organisateur(msgspec.Struct):
    courriel: str
    nom: str | None = None
    enNomDe: str | None = None
    """The address that acts for the organizer (SENT-BY)."""


class Participant(msgspec.Struct):
    courriel: str
    nom: str | None = None
    role: Literal["requis", "facultatif", "information", "president", ""] | None = None
    reponse: (
        Literal["en-attente", "accepte", "refuse", "provisoire", "delegue", ""] | None
    ) = None  # fmt: skip
    demandeReponse: bool | _Absent = None
    type: Literal["personne", "groupe", "salle", "ressource", ""] | None = None


Fonction = Literal[
    "audio", "video", "discussion", "telephone", "ecran", "diffusion", "moderation"
]  # fmt: skip


class Visio(msgspec.Struct):
    url: str
    libelle: str | None = None
    fonctions: list[Fonction] | _Absent = None
    telephone: str | None = None


class PieceJointe(msgspec.Struct):
    url: str
    nom: str | None = None
    type: str | None = None
    taille: int | _Absent = None


class Image(msgspec.Struct):
    url: str
    type: str | None = None
    usage: Literal["badge", "graphique", "plein", "vignette", ""] | None = None


class Lien(msgspec.Struct):
    url: str
    relation: str
    titre: str | None = None
    type: str | None = None


class Relation(msgspec.Struct):
    """To another event of the same account, by its `id`."""

    id: str
    type: Literal["parent", "enfant", "frere", ""] | None = None


class Propriete(msgspec.Struct):
    """A vendor's property; how `valeur` must look depends on `type`."""

    nom: str
    valeur: str | int | bool
    type: Literal["texte", "uri", "entier", "booleen", "date", "dateHeure", ""] | None = None
    parametres: dict[str, str | None] | _Absent = None


Jour = Literal["LU", "MA", "ME", "JE", "VE", "SA", "DI"]


class JourDeRang(msgspec.Struct):
    """The nth weekday of a month or a year, from its end when negative."""

    jour: Jour
    rang: int | _Absent = None


class Recurrence(msgspec.Struct):
    """A rule in words (RFC 5545 §3.3.10)."""

    frequence: Literal["quotidienne", "hebdomadaire", "mensuelle", "annuelle"]
    intervalle: int | _Absent = None
    nombre: int | _Absent = None
    jusquA: str | None = None
    jours: list[Jour | JourDeRang] | _Absent = None
    joursDuMois: list[int] | _Absent = None
    mois: list[int] | _Absent = None
    positions: list[int] | _Absent = None
    debutSemaine: Jour | _Absent = None


class LenientOccurrence(Occurrence, forbid_unknown_fields=False, gc=False):
    """An event with more members than the published ones, in the order of docs/fields.md."""

    dateFin: str | None = None  # type: ignore[assignment] # `duree` may stand for it
    fuseau: str | None = None
    fuseauFin: str | None = None
    rappels: list[Rappel] | _Absent = None
    url: str | None = None
    categories: list[str] | _Absent = None
    statut: Literal["confirme", "provisoire", "annule", ""] | None = None
    disponibilite: Literal["occupe", "libre", "provisoire", "absent", "ailleurs", ""] | None = None
    visibilite: Literal["public", "prive", "confidentiel", ""] | None = None
    priorite: int | _Absent = None
    geo: Geo | _Absent = None
    sequence: int | _Absent = None
    creeLe: str | None = None
    modifieLe: str | None = None
    duree: str | None = None
    recurrence: Recurrence | _Absent = None
    regle: str | None = None
    exceptions: list[str] | _Absent = None
    datesSupplementaires: list[str] | _Absent = None
    modifications: list[Modification] | _Absent = None
    organisateur: Organisateur | _Absent = None
    participants: list[Participant] | _Absent = None
    couleur: str | None = None
    visio: Visio | _Absent = None
    piecesJointes: list[PieceJointe] | _Absent = None
    notesHtml: str | None = None
    image: Image | _Absent = None
    liens: list[Lien] | _Absent = None
    contact: str | None = None
    relations: list[Relation] | _Absent = None
    proprietes: list[Propriete] | _Absent = None


class Modification(LenientOccurrence, kw_only=True):
    """One date of a series as it is instead: members that are absent stay as in the series."""

    dateOriginale: str
    id: str | None = None  # type: ignore[assignment] # the series has it
    titre: str | None = None  # type: ignore[assignment] # as above
    dateDebut: str | None = None  # type: ignore[assignment] # as above


class LenientEvenement(Evenement, forbid_unknown_fields=False):
    occurrences: list[LenientOccurrence]  # type: ignore[assignment] # a list of a subtype, read only


class Calendrier(msgspec.Struct):
    """The calendar itself."""

    nom: str | None = None
    nomStandardSeul: bool | _Absent = None
    description: str | None = None
    couleur: str | None = None
    actualisation: int | str | None = None
    """Minutes, or an ISO 8601 duration."""
    source: str | None = None
    url: str | None = None
    identifiant: str | None = None
    fuseauAffiche: bool | _Absent = None
    proprietes: list[Propriete] | _Absent = None


class LenientOptions(Options, forbid_unknown_fields=False):
    methode: Literal["PUBLISH", "REQUEST", "CANCEL", "AUCUNE", ""] | None = None
    calendrier: Calendrier | _Absent = None
    format: Literal["ics", "jcal", "json", "zip", ""] | None = None


class LenientRequest(Request, forbid_unknown_fields=False):
    """A request with members beyond the published ones, or with some that we ignore."""

    evenement: LenientEvenement
    options: LenientOptions | _Absent = None


RICH_MEMBERS = LenientOccurrence.__struct_fields__[
    LenientOccurrence.__struct_fields__.index("fuseau") :
]
"""The optional members of an occurrence beyond the published ones, in the order of the docs."""

_rich_of = attrgetter(*RICH_MEMBERS)
_rich_options_of = attrgetter(*LenientOptions.__struct_fields__[1:])
_ABSENT = (None, "")


def is_rich(request: LenientRequest) -> bool:
    """Whether a request uses any member beyond the published ones, or leaves `dateFin` to one."""
    return any(value not in _ABSENT for value in _rich_options_of(request.options or _NONE)) or any(
        not occurrence.dateFin or any(value not in _ABSENT for value in _rich_of(occurrence))
        for occurrence in request.evenement.occurrences
    )


_NONE = LenientOptions()

decode = msgspec.json.Decoder(Request).decode
decode_lenient = msgspec.json.Decoder(LenientRequest).decode


def convert(values: Any) -> LenientRequest:
    """A request from decoded JSON in which nothing is wrong.

    Names outside ASCII are no members of the contract; one with half a surrogate pair, which
    JSON can escape, is even none that msgspec could read.
    """
    return msgspec.convert(_known(values), LenientRequest)


def _known(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _known(value) for name, value in values.items() if name.isascii()}
    return [_known(value) for value in values] if isinstance(values, list) else values
