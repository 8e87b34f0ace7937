"""Every zone, every year, both sides of every change: the instant that zoneinfo says."""

import itertools
import random

import pytest

from conformance import model, zone_changes
from conformance.readers import all_readers, rename_zones
from conformance.rotation import AGAIN, SEED, sample

READERS = all_readers()
# The hard ones every day, the others in turn.
ALWAYS = (
    *("Europe/Paris", "Europe/Dublin", "Africa/Casablanca", "Asia/Gaza", "America/Nuuk"),
    *("Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Monrovia"),
)
TODAY = sorted({*ALWAYS, *sample(model.zone_names(), 24)})


def read_by_all(cases):
    """The files of *cases*, judged, then read by every other reader."""
    judged = [case.check() for case in cases]
    for name, read in READERS.items():
        answers = read([rename_zones(data) for data, _ in judged])
        for (data, events), answer in zip(judged, answers, strict=True):
            assert answer == events, f"{name} misreads ({AGAIN}):\n{data.decode()}"


@pytest.mark.parametrize("zone", TODAY)
def test_a_sample_of_zones_is_right_on_both_sides_of_every_change(zone):
    for case in zone_changes.cases(zone):
        case.check()


def test_a_sample_of_changes_is_right_in_every_reader():
    cases = list(itertools.chain.from_iterable(map(zone_changes.cases, TODAY)))

    read_by_all(sample(cases, 300))


@pytest.mark.long
@pytest.mark.parametrize("zone", model.zone_names())
def test_every_zone_is_right_on_both_sides_of_every_change(zone):
    for case in zone_changes.cases(zone):
        case.check()


@pytest.mark.long
def test_thousands_of_changes_are_right_in_every_reader():
    cases = [
        case
        for zone in model.zone_names()
        for case in random.Random(f"{SEED} {zone}").sample(list(zone_changes.cases(zone)), 6)
    ]
    assert len(cases) >= 2_000

    read_by_all(cases)
