"""The fast path and the slow one agree: a request is refused exactly when faults are found."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import judge
from conformance.requests import calendar, occurrence, request
from icsmulti.engine import faults
from icsmulti.engine.request import DEFAULT_BOUNDS
from icsmulti.errors import InvalidJson, InvalidRequest

thorough = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Values that are nearly right, for any member.
_VALUES = st.sampled_from(
    [
        *(None, True, False, "", " ", "\n", "x", "x" * 1_001, "15", "\ufeff", "e\u0301", "Z"),
        *(0, 1, -1, 15, 15.0, 7.5, -0.0, 525_600, 525_601, 10**12, 1e300, 10**400, 2**64),
        *([], [None], {}, {"a": 1}, [[]], [{}], ["x"]),
        *("2026-05-12", "2026-05-12T10:00", "2026-05-12T10:00:00Z", "2026-05-12T24:00:00"),
        *("2026-05-12T24:30", "2026-13-01", "2026-02-30T10:00:00", "2026-05-12t10:00:00z"),
        *("2026-05-12 10:00:00.999+02:00", "2026-05-12T10:00:00−0500", "2026-05-12T10:00:00+24:00"),
        *("2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00", "2026-05-12T10:59:60Z"),
        *("1600-12-31", "1601-01-01", "4500-12-31", "4501-01-01", "0001-01-01", "9999-12-31"),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "20260512T100000Z"),
        *("2026-05-12T10:00:00Z\n", "２０２６-05-12", "2026-W20-2", "2026-05-12T10:00:00[UTC]"),
        *(
            "Europe/Paris",
            "europe/paris",
            "UTC",
            "CEST",
            "Romance Standard Time",
            "+02:00",
            "../UTC",
        ),
        *("\u212aolkata", "Asia/Gaza", "localtime", "Factory", "posix/UTC", "Europe/Paris "),
    ]
)
_MEMBERS = (
    *("id", "titre", "notes", "dateDebut", "dateFin", "lieu", "touteLaJournee", "rappelMinutes"),
    "inconnu",
)
_PLACES = st.sampled_from(
    [
        (),
        ("evenement",),
        ("evenement", "occurrences"),
        ("evenement", "occurrences", 0),
        ("options",),
        ("options", "fuseau"),
        *[("evenement", "occurrences", n, member) for member in _MEMBERS * 3 for n in (0, 1)],
    ]
)
_MISSING = object()
_changes = st.lists(st.tuples(_PLACES, _VALUES | st.just(_MISSING)), max_size=4)


def changed(changes):
    """A good request with these places set to other values, where they still exist."""
    data = json.loads(request(occurrence(0), occurrence(1), zone="Europe/Paris"))
    for place, value in changes:
        if not place:
            data = data if value is _MISSING else copy.deepcopy(value)
            continue
        *way, last = place
        holder = data
        try:
            for step in way:
                holder = holder[step]
            if value is _MISSING:
                del holder[last]
            else:
                holder[last] = copy.deepcopy(value)
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    return data


def refusal_of(ask, *arguments):
    """The faults that *ask* raises; None when it finds nothing wrong."""
    try:
        ask(*arguments)
    except InvalidRequest as refusal:
        return refusal
    return None


@thorough
@given(_changes)
def test_a_request_is_refused_exactly_when_a_fault_is_found(changes):
    data = changed(changes)
    body = json.dumps(data, ensure_ascii=False).encode()

    found = refusal_of(faults.examine, copy.deepcopy(data), DEFAULT_BOUNDS)
    refused = refusal_of(calendar, body)

    assert (refused and refused.faults) == (found and found.faults)
    if not found:
        assert judge.complaints(calendar(body).data) == []


@thorough
@given(_changes.filter(bool))
def test_faults_come_occurrence_by_occurrence_in_the_order_of_the_contract(changes):
    refusal = refusal_of(calendar, json.dumps(changed(changes)).encode())
    if refusal is None:
        return

    places = [fault.path[2:] for fault in refusal.faults if fault.path[:1] == ("evenement",)]
    order = [(p[0], _MEMBERS.index(p[1]) if p[1:] else -1) for p in places if p]
    assert order == sorted(order)
    assert refusal.total == len(refusal.faults) > 0


@thorough
@given(st.binary(max_size=60) | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_bytes_that_are_not_a_request_are_refused_as_such(body):
    try:
        calendar(body)
        refused = False
    except (InvalidJson, InvalidRequest):
        refused = True

    assert refused
