"""The site's workshop: templates, words, addresses and files become answers.

    site = site_of(context.settings)
    site.kept("home.html", "fr", "/")             a page that is always the same, kept in memory
    site.answer("app.html", "en", "/app", rows=rows)   a page made for one request

Every template gets `t(key, **values)` (a sentence), `md(key, **values)` (the same, with inline
Markdown), `url(path)` (the path in the page's language), `asset(name)` (the address of a static
file, which changes with the files), `language`, `path` and `settings`.

A page's path is the French one; `/en` before it is English. Which pages there are, and what
they hold, is `pages`' business.
"""

from __future__ import annotations

import hashlib
import mimetypes
from datetime import date
from functools import cache, cached_property, lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.routing import Mount

from icsmulti.engine.zones import TZDATA_VERSION
from icsmulti.errors import NotFound
from icsmulti.locales import DEFAULT, LANGUAGES, catalogue
from icsmulti.settings import Settings
from icsmulti.web.resource import IMMUTABLE, REVALIDATE, Resource

__all__ = ["HTML", "Site", "language_of", "localized", "neutral", "site_of"]

HTML = "text/html; charset=utf-8"

_SAME_IN_EVERY_LANGUAGE = (
    "/api/",
    "/static/",
    "/.well-known/",
    "/robots.txt",
    "/sitemap.xml",
    "/widget.js",
)


def language_of(path: str) -> str:
    """The language a page's path is in: `/en/app` is English, `/app` French."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in LANGUAGES and first != DEFAULT else DEFAULT


def neutral(path: str) -> str:
    """A page's path without its language: `/en/app` is `/app`."""
    language = language_of(path)
    return path if language == DEFAULT else path.removeprefix(f"/{language}") or "/"


def localized(path: str, language: str) -> str:
    """A neutral path in a language. Addresses that are not pages are the same in all."""
    if language == DEFAULT or not path.startswith("/") or path.startswith(_SAME_IN_EVERY_LANGUAGE):
        return path
    return f"/{language}{path}"


class Site:
    """Templates, static files and what every page shows of the settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("icsmulti.web", "templates"),
            autoescape=jinja2.select_autoescape(("html", "xml")),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            asset=self.asset,
            settings=settings,
            version=_version(),
            tzdata=TZDATA_VERSION,
            languages=LANGUAGES,
            tongues={each: catalogue(each).say("site.tongue") for each in LANGUAGES},
            contact_link=_link(settings.contact),
            security_link=_link(settings.security_contact),
        )

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Every static file by name, read once."""
        folder = files("icsmulti.web").joinpath("static")
        return {
            entry.name: entry.read_bytes()
            for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
            if entry.is_file()
        }

    @cached_property
    def _release(self) -> str:
        # One mark for all files, in the folder's name: modules import each other by plain
        # relative names, without a build step, and always get their own release.
        digest = hashlib.sha256()
        for name, content in self.files.items():
            digest.update(f"{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()[:12]

    def asset(self, name: str) -> str:
        """The address of a static file. Raises KeyError when there is none of that name."""
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self._release}/{name}"

    def static(self) -> Mount:
        """The route of all static files, immutable under their release's address."""
        kept: dict[tuple[str, str], Resource] = {}

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            parts = scope["path"].removeprefix("/static/").split("/")
            release, name = parts if len(parts) == 2 else ("", "")
            if name not in self.files:
                raise NotFound
            # A page kept open across an upgrade asks for its old release: the new file, not kept.
            policy = IMMUTABLE if release == self._release else REVALIDATE
            if (name, policy) not in kept:
                kept[name, policy] = Resource(
                    self.files[name], media_type(name), cache=policy, headers=_STATIC_HEADERS
                )
            await kept[name, policy](scope, receive, send)

        return Mount("/static", app=serve)

    def render(self, template: str, language: str, path: str, **values: object) -> str:
        """A template as text. *path* is neutral; it marks the current page and its siblings."""
        words = catalogue(language)
        return self._environment.get_template(template).render(
            t=words.say,
            entry=words.entry,
            has=words.has,
            md=partial(_marked, language),
            marked=partial(_formatted, language),
            day=partial(_day, language),
            url=partial(_localized_last, language),
            in_language=localized,
            language=language,
            path=path,
            **values,
        )

    def kept(self, template: str, language: str, path: str, **values: object) -> Resource:
        """A page that is the same for everybody, rendered now and kept."""
        return Resource(self.render(template, language, path, **values).encode(), HTML)

    def answer(
        self, template: str, language: str, path: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A page made for one request; no cache keeps it."""
        return HTMLResponse(
            self.render(template, language, path, **values),
            status_code=status,
            headers={"Cache-Control": "no-store"},
        )


def _version() -> str:
    try:
        return version("icsmulti")
    except PackageNotFoundError:  # run from the sources, not installed
        return ""


def _link(contact: str) -> str:
    """The operator's contact as an address to follow: a page, or a mailbox."""
    return contact if ":" in contact or not contact else f"mailto:{contact}"


_STATIC_HEADERS = (("X-Content-Type-Options", "nosniff"),)


@lru_cache(maxsize=8)
def site_of(settings: Settings) -> Site:
    """The site for these settings, made once a process."""
    return Site(settings)


def media_type(name: str) -> str:
    """What a static file is, without asking the machine's own table, which varies."""
    ending = name.rpartition(".")[2]
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "json": "application/json",
}


def _localized_last(language: str, path: str) -> str:
    return localized(path, language)


def _marked(language: str, key: str, **values: object) -> Markup:
    """A sentence with inline Markdown: code, emphasis, links. Links to pages keep the language."""
    return marked(catalogue(language).say(key, **values), language)


def _formatted(language: str, text: str, **values: object) -> Markup:
    """As `_marked`, of a text that comes from a list of the catalogue."""
    return marked(text.format_map(values) if values else text, language)


def _day(language: str, iso: str) -> str:
    """`2026-11-22` as `22 novembre 2026`."""
    from babel.dates import format_date  # noqa: PLC0415 - 60 ms that only pages need

    return format_date(date.fromisoformat(iso), "d MMMM y", locale=language)


def marked(text: str, language: str) -> Markup:
    """Inline Markdown as HTML. HTML in it is text; only web, mail and page links are links."""
    parsed = _markdown().parseInline(text)
    for block in parsed:
        for token in block.children or ():
            href = token.attrGet("href")
            if isinstance(href, str) and href.startswith("/"):
                token.attrSet("href", localized(href, language))
    return Markup(_markdown().renderer.render(parsed, _markdown().options, {}))  # noqa: S704 - html is off


def document(text: str) -> Markup:
    """An operator's whole Markdown text as HTML: headings, lists, tables, links; HTML in it is text."""
    return Markup(_markdown().render(text))  # noqa: S704 - html is off


@cache
def _markdown() -> Any:
    # Imported here: the command line and the library never render a page.
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only pages with prose need it

    return MarkdownIt("commonmark", {"html": False}).enable("table")
