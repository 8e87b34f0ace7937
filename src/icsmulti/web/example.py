"""The example of the first page: a short list of dates and the calendar the engine makes of it.

The dates are chosen to show something: an evening, a weekend that holds the night when the
clocks go back, an afternoon just after it. The words are the language's (`home.example`).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from icsmulti.locales import catalogue
from icsmulti.settings import Settings
from icsmulti.web.resource import Resource

__all__ = ["ACCOUNT", "NOW", "Download", "long_date", "made", "shown"]

ACCOUNT = bytes(32)
"""A UID secret for examples only. It is public, so it is nobody's."""

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
"""The examples' instant: an example is the same bytes on every server."""

ZONE = "Europe/Paris"

_LIST: tuple[dict[str, Any], ...] = (
    {
        "id": "generale",
        "dateDebut": "2026-10-16T19:30",
        "dateFin": "2026-10-16T22:00",
        "rappelMinutes": 120,
    },
    {"id": "stage", "dateDebut": "2026-10-24", "dateFin": "2026-10-25", "touteLaJournee": True},
    {"id": "concert", "dateDebut": "2026-10-25T17:00", "dateFin": "2026-10-25T18:30"},
)


def request(language: str) -> dict[str, Any]:
    """The list as the API takes it, in the order of the contract's members."""
    words = catalogue(language).entry("home.example.events")
    occurrences = [
        {"id": event["id"], "titre": words[event["id"]]["titre"]}
        | {name: event[name] for name in ("dateDebut", "dateFin")}
        | ({"lieu": words[event["id"]]["lieu"]} if "lieu" in words[event["id"]] else {})
        | {n: event[n] for n in ("touteLaJournee", "rappelMinutes") if n in event}
        for event in _LIST
    ]
    return {"evenement": {"occurrences": occurrences}, "options": {"fuseau": ZONE}}


@cache
def made(body: str) -> bytes:
    """What the engine makes of a request of ours. Raises the engine's errors: a bug, here."""
    # Imported here: a page is rendered once, and the pages' module is read at every start.
    from icsmulti.engine.generate import generate  # noqa: PLC0415 - only pages need it

    return generate(body.encode(), uid_secret=ACCOUNT, now=NOW).data


def shown(settings: Settings, language: str) -> dict[str, object]:
    """What `home.html` shows: the list as a person writes it, as JSON, and the calendar."""
    listed = request(language)
    body = json.dumps(listed, ensure_ascii=False, indent=2)
    return {
        "list": [_row(event, language) for event in listed["evenement"]["occurrences"]],
        "json": body,
        "calendar": made(body).decode().replace("\r\n", "\n"),
    }


def _row(event: dict[str, Any], language: str) -> dict[str, str]:
    """One event as a programme prints it: when, what, where."""
    from icsmulti.web.nights import clock  # noqa: PLC0415 - 60 ms that only pages need

    words = catalogue(language)
    first, last = (datetime.fromisoformat(event[name]) for name in ("dateDebut", "dateFin"))
    if event.get("touteLaJournee"):
        when, hours = (
            words.say(
                "home.example.days",
                first=long_date(first.date(), language, "EEEE d"),
                last=long_date(last.date(), language),
            ),
            words.say("home.example.all_day"),
        )
    else:
        when, hours = (
            long_date(first.date(), language),
            words.say(
                "home.example.hours",
                start=clock(first, words),
                end=clock(last, words),
            ),
        )
    reminder = event.get("rappelMinutes")
    return {
        "when": when,
        "hours": hours,
        "title": event["titre"],
        "place": event.get("lieu", ""),
        "reminder": words.say("home.example.reminder", n=reminder // 60) if reminder else "",
    }


_LOCALES = {"fr": "fr_FR", "en": "en_GB"}


def long_date(day: date, language: str, pattern: str = "EEEE d MMMM y") -> str:
    """`vendredi 16 octobre 2026`, `Friday 16 October 2026`. *pattern* is CLDR's."""
    from babel.dates import format_date  # noqa: PLC0415 - as above

    return format_date(day, pattern, locale=_LOCALES.get(language, language))


class Download:
    """The example as a file to open: an endpoint, for each language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._resource: Resource | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._resource is None:
            body = json.dumps(request(self._language), ensure_ascii=False, indent=2)
            self._resource = Resource(
                made(body),
                "text/calendar; charset=utf-8",
                headers=(("Content-Disposition", 'attachment; filename="exemple.ics"'),),
            )
        await self._resource(scope, receive, send)
