"""What a METHOD asks of its events (RFC 5546 §3.2), so that no file says what nobody may say.

| methode | organisateur | participants | besides |
|---|---|---|---|
| PUBLISH (default) | may | never (§3.2.1) | |
| REQUEST | must | one at least (§3.2.2) | one event a file; no statut "annule" |
| CANCEL | must | may (§3.2.5) | one event a file; sequence above 0; no alarm; STATUS:CANCELLED |
| AUCUNE | with participants | may | no METHOD line: not a message |

One event: all VEVENTs of a message share a UID; with several, macOS imports none and Outlook one.
With `format: "zip"` each event has a file of its own, and a message may hold many.
"""

from __future__ import annotations

from icsmulti.engine.checking import Finder
from icsmulti.engine.request import LenientOccurrence, LenientOptions
from icsmulti.errors import Path

MESSAGES = ("REQUEST", "CANCEL")


def method_of(options: LenientOptions) -> str:
    return options.methode or "PUBLISH"


def check_file(options: LenientOptions, occurrences: int, found: Finder) -> None:
    """What concerns the file as a whole."""
    if method_of(options) in MESSAGES and occurrences > 1 and options.format != "zip":
        found.add("conflict", ("options", "methode"), "method-one-event", method=options.methode)


def check_event(o: LenientOccurrence, method: str, path: Path, found: Finder) -> None:
    """What concerns one event, each fault on the member that is to change."""
    if not o.organisateur and (method in MESSAGES or (method == "AUCUNE" and o.participants)):
        found.add("missing", (*path, "organisateur"), "method-organizer", method=method)
    if method == "REQUEST" and not o.participants:
        found.add("missing", (*path, "participants"), "method-attendee", method=method)
    if method == "PUBLISH" and o.participants:
        found.add("conflict", (*path, "participants"), "publish-attendee")
    if method == "REQUEST" and o.statut == "annule":
        found.add("conflict", (*path, "statut"), "request-cancelled")
    if method == "CANCEL":
        if o.statut and o.statut != "annule":
            found.add("conflict", (*path, "statut"), "cancel-status")
        if not o.sequence:
            found.add("missing", (*path, "sequence"), "cancel-sequence")
        if o.rappels:
            found.add("conflict", (*path, "rappels"), "cancel-alarm")
        if isinstance(o.rappelMinutes, int | float):
            found.add("conflict", (*path, "rappelMinutes"), "cancel-alarm")
