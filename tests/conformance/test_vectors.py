"""The vectors, asked of the engine itself. `test_vectors_over_http` asks them of the server."""

import pytest

from conformance import vectors
from conformance.expectation import Answer, failures
from conformance.requests import calendar
from icsmulti.errors import InvalidJson, InvalidRequest

VECTORS = vectors.load()


def ask(body: bytes) -> Answer:
    try:
        made = calendar(body)
    except InvalidRequest as refusal:
        return Answer(400, faults=tuple(fault.dotted for fault in refusal.faults))
    except InvalidJson:
        return Answer(400)
    headers = {"content-type": made.content_type, "content-disposition": made.disposition}
    return Answer(200, made.data, headers=headers)


def test_there_are_as_many_vectors_as_were_given():
    assert len(VECTORS) >= 198


@pytest.mark.parametrize("name", VECTORS)
def test_the_engine_answers_a_vector_rightly(name):
    assert failures(VECTORS[name], ask) == []


def test_a_wrong_answer_is_told_from_a_right_one():
    vector = VECTORS["all-fields"]
    good = ask(vectors.body(vector["request"]))

    for wrong in (
        Answer(400),
        Answer(200, good.data.replace(b"120000", b"130000")),
        Answer(200, good.data.replace(b"LOCATION", b"LIEU")),
        Answer(200, good.data.replace(b"BEGIN:VALARM", b"BEGIN:VALERT")),
    ):
        assert failures(vector, lambda _, answer=wrong: answer)
