r"""Alarms (RFC 5545 §3.6.6): one VALARM for each of `rappels`.

    {"heures": 2, "avant": "debut", "message": "Partir"}  →  TRIGGER:-PT2H
    {"minutes": 5, "avant": "fin"}                        →  TRIGGER;RELATED=END:-PT5M
    {"jours": 1}                                          →  TRIGGER:-P1D

Minutes and hours are exact, days nominal (§3.3.6): a day before ten o'clock is ten o'clock, even
across a change of hour. DESCRIPTION is required: the message, else the title.
"""

from __future__ import annotations

from icsmulti.engine.checking import Finder, few, number, text
from icsmulti.engine.contentline import content_line, escape
from icsmulti.engine.request import ALARM_MINUTES, Rappel
from icsmulti.engine.written import minutes_before
from icsmulti.errors import Path

COUNT = 10  # Proton keeps no more
MESSAGE_CHARS = 1_000
LIMITS = {"minutes": ALARM_MINUTES, "heures": ALARM_MINUTES // 60, "jours": ALARM_MINUTES // 1_440}


def valarm(trigger: str, description: str) -> str:
    """A component that shows *description* (escaped) at *trigger*: `:-PT15M`."""
    return (
        f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER{trigger}\r\n"
        f"{content_line('DESCRIPTION:', description)}END:VALARM\r\n"
    )


def valarms(rappels: list[Rappel], title: str, *, has_end: bool, path: Path, found: Finder) -> str:
    """The components of an event's `rappels`.

    Args:
        rappels: as decoded.
        title: cleaned, not escaped.
        has_end: whether a DTEND is written. Without one, RELATED=END has nothing to relate to
            (§3.8.6.3) and the start is the end.
        path: of the member.
        found: where faults go.
    """
    if not few(rappels, path, found, COUNT):
        return ""
    told: dict[tuple[bool, str, int], int] = {}
    components = ""
    for i, rappel in enumerate(rappels):
        here = (*path, i)
        distance = _distance(rappel, here, found)
        message = text(rappel.message, (*here, "message"), found, MESSAGE_CHARS)
        if not distance:
            continue
        is_of_end = rappel.avant == "fin" and has_end
        meant = is_of_end, *_meant(*distance)
        if meant in told:
            found.add("duplicate", here, "duplicate-alarm", first=told[meant])
        told[meant] = i
        related = ";RELATED=END" if is_of_end else ""
        components += valarm(f"{related}:-{_duration(*distance)}", escape(message or title))
    return components


def _distance(rappel: Rappel, path: Path, found: Finder) -> tuple[str, int] | None:
    """How long before: a unit, and how many of it; None with its fault."""
    given = [
        (unit, value)
        for unit in LIMITS
        if isinstance(value := getattr(rappel, unit), int) and not isinstance(value, bool)
    ]
    if len(given) != 1:
        found.add("missing" if not given else "conflict", path, "alarm-unit")
        return None
    unit, value = given[0]
    amount = number(value, (*path, unit), found, 0, LIMITS[unit])
    return None if amount is None else (unit, amount)


def _meant(unit: str, amount: int) -> tuple[str, int]:
    """The same for two distances that are one: an hour is sixty minutes, but a day not 24 hours."""
    if unit == "jours" and amount:
        return unit, amount
    return "minutes", amount * 60 if unit == "heures" else amount


def _duration(unit: str, amount: int) -> str:
    if unit == "jours" and amount:
        return f"P{amount}D"
    if unit == "heures" and amount < 1_000 and amount:
        return f"PT{amount}H"
    return minutes_before(amount * 60 if unit == "heures" else amount)
