"""FastAPI with ical: pydantic components, `IcsCalendarStream`, `Timezone.from_tzif`."""

# ruff: noqa: N815 - the members are named as the request names them

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Response
from ical.alarm import Alarm
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event
from ical.timezone import Timezone
from pydantic import BaseModel


class Occurrence(BaseModel):
    id: str
    titre: str
    notes: str | None = None
    dateDebut: datetime
    dateFin: datetime
    lieu: str | None = None
    touteLaJournee: bool = False
    rappelMinutes: int | None = None


class Evenement(BaseModel):
    occurrences: list[Occurrence]


class Options(BaseModel):
    fuseau: str = "Europe/Paris"


class Request(BaseModel):
    evenement: Evenement
    options: Options = Options()


def to_event(occurrence: Occurrence, zone: ZoneInfo) -> Event:
    if occurrence.touteLaJournee:
        start = occurrence.dateDebut.date()
        end = occurrence.dateFin.date() + timedelta(days=1)
    else:
        start = occurrence.dateDebut.astimezone(zone)
        end = occurrence.dateFin.astimezone(zone)
    event = Event(
        uid=occurrence.id,
        summary=occurrence.titre,
        description=occurrence.notes,
        location=occurrence.lieu,
        start=start,
        end=end,
    )
    if occurrence.rappelMinutes is not None:
        trigger = timedelta(minutes=-occurrence.rappelMinutes)
        event.alarm.append(Alarm(action="DISPLAY", trigger=trigger, description=occurrence.titre))
    return event


def to_calendar(request: Request) -> bytes:
    zone = ZoneInfo(request.options.fuseau)
    calendar = Calendar(prodid="-//bench//ical//FR")
    calendar.timezones.append(Timezone.from_tzif(request.options.fuseau))
    calendar.events.extend(
        to_event(occurrence, zone) for occurrence in request.evenement.occurrences
    )
    return IcsCalendarStream.calendar_to_ics(calendar).encode()


app = FastAPI()


@app.post("/api/generate")
async def generate(request: Request) -> Response:
    return Response(to_calendar(request), media_type="text/calendar")
