"""One date of a series as it is instead: the members of its own VEVENT (RFC 5545 §3.8.4.4).

    {"dateOriginale": "2026-07-14T12:00", "lieu": "Salle B"}   over the series' own members

Members that are absent stay as in the series; the date moves to `dateDebut` if that is given, and
lasts as long as the others unless `dateFin` or `duree` says otherwise. The outcome is an event like
any other, read and checked as such.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from icsmulti.engine.checking import UNKNOWN
from icsmulti.engine.event import When

SERIES_MEMBERS = (
    "recurrence",
    "regle",
    "exceptions",
    "datesSupplementaires",
    "modifications",
)
_FIXED = ("id", "touteLaJournee", *SERIES_MEMBERS)
_EITHER = (("rappels", "rappelMinutes"), ("dateFin", "duree"))
"""Members of which only one may be there: a new one takes the place of both."""

_ABSENT = (None, "")
_SECOND = timedelta(seconds=1)


def fixed(members: dict[str, Any], change: dict[str, Any]) -> list[str]:
    """The members that one date would have otherwise than its series, and cannot."""
    return [
        name
        for name in _FIXED
        if (value := change.get(name)) not in _ABSENT
        and members.get(name) is not UNKNOWN
        and value != (members.get(name) or False)
    ]


def overlay(
    members: dict[str, Any],
    change: dict[str, Any],
    when: When | None,
    date: datetime | None,
) -> dict[str, Any]:
    """The members of one date; `UNKNOWN` those that follow from what is wrong elsewhere.

    Args:
        members: the series'.
        change: the modification's, as decoded or as they came, like *members*.
        when: the series' first date, if it can be told.
        date: the one that changes, if it can: an instant in UTC, or midnight of a whole day.
    """
    given = {
        name: value
        for name, value in change.items()
        if value not in _ABSENT and name != "dateOriginale" and name not in _FIXED
    }
    merged = {name: value for name, value in members.items() if name not in SERIES_MEMBERS}
    for pair in _EITHER:
        if any(name in given for name in pair):
            for name in pair:
                merged.pop(name, None)
    if when is None or date is None:
        merged["dateDebut"] = UNKNOWN
    else:
        merged["dateDebut"] = str(date.date()) if when.all_day else f"{date.isoformat()}Z"
    if any(name in given for name in ("dateFin", "duree")):
        return merged | given
    if when is None or members.get("dateFin") is UNKNOWN:
        merged |= {"dateFin": UNKNOWN, "duree": None}
    elif merged.get("duree") in _ABSENT:
        length = when.end - when.start
        merged["dateFin"] = None
        if when.all_day:
            merged["duree"] = f"P{length.days}D"
        elif length:
            merged["duree"] = f"PT{length // _SECOND}S"
        else:
            merged["dateFin"] = given.get("dateDebut", merged["dateDebut"])
    return merged | given
