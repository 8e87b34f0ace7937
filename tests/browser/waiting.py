"""Waiting for what has no `expect` of Playwright's: a busy machine takes its time over anything.

until(page, lambda: page.evaluate("navigator.clipboard.readText()"), "what was copied".__eq__)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Frame, Page, Response

T = TypeVar("T")
PATIENCE_S = 30


def until(page: Page, look: Callable[[], T], is_right: Callable[[T], bool] = bool) -> T:
    """What *look* finds, as soon as it is right."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_right(found := look()):
        assert time.monotonic() < deadline, f"after {PATIENCE_S} seconds still {found!r}"
        page.wait_for_timeout(50)  # between two looks; Playwright's events come meanwhile
    return found


def frame_at(page: Page, part: str) -> Frame:
    """The frame whose address has this part, loaded: a closed shadow tree hides it from locators."""
    frame = until(page, lambda: next((each for each in page.frames if part in each.url), None))
    assert frame
    frame.wait_for_load_state()
    return frame


def copied(page: Page, text: str) -> None:
    """Wait until the clipboard holds *text*."""
    until(page, lambda: page.evaluate("navigator.clipboard.readText()"), text.__eq__)


def weight(page: Page, address: str) -> int:
    """How many octets the page at an address and all that it loads are, uncompressed."""
    answers: list[Response] = []

    def came(answer: Response) -> None:
        answers.append(answer)

    page.on("response", came)
    page.goto(address)  # until everything named in it has come
    page.wait_for_load_state("networkidle")  # and what its scripts ask for
    return sum(len(answer.body()) for answer in answers)
