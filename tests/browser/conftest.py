"""A real server, a real Chromium, and what every page is held to.

    def test_something(site, open_page):
        page = open_page("/app", width=360, theme="dark")
        page.get_by_role("button", name="Télécharger").click()

`open_page` watches each page it opens: a console message, an uncaught error, a refused policy
or a request to another origin fails the test that caused it. `audit` runs axe-core.

Needs Debian's `chromium`, and in this folder `npm ci` (axe-core). Missing ones skip, and fail
where `CI` is set.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# Milliseconds. What they wait for takes a second; a busy machine takes its time.
expect.set_options(timeout=30_000)
ACTION_MS = 60_000

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names of other sites for tests of embedding and of plain http; they are all this machine.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
)


def _need(present: bool, message: str) -> None:
    if not present:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message, pytrace=False)


class Site:
    """`icsmulti serve` on a free port, with a store of its own in *folder*."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._folder = folder
        ours = {
            "PORT": 0,
            "STORE": f"sqlite://{folder / 'keys.db'}",
            "ISSUE_WORK": 200,  # a second's work at the most, on any machine
            "ISSUE_PER_HOUR": 0,
            "ISSUE_PER_NETWORK_DAY": 0,
            "ISSUE_PER_DAY": 0,
            "FORM_PER_MINUTE": 0,
            "FAILURES_PER_MINUTE": 0,
            **settings,
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ICSMULTI_")}
        self.environment = kept | {f"ICSMULTI_{k}": str(v) for k, v in ours.items()}
        self.url = ""

    def __enter__(self) -> Site:
        self._log = (self._folder / "log.jsonl").open("wb")
        self._process = subprocess.Popen(
            [_command(), "serve"],
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = []
        assert self._process.stderr
        for line in self._process.stderr:
            said.append(line)
            if found := re.search(r"http://\S+:(\d+)", line):
                self.url = f"http://127.0.0.1:{found[1]}"
                return self
        raise AssertionError("".join(said))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)  # reads what it still says, or it might wait for that
        self._log.close()

    def new_key(self, label: str = "browser tests") -> str:
        """A key, made as an operator makes one."""
        made = subprocess.run(
            [_command(), "keys", "create", "--label", label],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()


def _command() -> str:
    """The installed command beside this interpreter."""
    return str(Path(sys.executable).with_name("icsmulti"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server that browser tests share."""
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def start_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Site]:
    """A server with settings of one's own: `with start_site(SELF_SERVICE="closed") as site:`."""
    return lambda **settings: Site(tmp_path_factory.mktemp("site"), **settings)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, for these tests only: its event loop is in the way of every asyncio.run after."""
    _need(shutil.which(CHROMIUM) is not None, "no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # In date fields the order of day and month is that of the language Chromium itself is in.
        environment = os.environ | {"LANGUAGE": "en_US", "LC_ALL": "C.UTF-8"}
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), env=environment, timeout=2 * ACTION_MS
        )
        yield browser
        browser.close()


FASTER_THAN_THE_PAGE = "Autofocus processing was blocked because a document already has a focused"
"""Said where a test was in a field before Chromium drew the page for the first time."""


class Watch:
    """What a page did that no page may do."""

    def __init__(self, page: Page, own: tuple[str, ...]) -> None:
        self.faults: list[str] = []
        self.expected: list[str] = [FASTER_THAN_THE_PAGE]
        """Parts of console messages that a test provokes: a refused call is logged by Chromium."""
        page.on("console", lambda message: self._console(message.text))
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._request(request.url, own))

    def _console(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.faults.append(f"console: {text}")

    def _request(self, url: str, own: tuple[str, ...]) -> None:
        if not url.startswith((*own, "data:", "blob:")):
            self.faults.append(f"request elsewhere: {url}")


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a path of the shared site, or a whole address, and watch the page.

    Args, after the path: `width` and `height` in CSS pixels, `theme` (light, dark), `script`
    (False: JavaScript is off), `own` (origins beside the site's), `expected` (parts of console
    messages that the test provokes), and anything `new_context` takes (locale and zone are
    French where nothing else is said). The page has `.watch`.
    """
    contexts: list[tuple[BrowserContext, Watch]] = []

    def open_one(
        path: str,
        *,
        width: int = 1280,
        height: int = 900,
        theme: str = "light",
        script: bool = True,
        own: tuple[str, ...] = (),
        expected: tuple[str, ...] = (),
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type] # light or dark
            java_script_enabled=script,
            **({"locale": "fr-FR", "timezone_id": "Europe/Paris"} | options),
        )
        context.set_default_timeout(ACTION_MS)
        page = context.new_page()
        address = path if "://" in path else site.url + path
        watch = Watch(page, (site.url + "/", "/".join(address.split("/")[:3]) + "/", *own))
        watch.expected.extend(expected)
        contexts.append((context, watch))
        page.goto(address)
        return page

    yield open_one
    for context, _ in contexts:
        context.close()
    assert [fault for _, watch in contexts for fault in watch.faults] == []


@pytest.fixture(scope="session")
def audit() -> Callable[[Page], list[str]]:
    """What axe-core finds wrong with a page as it stands: a line for each violation."""
    _need(AXE.is_file(), "no axe-core: run `npm ci` in tests/browser")
    source = AXE.read_text("utf-8")

    def run(page: Page) -> list[str]:
        # Colours half way between two have a contrast of their own: no transitions from here on.
        page.emulate_media(reduced_motion="reduce")
        # Not through a script element: the page's own policy would refuse it, as it should.
        page.evaluate(source)
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture(scope="session")
def need() -> Callable[[bool, str], None]:
    """Skip with the message when something is missing; fail where `CI` is set."""
    return _need


@pytest.fixture(scope="session")
def reads_back() -> Callable[[bytes], list[dict[str, Any]]]:
    """A downloaded file as `icalendar` reads it: for each event its title, start and end."""
    import icalendar

    def read(data: bytes) -> list[dict[str, Any]]:
        events = icalendar.Calendar.from_ical(data).walk("VEVENT")
        return [
            {
                "title": str(event["SUMMARY"]),
                "start": event["DTSTART"].dt,
                "end": event["DTEND"].dt if "DTEND" in event else None,
                "uid": str(event["UID"]),
            }
            for event in events
        ]

    return read
