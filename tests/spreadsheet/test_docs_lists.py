"""docs/lists.md: its example gives what it shows, and the names it lists are known."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import icalendar

from icsmulti.spreadsheet.columns import ENGLISH, FRENCH
from icsmulti.spreadsheet.moments import fold

PAGE = (Path(__file__).parents[2] / "docs" / "lists.md").read_text("utf-8")


def rows(title: str) -> list[list[str]]:
    """The table under a header that begins like this."""
    table = re.search(rf"^\| {title} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.M)
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def told(event: icalendar.Event) -> list[str]:
    """An event as the page's table writes it."""
    start, end = event.start, event.end
    form = "%Y-%m-%d %H:%M" if hasattr(start, "hour") else "%Y-%m-%d"
    if form == "%Y-%m-%d":
        end -= timedelta(days=1)  # DTEND is the day after
    alarms = [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")]
    before = f"{-alarms[0].total_seconds() / 60:.0f} minutes before" if alarms else "none"
    return [event["SUMMARY"], start.strftime(form), end.strftime(form), before]


def test_the_example_gives_what_the_page_shows(tmp_path):
    [example] = re.findall(r"^```csv\n(.*?)^```", PAGE, re.M | re.S)
    (tmp_path / "liste.csv").write_text(example, "utf-8")

    made = subprocess.run(
        [sys.executable, "-m", "icsmulti", "generate", "liste.csv"],
        cwd=tmp_path, env={"HOME": str(tmp_path)}, check=True, capture_output=True,
    ).stdout  # fmt: skip

    assert [told(event) for event in icalendar.Calendar.from_ical(made).events] == rows("event")


def test_the_names_of_columns_are_known():
    for french, english, _ in rows("French"):
        assert {fold(name) for name in french.split(",")} <= FRENCH.keys()
        assert {fold(name) for name in english.split(",")} <= ENGLISH.keys()
