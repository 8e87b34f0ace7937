"""The form on somebody else's page: another origin, its own policy, nothing leaking either way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from browser.waiting import frame_at, until

Open = Callable[..., Page]
Audit = Callable[[Page], list[str]]
HERE = {"locale": "fr-FR", "timezone_id": "Europe/Paris"}

FRAME = "/widget/frame"

HOST_STYLE = "iframe { height: 10px !important; opacity: .1 } input { display: none !important }"
ELEMENT = """<!doctype html><html lang="fr"><head><title>Club</title>
<style>{style}</style></head><body><main><h1>Le club</h1>
<script src="{site}/widget.js" defer></script>
<icsmulti-widget titre="Nos dates" theme="{theme}" lang="fr"></icsmulti-widget></main></body></html>"""
INIT = """<!doctype html><html lang="en"><head><title>Club</title></head><body><main><h1>Club</h1>
<div id="here"></div></main><script src="{site}/widget.js"></script>
<script src="/init.js"></script></body></html>"""


@pytest.fixture
def host(site: Any) -> Iterator[str]:
    """A site of somebody else's: another origin, with a content security policy of its own."""
    pages = {
        "/": ELEMENT.format(site=site.url, style=HOST_STYLE, theme="auto"),
        "/dark": ELEMENT.format(site=site.url, style="", theme="dark"),
        "/init": INIT.format(site=site.url),
        "/init.js": 'ICSMulti.init({container: "#here", titre: "Dates", theme: "light", lang: "en"})',
    }

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            policy = f"script-src 'self' {site.url}; frame-src {site.url}; object-src 'none'"
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # By another name: another site, not only another port.
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def open_host(open_page: Open, address: str, **options: Any) -> tuple[Page, Frame]:
    page = open_page(address, **HERE, **options)
    return page, frame_at(page, FRAME)


def test_a_visitor_of_another_site_makes_a_calendar_there(
    host: str, open_page: Open, reads_back: Callable[[bytes], list[dict[str, Any]]]
) -> None:
    page, frame = open_host(open_page, host + "/")
    expect(frame.get_by_role("heading", name="Nos dates")).to_be_visible()
    frame.get_by_label("Titre", exact=True).fill("Match")
    frame.get_by_label("Jour", exact=True).fill("2026-07-14")
    frame.get_by_label("Toute la journée").check()
    with page.expect_download() as waiting:
        frame.get_by_role("button", name="Télécharger le calendrier").click()

    events = reads_back(Path(waiting.value.path()).read_bytes())

    assert [each["title"] for each in events] == ["Match"]


def settled_height(page: Page, frame: Frame) -> float:
    """The widget's height, once it is that of what is in its frame."""

    def heights() -> tuple[float, float]:
        content = frame.evaluate("document.body.getBoundingClientRect().height")
        return page.evaluate("document.querySelector('icsmulti-widget').offsetHeight"), content

    return until(page, heights, lambda both: abs(both[0] - both[1]) <= 1)[0]


def test_the_frame_is_as_high_as_its_content_and_follows_it(host: str, open_page: Open) -> None:
    page, frame = open_host(open_page, host + "/")

    before = settled_height(page, frame)
    frame.get_by_role("button", name="Ajouter un événement").click()
    expect(frame.locator(".event")).to_have_count(2)

    assert settled_height(page, frame) > before


def test_the_hosts_styles_stay_outside(host: str, open_page: Open) -> None:
    page, frame = open_host(open_page, host + "/")

    expect(frame.get_by_label("Titre", exact=True)).to_be_visible()
    assert settled_height(page, frame) > 300
    expect(page.locator("body")).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_faults_and_round_trips_stay_in_the_frame(host: str, open_page: Open) -> None:
    page, frame = open_host(open_page, host + "/")
    frame.get_by_role("button", name="Télécharger le calendrier").click()

    expect(frame.get_by_role("alert")).to_contain_text("à corriger")
    expect(page).to_have_url(host + "/")


def test_messages_of_others_change_nothing(host: str, open_page: Open) -> None:
    page, frame = open_host(open_page, host + "/")
    height = settled_height(page, frame)

    # Messages come in the order they were sent in: after the last one all were heard.
    page.evaluate("addEventListener('message', ({data}) => { window.last = data })")
    page.evaluate("postMessage({icsmulti: 'height', height: 5000}, '*')")
    page.evaluate("postMessage('own last', '*')")
    page.wait_for_function("window.last === 'own last'")
    frame.evaluate("parent.postMessage({icsmulti: 'height', height: 'x'}, '*')")
    frame.evaluate("parent.postMessage('height', '*')")
    frame.evaluate("parent.postMessage('last', '*')")
    page.wait_for_function("window.last === 'last'")

    assert page.evaluate("document.querySelector('icsmulti-widget').offsetHeight") == height


def test_the_frame_tells_nothing_to_a_page_that_did_not_greet_it(
    site: Any, open_page: Open
) -> None:
    page = open_page("/app", **HERE)
    page.goto(site.url + "/widget/frame")

    heard = page.evaluate(
        """async () => {
            const heard = [];
            // Heard after the page's own script has: what that answers comes before "last".
            const all = new Promise((done) => addEventListener("message", ({data}) => {
                heard.push(data);
                if (data.icsmulti === "hello") postMessage("last", "*");
                if (data === "last") done();
            }));
            postMessage({icsmulti: "hello"}, "*");
            await all;
            return heard;
        }"""
    )

    assert heard == [{"icsmulti": "hello"}, "last"]


def test_init_makes_one_where_it_is_told(host: str, open_page: Open) -> None:
    _, frame = open_host(open_page, host + "/init", theme="dark")

    expect(frame.get_by_role("heading", name="Dates")).to_be_visible()
    expect(frame.locator("html")).to_have_attribute("lang", "en")
    expect(frame.locator("body")).to_have_css("color-scheme", "light")


def test_a_forced_theme_holds_whatever_the_visitor_prefers(host: str, open_page: Open) -> None:
    _, frame = open_host(open_page, host + "/dark", theme="light")

    expect(frame.locator("html")).to_have_css("background-color", "rgb(23, 20, 15)")


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation_in_the_frame(
    width: int, site: Any, open_page: Open, audit: Audit
) -> None:
    for theme in ("light", "dark"):
        page = open_page(f"{site.url}/widget/frame?theme={theme}", width=width, **HERE)
        page.get_by_role("button", name="Télécharger le calendrier").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert audit(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/widget", "/en/widget"])
def test_axe_finds_no_violation_on_the_page_about_it(
    path: str, theme: str, width: int, open_page: Open, audit: Audit
) -> None:
    page = open_page(path, width=width, theme=theme, **HERE)
    frame_at(page, FRAME)

    assert audit(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_live_one_obeys_the_theme_chosen(open_page: Open) -> None:
    page = open_page("/widget", **HERE)
    page.get_by_label("Thème").select_option("sombre")

    assert FRAME in frame_at(page, "theme=dark").url
