"""Golden pairs: requests that people send, the files they get, and what other programs make of them."""

import json
import re
from pathlib import Path

import pytest
from rich_requests import NOW, SECRET

from conformance import judge
from conformance.readers import Refused, all_readers, rename_zones
from conformance.readers import jcal as readers_jcal
from icsmulti.engine.generate import generate

FOLDERS = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())
FILES = [(folder / "calendar.ics").read_bytes() for folder in FOLDERS]
each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def as_jcal(folder: Path) -> list:
    request = json.loads((folder / "request.json").read_text("utf-8"))
    request.setdefault("options", {})["format"] = "jcal"
    made = generate(json.dumps(request).encode(), uid_secret=SECRET, now=NOW)
    return json.loads(made.data)


@each
def test_a_golden_request_gives_its_file(folder):
    made = generate((folder / "request.json").read_bytes(), uid_secret=SECRET, now=NOW)

    assert made.data.decode() == (folder / "calendar.ics").read_bytes().decode()


@each
def test_a_golden_file_is_good_to_the_judge(folder):
    assert judge.complaints((folder / "calendar.ics").read_bytes(), published=False) == []


@pytest.mark.parametrize("reader", ["icalendar", "ical", "ical.js", "libical"])
def test_a_reader_takes_every_golden_file_and_its_times(reader):
    files = [rename_zones(data) for data in FILES]
    if reader == "libical":  # version 3 knows no property of RFC 9253: it keeps the event without
        files = [re.sub(rb"LINK;.*\r\n(?: .*\r\n)*", b"", data) for data in files]
    answers = all_readers()[reader](files)

    for folder, data, answer in zip(FOLDERS, FILES, answers, strict=True):
        assert not isinstance(answer, Refused), (folder.name, str(answer))
        expected = [(e.uid, e.summary, e.location, e.start, e.end) for e in judge.read(data)]
        assert [(e.uid, e.summary, e.location, e.start, e.end) for e in answer] == expected


@pytest.mark.parametrize("reader", ["icaljs", "icalendar"])
def test_the_jcal_answer_is_what_a_reader_makes_of_the_file(reader):
    theirs = getattr(readers_jcal, reader)(FILES)

    for folder, their in zip(FOLDERS, theirs, strict=True):
        assert readers_jcal.alike(as_jcal(folder)) == readers_jcal.alike(their), folder.name
