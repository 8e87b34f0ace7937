"""docs/fields.md: its examples give what it shows, and it names every member, option and warning."""

import json
import re
from pathlib import Path

import pytest
from rich_requests import NOW, SECRET

from icsmulti.engine.generate import generate
from icsmulti.engine.request import RICH_MEMBERS, Calendrier, LenientOptions
from icsmulti.locales import catalogue

PAGE = (Path(__file__).parents[2] / "docs" / "fields.md").read_text("utf-8")
PAIRS = re.findall(r"^```json\n(.*?)^```\n+```ics\n(.*?)^```", PAGE, re.M | re.S)


@pytest.mark.parametrize(("request_", "lines"), PAIRS)
def test_the_examples_give_what_the_page_shows(request_, lines):
    made = generate(json.dumps(json.loads(request_)).encode(), uid_secret=SECRET, now=NOW)

    written = made.data.decode().replace("\r\n ", "").split("\r\n")
    assert [line for line in lines.splitlines() if line not in written] == []


def test_the_page_names_every_member_and_option():
    named = set(re.findall(r"`(?:options\.)?([A-Za-z]+)`", PAGE))

    members = {*RICH_MEMBERS, *Calendrier.__struct_fields__, *LenientOptions.__struct_fields__}
    assert members - {"calendrier"} <= named


def test_the_page_lists_every_warning():
    table = PAGE[PAGE.index("## Warnings") : PAGE.index("## Who reads what")]
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", table))

    assert listed == set(catalogue("fr").entry("warnings"))
