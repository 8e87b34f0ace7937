"""What docs/security.md says is held by a test is: every test it names exists and has tests in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
RISKS = re.findall(r"^\| (API\d+) .*\| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_every_risk_of_the_list_has_its_row() -> None:
    assert [risk for risk, _ in RISKS] == [f"API{n}" for n in range(1, 11)]


@pytest.mark.parametrize(("risk", "held_by"), RISKS)
def test_every_risk_is_held_by_a_test(risk: str, held_by: str) -> None:
    assert re.fullmatch(r"`tests/[\w/]+\.py`(, `tests/[\w/]+\.py`)*", held_by)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_every_test_that_the_page_names_is_there(path: str) -> None:
    file = ROOT / path

    assert file.is_file()
    assert file.name == "conftest.py" or re.search(r"^(async )?def test_", file.read_text(), re.M)
