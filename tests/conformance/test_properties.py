"""Whatever is asked, the file reads back to exactly that: in the judge, then in every reader."""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings

from conformance import judge, model, outlook, strategies
from conformance.contentlines import parse
from conformance.readers import Refused, all_readers, rename_zones
from conformance.requests import file_for, occurrence
from conformance.rotation import AGAIN, SEED
from icsmulti.errors import InvalidRequest

READERS = all_readers()
EXAMPLES = int(os.environ.get("CONFORMANCE_EXAMPLES", "250"))
BATCH = EXAMPLES * 2

thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def asked(occurrences, zone):
    """The file and what it must read back to; None when an end resolves before its start."""
    try:
        data = file_for(*occurrences, zone=zone)
    except InvalidRequest as error:
        refusal = error
    else:
        uids = [event.uid for event in judge.read(data)]
        return data, [
            model.expected(one, zone, uid) for one, uid in zip(occurrences, uids, strict=True)
        ]
    # Local times in order on the clock may cross a gap or a repeated hour, and a day told as an
    # instant may be another day in the zone; nothing else may fail.
    for fault in refusal.faults:
        one = model.expected(occurrences[fault.path[2]], zone, "")
        assert fault.code == "end-before-start", fault
        assert one.end <= one.start  # None, a timed event without length, would not compare
    return None


@thorough
@given(strategies.requests())
def test_a_file_reads_back_to_what_was_asked(request):
    made = asked(*request)
    if made is None:
        return
    data, events = made

    assert judge.complaints(data) == []
    assert outlook.complaints(data, own_text=False) == []
    assert judge.read(data) == events
    assert judge.read(rename_zones(data)) == events
    assert model.misplaced(parse(data), request[1]) == []


@thorough
@given(strategies.titles, strategies.texts, strategies.texts)
@example("C:\\nouveau", "\\", "a\r\nb")
@example("x" * 66 + "\\", "é" * 40, " ")
def test_any_text_reads_back(title, notes, place):
    data = file_for(occurrence(titre=title, notes=notes, lieu=place))

    assert judge.complaints(data) == []
    (event,) = judge.read(data)
    assert event.summary == model.one_line(title)
    assert event.description == (model.text(notes) if model.text(notes).strip() else "")
    assert event.location == model.one_line(place)


@pytest.fixture(scope="module")
def asked_for():
    """Files with what they must read back to, the same ones for every reader."""
    drawn = strategies.drawn(strategies.requests(), BATCH, start=SEED)
    return [made for request in drawn if (made := asked(*request))]


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_back_what_was_asked(name, asked_for):
    answers = READERS[name]([rename_zones(data) for data, _ in asked_for])

    for (data, events), answer in zip(asked_for, answers, strict=True):
        wanted = [as_read_by(name, event) for event in events]
        assert [as_read_by(name, event) for event in read_events(answer)] == wanted, (
            f"{name} misreads ({AGAIN}):\n{data.decode()}"
        )


def read_events(answer):
    assert not isinstance(answer, Refused), answer
    return answer


def as_read_by(name, event):
    """The event but for what a reader is known to change (its module says what)."""
    if name == "libical":
        return replace(event, description=event.description.strip(" \t"))
    return event
