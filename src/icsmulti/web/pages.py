"""Which pages there are. Adding one is a template and a line of `PAGES`.

Each page is rendered at its first request, per language, and kept: none depends on who asks.
What a page shows beyond its sentences is made by the function its line names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from icsmulti.errors import IcsMultiError
from icsmulti.locales import DEFAULT, LANGUAGES, catalogue, negotiate
from icsmulti.settings import Settings, read
from icsmulti.web import docs, example
from icsmulti.web.context import Context
from icsmulti.web.resource import Resource
from icsmulti.web.site import HTML, document, language_of, localized, neutral, site_of

__all__ = ["PAGES", "error_page", "routes"]

Values = Mapping[str, object]


def _nothing(settings: Settings, language: str) -> Values:
    return {}


class Page(NamedTuple):
    """One line of the table: its French path, its template, and what fills it."""

    path: str
    template: str
    values: Callable[[Settings, str], Values] = _nothing
    media_type: str = HTML
    is_served: Callable[[Settings], bool] = lambda settings: True


def _operators_text(setting: str) -> Callable[[Settings, str], Values]:
    """The text of a file that the operator named, Markdown or plain."""

    def values(settings: Settings, language: str) -> Values:
        text = document(Path(getattr(settings, setting)).read_text("utf-8"))
        # One text for every language: it is taken to be in the product's first one.
        return {"text": text, "titled": "<h1>" in text, "tongue": DEFAULT}

    return values


MARKDOWN = "text/markdown; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"

PAGES = (
    Page("/", "home.html", example.shown),
    Page("/api-docs", "api_docs.html", docs.reference),
    Page("/api-key", "api_key.html", docs.key_page),
    Page("/security", "security.html"),
    Page(
        "/mentions-legales",
        "legal.html",
        _operators_text("legal_notice"),
        is_served=lambda settings: bool(settings.legal_notice),
    ),
    Page(
        "/confidentialite",
        "privacy.html",
        _operators_text("privacy_notice"),
        is_served=lambda settings: bool(settings.privacy_notice),
    ),
    Page("/docs.md", "docs.md.txt", docs.reference, MARKDOWN),
    Page("/llms.txt", "llms.txt", docs.reference, PLAIN),
)

FOR_MACHINES = (
    Page("/robots.txt", "robots.txt", media_type=PLAIN),
    Page(
        "/sitemap.xml",
        "sitemap.xml",
        media_type="application/xml; charset=utf-8",
        is_served=lambda settings: bool(settings.public_url),
    ),
)
"""The same in every language."""

_FORM_PATHS = ("/app", "/widget")


class _Kept:
    """A page's endpoint: rendered at the first request, the same bytes ever after."""

    def __init__(self, settings: Settings, page: Page, language: str) -> None:
        self._settings, self._page, self._language = settings, page, language
        self._resource: Resource | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._resource is None:
            page, language = self._page, self._language
            values = page.values(self._settings, language)
            served = [
                each.path
                for each in PAGES
                if each.media_type == HTML and each.is_served(self._settings)
            ]
            text = site_of(self._settings).render(
                page.template, language, page.path, served=[*served, *_FORM_PATHS], **values
            )
            self._resource = Resource(text.encode(), page.media_type)
        await self._resource(scope, receive, send)


def routes(context: Context) -> list[BaseRoute]:
    """The pages in every language, the static files, and what machines ask for by custom."""
    settings = context.settings
    found: list[BaseRoute] = [
        Route(localized(page.path, language), _Kept(settings, page, language))
        for page in PAGES
        if page.is_served(settings)
        for language in LANGUAGES
    ]
    found += [
        Route(localized("/exemple.ics", language), example.Download(language))
        for language in LANGUAGES
    ]
    found += [
        Route(page.path, _Kept(settings, page, DEFAULT))
        for page in FOR_MACHINES
        if page.is_served(settings)
    ]
    if settings.security_contact:
        found.append(Route("/.well-known/security.txt", _security_txt(context)))
    found += [Route(f"/{language}", _to_its_home) for language in LANGUAGES if language != DEFAULT]
    static: Mount = site_of(settings).static()
    return [*found, Route("/favicon.ico", _to_the_icon(settings)), static]


def _security_txt(context: Context) -> Callable[[Any], Any]:
    """Who to tell of a fault (RFC 9116). It must say when it ends, within a year (§2.5.5)."""

    async def answer(request: Any) -> Response:
        expires = (context.clock() + timedelta(days=300)).strftime("%Y-%m-%dT00:00:00Z")
        text = site_of(context.settings).render(
            "security.txt", DEFAULT, "/.well-known/security.txt", expires=expires
        )
        return PlainTextResponse(text, headers={"Cache-Control": "max-age=86400"})

    return answer


async def _to_its_home(request: Any) -> Response:
    """`/en` is `/en/`."""
    return RedirectResponse(request.scope["path"] + "/", status_code=308)


def _to_the_icon(settings: Settings) -> Callable[[Any], Any]:
    async def redirect(request: Any) -> Response:
        return RedirectResponse(site_of(settings).asset("icon.svg"), status_code=308)

    return redirect


def error_page(scope: Any, status: int, error: IcsMultiError) -> Response:
    """An error as a page: what happened, what to do, and the number to quote.

    In the language of the path; where the path is not a page's, in the reader's.
    """
    path: str = scope["path"]
    known: Mapping[str, Any] = scope.get("icsmulti") or {}
    language = language_of(path)
    if language == DEFAULT and neutral(path) not in _PATHS:
        headers = dict(scope.get("headers", ()))
        language = negotiate(headers.get(b"accept-language", b"").decode("latin-1"))
    words = catalogue(language)
    settings: Settings = known.get("settings") or read({})
    name = str(status) if words.has(f"errors_pages.{status}") else "other"
    body = site_of(settings).render(
        "error.html",
        language,
        # The language switch leads home: the page asked for is in no language.
        "/",
        indexed=False,
        status=status,
        name=name,
        request_id=known.get("request_id", ""),
        retry_after_s=getattr(error, "retry_after_s", None),
    )
    return HTMLResponse(body, status_code=status, headers={"Cache-Control": "no-store"})


_PATHS = {*(page.path for page in PAGES), *_FORM_PATHS}
