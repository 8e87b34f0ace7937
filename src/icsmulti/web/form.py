"""The form: a list of events made by hand, and the same engine's calendar of it, without a key.

    GET   /app                the form, empty
    POST  /app                a button of the form, or what the page's script asks for
    POST  /app/calendar.ics   the calendar; the form again, with its faults, when there are some
    POST  /app/list.json      the list as a file: a request of the API, and what « Rouvrir » reads

It works without any script: every button is a submit button, the whole list travels in its
fields, and the server answers with the whole page. The script asks the same addresses for
parts of that page (field `part`) and puts them in place. Nothing of a list is kept here.

The widget's frame is the same form at another place (`web.widget`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from icsmulti.engine.filename import disposition
from icsmulti.engine.generate import generate
from icsmulti.engine.request import Bounds
from icsmulti.engine.zones import zone
from icsmulti.errors import (
    InvalidRequest,
    MethodNotAllowed,
    RateLimited,
    StoreUnavailable,
)
from icsmulti.locales import LANGUAGES, Catalogue, catalogue
from icsmulti.web.context import Context, Scope, client_address, client_network
from icsmulti.web.form_draft import (
    Draft,
    Row,
    add_rows,
    change,
    new_id,
    of_fields,
    of_request,
    undo_of,
)
from icsmulti.web.form_faults import FieldFault, find_faults
from icsmulti.web.form_fields import Fields, read_fields
from icsmulti.web.form_import import Import, read_import, shown, taken
from icsmulti.web.form_zones import DEFAULT_ZONE, cities_json, resolve, zone_label
from icsmulti.web.middleware import accepts_gzip
from icsmulti.web.mould import Mould
from icsmulti.web.origin import refuse_foreign_origin
from icsmulti.web.preview import Preview, lead_time, preview
from icsmulti.web.problems import status_of
from icsmulti.web.resource import Resource
from icsmulti.web.site import HTML, localized, site_of

REMINDERS_MIN = (0, 5, 10, 15, 30, 60, 120, 1_440, 2_880, 10_080)
ASIDE_FROM_ROWS = 50
"""From here judging and drawing take over 10 ms, and leave the event loop."""
NO_CACHE = {"Cache-Control": "private, no-cache"}
"""Not `no-store`: browsers that go back to such a page have forgotten what was typed in it."""
_ID_MARK = "\ufdd0"
"""A noncharacter (Unicode 23.7): no sentence and no printable title holds one."""

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form stands."""

    path: str
    """Neutral: `/app`."""
    template: str = "app.html"
    headers: tuple[tuple[str, str], ...] = ()
    framed: bool = False
    """In a page of another site: its language is a field, not a part of its path."""
    carried: tuple[tuple[str, str], ...] = ()
    """Hidden fields that every answer sends back: a frame's theme, title, language."""


Locate = Callable[[Request, Fields | None], tuple[Place, str]]
"""Where a request's form stands, and in which language; from its fields when it has some."""


@dataclass(slots=True)
class State:
    """Everything an answer shows."""

    draft: Draft
    faults: list[FieldFault]
    preview: Preview | None = None
    table: Import | None = None
    text: str = ""
    notice: tuple[str, str] | None = None
    """(kind: care or bad, sentence)."""
    status: str = ""
    undo: str = ""
    focus: int | None = None
    asked: bool = False
    """The visitor asked for the calendar or the preview: faults are summed up, and focused."""
    first: int = 0
    """The number of the first row, where rows are added to a page."""


