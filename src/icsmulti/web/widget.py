"""The form on other people's sites: a page that says how, a script, and the frame it makes.

    GET   /widget         how to put the form on a site, with a live one
    GET   /widget.js      defines <icsmulti-widget> and ICSMulti.init; the address never changes
    GET   /widget/frame   the form, in the colours, language and title asked for
    POST  /widget/frame…  what `/app` does, answered in the frame

The frame is the only page that other sites may frame. Style and script leak neither in nor
out, no key is ever in it, and all it tells the page around it is its height.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from icsmulti.locales import LANGUAGES, negotiate
from icsmulti.web.context import Context
from icsmulti.web.docs import base_address
from icsmulti.web.form import Form, Place, form_routes
from icsmulti.web.form_fields import Fields
from icsmulti.web.middleware import CONTENT_SECURITY_POLICY
from icsmulti.web.resource import Resource
from icsmulti.web.site import localized, site_of

FRAME = "/widget/frame"
THEMES = ("auto", "light", "dark")
TITLE_CHARS = 200
SCRIPT_CACHE = "public, max-age=600"
"""Short: the address is on other people's pages for years, its content must be mendable."""

_FRAME_HEADERS = (
    (
        "Content-Security-Policy",
        CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *"),
    ),
    # Sites that isolate themselves (COEP) may frame it too.
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
)


def routes(context: Context) -> list[BaseRoute]:
    """The page in every language, the script, and the frame's addresses."""
    site = site_of(context.settings)
    script = Resource(
        site.files["widget.js"],
        "text/javascript; charset=utf-8",
        cache=SCRIPT_CACHE,
        headers=(
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("X-Content-Type-Options", "nosniff"),
        ),
    )
    pages: list[BaseRoute] = [
        Route(localized("/widget", language), _Page(site, language)) for language in LANGUAGES
    ]
    frame = Form(context, _in_a_frame)
    return [*pages, Route("/widget.js", script), *form_routes(frame, FRAME, "widget")]


class _Page:
    """The page, rendered at its first request."""

    def __init__(self, site: Any, language: str) -> None:
        self._site, self._language = site, language
        self._resource: Resource | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("icsmulti", {})["route"] = "page"
        if self._resource is None:
            base = base_address(self._site.settings)
            self._resource = self._site.kept("widget.html", self._language, "/widget", base=base)
        await self._resource(scope, receive, send)


def _in_a_frame(request: Request, fields: Fields | None) -> tuple[Place, str]:
    """Theme, language and title: in the address at first, then in fields that every answer keeps."""
    get: Callable[..., str] = fields.get if fields else request.query_params.get
    language = get("lang", "")
    if language not in LANGUAGES:
        language = negotiate(request.headers.get("accept-language", ""))
    theme = get("theme", "")
    carried = (
        ("lang", language),
        ("theme", theme if theme in THEMES else THEMES[0]),
        ("titre", _title(get("titre", ""))),
    )
    return Place(FRAME, "widget_frame.html", _FRAME_HEADERS, framed=True, carried=carried), language


def _title(text: str) -> str:
    """One line of printable characters, cut: a heading in somebody else's name is no place for more."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:TITLE_CHARS]
