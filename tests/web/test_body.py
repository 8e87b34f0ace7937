"""`web.body`: a whole body within its size and its deadline."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect

from icsmulti.errors import TooLarge, TooSlow, UnsupportedType
from icsmulti.web.body import read_body, require_json

LIMIT = 10


def scope(*headers):
    return {"type": "http", "headers": list(headers)}


def channel(*messages, wait_s=0.0, first_waits=False):
    """An ASGI receive that gives *messages*; all but the first (or all) arrive after a wait."""
    left = list(messages)

    async def receive():
        if wait_s and (first_waits or len(left) < len(messages)):
            await asyncio.sleep(wait_s)
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


def read(receive, *headers, deadline_s=5.0):
    return asyncio.run(read_body(scope(*headers), receive, LIMIT, deadline_s))


def test_a_body_in_one_message_is_given_back():
    assert read(channel(part(b"0123456789"))) == b"0123456789"


def test_a_body_in_many_messages_is_joined_in_order():
    assert read(channel(part(b"01", True), part(b"", True), part(b"23"), wait_s=0.001)) == b"0123"


def test_a_body_that_comes_late_is_waited_for():
    late = channel(part(b"01", True), part(b"23"), wait_s=0.01, first_waits=True)

    assert read(late) == b"0123"


def test_a_missing_body_is_empty():
    assert read(channel({"type": "http.request"})) == b""


def test_a_content_length_over_the_limit_is_refused_before_reading():
    with pytest.raises(TooLarge) as caught:
        read(channel(), (b"content-length", b"11"))

    assert caught.value.limit_bytes == LIMIT


def test_a_content_length_of_thousands_of_digits_is_refused_too():
    with pytest.raises(TooLarge):
        read(channel(), (b"content-length", b"9" * 6_000))


@pytest.mark.parametrize(
    "messages",
    [[part(b"01234567890")], [part(b"012345", True), part(b"67890")]],
    ids=["one message", "many messages"],
)
def test_a_body_over_the_limit_is_refused_while_counting(messages):
    with pytest.raises(TooLarge):
        read(channel(*messages))


@pytest.mark.parametrize("begun", [[], [part(b"0", True)]], ids=["never begun", "begun"])
def test_a_body_that_never_ends_is_too_slow(begun):
    with pytest.raises(TooSlow):
        read(channel(*begun), deadline_s=0.05)


def test_a_body_that_drips_is_too_slow_however_steadily():
    drops = [part(b"", True)] * 1_000

    with pytest.raises(TooSlow):
        read(channel(*drops, wait_s=0.01), deadline_s=0.1)


@pytest.mark.parametrize("begun", [[], [part(b"0", True)]], ids=["at once", "half way"])
def test_a_client_that_leaves_is_no_body(begun):
    with pytest.raises(ClientDisconnect):
        read(channel(*begun, {"type": "http.disconnect"}, wait_s=0.001))


def test_a_failure_of_the_channel_comes_through():
    async def receive():
        await asyncio.sleep(0.001)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        read(receive)


def test_a_failure_that_the_channel_waits_for_reaches_the_channel():
    async def receive():
        broken = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(broken.set_exception, ConnectionResetError())
        try:
            await broken
        except ConnectionResetError:
            return part(b"saved")

    assert read(receive) == b"saved"


def test_a_cancelled_reader_lets_its_channel_clean_up():
    cleaned = []

    async def receive():
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    async def cancel_while_reading():
        task = asyncio.create_task(read_body(scope(), receive, LIMIT, 5.0))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_while_reading())

    assert cleaned == [True]


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON; charset=utf-8",
        b"application/vnd.example+json",
        b"application/ld+json;profile=x",
        b"",
    ],
)
def test_json_types_and_no_type_are_taken(content_type):
    require_json(scope((b"content-type", content_type)))


@pytest.mark.parametrize(
    "content_type",
    [
        b"text/plain",
        b"application/jsonx",
        b"application/x-www-form-urlencoded",
        b"text/json",
        b"application/+json",
        b"multipart/form-data; boundary=application/json",
        b"\xff",
    ],
)
def test_other_types_are_refused_with_what_is_accepted(content_type):
    with pytest.raises(UnsupportedType) as caught:
        require_json(scope((b"content-type", content_type)))

    assert caught.value.accept == "application/json"


def test_a_compressed_body_is_refused_by_the_name_of_its_encoding():
    with pytest.raises(UnsupportedType) as caught:
        require_json(scope((b"content-encoding", b"gzip")))

    assert caught.value.encoding == "gzip"


def test_the_identity_encoding_is_no_encoding():
    require_json(scope((b"content-encoding", b"Identity")))
