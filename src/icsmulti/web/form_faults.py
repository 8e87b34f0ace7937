"""What the engine finds wrong in a draft, said beside the field where it can be mended.

The engine judges the whole list. Here a path of the contract only becomes a field of the form,
and a code the sentence for a person (`form.faults`); the engine's own sentence stands where the
form has no field, for members that came with an opened list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from icsmulti.engine.faults import examine
from icsmulti.engine.request import Bounds
from icsmulti.engine.times import parse
from icsmulti.engine.zones import zone
from icsmulti.errors import Fault, InvalidRequest
from icsmulti.locales import Catalogue
from icsmulti.locales.sentences import describe_fault, describe_message
from icsmulti.web.form_draft import Draft, Row
from icsmulti.web.nights import why_end_is_too_early

FAULTS_A_ROW = 50

_FIELD = {
    "titre": "titre",
    "notes": "notes",
    "dateDebut": "jour",
    "dateFin": "fin_heure",
    "lieu": "lieu",
    "rappelMinutes": "rappel",
    "url": "lien",
    "statut": "statut",
    "recurrence": "repete",
}


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing to mend."""

    row: int | None
    """Position in the draft; None for the list's own fields."""
    field: str
    message: str

    @property
    def target(self) -> str:
        """The id of the element that has it, as the templates write it."""
        return self.field if self.row is None else f"o{self.row}-{self.field}"


def find_faults(draft: Draft, zone_name: str, bounds: Bounds, words: Catalogue) -> list[FieldFault]:
    """Everything to mend before this draft can become a calendar, from top to bottom."""
    written = draft.written()
    # All of them: the API lists twenty, but each field here has a place for its own.
    bounds = replace(bounds, listed_faults=len(written) * FAULTS_A_ROW)
    try:
        examine(draft.request(zone_name), bounds)
    except InvalidRequest as error:
        found = [
            each
            for fault in error.faults
            for each in _in_words(fault, draft, written, zone_name, words)
        ]
        return sorted(found, key=lambda fault: -1 if fault.row is None else fault.row)
    return []


def _in_words(
    fault: Fault,
    draft: Draft,
    written: Sequence[tuple[int, Row]],
    zone_name: str,
    words: Catalogue,
) -> Iterator[FieldFault]:
    match fault.path:
        case ("evenement", "occurrences", int(n), "dateFin") if (
            fault.reason == "end-before-start"
            and (night := _night(written[n][1], zone_name, words))
        ):
            yield FieldFault(written[n][0], "fin_heure", night)
        case ("evenement", "occurrences", int(n), str(member), *_):
            yield from _of_a_row(fault, member, *written[n], words)
        case ("evenement", "occurrences"):
            yield FieldFault(None, "rows", words.say("form.faults.too-many", **fault.values))
        case ("options", "fuseau"):
            message = words.say("form.faults.unknown-zone", value=draft.zone[:100])
            yield FieldFault(None, "fuseau", message)
        case _:  # a member that the form does not show, from a list made elsewhere
            yield FieldFault(None, "rows", describe_fault(fault, words))


def _night(row: Row, zone_name: str, words: Catalogue) -> str:
    """The change of clocks that puts an end before its start; empty where it is no fault of theirs."""
    members = row.occurrence()
    if "fuseauFin" in members:  # two zones, in a list made elsewhere: two clocks
        return ""
    tz = zone(members.get("fuseau") or zone_name)
    start, end = parse(members["dateDebut"]), parse(members["dateFin"])
    return why_end_is_too_early(tz, start.wall, end.wall, words)


def _of_a_row(
    fault: Fault, member: str, at: int, row: Row, words: Catalogue
) -> Iterator[FieldFault]:
    field, key = _FIELD.get(member, ""), fault.reason
    if member == "dateDebut" and not row.jour:
        key = "jour-missing"
    elif member == "dateDebut" and not row.journee and not row.heure:
        field, key = "heure", "heure-missing"
    elif member == "dateFin" and not row.journee and not row.fin_heure:
        key = "fin_heure-missing"
    elif member == "dateFin" and row.journee:
        if not row.fin_jour:  # the start's own fault, said there
            return
        field = "fin_jour"
    elif member == "dateFin" and fault.code != "end-before-start" and not row.fin_jour:
        if not row.jour or fault.reason == "date-year":
            return
    elif member == "titre" and fault.code in ("empty", "missing"):
        key = "titre-missing"
    elif member == "id":
        field = "titre"
    elif member == "rappels":
        place = fault.path[4] if len(fault.path) > 4 else None
        field = list(row.reminders)[place] if isinstance(place, int) else "rappel"
    elif member == "recurrence":
        field = "repete_fin" if fault.path[-1] == "jusquA" else "repete"
        if fault.code == "missing":
            key = "repete-missing"
    own = [each for each in (key, fault.code) if words.has(f"form.faults.{each}")]
    if field and own:
        message = words.say(f"form.faults.{own[0]}", **fault.values)
    else:  # the engine's own words, which stand in the middle of a sentence
        said = describe_message(fault, words)
        own_field = field and not row.plus
        message = (
            f"{said[:1].upper()}{said[1:]}."
            if own_field
            else words.say("form.faults.member", member=member, message=said)
        )
    yield FieldFault(at, field or "titre", message)
    if (
        key == "jour-missing" and not row.journee and not row.heure
    ):  # the end's hour is asked for too
        yield FieldFault(at, "heure", words.say("form.faults.heure-missing"))
