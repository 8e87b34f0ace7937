"""The project's own judge: what every file we make must hold, whatever the request.

    complaints(data)  -> [] for a good file, else what is wrong, each with a stable name
    read(data)        -> its events, each DTSTART and DTEND resolved through the file's VTIMEZONE

Written from the rules (`docs/engine.md`, RFC 5545), not from the engine, and stricter than the
RFC: it also refuses what is legal but known to break some calendar program.
`outlook` holds the rules of the one program that has no library to ask.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from conformance import timezones
from conformance.contentlines import Component, Property, Unreadable, parse, unescape
from conformance.readers import Event

FOLD_OCTETS = 75
YEARS = range(1601, 4501)

_CALENDAR_PROPERTIES = ("VERSION", "PRODID", "CALSCALE", "METHOD")
_EVENT_PROPERTIES = (
    "UID",
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "SEQUENCE",
)
_OPTIONAL = {"DTEND", "DESCRIPTION", "LOCATION"}
_ALARM_PROPERTIES = ("ACTION", "TRIGGER", "DESCRIPTION")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff\ufffe\uffff]")
_UUID8 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TRIGGER = re.compile(r"-PT(0|[1-9]\d*)([MH])", re.ASCII)


# What members beyond the published ones may bring into a file that is good all the same.
_BEYOND_THE_PUBLISHED = {
    *("unexpected-property", "unexpected-component", "repeated-property", "property-order"),
    *("duplicate-uid", "mixed-forms", "trigger-form", "alarm-property", "parameters-on-utc"),
    *("onset-without-rdate", "not-one-trimmed-line", "missing-property", "unused-vtimezone"),
}


class Complaint(NamedTuple):
    code: str
    detail: str = ""


def complaints(data: bytes, *, published: bool = True) -> list[Complaint]:
    """Everything wrong with a file; empty for a good one. Never raises.

    Args:
        published: the request had the published members only. Otherwise the file may hold more
            than we know, and only what is wrong in any file is told.
    """
    found = list(_octets(data))
    try:
        calendar = parse(data)
        found.extend(_calendar(calendar))
    except UnicodeDecodeError as error:
        found.append(Complaint("not-utf-8", str(error)))
    except Unreadable as error:
        found.append(Complaint("unreadable", str(error)))
    return [c for c in found if published or c.code not in _BEYOND_THE_PUBLISHED]


def read(data: bytes) -> list[Event]:
    """The events of a file. Raises Unreadable, UnicodeDecodeError."""
    calendar = parse(data)
    zones = {z.value("TZID"): z for z in calendar.children("VTIMEZONE")}
    return [_event(event, zones) for event in calendar.children("VEVENT")]


# --- the octets (§3.1) ---------------------------------------------------------------------


def _octets(data: bytes) -> Iterator[Complaint]:
    if data.startswith(b"\xef\xbb\xbf"):
        yield Complaint("bom")
    if not data.endswith(b"\r\n"):
        yield Complaint("no-final-crlf")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        yield Complaint("bare-line-break")
    if b"\r\n\r\n" in data:
        yield Complaint("empty-line")
    for line in data.split(b"\r\n"):
        yield from _physical_line(line)


def _physical_line(line: bytes) -> Iterator[Complaint]:
    if len(line) > FOLD_OCTETS:
        yield Complaint("line-too-long", f"{len(line)} octets")
    if line in (b" ", b"\t"):
        yield Complaint("empty-continuation")
    if (len(line) - len(line.rstrip(b"\\"))) % 2:
        yield Complaint("cut-escape", repr(line[-20:]))
    try:
        text = line.decode()
    except UnicodeDecodeError:
        yield Complaint("cut-character", repr(line[:8] + line[-8:]))
    else:
        if _FORBIDDEN.search(text):
            yield Complaint("forbidden-character", repr(text))


# --- the calendar (§3.4, §3.6) -------------------------------------------------------------


def _calendar(calendar: Component) -> Iterator[Complaint]:
    yield from _properties(calendar, _CALENDAR_PROPERTIES)
    if calendar.value("VERSION") != "2.0":
        yield Complaint("version")
    if [p.value for p in calendar.all("CALSCALE")] not in ([], ["GREGORIAN"]):
        yield Complaint("calscale")
    kinds = [c.name for c in calendar.components]
    events = calendar.children("VEVENT")
    if set(kinds) - {"VTIMEZONE", "VEVENT"}:
        yield Complaint("unexpected-component", ", ".join(kinds))
    if "VEVENT" in kinds and "VTIMEZONE" in kinds[kinds.index("VEVENT") :]:
        yield Complaint("vtimezone-after-event")
    if not events:
        yield Complaint("no-event")

    uids = Counter(event.value("UID") for event in events)
    yield from (Complaint("duplicate-uid", uid) for uid, n in uids.items() if n > 1)
    if len({event.value("DTSTAMP") for event in events}) > 1:
        yield Complaint("several-dtstamps")

    zones = calendar.children("VTIMEZONE")
    names = Counter(zone.value("TZID") for zone in zones)
    used = {p.params["TZID"] for e in events for p in e.properties if "TZID" in p.params}
    yield from (Complaint("duplicate-vtimezone", name) for name, n in names.items() if n > 1)
    yield from (Complaint("unused-vtimezone", name) for name in names if name not in used)
    for zone in zones:
        yield from _zone(zone)
    by_name = {zone.value("TZID"): zone for zone in zones}
    for event in events:
        yield from _vevent(event, by_name)


def _properties(component: Component, order: tuple[str, ...]) -> Iterator[Complaint]:
    """Each of *order* once (or never, when optional), in that order, and nothing else."""
    names = [p.name for p in component.properties]
    for name in order:
        if names.count(name) > 1:
            yield Complaint("repeated-property", f"{component.name} {name}")
        if name not in names and name not in _OPTIONAL | {"CALSCALE", "METHOD"}:
            yield Complaint("missing-property", f"{component.name} {name}")
    yield from (
        Complaint("unexpected-property", f"{component.name} {name}")
        for name in names
        if name not in order
    )
    known = [name for name in names if name in order]
    if known != sorted(known, key=order.index):
        yield Complaint("property-order", f"{component.name}: {', '.join(names)}")
    for p in component.properties:
        if not p.value:
            yield Complaint("empty-property", f"{component.name} {p.name}")


def _zone(zone: Component) -> Iterator[Complaint]:
    """§3.6.5, and what readers do with it: no UNTIL, an RDATE beside every one-shot onset."""
    name = zone.value("TZID")
    if [p.name for p in zone.properties] != ["TZID"]:
        yield Complaint("vtimezone-properties", name)
    if "STANDARD" not in [c.name for c in zone.components]:
        yield Complaint("no-standard", name)
    for observance in zone.components:
        if observance.name not in ("STANDARD", "DAYLIGHT"):
            yield Complaint("unexpected-component", f"{name}: {observance.name}")
        for p in observance.properties:
            if p.params:
                yield Complaint("observance-parameters", f"{name}: {p.name} {p.params}")
        for offset in ("TZOFFSETFROM", "TZOFFSETTO"):
            if re.fullmatch(r"[+-]\d{6}", observance.value(offset)):
                yield Complaint("offset-with-seconds", name)
        dates = [p.value for p in observance.all("RDATE")]
        if not observance.all("RRULE") and observance.value("DTSTART") not in dates:
            yield Complaint("onset-without-rdate", name)
    timezones.instant(
        zone, timezones.local_time("45001231T000000")
    )  # raises on what it cannot read


# --- an event (§3.6.1) ---------------------------------------------------------------------


def _vevent(event: Component, zones: dict[str, Component]) -> Iterator[Complaint]:
    yield from _properties(event, _EVENT_PROPERTIES)
    if not _UUID8.fullmatch(event.value("UID")):
        yield Complaint("uid-form", event.value("UID"))
    if not re.fullmatch(r"\d{8}T\d{6}Z", event.value("DTSTAMP"), re.ASCII):
        yield Complaint("dtstamp-not-utc", event.value("DTSTAMP"))

    for alarm in event.components:
        yield from _alarm(alarm)
    times = [event.one("DTSTART"), *event.all("DTEND")]
    for p in times:
        yield from _time(p, zones)
    if len({re.sub(r"\d", "", p.value) for p in times}) > 1:
        yield Complaint("mixed-forms")
    read = _event(event, zones)
    if read.end is not None and type(read.end) is type(read.start) and not read.end > read.start:
        yield Complaint("end-not-after-start")

    for name in ("SUMMARY", "LOCATION"):
        for p in event.all(name):
            text = unescape(p.value)
            if "\n" in text or text != text.strip():
                yield Complaint("not-one-trimmed-line", name)


def _time(p: Property, zones: dict[str, Component]) -> Iterator[Complaint]:
    if int(p.value[:4]) not in YEARS:
        yield Complaint("year-out-of-range", p.value)
    if re.fullmatch(r"\d{8}", p.value):
        if p.params != {"VALUE": "DATE"}:
            yield Complaint("date-parameters", f"{p.name} {p.params}")
    elif p.value.endswith("Z"):
        if p.params:
            yield Complaint("parameters-on-utc", f"{p.name} {p.params}")
    elif set(p.params) == {"TZID"} and p.params["TZID"] in zones:
        times = timezones.happens(zones[p.params["TZID"]], timezones.local_time(p.value))
        if times != 1:
            yield Complaint("ambiguous-time" if times else "nonexistent-time", p.value)


def _alarm(alarm: Component) -> Iterator[Complaint]:
    """§3.6.6; integers only, no single number above 9 999 (Proton drops such an alarm) if avoidable."""
    if alarm.name != "VALARM":
        yield Complaint("unexpected-component", alarm.name)
        return
    for name in _ALARM_PROPERTIES:
        if len(alarm.all(name)) != 1 or not alarm.value(name):
            yield Complaint("alarm-property", name)
            return
    if alarm.value("ACTION") != "DISPLAY":
        yield Complaint("alarm-action", alarm.value("ACTION"))
    trigger = _TRIGGER.fullmatch(alarm.value("TRIGGER"))
    if not trigger or alarm.one("TRIGGER").params:
        yield Complaint("trigger-form", alarm.value("TRIGGER"))
    elif trigger[2] == "M" and int(trigger[1]) >= 10_000:
        hours, minutes = divmod(int(trigger[1]), 60)
        if not minutes and hours <= 999:
            yield Complaint("trigger-too-many-minutes", trigger[0])
    unescape(alarm.value("DESCRIPTION"))


def _event(event: Component, zones: dict[str, Component]) -> Event:
    def text(name: str) -> str:
        return "".join(unescape(p.value) for p in event.all(name))

    ends = event.all("DTEND")
    return Event(
        uid=event.value("UID"),
        summary=text("SUMMARY"),
        description=text("DESCRIPTION"),
        location=text("LOCATION"),
        start=_when(event.one("DTSTART"), zones),
        end=_when(event.one("DTEND"), zones) if ends else None,
        alarms=tuple(_seconds(a.value("TRIGGER")) for a in event.children("VALARM")),
    )


def _when(p: Property, zones: dict[str, Component]) -> datetime | date:
    if re.fullmatch(r"\d{8}", p.value, re.ASCII):
        return timezones.local_time(p.value + "T000000").date()
    if p.value.endswith("Z"):
        return timezones.local_time(p.value[:-1]).replace(tzinfo=UTC)
    if "TZID" not in p.params:
        raise Unreadable(f"{p.name}:{p.value} floats")
    if p.params["TZID"] not in zones:
        raise Unreadable(f"no VTIMEZONE for {p.params['TZID']}")
    return timezones.instant(zones[p.params["TZID"]], timezones.local_time(p.value))


def _seconds(trigger: str) -> int:
    """§3.3.6: a day is nominal and told here as 24 hours."""
    match = re.fullmatch(
        r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", trigger, re.ASCII
    )
    if match is None or trigger.endswith(("P", "T")):
        raise Unreadable(f"TRIGGER:{trigger}")
    days, hours, minutes, seconds = (int(n or 0) for n in match.groups()[1:])
    size = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return (-size if match[1] else size) // timedelta(seconds=1)
