"""FastAPI with icalendar: `Calendar.new`, `Event.new`, `add_missing_timezones`."""

# ruff: noqa: N815 - the members are named as the request names them

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Response
from icalendar import Alarm, Calendar, Event
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
    event = Event.new(
        uid=occurrence.id,
        summary=occurrence.titre,
        description=occurrence.notes,
        location=occurrence.lieu,
        start=start,
        end=end,
    )
    if occurrence.rappelMinutes is not None:
        trigger = timedelta(minutes=-occurrence.rappelMinutes)
        event.add_component(Alarm.new_display(description=occurrence.titre, trigger=trigger))
    return event


def to_calendar(request: Request) -> bytes:
    zone = ZoneInfo(request.options.fuseau)
    events = [to_event(occurrence, zone) for occurrence in request.evenement.occurrences]
    calendar = Calendar.new(prodid="-//bench//icalendar//FR", subcomponents=events)
    calendar.add_missing_timezones()
    return calendar.to_ical()


app = FastAPI()


@app.post("/api/generate")
async def generate(request: Request) -> Response:
    return Response(to_calendar(request), media_type="text/calendar")
