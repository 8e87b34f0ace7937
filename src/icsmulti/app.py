"""The composition root: settings, store and clock become one ASGI application.

`/api/generate` goes straight to its endpoint; everything else through one router. The store
is opened when the server starts and closed when it ends: who opens, closes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Router

from icsmulti.errors import MethodNotAllowed, NotFound
from icsmulti.keys import KeyStore, Limits, open_store
from icsmulti.settings import Settings, read
from icsmulti.web import api, form, keys, openapi, operations, pages, widget
from icsmulti.web.context import Context, Scope
from icsmulti.web.middleware import App, Envelope, Receive, Send

GIL_SWITCH_S = 0.0005
"""How long a large request may hold the interpreter while small ones wait: Python's own 5 ms would
show in their latency. Where all requests are large it costs them 4 % beside that."""


def create_app() -> App:
    """The application of this process's environment: what a server process calls."""
    settings = read(os.environ)
    limits = Limits(settings.limit_per_minute, settings.limit_per_day)
    sys.setswitchinterval(GIL_SWITCH_S)
    return build_app(settings, open_store(settings.store, limits), lambda: datetime.now(UTC))


def build_app(settings: Settings, store: KeyStore, clock: Callable[[], datetime]) -> App:
    """The application around a store that is not yet open, with a clock of the caller's."""
    context = Context(settings, store, clock)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await store.open()
        try:
            yield
        finally:
            await store.close()

    parts = (operations, openapi, keys, form, widget, pages)
    router = Router(
        [route for part in parts for route in part.routes(context)],
        redirect_slashes=False,
        lifespan=lifespan,
    )
    return Envelope(_Dispatch(router, api.Generate(context)), context)


class _Dispatch:
    """The hot endpoint first; the router's refusals as errors of ours."""

    def __init__(self, router: Router, generate: api.Generate) -> None:
        self._router, self._generate = router, generate

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["path"] == api.PATH:
            return self._generate(scope, receive, send)
        return self._route(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # tells Starlette's router to raise instead of answering in English
        try:
            await self._router(scope, receive, send)
        except HTTPException as refusal:
            if refusal.status_code != 405:
                raise NotFound from None
            allow = (refusal.headers or {}).get("Allow", "GET, HEAD")
            raise MethodNotAllowed(allow) from None
