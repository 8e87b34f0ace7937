"""Every reader reads a good file as the judge does, and refuses what it is known to refuse."""

import pytest

from conformance import judge
from conformance.readers import Refused, all_readers, rename_zones
from conformance.test_judge import GOOD, OCTETS, spoil

READERS = all_readers()
# Which reader refuses what: no single one catches every fault, so we ask all of them.
REFUSED_BY = {
    "bom": {"icalendar", "ical", "ical.js"},
    "raw newline": {"icalendar", "ical", "ical.js", "libical"},
    "vertical tab": {"ical"},
    "fraction in a trigger": {"icalendar", "ical", "libical"},
    "alarm without description": {"ical"},
    "observance without offset": {"icalendar", "ical"},
    "no uid": set(),
    "time in an unknown zone": {"icalendar", "ical", "ical.js", "libical"},
}
DEFECTS = {
    "bom": OCTETS["bom"],
    "raw newline": spoil("SUMMARY:Fête", "SUMMARY:Fête\nnationale"),
    "vertical tab": OCTETS["forbidden-character"],
    "fraction in a trigger": spoil("TRIGGER:-PT15M", "TRIGGER:-PT7.5M"),
    "alarm without description": spoil(
        "TRIGGER:-PT15M\nDESCRIPTION:Réunion\\; salle A\\, Paris\n", "TRIGGER:-PT15M\n"
    ),
    "observance without offset": spoil("TZOFFSETTO:+0545\n", ""),
    "no uid": spoil("UID:5b8a1b51-0c7e-8aaa-9d11-0123456789ad\n", ""),
    "time in an unknown zone": spoil("TZID:Asia/Kathmandu", "TZID:Nowhere"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_reads_a_good_file_as_the_judge_does(name):
    assert READERS[name]([rename_zones(GOOD)]) == [judge.read(GOOD)]


@pytest.mark.parametrize("name", READERS)
def test_a_reader_gives_an_answer_for_each_file_in_order(name):
    one, two = READERS[name]([rename_zones(GOOD), rename_zones(GOOD.replace(b"Sans", b"Avec"))])

    assert (one[1].summary, two[1].summary) == ("Sans fin", "Avec fin")


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_readers_that_refuse_a_defect_are_known(defect):
    data = rename_zones(DEFECTS[defect])

    refused = {name for name, read in READERS.items() if isinstance(read([data])[0], Refused)}

    assert refused == REFUSED_BY[defect]


def test_zones_are_renamed_wherever_they_stand_and_never_twice_alike():
    one, two = rename_zones(GOOD), rename_zones(GOOD)

    assert one.count(b"Europe/Paris") == GOOD.count(b"Europe/Paris")
    assert b"TZID:Europe/Paris" not in one
    assert b"TZID=Europe/Paris" not in one
    assert one != two
