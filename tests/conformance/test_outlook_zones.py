"""What the page says of Outlook and the zones is what the product does."""

from pathlib import Path

import tzdata

from conformance import outlook_zones

PAGE = Path(__file__).parents[2] / "docs" / "outlook-zones.md"


def test_the_page_of_zones_is_the_one_the_program_writes():
    said = PAGE.read_text("utf-8")

    # A newer tzdata needs one line in the lock file and no edit here: the page says its version.
    if f"IANA {tzdata.IANA_VERSION}," in said:
        assert said == outlook_zones.page()
    else:
        assert "For IANA 20" in said
