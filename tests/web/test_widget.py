"""The widget's addresses: what other sites may load and frame, and nothing more."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files

import httpx
import pytest

from icsmulti.app import build_app
from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.settings import read

pytestmark = pytest.mark.anyio

ROW = {"o0-titre": "Bal", "o0-jour": "2026-07-14", "o0-journee": "1", "fuseau": "Paris"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def client(tmp_path):
    store = open_store(f"sqlite://{tmp_path}/keys.db", Limits(60, 10_000), patience=PATIENT)
    await store.open()
    app = build_app(read({}), store, lambda: datetime(2026, 9, 1, tzinfo=UTC))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        yield client
    await store.close()


def framing(answer):
    return re.search(r"frame-ancestors ([^;]*)", answer.headers["content-security-policy"])[1]


async def test_the_script_is_small_kept_shortly_and_loadable_from_anywhere(client):
    answer = await client.get("/widget.js")

    assert len(answer.content) < 10_000
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=600"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_only_the_frame_may_be_framed(client):
    frame = await client.get("/widget/frame")
    faults = await client.post("/widget/frame/calendar.ics", data=ROW | {"o0-jour": ""})

    assert framing(frame) == framing(faults) == "*"
    for path in ("/app", "/widget", "/", "/api-key", "/api-docs"):
        assert framing(await client.get(path)) == "'none'"


async def test_the_frames_policy_is_the_sites_but_for_framing(client):
    frame, page = await client.get("/widget/frame"), await client.get("/app")

    assert (
        frame.headers["content-security-policy"].replace(
            "frame-ancestors *", "frame-ancestors 'none'"
        )
        == (page.headers["content-security-policy"])
    )


@pytest.mark.parametrize(
    ("query", "language", "theme", "title"),
    [
        ("", "fr", "auto", "Composer un calendrier"),
        ("?lang=en", "en", "auto", "Make a calendar"),
        ("?lang=xx&theme=pink", "fr", "auto", "Composer un calendrier"),
        ("?theme=dark&titre=Nos%20dates%20%3Cb%3E", "fr", "dark", "Nos dates &lt;b&gt;"),
    ],
)
async def test_the_frame_has_the_language_theme_and_title_asked_for(
    client, query, language, theme, title
):
    page = (await client.get("/widget/frame" + query)).text

    assert f'<html lang="{language}" data-theme="{theme}">' in page
    assert f"<h1>{title}</h1>" in page


async def test_the_frame_speaks_the_browsers_language_when_none_is_asked_for(client):
    page = await client.get("/widget/frame", headers={"Accept-Language": "en-GB"})

    assert '<html lang="en"' in page.text


async def test_every_answer_in_the_frame_keeps_language_theme_and_title(client):
    asked = {"lang": "en", "theme": "light", "titre": "Dates"}

    page = (await client.post("/widget/frame", data=ROW | asked | {"do": "add"})).text

    assert '<html lang="en" data-theme="light">' in page
    assert "<h1>Dates</h1>" in page
    for name, value in asked.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page


async def test_the_frames_calendar_is_the_forms(client):
    framed = await client.post("/widget/frame/calendar.ics", data=ROW | {"o0-id": "1"})
    own = await client.post("/app/calendar.ics", data=ROW | {"o0-id": "1"})

    assert framed.content == own.content


@pytest.mark.parametrize("character", ["\ufdd0", "\x00", "\n", "\u202e"])
async def test_a_frames_title_holds_what_can_be_printed(client, character):
    page = await client.get("/widget/frame", params={"titre": f"a{character}b"})

    assert "<h1>a b</h1>" in page.text


async def test_a_frames_title_is_cut_not_trusted(client):
    page = (await client.get("/widget/frame", params={"titre": "x" * 5_000})).text

    assert page.count("x" * 200) > 0
    assert "x" * 201 not in page


def test_the_frames_forced_themes_are_the_sites_own_colours():
    def tokens(css):
        return {name: value.strip() for name, value in re.findall(r"(--[a-z-]+):([^;]*);", css)}

    folder = files("icsmulti.web").joinpath("static")
    site, frame = (
        folder.joinpath(name).read_text("utf-8") for name in ("site.css", "widget-frame.css")
    )
    light, dark = site.split("@media (prefers-color-scheme: dark)", 1)
    forced_light, forced_dark = frame.split(':root[data-theme="dark"]', 1)

    assert tokens(dark.split("\n}\n", 1)[0]) == tokens(forced_dark)
    colours = tokens(forced_dark).keys()
    assert {name: tokens(light)[name] for name in colours} == tokens(forced_light)