class Form:
    """The form at one place."""

    def __init__(self, context: Context, place: Locate) -> None:
        self.context, self._place = context, place
        self.settings = context.settings
        self.bounds = Bounds(occurrences=context.settings.form_max_occurrences)
        self._empty = lru_cache(maxsize=64)(self._render_empty)  # a frame's title is anybody's

    async def page(self, request: Request) -> Response:
        """The form, empty, with an id of its own for its first row."""
        place, language = self._place(request, None)
        mould, own_id = self._empty(place, language), new_id().encode()
        headers = {**self._headers(place), "Content-Type": HTML, "Vary": "Accept-Encoding"}
        accepts = request.headers.get("accept-encoding", "").encode("latin-1")
        if not accepts_gzip(accepts):
            return Response(mould.filled(own_id), headers=headers)
        return Response(mould.gzipped(own_id), headers={**headers, "Content-Encoding": "gzip"})

    async def act(self, request: Request) -> Response:
        """A button, or a part that the script asks for."""
        place, language, fields = await self._read(request)
        words = catalogue(language)
        state = await self._aside(len(fields.pairs), self._acted, fields, words)
        answer: Response = await self._aside(
            len(fields.pairs), self._answer, state, place, language, fields.get("part")
        )
        return answer

    async def download(self, request: Request) -> Response:
        """The calendar, or the form with what keeps it from being one."""
        place, language, fields = await self._read(request)
        words, draft = catalogue(language), of_fields(fields.pairs)
        name = resolve(draft.zone)
        try:
            secret = await self._admit(cast("Scope", request.scope))
            calendar = await self._aside(
                len(fields.pairs), self._generate, draft.body(name), secret, self.context.clock()
            )
        except InvalidRequest as error:
            state = await self._aside(len(fields.pairs), self._judged, draft, fields, words)
            return self._answer(state, place, language, status=status_of(type(error)))
        except (RateLimited, StoreUnavailable) as error:
            # The page that has the list must not be lost to a page that only says why.
            request.scope["icsmulti"]["code"] = error.code
            state = State(draft, [], text=fields.get("import-text"), undo=fields.get("undo"))
            state.notice = ("care", words.say(f"form.notice.{error.code}", **error.values))
            answer = self._answer(state, place, language, status=status_of(type(error)))
            answer.headers["Retry-After"] = str(error.retry_after_s)
            return answer
        request.scope["icsmulti"]["occurrences"] = calendar.occurrences
        return Response(
            calendar.data,
            headers={
                "Content-Type": calendar.content_type,
                "Content-Disposition": calendar.disposition,
                "Cache-Control": "no-store",
            },
        )

    async def save(self, request: Request) -> Response:
        """The list as a file, finished or not."""
        _, _, fields = await self._read(request)
        draft = of_fields(fields.pairs)
        data = json.dumps(draft.request(resolve(draft.zone)), ensure_ascii=False, indent=2)
        name = disposition(draft.written()[0][1].titre).replace(".ics", ".json")
        return Response(
            data.encode("utf-8", "replace"),
            headers={
                "Content-Type": "application/json",
                "Content-Disposition": name,
                "Cache-Control": "no-store",
            },
        )

    async def _read(self, request: Request) -> tuple[Place, str, Fields]:
        scope = cast("Scope", request.scope)
        refuse_foreign_origin(scope, self.settings, allow_null=True)
        fields = await read_fields(scope, request.receive, self.settings)
        return *self._place(request, fields), fields

    async def _admit(self, scope: Scope) -> bytes:
        """Take one download of the address's limit; the site account's UID secret."""
        settings, store = self.settings, self.context.store
        if settings.form_per_minute:
            address = client_network(client_address(scope, settings.trusted_proxies))
            now = self.context.clock().timestamp()
            wait_s = await store.take(f"form:{address}", settings.form_per_minute, 60, now)
            if wait_s:
                raise RateLimited("form", wait_s, settings.form_per_minute)
        return await store.secret("site")

    def _generate(self, body: bytes, secret: bytes, now: datetime) -> Any:
        return generate(body, uid_secret=secret, now=now, bounds=self.bounds)

    async def _aside(self, fields: int, work: Callable[..., Any], *args: Any) -> Any:
        """Run it here when it is short, else in a thread."""
        if fields < ASIDE_FROM_ROWS * 10:
            return work(*args)
        return await asyncio.to_thread(work, *args)

    def _acted(self, fields: Fields, words: Catalogue) -> State:
        action, draft = fields.get("do"), of_fields(fields.pairs)
        undo, limit = fields.get("undo"), self.bounds.occurrences
        if action in ("preview", ""):
            return self._judged(draft, fields, words)
        if action in ("import", "reread", "take"):
            table = read_import(fields, words, limit, keep_choices=action != "import")
            if action == "take" and table and not table.reasons:
                return self._take(draft, table, fields, words)
            return State(draft, [], table=table, text=table.text if table else "", undo=undo)
        text = fields.get("import-text")
        if action == "open":
            return self._open(draft, fields, words)
        done = change(draft, action, undo)
        status = words.say(f"form.done.{done.done}") if done.done else ""
        return State(done.draft, [], text=text, status=status, undo=done.undo, focus=done.focus)

    def _judged(self, draft: Draft, fields: Fields, words: Catalogue) -> State:
        """The draft with its faults, and the preview of what has none."""
        name = resolve(draft.zone)
        faults = find_faults(draft, name, self.bounds, words)
        wrong = {fault.row for fault in faults}
        seen = None
        known = not any(fault.field == "fuseau" for fault in faults)
        if known and not any(fault.field == "rows" for fault in faults):
            rows = [(at, row) for at, row in draft.written() if at not in wrong]
            seen = preview(rows, name, words)
        text, undo = fields.get("import-text"), fields.get("undo")
        return State(draft, faults, seen, text=text, undo=undo, asked=True)

    def _take(self, draft: Draft, table: Import, fields: Fields, words: Catalogue) -> State:
        name = resolve(draft.zone)
        try:
            tz = zone(name)
        except KeyError:
            tz = zone(DEFAULT_ZONE)
        rows = taken(table, tz)
        first = int(fields.get("next")) if fields.get("next").isdigit() else 0
        rest = table.sheet.rest()
        sheet = replace(table.sheet, rows=tuple(row for row in table.sheet.rows if row.faults))
        left = shown(rest, sheet, table.default_min, words, table.limit) if rest else None
        made = add_rows(draft, rows) if not fields.get("part") else replace(draft, rows=tuple(rows))
        return State(
            made,
            [],
            table=left,
            text=rest,
            status=words.say("form.done.taken", n=len(rows)),
            undo=undo_of(draft),
            focus=len(made.rows) - len(rows) if rows else None,
            first=first,
        )

    def _open(self, draft: Draft, fields: Fields, words: Catalogue) -> State:
        text = fields.get("import-text")
        try:
            opened = of_request(json.loads(fields.file("open-file")), _zone_or_default)
        except (ValueError, RecursionError):
            notice = ("bad", words.say("form.notice.not-a-list"))
            return State(draft, [], text=text, undo=fields.get("undo"), notice=notice)
        if len(opened.rows) > self.bounds.occurrences:
            values = {"count": len(opened.rows), "limit": self.bounds.occurrences}
            notice = ("bad", words.say("form.faults.too-many", **values))
            return State(draft, [], text=text, undo=fields.get("undo"), notice=notice)
        if not opened.rows:
            opened = replace(opened, rows=(Row(id=new_id()),))
        status = words.say("form.done.opened")
        return State(opened, [], text=text, status=status, undo=undo_of(draft), focus=0)

    def _answer(
        self, state: State, place: Place, language: str, part: str = "", status: int = 200
    ) -> Response:
        template = "app_part.html" if part in ("judged", "import", "rows") else place.template
        return HTMLResponse(
            self._render(template, state, place, language, part=part),
            status_code=status,
            headers=self._headers(place),
        )

    def _headers(self, place: Place) -> dict[str, str]:
        return {**NO_CACHE, **dict(place.headers)}

    def _render(
        self, template: str, state: State, place: Place, language: str, **values: object
    ) -> str:
        words = catalogue(language)
        messages: dict[str, list[str]] = {}
        for fault in state.faults:
            messages.setdefault(fault.target, []).append(fault.message)
        name = resolve(state.draft.zone)
        return site_of(self.settings).render(
            template,
            language,
            place.path,
            place=place,
            action=place.path if place.framed else localized(place.path, language),
            state=state,
            faults={target: " ".join(said) for target, said in messages.items()},
            zone=zone_label(name, language) if name else "",
            reminders=[(str(n), lead_time(n, words)) for n in REMINDERS_MIN],
            lead_time=lambda minutes: lead_time(minutes, words),
            limit=self.bounds.occurrences,
            blank=Row(),
            **values,
        )

    def _render_empty(self, place: Place, language: str) -> Mould:
        state = State(Draft((Row(id=_ID_MARK),), DEFAULT_ZONE), [])
        return Mould(self._render(place.template, state, place, language, fresh=True), _ID_MARK)


