"""The request bytes that every contender receives, and what a right answer to them holds.

    WORKLOADS["n10"].bodies[0] == b'{"evenement":{"occurrences":[{"id":"evt-0",...

Everything is in the published contract (`POST /api/generate`): a peer may do less with a
request than the product does, but it never gets other bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

FIRST_DAY = date(2026, 1, 5)
DAYS = 700  # two years of dates: both halves of the clock change, several times
PARIS = "Europe/Paris"

# Regular and irregular, half hours and quarter hours, both hemispheres, with and without summer time.
FIFTY_ZONES = (
    "Europe/Paris",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Berlin",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Athens",
    "Europe/Helsinki",
    "Europe/Kyiv",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Europe/Chisinau",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Halifax",
    "America/St_Johns",
    "America/Toronto",
    "America/Mexico_City",
    "America/Bogota",
    "America/Lima",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Argentina/Buenos_Aires",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Africa/Cairo",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Africa/Johannesburg",
    "Africa/Tunis",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Honolulu",
)


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of request.

    `bodies` are sent in rotation; `titles` are the first and last titles of each, `starts` the
    instant (or date) of each first event, all of which the answer must hold.
    """

    name: str
    says: str
    events: int
    bodies: tuple[bytes, ...]
    titles: tuple[tuple[str, str], ...]
    starts: tuple[datetime | date, ...]


Occurrence = dict[str, Any]


def french(i: int) -> Occurrence:
    """The published example's own words, longer than one line once folded; half with an alarm."""
    occurrence: Occurrence = {
        "id": f"evt-{i}",
        "titre": f"Réunion hebdomadaire n° {i + 1}",
        "notes": "Ordre du jour à confirmer ; apporter le compte rendu, les chiffres du mois et l’état des congés.",
        **_times(i),
        "lieu": "Salle Élysée, 12 rue de l’Église, Paris",
        "touteLaJournee": False,
    }
    if i % 2 == 0:
        occurrence["rappelMinutes"] = 15
    return occurrence


def ascii_only(i: int) -> Occurrence:
    return {
        **french(i),
        "titre": f"Weekly team meeting no. {i + 1}",
        "notes": "Agenda to be confirmed; bring the minutes, the figures of the month and the leave calendar.",
        "lieu": "Room 12, 12 Church Street, Springfield",
    }


def with_alarm(i: int) -> Occurrence:
    return {**french(i), "rappelMinutes": (15, 30, 60, 1440)[i % 4]}


def all_day(i: int) -> Occurrence:
    day = FIRST_DAY + timedelta(days=i % DAYS)
    return {
        **french(i),
        "dateDebut": day.isoformat(),
        "dateFin": (day + timedelta(days=i % 3)).isoformat(),
        "touteLaJournee": True,
    }


def _times(i: int) -> Occurrence:
    start = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 8, tzinfo=UTC)
    start += timedelta(days=i % DAYS, hours=i % 9, minutes=15 * (i % 4))
    return {"dateDebut": _zulu(start), "dateFin": _zulu(start + timedelta(hours=1))}


def _zulu(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def request(occurrences: list[Occurrence], zone: str = PARIS) -> bytes:
    """As JavaScript's `JSON.stringify` would send it: UTF-8, no spaces, no escapes."""
    body = {"evenement": {"occurrences": occurrences}, "options": {"fuseau": zone}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def workload(
    name: str,
    says: str,
    one: Callable[[int], Occurrence],
    events: int,
    zones: tuple[str, ...] = (PARIS,),
) -> Workload:
    occurrences = [one(i) for i in range(events)]
    first, last = occurrences[0], occurrences[-1]
    return Workload(
        name=name,
        says=says,
        events=events,
        bodies=tuple(request(occurrences, zone) for zone in zones),
        titles=((first["titre"], last["titre"]),) * len(zones),
        starts=(_start(first),) * len(zones),
    )


def _start(occurrence: Occurrence) -> datetime | date:
    text = occurrence["dateDebut"]
    return (
        date.fromisoformat(text) if occurrence["touteLaJournee"] else datetime.fromisoformat(text)
    )


def _spaced(occurrences: int) -> str:
    return f"{occurrences:,} occurrence".replace(",", " ") + "s" * (occurrences > 1)


def in_one_go() -> dict[str, Workload]:
    made = [
        *(
            workload(
                f"n{n}",
                f"{_spaced(n)}, French text, half with an alarm",
                french,
                n,
            )
            for n in (1, 10, 100, 1_000, 10_000)
        ),
        workload("ascii", "100 occurrences, ASCII text", ascii_only, 100),
        workload("alarms", "100 occurrences, each with an alarm", with_alarm, 100),
        workload("allday", "100 all-day occurrences", all_day, 100),
        workload(
            "zones50",
            "50 requests in rotation, each of 10 occurrences in another zone",
            french,
            10,
            FIFTY_ZONES,
        ),
    ]
    return {each.name: each for each in made}


def one_bad_field(events: int) -> bytes:
    """A good request but for its last occurrence, which ends before it starts."""
    occurrences = [french(i) for i in range(events)]
    occurrences[-1]["dateFin"] = "2020-01-01T00:00:00Z"
    return request(occurrences)


def all_faulty(events: int) -> bytes:
    """As many faults as occurrences; the same size as the good request within an octet each."""
    return request([{**french(i), "dateFin": "2020-01-01T00:00:00Z"} for i in range(events)])


def richer(events: int) -> bytes:
    """Each with some of the members that the published contract does not have."""
    more = {"url": "https://exemple.fr/reunion", "categories": ["Réunion"], "priorite": 5}
    return request([{**french(i), **more} for i in range(events)])


WORKLOADS = in_one_go()
