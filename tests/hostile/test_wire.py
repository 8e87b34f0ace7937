"""HTTP that is broken, hostile or merely old, over real sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time

import pytest

from product import CALENDAR, PATIENCE_S, Product, wait_until

GET = b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n"


def head(*lines: str, request: str = "POST /api/generate HTTP/1.1") -> bytes:
    return "\r\n".join([request, *lines, "", ""]).encode("latin-1")


def is_unharmed(product: Product) -> bool:
    return product.ask(GET).status == 200


REFUSED = {
    "no host": (head(request="GET /livez HTTP/1.1"), 400),
    "two hosts": (head("Host: a", "Host: b", request="GET /livez HTTP/1.1"), 400),
    "two different lengths": (
        head("Host: a", "Content-Length: 3", "Content-Length: 4") + b"abcd",
        400,
    ),
    "two equal lengths": (head("Host: a", "Content-Length: 3", "Content-Length: 3") + b"abc", 400),
    "a list of lengths": (head("Host: a", "Content-Length: 3, 3") + b"abc", 400),
    "a negative length": (head("Host: a", "Content-Length: -3"), 400),
    "a length with a sign": (head("Host: a", "Content-Length: +3") + b"abc", 400),
    "a hexadecimal length": (head("Host: a", "Content-Length: 0x3") + b"abc", 400),
    "a giant length": (head("Host: a", "Content-Length: " + "9" * 40), 400),
    "both length and chunked": (
        head("Host: a", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        400,
    ),
    "chunked and then length": (
        head("Host: a", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
        400,
    ),
    "chunked twice": (
        head("Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        400,
    ),
    "chunked of gzip": (head("Host: a", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 501),
    "an unknown transfer coding": (head("Host: a", "Transfer-Encoding: xchunked"), 501),
    "chunked in HTTP/1.0": (
        head("Host: a", "Transfer-Encoding: chunked", request="POST /api/generate HTTP/1.0")
        + b"0\r\n\r\n",
        400,
    ),
    "a chunk size that is no number": (
        head("Host: a", "Transfer-Encoding: chunked") + b"zz\r\n",
        400,
    ),
    "a chunk size without end": (
        head("Host: a", "Transfer-Encoding: chunked") + b"f" * 20 + b"\r\n",
        400,
    ),
    "a space before the colon": (head("Host: a", "X-API-Key : b"), 400),
    "a folded header": (head("Host: a", "X-A: b", " c"), 400),
    "a bare CR in a header": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n", 400),
    "a NUL in a header": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n", 400),
    "a header without a colon": (head("Host: a", "nonsense"), 400),
    "a method nobody knows": (head("Host: a", request="BREW /livez HTTP/1.1"), 400),
    "a version nobody knows": (head("Host: a", request="GET /livez HTTP/9.9"), 400),
    "HTTP/2 in the words of HTTP/1": (head("Host: a", request="GET /livez HTTP/2.0"), 505),
    "a version before HTTP/1": (head("Host: a", request="GET /livez HTTP/0.9"), 505),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50, 400),
    "octets beyond ASCII in the address": (b"GET /caf\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space in the address": (head("Host: a", request="GET /li vez HTTP/1.1"), 400),
    "CONNECT": (head("Host: a", request="CONNECT example.org:443 HTTP/1.1"), 501),
    "64 KiB of header": (head("Host: a", "X-A: " + "b" * 65_536), 431),
    "64 KiB in many headers": (head("Host: a", *(f"X-{n}: {'b' * 50}" for n in range(1_200))), 431),
    "64 KiB of address": (head("Host: a", request="GET /" + "a" * 65_536 + " HTTP/1.1"), 431),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_http_is_refused_and_the_connection_closed(product: Product, case: str) -> None:
    octets, status = REFUSED[case]

    with product.connect() as connection:
        connection.send(octets)
        answer = connection.read()
        closed = connection.is_closed()

    assert answer.status == status
    assert answer.header("connection") == "close"
    assert answer.json["code"]
    assert answer.json["requestId"] == answer.header("x-request-id")
    assert closed
    assert is_unharmed(product)


def test_a_refusal_is_a_sentence_in_the_language_asked_for(product: Product) -> None:
    french = product.ask(head(request="GET / HTTP/1.1")).json
    english = product.ask(head("Accept-Language: en", request="GET / HTTP/1.1")).json

    assert french["error"].startswith("En-tête Host manquant ou répété")
    assert english["error"].startswith("Host header missing or repeated")


def test_the_second_of_two_smuggled_requests_is_never_answered(product: Product) -> None:
    smuggled = (
        head("Host: a", "Content-Length: 6", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + GET
    )

    with product.connect() as connection:
        connection.send(smuggled)
        first = connection.read()
        with pytest.raises(ConnectionError):
            connection.read()

    assert first.status == 400


def test_http_1_0_is_answered_and_closed(product: Product) -> None:
    with product.connect() as connection:
        connection.send(b"GET /livez HTTP/1.0\r\n\r\n")
        answer = connection.read()

        assert answer.status == 200
        assert connection.is_closed()


def test_a_whole_address_in_the_request_line_is_understood(product: Product) -> None:
    answer = product.ask(head("Host: test", request="GET http://test/livez HTTP/1.1"))
    no_path = product.ask(head("Host: test", request="GET http://test HTTP/1.1"))

    assert answer.status == 200
    assert no_path.status == 200


def test_pipelined_requests_are_answered_in_order(product: Product) -> None:
    ids = [f"request-{number:04}" for number in range(20)]
    octets = [product.generate(CALENDAR, f"X-Request-Id: {name}") for name in ids]

    with product.connect() as connection:
        connection.send(b"".join(octets))
        answers = [connection.read() for _ in ids]

    assert [answer.header("x-request-id") for answer in answers] == ids
    assert {answer.status for answer in answers} == {200}


def test_more_pipelined_requests_than_may_wait_end_the_connection_after_their_answers(
    product: Product,
) -> None:
    answered = 0
    with product.connect() as connection:
        connection.send(GET * 2_000)
        try:
            while connection.read().status == 200:
                answered += 1
        except ConnectionError:
            pass

    assert 60 <= answered <= 200
    assert is_unharmed(product)


def test_a_good_request_keeps_its_answer_when_nonsense_follows(product: Product) -> None:
    with product.connect() as connection:
        connection.send(product.generate() + b"\0\1\2 nonsense\r\n\r\n")
        answer = connection.read()
        closed = connection.is_closed()

    assert answer.status == 200
    assert answer.body.startswith(b"BEGIN:VCALENDAR")
    assert closed


def test_good_requests_keep_their_answers_when_one_behind_them_breaks(product: Product) -> None:
    broken = (
        head(
            "Host: a",
            f"X-API-Key: {product.key}",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
        )
        + b"2\r\n{}\r\nnonsense\r\n"
    )

    with product.connect() as connection:
        connection.send(product.generate() * 3 + broken)
        answers = [connection.read() for _ in range(3)]
        with pytest.raises(ConnectionError):
            connection.read()

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert answers[-1].header("connection") == "close"


SLOW = b" " * 300_000 + CALENDAR
"""Computed beside the event loop: what stands behind it arrives before its answer leaves."""


@pytest.mark.parametrize("behind", ["half a head", "half a body", "nonsense"])
def test_a_caller_who_breaks_off_and_shuts_his_side_gets_the_answers_to_what_was_whole(
    product: Product, behind: str
) -> None:
    broken = {
        "half a head": product.generate()[:30],
        "half a body": product.generate()[:-5],
        "nonsense": b"\0\1\2 nonsense\r\n\r\n",
    }

    with product.connect() as connection:
        connection.send(product.generate(SLOW) * 2 + broken[behind])
        connection.socket.shutdown(socket.SHUT_WR)
        answers = [connection.read() for _ in range(2)]
        with pytest.raises(ConnectionError):
            connection.read()

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[-1].header("connection") == "close"


@pytest.mark.parametrize("cut", [20, 120])
def test_a_head_cut_behind_a_large_body_is_not_taken_for_a_large_head(
    product: Product, cut: int
) -> None:
    second = product.generate()

    with product.connect() as connection:
        connection.send(product.generate(SLOW) + second[:cut])
        first = connection.read()
        connection.send(second[cut:])
        answer = connection.read()

    assert (first.status, answer.status) == (200, 200)


def test_who_leaves_with_two_requests_unanswered_surprises_nobody(product: Product) -> None:
    many = json.loads(CALENDAR)
    [one] = many["evenement"]["occurrences"]
    many["evenement"]["occurrences"] = [{**one, "id": str(number)} for number in range(8_000)]
    busy = [product.connect() for _ in range(4)]  # two are computed at a time
    for connection in busy:
        connection.send(product.generate(json.dumps(many).encode()))
    time.sleep(0.02)  # so that they are before the next

    with product.connect() as leaving:
        leaving.send(product.generate(b" " * 100_000 + CALENDAR) + product.generate()[:-5])
        time.sleep(0.02)  # so that both are read before the end is
        leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    answers = [connection.read().status for connection in busy]
    for connection in busy:
        connection.socket.close()

    assert answers == [200] * 4
    assert wait_until(lambda: product.connections() == 0)
    assert {line["event"] for line in product.lines()} <= {"request", "refused"}


@pytest.mark.parametrize("start", [b"0\r\nX-A: ", b"1;a="], ids=["trailer", "extension"])
@pytest.mark.parametrize("with_key", [True, False])
def test_what_grows_around_chunks_is_refused_as_a_head_is(
    product: Product, start: bytes, with_key: bool
) -> None:
    def refused() -> int:
        codes = [line["code"] for line in product.lines() if line["event"] == "refused"]
        return codes.count("too-large")

    before = refused()
    with product.connect() as connection:
        connection.send(
            head(
                "Host: a",
                *([f"X-API-Key: {product.key}"] if with_key else []),
                "Transfer-Encoding: chunked",
            )
            + b"2\r\n{}\r\n"
            + start
        )
        time.sleep(0.1)  # what begins it is read by itself: a single large read is no growth
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                connection.send(b"a" * 65_536)
        answer = connection.read()

        assert connection.is_closed()
    assert answer.status == (431 if with_key else 401)
    assert refused() == before + 1


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "TLS/1.0"])
def test_an_upgrade_is_not_taken_and_the_request_answered_body_and_all(
    product: Product, protocol: str
) -> None:
    upgrade = ("Connection: keep-alive, Upgrade", f"Upgrade: {protocol}")

    with product.connect() as connection:
        connection.send(product.generate(CALENDAR, *upgrade) + GET)
        calendar, after = connection.read(), connection.read()

    assert (calendar.status, after.status) == (200, 200)
    assert calendar.body.endswith(b"END:VCALENDAR\r\n")


def test_a_websocket_handshake_gets_an_ordinary_answer(product: Product) -> None:
    answer = product.ask(
        head(
            "Host: test",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            request="GET /api/generate HTTP/1.1",
        )
    )

    assert answer.status == 405


def test_an_upgrade_that_arrives_octet_by_octet_loses_nothing(product: Product) -> None:
    octets = product.generate(CALENDAR, "Connection: Upgrade", "Upgrade: h2c")

    with product.connect() as connection:
        for start in range(0, len(octets), 7):
            connection.send(octets[start : start + 7])
        answer = connection.read()

    assert answer.status == 200


def test_a_key_in_a_trailer_opens_nothing(product: Product) -> None:
    chunks = b"%x\r\n%b\r\n0\r\nX-API-Key: %b\r\n\r\n" % (
        len(CALENDAR),
        CALENDAR,
        product.key.encode(),
    )

    answer = product.ask(
        head("Host: a", "Content-Type: application/json", "Transfer-Encoding: chunked") + chunks
    )

    assert answer.status == 401


def test_a_chunked_body_is_as_good_as_one_of_known_length(product: Product) -> None:
    chunks = b"".join(b"1;note=x\r\n%c\r\n" % octet for octet in CALENDAR) + b"0\r\n\r\n"

    answer = product.ask(
        head(
            "Host: a",
            f"X-API-Key: {product.key}",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
        )
        + chunks
    )

    assert answer.status == 200


def test_a_caller_who_shuts_his_side_after_asking_still_gets_the_answer(product: Product) -> None:
    with product.connect() as connection:
        connection.send(product.generate())
        connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.read()

    assert answer.status == 200


@pytest.mark.parametrize("kept", [1, 30, len(CALENDAR) - 1])
@pytest.mark.parametrize("how", ["shuts his side", "closes", "resets"])
def test_a_body_that_its_caller_breaks_off_makes_no_calendar_and_no_noise(
    product: Product, kept: int, how: str
) -> None:
    before = len(product.lines())
    with product.connect() as connection:
        connection.send(product.generate()[: kept - len(CALENDAR)])
        if how == "shuts his side":
            connection.socket.shutdown(socket.SHUT_WR)
            assert connection.is_closed()
        elif how == "resets":
            connection.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )

    assert is_unharmed(product)
    assert wait_until(lambda: product.connections() == 0)  # the server has seen the end too
    calendars = [line for line in product.lines()[before:] if line.get("occurrences")]
    assert calendars == []


def test_100_continue_comes_before_the_body_and_never_before_a_refusal(product: Product) -> None:
    expect = ("Expect: 100-continue",)
    with product.connect() as connection:
        connection.send(product.generate(CALENDAR, *expect)[: -len(CALENDAR)])
        promise = connection.read()
        connection.send(CALENDAR)
        answer = connection.read()
    refusal = product.ask(product.generate(CALENDAR, *expect, key="")[: -len(CALENDAR)])

    assert (promise.status, answer.status) == (100, 200)
    assert refusal.status == 401


def test_http_1_0_is_never_told_to_continue(product: Product) -> None:
    octets = product.generate(CALENDAR, "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")

    assert product.ask(octets).status == 200  # RFC 9110 §10.1.1


ECHOED = [
    b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: abcdefgh\r\n X-Evil: 1\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: abcdefgh\nX-Evil: 1\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: abcdefgh%0d%0aX-Evil:1\r\n\r\n",
    b"GET /livez%0d%0aX-Evil:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /api/generate HTTP/1.1\r\nHost: a%0d%0aX-Evil:1\r\nOrigin: x%0d%0aX-Evil:1\r\n\r\n",
]


@pytest.mark.parametrize("octets", ECHOED)
def test_no_line_break_gets_into_a_header_we_send(product: Product, octets: bytes) -> None:
    answer = product.ask(octets)

    assert not answer.header("x-evil")
    assert answer.status in (200, 400, 404, 405)


def test_line_breaks_in_a_title_stay_out_of_the_headers(product: Product) -> None:
    body = json.loads(CALENDAR)
    body["evenement"]["occurrences"][0]["titre"] = 'a\r\nX-Evil: 1\r\n\r\n"b\u2028é'

    answer = product.ask(product.generate(json.dumps(body).encode()))

    assert answer.status == 200
    assert not answer.header("x-evil")
    assert "\r" not in answer.header("content-disposition")


def test_a_request_id_of_the_callers_is_kept_if_it_is_harmless(product: Product) -> None:
    def sent(name: str) -> str:
        octets = head("Host: a", f"X-Request-Id: {name}", request="GET /livez HTTP/1.1")
        return product.ask(octets).header("x-request-id")

    assert sent("abc-DEF_1.23") == "abc-DEF_1.23"
    assert sent("short") != "short"
    assert sent("x" * 65) != "x" * 65
    assert sent('"><script>alert(1)') != '"><script>alert(1)'


def test_a_head_that_never_ends_is_answered_408_and_closed(product: Product) -> None:
    with product.connect() as connection:
        begin = time.monotonic()
        connection.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n")
        answer = connection.read()
        waited = time.monotonic() - begin
        closed = connection.is_closed()

    assert answer.status == 408
    assert 1.9 < waited < 3 * 2.5
    assert closed


def test_a_connection_that_says_nothing_is_closed(product: Product) -> None:
    with product.connect() as connection:
        assert connection.is_closed(3 * 2.5)


def test_a_body_of_an_octet_a_second_is_answered_408(product: Product) -> None:
    octets = product.generate()
    with product.connect() as connection:
        connection.send(octets[: -len(CALENDAR)])
        begin = time.monotonic()
        connection.socket.settimeout(0.5)
        while time.monotonic() - begin < PATIENCE_S:
            with contextlib.suppress(ConnectionError):  # closed: its answer is still to be read
                connection.send(b" ")
            with contextlib.suppress(TimeoutError):
                answer = connection.read()
                break

    assert answer.status == 408
    assert answer.json["code"] == "too-slow"


def test_a_body_announced_too_large_is_refused_before_it_is_sent(product: Product) -> None:
    announced = product.generate(b"", "X-Nothing: 1").replace(
        b"Content-Length: 0", b"Content-Length: 99999999"
    )

    answer = product.ask(announced)

    assert answer.status == 413


def test_a_body_that_grows_too_large_in_chunks_is_refused_and_the_refusal_arrives(
    product: Product,
) -> None:
    block = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with product.connect() as connection:
        connection.send(
            head(
                "Host: a",
                f"X-API-Key: {product.key}",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
            )
        )
        for _ in range(100):  # 6.5 MB
            connection.send(block)
        answer = connection.read()

    assert answer.status == 413


def test_a_refused_caller_who_never_stops_sending_is_cut_off(product: Product) -> None:
    with product.connect() as connection:
        connection.send(product.generate(b"", key="").replace(b": 0\r\n", b": 999999999\r\n"))
        refusal = connection.read()
        begin = time.monotonic()
        with contextlib.suppress(ConnectionError, TimeoutError):
            while time.monotonic() - begin < PATIENCE_S:
                connection.send(b" " * 1_000)
                time.sleep(0.05)
        cut_after = time.monotonic() - begin

    assert refusal.status == 401
    assert cut_after < 15


def test_an_answer_that_nobody_fetches_is_given_up(product: Product) -> None:
    body = json.loads(CALENDAR)
    occurrence = body["evenement"]["occurrences"][0]
    # Commas are written as two octets each: 4 MB become 9, more than a socket's buffers hold.
    body["evenement"]["occurrences"] = [
        {**occurrence, "id": str(n), "notes": "," * 40_000} for n in range(100)
    ]
    octets = product.generate(json.dumps(body).encode())
    assert wait_until(lambda: product.connections() == 0)  # those of the tests before
    connections = [product.connect() for _ in range(3)]
    for connection in connections:
        connection.send(octets)
    assert wait_until(lambda: product.connections() == 3)

    let_go = wait_until(lambda: product.connections() == 0)
    for connection in connections:
        connection.socket.close()

    assert let_go
    assert is_unharmed(product)
