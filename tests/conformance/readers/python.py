"""The readers that are Python libraries, read in this process.

- icalendar: most Python software. In a gap it takes the offset after it.
- ical: Home Assistant. Refuses UNTIL in a VTIMEZONE, one-shot onsets without RDATE, an alarm
  without DESCRIPTION, and most control characters.

None of these ways matters to a good file, which holds no gap, no UNTIL and no such alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from conformance.readers import Answer, Event, Refused


def _each(read: Callable[[str], list[Event]]) -> Callable[[Sequence[bytes]], list[Answer]]:
    def read_all(files: Sequence[bytes]) -> list[Answer]:
        answers: list[Answer] = []
        for data in files:
            try:
                answers.append(read(data.decode()))
            except Exception as error:
                answers.append(Refused(f"{type(error).__name__}: {error}"))
        return answers

    return read_all


@_each
def icalendar(text: str) -> list[Event]:
    from icalendar import Calendar

    calendar = Calendar.from_ical(text)
    soft = [error for component in calendar.walk() for error in component.errors]
    if soft:
        raise ValueError(soft)
    return [
        Event(
            uid=str(event.get("UID", "")),
            summary=str(event.get("SUMMARY", "")),
            description=str(event.get("DESCRIPTION", "")),
            location=str(event.get("LOCATION", "")),
            start=_instant(event["DTSTART"].dt),
            end=_instant(event["DTEND"].dt) if "DTEND" in event else None,
            alarms=tuple(_seconds(alarm["TRIGGER"].dt) for alarm in event.walk("VALARM")),
        )
        for event in calendar.walk("VEVENT")
    ]


@_each
def ical(text: str) -> list[Event]:
    from ical.calendar_stream import IcsCalendarStream

    return [
        Event(
            uid=event.uid,
            summary=event.summary or "",
            description=event.description or "",
            location=event.location or "",
            start=_instant(event.dtstart),
            end=_instant(event.dtend) if event.dtend else None,
            alarms=tuple(_seconds(alarm.trigger) for alarm in event.alarm),
        )
        for event in IcsCalendarStream.calendar_from_ics(text).events
    ]


def _instant(value: datetime | date) -> datetime | date:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError(f"{value} floats")
    return value.astimezone(UTC)


def _seconds(trigger: timedelta) -> int:
    return trigger // timedelta(seconds=1)
