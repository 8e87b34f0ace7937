"""The files people read are the files the engine makes."""

import json

import pytest

from conformance import golden, judge, outlook
from conformance.requests import calendar


@pytest.mark.parametrize("path", golden.REQUESTS, ids=lambda path: path.stem)
def test_a_golden_request_makes_its_golden_file(path):
    assert calendar(path.read_bytes()).data == path.with_suffix(".ics").read_bytes()


@pytest.mark.parametrize("path", golden.REQUESTS, ids=lambda path: path.stem)
def test_a_golden_file_is_good_and_says_what_it_shows(path):
    data = path.with_suffix(".ics").read_bytes()

    assert judge.complaints(data) == []
    assert outlook.complaints(data) == []
    assert json.loads(path.read_text("utf-8"))["shows"].endswith(".")


def test_there_are_about_thirty_and_no_stray_file():
    folder = golden.REQUESTS[0].parent

    assert 25 <= len(golden.REQUESTS) <= 40
    assert {p.stem for p in folder.glob("*.ics")} == {p.stem for p in golden.REQUESTS}
