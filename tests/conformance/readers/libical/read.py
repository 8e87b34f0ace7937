"""Reads .ics files with libical 3: one JSON string a line in, one JSON answer a line out.

Run by the system's Python, which is where the introspection bindings live. The answer is
`{"events": [...]}` or `{"refused": "..."}`; instants are Unix seconds, dates YYYY-MM-DD.
libical parses leniently and leaves its complaints in the tree as X-LIC-ERROR, so they are
asked for: a file is refused when there is one, or when a restriction of RFC 5546 is not met.
METHOD:PUBLISH without ORGANIZER is a restriction we break on purpose: judged without METHOD.
"""

import json
import re
import sys

import gi

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # noqa: E402 - the version must be asked for first


def components(parent, kind):
    child = parent.get_first_component(kind)
    while child is not None:
        yield child
        child = parent.get_next_component(kind)


def when(event, kind):
    prop = event.get_first_property(kind)
    if prop is None:
        return None
    time = prop.get_datetime_with_component(event)
    if time.is_date():
        return f"{time.get_year():04}-{time.get_month():02}-{time.get_day():02}"
    if not time.is_utc() and time.get_timezone() is None:
        raise ValueError(f"{prop.as_ical_string()} floats")
    return time.as_timet_with_zone(time.get_timezone())


def read_event(event):
    kinds = ICalGLib.PropertyKind
    return {
        "uid": event.get_uid(),
        "summary": event.get_summary() or "",
        "description": event.get_description() or "",
        "location": event.get_location() or "",
        "start": when(event, kinds.DTSTART_PROPERTY),
        "end": when(event, kinds.DTEND_PROPERTY),
        "alarms": [
            alarm.get_first_property(kinds.TRIGGER_PROPERTY).get_trigger().get_duration().as_int()
            for alarm in components(event, ICalGLib.ComponentKind.VALARM_COMPONENT)
        ],
    }


def read(text):
    calendar = ICalGLib.Component.new_from_string(re.sub("(?m)^METHOD:.*\r\n", "", text))
    if calendar is None or calendar.isa() != ICalGLib.ComponentKind.VCALENDAR_COMPONENT:
        return {"refused": "not one VCALENDAR"}
    if calendar.count_errors() or not calendar.check_restrictions():
        text = calendar.as_ical_string()
        return {"refused": "; ".join(re.findall("X-LIC-ERROR.*", text)) or "restrictions"}
    kind = ICalGLib.ComponentKind.VEVENT_COMPONENT
    try:
        return {"events": [read_event(event) for event in components(calendar, kind)]}
    except ValueError as error:
        return {"refused": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(read(json.loads(line))))
