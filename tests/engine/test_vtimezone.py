"""A zone as VTIMEZONE: one yearly pair, one fixed observance, or none (icalendar.md §7.5)."""

from datetime import datetime

import pytest

from icsmulti.engine.vtimezone import vtimezone
from icsmulti.engine.zones import zone

PARIS = """\
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""


def written(name: str, first: str, last: str) -> str | None:
    text = vtimezone(zone(name), datetime.fromisoformat(first), datetime.fromisoformat(last))
    return text and text.replace("\r\n", "\n")


def rules(name: str, first: str, last: str) -> list[str]:
    text = written(name, first, last) or ""
    return [line for line in text.split("\n") if line.startswith(("RRULE", "RDATE"))]


def test_a_regular_zone_is_its_own_rule_as_a_yearly_pair():
    assert written("Europe/Paris", "2026-05-12", "2026-05-13") == PARIS


@pytest.mark.parametrize(
    ("first", "last"), [("1997-01-02", "1997-02-01"), ("2026-01-01", "4400-01-01")]
)
def test_the_component_of_a_regular_zone_is_the_same_for_every_span(first, last):
    assert written("Europe/Paris", first, last) == PARIS


def test_older_years_have_the_rule_that_they_share():
    assert rules("America/New_York", "2005-01-05", "2005-12-01") == [
        "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    ]


def test_a_span_over_a_change_of_rule_has_none():
    assert written("America/New_York", "2006-06-01", "2007-12-01") is None


def test_a_zone_without_changes_has_one_fixed_observance():
    text = written("Asia/Kolkata", "2026-05-12", "2030-05-13")

    assert text is not None
    assert text.split("\n")[2:8] == [
        "BEGIN:STANDARD", "DTSTART:19700101T000000", "RDATE:19700101T000000",
        "TZOFFSETFROM:+0530", "TZOFFSETTO:+0530", "END:STANDARD",
    ]  # fmt: skip


def test_the_fixed_observance_is_in_force_before_early_events():
    assert rules("Etc/GMT+5", "1969-12-31T23:00:00", "2026-01-01") == ["RDATE:16010101T000000"]
    assert rules("Etc/GMT+5", "1970-01-01T12:00:00", "2026-01-01") == ["RDATE:16010101T000000"]
    assert rules("Etc/GMT+5", "1970-01-02T05:00:00", "2026-01-01") == ["RDATE:19700101T000000"]


@pytest.mark.parametrize("name", ["America/Santiago", "America/Nuuk", "Africa/Cairo", "Asia/Gaza"])
def test_a_rule_that_no_weekday_ordinal_can_say_is_fixed_between_its_changes(name):
    assert rules(name, "2026-06-01", "2026-06-30") == ["RDATE:19700101T000000"]
    assert written(name, "2026-06-01", "2026-12-30") is None


def test_a_change_between_first_and_last_has_no_component():
    assert written("Africa/Casablanca", "2024-04-13T10:00", "2024-04-15T10:00") is None


def test_the_last_instant_counts_and_the_moment_of_change_is_the_next_offset():
    assert written("Africa/Casablanca", "2024-04-13", "2024-04-14T01:59:59") is not None
    assert written("Africa/Casablanca", "2024-04-13", "2024-04-14T02:00:00") is None
    assert written("Africa/Casablanca", "2024-04-14T02:00:00", "2024-04-15") is not None


def test_winter_is_standard_in_dublin_whatever_tzdata_calls_it():
    text = written("Europe/Dublin", "2026-01-01", "2026-01-02") or ""

    assert text.index("BEGIN:DAYLIGHT") < text.index("TZOFFSETTO:+0100")
    assert "TZOFFSETTO:+0000\nEND:STANDARD" in text


def test_offsets_are_signed_and_zero_is_positive():
    assert "TZOFFSETTO:-0330" in (written("America/St_Johns", "2026-01-01", "2026-01-02") or "")
    assert "TZOFFSETTO:+0000" in (written("Europe/London", "2026-01-01", "2026-01-02") or "")
    assert "TZOFFSETTO:+1245" in (written("Pacific/Chatham", "2026-06-01", "2026-06-02") or "")


def test_lines_end_with_crlf():
    text = vtimezone(zone("Europe/Paris"), datetime(2026, 1, 1), datetime(2026, 1, 2)) or ""

    assert text.endswith("END:VTIMEZONE\r\n")
    assert "\n" not in text.replace("\r\n", "")
