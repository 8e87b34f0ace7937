"""Every page of the site, as a person meets it: both widths, both themes, with and without script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from browser.waiting import copied, weight

PAGES = ("/", "/api-docs", "/api-key", "/security", "/no-such-page", "/app/calendar.ics")
LANGUAGES = ("", "/en")
SCREENS = tuple((width, theme) for width in (360, 1280) for theme in ("light", "dark"))

Open = Callable[..., Page]
REFUSED = ("404 (Not Found)", "405 (Method Not Allowed)")
"""What Chromium logs of the two error pages among them."""


def both(path: str) -> list[str]:
    return [prefix + path for prefix in LANGUAGES]


@pytest.mark.parametrize("path", [path for page in PAGES for path in both(page)])
def test_axe_finds_no_violation_on_any_page(
    path: str, open_page: Open, audit: Callable[[Page], list[str]]
) -> None:
    page = open_page(path, expected=REFUSED, reduced_motion="reduce")  # no colour half way
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    found = {}
    for width, theme in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        found[width, theme] = audit(page)

    assert found == {screen: [] for screen in SCREENS}


@pytest.mark.parametrize("path", [path for page in PAGES for path in both(page)])
def test_no_page_scrolls_sideways_on_a_telephone(path: str, open_page: Open) -> None:
    page = open_page(path, width=360, expected=REFUSED)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("path", PAGES)
def test_at_twice_the_zoom_nothing_is_cut_off(path: str, open_page: Open) -> None:
    # Zooming a 1280-pixel window to 200 % is laying the page out on 640.
    page = open_page(path, width=640, device_scale_factor=2, expected=REFUSED)

    assert page.evaluate("document.documentElement.scrollWidth") <= 640


@pytest.mark.parametrize("path", [path for page in PAGES for path in both(page)])
def test_every_page_is_under_100_kilobytes_in_all(path: str, open_page: Open) -> None:
    page = open_page("/livez", expected=REFUSED)

    assert 0 < weight(page, page.url.replace("/livez", path)) < 100_000


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_it_has_to_say_without_javascript(path: str, open_page: Open) -> None:
    page = open_page(path, script=False, expected=REFUSED)

    assert page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_role("link", name="Formulaire", exact=True)).to_be_visible()


def test_the_key_page_without_javascript_gives_the_operators_command(open_page: Open) -> None:
    page = open_page("/api-key", script=False)

    # Playwright's locators do not look into noscript; what is laid out is what is read.
    assert page.locator("main").inner_text().count("icsmulti keys create") == 1
    expect(page.get_by_role("button")).to_be_hidden()


@pytest.mark.parametrize("path", PAGES)
def test_the_keyboard_reaches_the_content_first(path: str, open_page: Open) -> None:
    page = open_page(path, expected=REFUSED)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/api-docs", "/api-key"])
def test_focus_shows_on_everything_that_takes_it(path: str, theme: str, open_page: Open) -> None:
    page = open_page(path, theme=theme)
    seen: set[str] = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        outline, name = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            return [s.outlineStyle + ' ' + parseFloat(s.outlineWidth), e.outerHTML.slice(0, 80)] }"""
        )
        if name in seen or name.startswith("<body"):
            break
        seen.add(name)
        assert outline == "solid 3", name

    assert len(seen) > 5


def test_who_asks_for_less_motion_gets_none(open_page: Open) -> None:
    page = open_page("/api-docs", reduced_motion="reduce")

    expect(page.locator("html")).to_have_css("scroll-behavior", "auto")
    expect(page.locator("a").first).to_have_css("transition-duration", "0s")


def test_printed_pages_are_black_on_white_without_their_buttons(open_page: Open) -> None:
    page = open_page("/api-docs", theme="dark")
    page.emulate_media(media="print", color_scheme="dark")

    expect(page.locator("html")).to_have_css("color", "rgb(0, 0, 0)")
    expect(page.locator(".snippet button").first).to_be_hidden()


def test_the_first_page_is_printed_whole_within_one_margin(open_page: Open) -> None:
    page = open_page("/")
    page.emulate_media(media="print")

    calendar = page.locator(".calendar")
    assert calendar.evaluate("(pre) => pre.scrollHeight <= pre.clientHeight")
    expect(page.get_by_role("link", name="Appeler l’API")).to_be_hidden()
    edges = page.evaluate(
        "['.wordmark', 'h1', '.colophon p'].map((part) => document.querySelector(part).getBoundingClientRect().left)"
    )
    assert len(set(edges)) == 1


def test_the_copy_button_copies_the_whole_snippet(open_page: Open) -> None:
    page = open_page("/api-docs", permissions=["clipboard-read", "clipboard-write"])
    snippet = page.locator(".snippet", has_text="file_get_contents")
    page.clock.install()  # the page's two seconds pass when it is told so
    page.clock.pause_at(datetime.now() + timedelta(hours=1))
    snippet.get_by_role("button", name="Copier").click()
    expect(snippet.get_by_role("button")).to_have_text("Copié")
    copied(page, snippet.locator("code").inner_text())
    page.clock.run_for(2_000)

    expect(snippet.get_by_role("button")).to_have_text("Copier")


def test_the_language_switch_leads_to_the_same_page(open_page: Open) -> None:
    page = open_page("/security")
    french = page.url
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(french.replace("/security", "/en/security"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("link", name="Français").click()

    expect(page).to_have_url(french)
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_an_error_codes_address_leads_to_its_line(open_page: Open) -> None:
    page = open_page("/api-docs#store-unavailable")

    expect(page.locator("#store-unavailable")).to_be_visible()
    expect(page.locator(":target")).to_have_id("store-unavailable")


def test_the_example_of_the_first_page_is_the_file_it_offers(
    open_page: Open, reads_back: Callable[[bytes], list[dict[str, object]]]
) -> None:
    page = open_page("/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Ouvrir cet exemple").click()
    data = download.value.path().read_bytes()

    assert (
        page.locator(".calendar").inner_text().strip()
        == data.decode().replace("\r\n", "\n").strip()
    )
    assert [event["title"] for event in reads_back(data)] == [
        "Répétition générale",
        "Stage de rentrée",
        "Concert d’automne",
    ]
