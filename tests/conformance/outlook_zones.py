"""Writes `docs/outlook-zones.md`: where Outlook's one rule a year cannot tell the truth.

    PYTHONPATH=tests python -m conformance.outlook_zones > docs/outlook-zones.md

Asked of the product itself: for every zone and year, a file with an event on the first and on
the last day. What form it gave them is read from the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby

import tzdata

from conformance import model, zone_changes
from conformance.requests import file_for, occurrence
from conformance.zone_changes import YEARS

FUTURE = 2026


@cache
def page() -> str:
    forms = {group: _irregular(group[0]) for group in _groups()}
    irregular = {group: years for group, years in forms.items() if years}
    names = sum(len(group) for group in irregular)
    lines = [
        "# Zones that Outlook cannot be told",
        "",
        "Classic Outlook reads a time zone in a file as at most one yearly change to daylight time",
        "and one back, each on a weekday of a month ([MS-OXCICAL] 2.1.3.1.1.19). We write nothing",
        "else: such a pair, or one fixed offset. Where neither is right for all the events of a",
        "file, its timed events are written in UTC, which every program reads right; they show at",
        "the right moment, and only their zone's name is lost. So no file of ours breaks the rule,",
        "and this page lists where it costs the name.",
        "",
        f"For IANA {tzdata.IANA_VERSION}, {YEARS.start} to {YEARS.stop - 1}: {len(irregular)} zones",
        f"({names} names with their aliases) of {len(forms)} have at least one year whose first and",
        "last day cannot be in one file under the zone's name. A file within a shorter time, with no",
        "change of clock or with the regular one only, keeps the name even in these years.",
        "",
        f"## From {FUTURE} on",
        "",
        "| zone | years | the changes of the first of these years (local time before → offset after) |",
        "|---|---|---|",
    ]
    for group, years in irregular.items():
        coming = [year for year in years if year >= FUTURE]
        if coming:
            lines.append(
                f"| {_names(group)} | {_ranges(coming)} | {_changes(group[0], coming[0])} |"
            )
    lines += [
        "",
        "The reasons, in the table's terms:",
        "",
        "- two changes a year, but on no one weekday of the month: a Saturday's 24:00 is a Sunday that",
        "  is now the first, now the second (Chile); a Thursday's 24:00 is not always the last Friday",
        "  (Egypt); an hour before a Sunday is not always the last Saturday (Greenland); the Friday",
        "  before a Sunday is now the fourth, now the last (Israel);",
        "- dates fixed by decree or by the moon (Gaza, Hebron, Morocco until 2026);",
        "- a rule that ends or begins: a pair must be true of the year before the first event and of",
        "  the year after the last, so that no program meets a time without an observance.",
        "",
        f"## {YEARS.start} to {FUTURE - 1}",
        "",
        "| zone | years |",
        "|---|---|",
    ]
    for group, years in irregular.items():
        past = [year for year in years if year < FUTURE]
        if past:
            lines.append(f"| {_names(group)} | {_ranges(past)} |")
    lines += [
        "",
        "Made by `PYTHONPATH=tests python -m conformance.outlook_zones`; a test compares.",
        "",
    ]
    return "\n".join(lines)


def _groups() -> list[tuple[str, ...]]:
    """Zones that are one and the same under several names, sorted; UTC itself left out."""
    by_content: dict[bytes, list[str]] = defaultdict(list)
    for name in model.zone_names():
        by_content[(files("tzdata") / "zoneinfo" / name).read_bytes()].append(name)
    return sorted(tuple(names) for names in by_content.values() if "UTC" not in names)


def _irregular(zone: str) -> list[int]:
    """The years whose first and last day a file cannot hold in the zone's own time."""
    return [year for year in YEARS if b"DTSTART;TZID=" not in _year(zone, year)]


def _year(zone: str, year: int) -> bytes:
    # At noon, hours away from any change of clock, so that nothing but the zone decides.
    days = (f"{year}-01-01T12:00:00", f"{year}-12-31T12:00:00")
    return file_for(
        *(occurrence(n, dateDebut=day, dateFin=day) for n, day in enumerate(days)), zone=zone
    )


def _names(group: tuple[str, ...]) -> str:
    return ", ".join(f"{name}" for name in group)


def _ranges(years: Iterable[int]) -> str:
    runs = []
    for _, run in groupby(enumerate(years), lambda pair: pair[1] - pair[0]):
        numbers = [year for _, year in run]
        runs.append(f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}")
    return ", ".join(runs)


def _changes(zone: str, year: int) -> str:
    tz = model.zone(zone)
    said = []
    for change in zone_changes.changes(zone):
        before, after = (
            moment.astimezone(tz) for moment in (change - timedelta(seconds=1), change)
        )
        onset = before.replace(tzinfo=None, fold=0) + timedelta(seconds=1)
        if onset.year == year:
            said.append(f"{onset:%a %d %b %H:%M} → {after:%z}")
    return ", ".join(said) or f"none in {year}, but beside it"


if __name__ == "__main__":
    print(page(), end="")
