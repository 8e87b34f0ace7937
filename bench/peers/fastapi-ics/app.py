"""FastAPI with ics.py: `Calendar`, `Event`, `DisplayAlarm`; it writes every time in UTC."""

# ruff: noqa: N815 - the members are named as the request names them

from datetime import datetime, timedelta

from fastapi import FastAPI, Response
from ics import Calendar, DisplayAlarm, Event
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


def to_event(occurrence: Occurrence) -> Event:
    event = Event(
        uid=occurrence.id,
        name=occurrence.titre,
        description=occurrence.notes,
        location=occurrence.lieu,
        begin=occurrence.dateDebut,
        end=occurrence.dateFin,
    )
    if occurrence.touteLaJournee:
        event.make_all_day()
    if occurrence.rappelMinutes is not None:
        trigger = timedelta(minutes=-occurrence.rappelMinutes)
        event.alarms.append(DisplayAlarm(trigger=trigger, display_text=occurrence.titre))
    return event


def to_calendar(request: Request) -> bytes:
    events = [to_event(occurrence) for occurrence in request.evenement.occurrences]
    return Calendar(events=events).serialize().encode()


app = FastAPI()


@app.post("/api/generate")
async def generate(request: Request) -> Response:
    return Response(to_calendar(request), media_type="text/calendar")
