"""A developer's path: ask for a key, make the first call, look after the key, end it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.waiting import copied

Open = Callable[..., Page]
Audit = Callable[[Page], list[str]]
KEY = re.compile(r"icsm_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}")
CLIPBOARD = ["clipboard-read", "clipboard-write"]
SCREENS = tuple((width, theme) for width in (360, 1280) for theme in ("light", "dark"))


def asked(page: Page, label: str = "Site du club") -> str:
    """Ask for a key on the open page, and return it."""
    page.get_by_label("Libellé").fill(label)
    page.get_by_role("button", name="Obtenir la clé").click()
    page.get_by_role("heading", name="Voici votre clé").wait_for()
    return page.locator("#made-key").inner_text()


def test_a_visitor_gets_a_key_makes_the_first_call_replaces_and_revokes_it(
    open_page: Open, tmp_path: Path, reads_back: Callable[[bytes], list[dict[str, Any]]]
) -> None:
    day = datetime.now(UTC).date()
    page = open_page("/api-key", permissions=CLIPBOARD, expected=("403 (Forbidden)",))
    key = asked(page)
    assert KEY.fullmatch(key)
    page.locator("#made .snippet").nth(1).get_by_role("button", name="Copier").click()
    line = page.locator("#made .snippet").nth(1).locator("code").inner_text()
    copied(page, line)
    subprocess.run(["sh", "-ec", line], cwd=tmp_path, check=True, capture_output=True)
    events = reads_back((tmp_path / "reunion.ics").read_bytes())
    assert [event["title"] for event in events] == ["Réunion hebdomadaire"]

    page.get_by_role("button", name="Voir").click()
    facts = page.locator(".facts")
    facts.wait_for()
    assert "Site du club" in facts.inner_text()
    # Each day with its calls, midnight or not; the fact beside it is the last of these days.
    assert page.locator("#days tbody td:last-child").all_text_contents() == ["1"]
    if datetime.now(UTC).date() == day:
        assert page.locator("[data-fact=today]").inner_text() == "1"

    page.get_by_label("L’ancienne marche encore").select_option("une heure")
    page.get_by_role("button", name="Remplacer la clé").click()
    expect(page.locator("#made-key")).not_to_have_text(key)
    fresh = page.locator("#made-key").inner_text()
    assert KEY.fullmatch(fresh)
    assert "L’ancienne clé s’arrête le" in page.locator("#made").inner_text()

    page.get_by_role("button", name="Voir").click()
    page.get_by_role("button", name="Révoquer la clé").click()
    expect(page.locator("#revoke-no")).to_be_focused()
    page.get_by_role("button", name="Oui, révoquer").click()
    page.get_by_text("La clé est révoquée.").wait_for()

    page.get_by_label("Clé", exact=True).fill(fresh)
    page.get_by_role("button", name="Voir").click()
    expect(page.locator("#own-fault")).to_contain_text("révoquée")


def test_the_whole_path_works_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("/en/api-key")
    page.get_by_label("Label").focus()
    page.keyboard.type("Keyboard")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Here is your key").wait_for()
    expect(page.locator("#made")).to_be_focused()  # what came is where one reads

    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    page.locator(".facts").wait_for()
    expect(page.locator("#about")).to_be_focused()
    day = re.compile(r"^\d\d? [A-Z][a-z]+ 20\d\d at \d\d?:\d\d [ap]m$")
    expect(page.locator("[data-fact=created]")).to_have_text(day)
    page.get_by_role("button", name="Revoke the key").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#revoke-no")).to_be_focused()
    page.keyboard.press("Enter")  # no, keep it
    expect(page.get_by_role("button", name="Revoke the key")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#revoke-no")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#revoke-yes")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_text("The key is revoked.").wait_for()

    expect(page.locator("#revoked")).to_be_focused()


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_axe_finds_no_violation_in_any_state_of_the_key_page(
    width: int, theme: str, open_page: Open, audit: Audit
) -> None:
    page = open_page("/api-key", width=width, theme=theme, expected=("403 (Forbidden)",))
    asked(page)
    assert audit(page) == []
    page.get_by_role("button", name="Voir").click()
    page.locator(".facts").wait_for()
    page.get_by_role("button", name="Révoquer la clé").click()
    assert audit(page) == []
    page.get_by_label("Clé", exact=True).fill("icsm_nonsense")
    page.get_by_role("button", name="Voir").click()
    expect(page.locator("#own-fault")).not_to_be_empty()

    assert audit(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_reload_forgets_the_key(open_page: Open) -> None:
    page = open_page("/api-key")
    key = asked(page)
    page.reload()

    assert key not in page.content()
    expect(page.get_by_label("Clé", exact=True)).to_have_value("")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("document.cookie") == ""


def test_the_work_can_be_stopped(start_site: Callable[..., Any], open_page: Open) -> None:
    with start_site(ISSUE_WORK=100_000_000) as site:
        page = open_page(site.url + "/api-key")
        page.get_by_role("button", name="Obtenir la clé").click()
        page.get_by_role("button", name="Arrêter").click()
        page.get_by_text("Calcul arrêté.").wait_for()

        expect(page.get_by_role("button", name="Obtenir la clé")).to_be_enabled()
        page.context.close()


def test_a_server_that_issues_no_keys_gives_the_operators_command(
    start_site: Callable[..., Any], open_page: Open
) -> None:
    with start_site(SELF_SERVICE="closed", CONTACT="contact@example.org") as site:
        page = open_page(site.url + "/api-key")

        expect(page.get_by_text("icsmulti keys create --label VOTRE-NOM")).to_be_visible()
        expect(page.get_by_role("button", name="Obtenir la clé")).to_be_hidden()
        expect(page.get_by_role("link", name="contact@example.org")).to_be_visible()
        for path in ("/api-key", "/"):
            page.goto(site.url + path)
            expect(page.get_by_role("main")).not_to_contain_text("s’obtient")
        page.context.close()


def test_over_plain_http_the_page_gives_the_operators_command(site: Any, open_page: Open) -> None:
    # The browser resolves this name to this machine (conftest.FLAGS), and calls it insecure.
    address = site.url.replace("127.0.0.1", "intranet.test") + "/api-key"
    page = open_page(address, expected=("Cross-Origin-Opener-Policy header has been ignored",))

    expect(page.locator("#insecure")).to_be_visible()
    expect(page.get_by_role("button", name="Obtenir la clé")).to_be_hidden()


def test_trying_a_call_on_the_documentation_page_shows_the_calendar(
    site: Any, open_page: Open, audit: Audit
) -> None:
    page = open_page("/api-docs", expected=("400 (Bad Request)",))
    page.get_by_label("Votre clé").fill(site.new_key())
    page.get_by_role("button", name="Envoyer").click()
    answer = page.locator("#trial-answer")
    expect(answer).to_contain_text("SUMMARY:Réunion hebdomadaire")
    assert audit(page) == []

    page.get_by_label("Le corps").fill('{"evenement": {"occurrences": []}}')
    page.get_by_role("button", name="Envoyer").click()
    expect(answer).to_contain_text("Champ manquant ou incorrect")
