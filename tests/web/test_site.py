"""Templates, words, addresses and static files; and the rules every sentence keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from site_client import SiteClient
from starlette.routing import Router

from icsmulti.errors import NotFound
from icsmulti.locales import LANGUAGES, catalogue
from icsmulti.settings import read
from icsmulti.web.site import (
    Site,
    document,
    language_of,
    localized,
    marked,
    media_type,
    neutral,
    site_of,
)

SITE = Site(read({}))
PARTS = ("site", "home", "docs", "api_key", "security", "errors_pages")


@pytest.mark.parametrize(
    ("path", "language", "own"),
    [
        ("/", "fr", "/"),
        ("/app", "fr", "/app"),
        ("/en/", "en", "/"),
        ("/en", "en", "/"),
        ("/en/app", "en", "/app"),
        ("/english", "fr", "/english"),
        ("/fr/app", "fr", "/fr/app"),
    ],
)
def test_a_path_tells_its_language_and_what_it_is_without(
    path: str, language: str, own: str
) -> None:
    assert (language_of(path), neutral(path)) == (language, own)


@pytest.mark.parametrize(
    ("path", "english"),
    [
        ("/", "/en/"),
        ("/api-docs", "/en/api-docs"),
        ("/docs.md", "/en/docs.md"),
        ("/api/generate", "/api/generate"),
        ("/static/x/site.css", "/static/x/site.css"),
        ("/widget.js", "/widget.js"),
        ("#errors", "#errors"),
        ("https://example.org/", "https://example.org/"),
    ],
)
def test_pages_have_an_english_address_and_nothing_else_has(path: str, english: str) -> None:
    assert localized(path, "en") == english
    assert localized(path, "fr") == path


def test_links_in_sentences_keep_the_readers_language() -> None:
    assert 'href="/en/app"' in marked("[x](/app)", "en")
    assert 'href="/app"' in marked("[x](/app)", "fr")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "[x](javascript:alert(1))", '<a href="x">', "&<>"]
)
def test_nothing_in_a_sentence_or_an_operators_text_becomes_markup(text: str) -> None:
    for html in (marked(text, "fr"), document(text)):
        assert "<script" not in html
        assert "<a " not in html


def test_an_operators_text_may_be_markdown_or_plain() -> None:
    html = document("# Éditeur\n\nUn & deux.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")

    assert "<h1>Éditeur</h1>" in html
    assert "Un &amp; deux." in html
    assert "<td>2</td>" in html


def client() -> SiteClient:
    return SiteClient(Router([SITE.static()]))


def test_a_static_file_has_an_address_of_its_release_and_is_kept_for_a_year() -> None:
    answer = client().get(SITE.asset("site.css"))

    assert answer.content == files("icsmulti.web").joinpath("static", "site.css").read_bytes()
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


def test_another_releases_address_gives_the_file_and_keeps_it_not() -> None:
    answer = client().get("/static/000000000000/site.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/x",
        "/static/x/none.css",
        "/static/x/..%2f..%2fsite.py",
        "/static/x/y/site.css",
    ],
)
def test_what_is_no_static_file_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        client().get(path)


def test_a_template_that_names_a_missing_file_does_not_render() -> None:
    with pytest.raises(KeyError):
        SITE.asset("none.css")


def test_every_static_file_has_a_type_of_its_own() -> None:
    assert {media_type(name) for name in SITE.files} & {"application/octet-stream"} == set()


def test_our_modules_import_only_each_other() -> None:
    for name, content in SITE.files.items():
        if name.endswith(".js"):
            imported = re.findall(r"""(?:from|import)\s+["']([^"']+)["']""", content.decode())
            assert all(path.removeprefix("./") in SITE.files for path in imported), name


def test_no_module_makes_markup_of_text_or_keeps_a_key() -> None:
    for name, content in SITE.files.items():
        if name.endswith(".js"):
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", content.decode()
            ), name
    for name in ("key.js", "try.js", "api.js"):
        assert not re.search(
            r"localStorage|sessionStorage|indexedDB|cookie", SITE.files[name].decode()
        ), name


def test_no_template_holds_a_style_or_a_script_of_its_own() -> None:
    for template in files("icsmulti.web").joinpath("templates").iterdir():
        if template.name.endswith(".html"):
            text = template.read_text("utf-8")
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), (
                template.name
            )


def test_the_same_settings_share_one_site() -> None:
    assert site_of(read({})) is site_of(read({}))


def sentences(entry: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(entry, dict):
        for key, value in entry.items():
            yield from sentences(value, f"{path}.{key}")
    elif isinstance(entry, list):
        for n, value in enumerate(entry):
            yield from sentences(value, f"{path}[{n}]")
    else:
        yield path, entry


@pytest.mark.parametrize("part", PARTS)
def test_every_language_has_the_same_sentences_with_the_same_fields(part: str) -> None:
    def shape(language: str) -> dict[str, set[str]]:
        return {
            path: set(re.findall(r"\{(\w+)\}", text))
            for path, text in sentences(catalogue(language).entry(part))
        }

    assert all(shape(language) == shape("fr") for language in LANGUAGES)


@pytest.mark.parametrize("part", PARTS)
def test_french_is_set_as_a_french_printer_sets_it(part: str) -> None:
    for path, text in sentences(catalogue("fr").entry(part)):
        if path in (".published.body", ".rich.sample") or ".samples." in path:  # code
            continue
        prose = re.sub(r"`[^`]*`", "", text)
        assert not re.search(r" [:;?!»](?=\s|$)|« ", prose), (path, "an ordinary space")
        assert "'" not in prose, (path, "a straight apostrophe")
        assert '"' not in prose, (path, "straight quotes")
        assert not re.search(r"\d \d{3}\b", prose), (path, "an ordinary space in a number")
