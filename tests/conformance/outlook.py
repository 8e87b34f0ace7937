"""A lint for the one big reader without a library: classic Outlook and Exchange.

Each rule is Microsoft's own ([MS-OXCICAL] 2.1.3.1.1.19 unless named, [MS-STANOICAL]): a
VTIMEZONE is approximated to one yearly change to daylight time and one back, of which only
TZID, DTSTART, RRULE and the two offsets are read; several STANDARD make it take the latest,
or fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.contentlines import Component, Unreadable, parse, unescape
from conformance.judge import Complaint
from conformance.timezones import yearly_rule

UID_OCTETS = 202
"""[MS-STANOICAL] 2.1.10: beyond these two UIDs are not told apart."""
LOCATION_UTF16_UNITS = 255


def complaints(data: bytes, *, own_text: bool = True) -> list[Complaint]:
    """What Outlook would misread. Empty for a file it reads right.

    Args:
        own_text: False leaves out the length of LOCATION, which is the caller's to choose.
    """
    try:
        calendar = parse(data)
        found = [c for zone in calendar.children("VTIMEZONE") for c in _zone(zone)]
        found += _calendar(calendar, own_text)
    except (Unreadable, UnicodeDecodeError) as error:
        return [Complaint("unreadable", str(error))]
    return found


def _zone(zone: Component) -> Iterator[Complaint]:
    name = zone.value("TZID")
    standard, daylight = zone.children("STANDARD"), zone.children("DAYLIGHT")
    if len(standard) != 1:
        yield Complaint("not-one-standard", f"{name}: {len(standard)}")
    if len(daylight) > 1:
        yield Complaint("several-daylight", f"{name}: {len(daylight)}")
    for observance in zone.components:
        if observance.all("RDATE") and daylight:
            yield Complaint("rdate-in-a-pair", name)
        if daylight and not observance.all("RRULE"):
            yield Complaint("no-yearly-rule", name)
        for rule in observance.all("RRULE"):
            try:
                yearly_rule(rule.value)
            except Unreadable as error:
                yield Complaint("rule-outlook-cannot-follow", f"{name}: {error}")
        for offset in ("TZOFFSETFROM", "TZOFFSETTO"):
            values = [p.value for p in observance.all(offset)]
            if len(values) != 1 or not re.fullmatch(r"[+-]\d{4}", values[0], re.ASCII):
                yield Complaint("offset", f"{name}: {offset} {values}")


def _calendar(calendar: Component, own_text: bool) -> Iterator[Complaint]:
    events = calendar.children("VEVENT")
    if calendar.all("X-WR-CALNAME") and len(events) == 1:
        yield Complaint("calendar-name-on-one-event")
    for event in events:
        if len(event.value("UID").encode()) > UID_OCTETS:
            yield Complaint("uid-too-long")
        if len(event.components) > 1:
            yield Complaint("several-alarms")
        for p in [event.one("DTSTART"), *event.all("DTEND")]:
            if not 1601 <= int(p.value[:4]) <= 4500:
                yield Complaint("year", p.value)
        for p in event.all("LOCATION"):
            place = unescape(p.value)
            if "\n" in place or "\r" in place:
                yield Complaint("location-line-break")
            if own_text and len(place.encode("utf-16-le")) // 2 > LOCATION_UTF16_UNITS:
                yield Complaint("location-too-long")