class Endpoint:
    """Some methods at one address; any other is refused with the list of them.

    An object, not a function: the router leaves methods to it.
    """

    def __init__(self, label: str, **handlers: Handler) -> None:
        self._label, self._handlers = label, handlers
        self._allow = ", ".join(
            ["GET, HEAD"] * ("GET" in handlers) + ["POST"] * ("POST" in handlers)
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("icsmulti", {})["route"] = self._label
        handler = self._handlers.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if handler is None:
            raise MethodNotAllowed(self._allow)
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)


def form_routes(form: Form, path: str, label: str) -> list[BaseRoute]:
    """The four addresses of a form."""
    return [
        Route(path, Endpoint(label, GET=form.page, POST=form.act)),
        Route(f"{path}/calendar.ics", Endpoint(f"{label}-download", POST=form.download)),
        Route(f"{path}/list.json", Endpoint(f"{label}-save", POST=form.save)),
    ]


def routes(context: Context) -> list[BaseRoute]:
    """The form's page in every language, and the cities it suggests."""
    found: list[BaseRoute] = []
    for language in LANGUAGES:
        form = Form(context, _on_its_page(language))
        found += form_routes(form, localized("/app", language), "form")
        cities = Resource(cities_json(language), "application/json", cache="public, max-age=86400")
        found.append(Route(localized("/app/cities.json", language), cities))
    return found


def _on_its_page(language: str) -> Locate:
    place = Place("/app")
    return lambda request, fields: (place, language)


def _zone_or_default(name: Any) -> Any:
    """An opened list's zone; one we do not know is shown as it is, and said to be wrong there."""
    try:
        return zone(str(name))
    except KeyError:
        return zone(DEFAULT_ZONE)
