"""Which pages answer, in which language, with what around them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from site_client import SiteClient
from starlette.responses import Response
from starlette.routing import Router

from icsmulti import errors
from icsmulti.errors import MethodNotAllowed
from icsmulti.locales import LANGUAGES
from icsmulti.settings import read
from icsmulti.web import pages
from icsmulti.web.context import Context
from icsmulti.web.pages import PAGES, error_page
from icsmulti.web.problems import STATUS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = [page for page in PAGES if page.is_served(read({}))]
PATHS = [pages.localized(page.path, language) for page in ALL for language in LANGUAGES]


def client(**settings: str) -> SiteClient:
    chosen = read({f"ICSMULTI_{name}": value for name, value in settings.items()})
    routes = pages.routes(Context(chosen, None, lambda: NOW))  # type: ignore[arg-type] # no store is asked
    return SiteClient(Router(routes, redirect_slashes=False))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_answers_in_its_language(path: str) -> None:
    answer = client().get(path)

    assert answer.status_code == 200
    if answer.headers["content-type"].startswith("text/html"):
        assert f'<html lang="{pages.language_of(path)}">' in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_no_page_has_an_unfilled_field_or_a_missing_word(path: str) -> None:
    text = re.sub(
        r"<(code|pre|textarea)\b.*?</\1>|data-[\w-]+=\"[^\"]*\"",
        "",
        client().get(path).text,
        flags=re.S,
    )
    prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)

    assert not re.search(r"\{\w+\}|None|Undefined", prose)


@pytest.mark.parametrize("path", [path for path in PATHS if "." not in path])
def test_every_page_has_one_main_heading_a_title_and_a_description(path: str) -> None:
    text = client().get(path).text

    assert text.count("<h1") == 1
    assert re.search(r"<title>[^<]{8,}</title>", text)
    assert re.search(r'<meta name="description" content="[^"]{8,}"', text)


@pytest.mark.parametrize("path", [path for path in PATHS if "." not in path])
def test_every_link_within_the_page_has_its_target(path: str) -> None:
    text = client().get(path).text
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))

    own = [*re.findall(r'href="#([^"]+)"', text), *re.findall(rf'href="{path}#([^"]+)"', text)]
    assert set(own) <= set(ids)


def test_every_link_between_pages_leads_somewhere() -> None:
    site = client()
    elsewhere = {"/app", "/widget", "/api/openapi.json"}
    targets = {
        target for path in PATHS for target in re.findall(r'href="(/[^"#]*)', site.get(path).text)
    }

    for target in targets:
        if pages.neutral(target) not in elsewhere:
            assert site.get(target).status_code == 200, target


def test_the_canonical_address_is_the_operators_never_the_hosts() -> None:
    text = (
        client(PUBLIC_URL="https://dates.example")
        .get("/en/api-docs", headers={"Host": "evil"})
        .text
    )

    assert '<link rel="canonical" href="https://dates.example/en/api-docs">' in text
    assert 'hreflang="fr" href="https://dates.example/api-docs"' in text
    assert "evil" not in text
    assert "https://dates.example/api/generate" in text


def test_without_a_public_address_no_page_claims_one() -> None:
    assert "canonical" not in client().get("/").text


def test_the_home_of_a_language_ends_with_a_slash() -> None:
    answer = client().get("/en")

    assert (answer.status_code, answer.headers["location"]) == (308, "/en/")


def test_a_page_does_not_take_a_post() -> None:
    with pytest.raises(MethodNotAllowed):
        client().post("/api-docs")


def test_the_operators_texts_are_served_and_linked_when_set(tmp_path: Path) -> None:
    notice = tmp_path / "mentions.md"
    notice.write_text("## Éditeur\n\nAssociation *Exemple* <script>alert(1)</script>\n")
    site = client(LEGAL_NOTICE=str(notice))

    assert "<h2>Éditeur</h2>" in site.get("/mentions-legales").text
    assert "<script>alert" not in site.get("/mentions-legales").text
    assert 'href="/en/mentions-legales"' in site.get("/en/").text
    assert 'href="/confidentialite"' not in site.get("/").text
    assert site.get("/confidentialite").status_code == 404


def test_an_operators_text_that_has_a_title_is_given_no_second_one(tmp_path: Path) -> None:
    notice = tmp_path / "mentions.md"
    notice.write_text("# Qui édite ce site\n\nAssociation Exemple\n")
    text = client(PRIVACY_NOTICE=str(notice)).get("/confidentialite").text

    assert re.findall("<h1.*?</h1>", text) == ["<h1>Qui édite ce site</h1>"]


@pytest.mark.parametrize("path", ["/mentions-legales", "/en/mentions-legales"])
def test_an_operators_text_says_which_language_it_is_in(tmp_path: Path, path: str) -> None:
    notice = tmp_path / "mentions.md"
    notice.write_text("Association Exemple\n")
    text = client(LEGAL_NOTICE=str(notice)).get(path).text

    assert text.count("<h1") == 1
    assert re.search(r'<div [^>]*lang="fr"[^>]*><p>Association Exemple', text)


def test_the_security_page_says_that_the_form_is_sent_while_one_writes() -> None:
    script = files("icsmulti.web").joinpath("static", "app.js").read_text("utf-8")
    assert "JUDGE_AFTER_MS = 500;" in script

    assert "une demi-seconde après la dernière frappe" in client().get("/security").text
    assert "half a second after the last key" in client().get("/en/security").text


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, "exploitant de ce site"),
        ({"CONTACT": "nous@example.org"}, 'href="mailto:nous@example.org">nous@example.org</a>'),
        ({"CONTACT": "https://example.org/ecrire"}, 'href="https://example.org/ecrire">https'),
        ({"LEGAL_NOTICE": __file__}, 'href="/mentions-legales">mentions'),
    ],
)
def test_without_an_address_for_flaws_the_page_says_whom_to_write_to(
    settings: dict[str, str], shown: str
) -> None:
    said = client(**settings).get("/security").text.partition("Signaler une faille")[2]

    assert shown in said.partition("</main>")[0]
    assert "ICSMULTI_SECURITY_CONTACT" in said


def test_the_footer_names_the_operator_and_how_to_write_to_them() -> None:
    text = client(OPERATOR="Chorale Mélusine", CONTACT="contact@example.org").get("/").text

    assert "Chorale Mélusine" in text
    assert 'href="mailto:contact@example.org"' in text


def test_security_txt_is_there_when_there_is_somebody_to_tell() -> None:
    assert client().get("/.well-known/security.txt").status_code == 404
    site = client(SECURITY_CONTACT="securite@example.org", PUBLIC_URL="https://dates.example")
    fields = dict(
        line.split(": ", 1)
        for line in site.get("/.well-known/security.txt").text.splitlines()
        if line
    )

    assert fields["Contact"] == "mailto:securite@example.org"
    assert NOW.isoformat() < fields["Expires"] < "2027-11-22"
    assert fields["Canonical"] == "https://dates.example/.well-known/security.txt"
    assert "mailto:securite@example.org" in site.get("/security").text


def test_robots_are_kept_from_the_api_only_and_told_of_the_map() -> None:
    text = client(PUBLIC_URL="https://dates.example").get("/robots.txt").text

    assert "Disallow: /api/\n" in text
    assert "Sitemap: https://dates.example/sitemap.xml" in text


def test_the_map_lists_every_page_in_every_language() -> None:
    answer = client(PUBLIC_URL="https://dates.example").get("/sitemap.xml")
    found = {
        element.text
        for element in ElementTree.fromstring(answer.content).iter()
        if element.tag.endswith("loc")
    }

    assert {"https://dates.example/", "https://dates.example/en/app"} <= found
    assert not any("docs.md" in str(address) for address in found)


def refused(error: errors.IcsMultiError, path: str, language: str = "", **known: Any) -> Response:
    headers = [(b"accept-language", language.encode())] if language else []
    status = STATUS.get(type(error), 500)
    return error_page({"path": path, "headers": headers, "icsmulti": known}, status, error)


ERRORS = {
    404: errors.NotFound(),
    405: errors.MethodNotAllowed("POST"),
    413: errors.TooLarge(1),
    429: errors.RateLimited("form", 7),
    500: errors.IcsMultiError(),
    503: errors.StoreUnavailable("x", 3),
}


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("path", ["/app", "/en/app"])
def test_an_error_page_says_what_happened_and_what_to_do(status: int, path: str) -> None:
    page = refused(ERRORS[status], path, request_id="abcdef12")
    text = bytes(page.body).decode()

    assert page.status_code == status
    assert page.headers["cache-control"] == "no-store"
    assert f'<html lang="{pages.language_of(path)}">' in text
    assert "abcdef12" in text
    assert 'name="robots" content="noindex"' in text


def test_a_limit_says_when_it_opens_again() -> None:
    assert "dans 7 secondes" in bytes(refused(ERRORS[429], "/app").body).decode()
    assert "in 3 seconds" in bytes(refused(ERRORS[503], "/en/app").body).decode()


def test_an_address_of_no_page_is_answered_in_the_readers_language() -> None:
    assert '<html lang="en">' in bytes(refused(ERRORS[404], "/nope", "en-GB").body).decode()
    assert '<html lang="fr">' in bytes(refused(ERRORS[404], "/nope", "de").body).decode()
    assert '<html lang="fr">' in bytes(refused(ERRORS[503], "/app", "en").body).decode()


def test_an_error_page_has_the_operators_footer() -> None:
    text = bytes(
        refused(ERRORS[404], "/nope", settings=read({"ICSMULTI_OPERATOR": "Mélusine"})).body
    ).decode()

    assert "Mélusine" in text


def test_what_was_asked_for_never_comes_back_in_the_page() -> None:
    assert (
        "<script>x" not in bytes(refused(ERRORS[404], "/<script>x", request_id="<b>").body).decode()
    )
    assert "<b>" not in bytes(refused(ERRORS[404], "/nope", request_id="<b>").body).decode()
