"""The forms of an answer (`options.format`): the calendar as it is, jCal, JSON around it, a ZIP.

    answer(request, written)  →  Answer(b"BEGIN:VCALENDAR…", "text/calendar; charset=utf-8", ".ics")

`json` is `{calendrier, uids: [{id, uid}], liens: [{id, google, …}], avertissements: [{code, path,
message}]}`, members in that order.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from icsmulti.engine.advice import Say, advice
from icsmulti.engine.answer import archive, jcal
from icsmulti.engine.answer.links import links
from icsmulti.engine.itip import MESSAGES, method_of
from icsmulti.engine.presentation import in_words
from icsmulti.engine.request import LenientOptions, LenientRequest
from icsmulti.engine.rich import Entry, Written
from icsmulti.errors import Fault

ICS = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    data: bytes
    content_type: str
    extension: str
    warnings: tuple[Fault, ...] = ()


def answer(request: LenientRequest, written: Written, *, warn: bool, say: Say) -> Answer:
    """What the request asks for.

    Args:
        request: as read.
        written: its events.
        warn: also compute the warnings, which `json` always has.
        say: a warning as a sentence, for `json`.
    """
    options = request.options or LenientOptions()
    if options.format == "zip":
        files = [(entry.occurrence.titre, written.text([entry])) for entry in written.entries]
        data = archive.archive(files)
        return Answer(data, archive.CONTENT_TYPE, ".zip", _warnings(request, written, data, warn))
    text = written.text()
    data = text.encode()
    # RFC 5545 §8.1 and RFC 7265 §9: a message says in its type which one it is.
    method = f"; method={method_of(options)}" if method_of(options) in MESSAGES else ""
    warnings = _warnings(request, written, data, warn or options.format == "json")
    if options.format == "jcal":
        return Answer(jcal.jcal(text), jcal.CONTENT_TYPE + method, ".json", warnings)
    if options.format == "json":
        made = msgspec.json.encode(
            {
                "calendrier": text,
                "uids": [{"id": e.occurrence.id, "uid": e.events[0].uid} for e in written.entries],
                "liens": _links(written, method_of(options)),
                "avertissements": [
                    {"code": one.code, "path": one.dotted, "message": say(one)} for one in warnings
                ],
            }
        )
        return Answer(made, "application/json", ".json", warnings)
    return Answer(data, ICS + method, ".ics", warnings)


def _warnings(
    request: LenientRequest, written: Written, data: bytes, wanted: bool
) -> tuple[Fault, ...]:
    if not wanted:
        return ()
    return tuple(advice(request, [entry.events for entry in written.entries], len(data)))


def _links(written: Written, method: str) -> list[dict[str, str]]:
    """For each event that a link can hold: one that takes place, once."""
    found = []
    for entry in written.entries:
        if method != "CANCEL" and entry.occurrence.statut != "annule" and _is_single(entry):
            event, about = entry.events[0], entry.about
            made = links(
                event.when.start,
                event.when.end,
                all_day=event.when.all_day,
                title=about.title,
                notes=in_words(entry.occurrence, about.notes, entry.path, written.effort),
                place=about.place,
                zone=event.when.start_zone.name,
            )
            if made:
                found.append({"id": entry.occurrence.id, **made})
    return found


def _is_single(entry: Entry) -> bool:
    """No service takes a recurrence from a link."""
    return len(entry.events) == 1 and entry.events[0].series is None
