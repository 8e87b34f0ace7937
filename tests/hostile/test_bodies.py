"""Bodies that are broken, enormous or cunning, over real sockets: each its documented answer."""

from __future__ import annotations

import json
import threading
import time

import pytest

from product import CALENDAR, OCCURRENCE, Product


def with_members(text: bytes) -> bytes:
    """The request with *text* in place of its event's `titre`."""
    return CALENDAR.replace(b'"titre": "R\\u00e9union"', text)


NESTED = 100_000
BROKEN = {
    "nothing": (b"", "invalid-json"),
    "white space": (b" \n\t ", "invalid-json"),
    "cut off": (CALENDAR[:-5], "invalid-json"),
    "cut off in a string": (CALENDAR[:60], "invalid-json"),
    "cut off in an escape": (b'{"a": "\\u00', "invalid-json"),
    "more after the end": (CALENDAR + b"{}", "invalid-json"),
    "nested arrays": (b"[" * NESTED + b"]" * NESTED, "invalid-json"),
    "nested objects": (b'{"a":' * NESTED + b"1" + b"}" * NESTED, "invalid-json"),
    "nested where it is ignored": (
        CALENDAR[:-1] + b', "x": ' + b"[" * NESTED + b"]" * NESTED + b"}",
        "invalid-json",
    ),
    "invalid UTF-8": (with_members(b'"titre": "caf\xe9"'), "invalid-json"),
    "an overlong encoding": (with_members(b'"titre": "\xc0\xaf"'), "invalid-json"),
    "a surrogate in UTF-8": (with_members(b'"titre": "\xed\xa0\x80"'), "invalid-json"),
    "UTF-16": (CALENDAR.decode().encode("utf-16"), "invalid-json"),
    "NaN": (with_members(b'"titre": NaN'), "invalid-json"),
    "a raw line break in a string": (with_members(b'"titre": "a\nb"'), "invalid-json"),
    "a lone surrogate": (with_members(b'"titre": "\\ud800"'), "invalid-request"),
    "a number of 10 000 digits": (
        with_members(b'"titre": "a", "rappelMinutes": ' + b"9" * 10_000),
        "invalid-request",
    ),
    "1e999": (with_members(b'"titre": "a", "rappelMinutes": 1e999'), "invalid-request"),
    "-0.0": (with_members(b'"titre": "a", "rappelMinutes": -0.5'), "invalid-request"),
    "an array": (b"[]", "invalid-request"),
    "null": (b"null", "invalid-request"),
    "a number": (b"1", "invalid-request"),
    "no events": (b'{"evenement": {"occurrences": []}}', "invalid-request"),
    "10 001 events": (
        json.dumps({"evenement": {"occurrences": [OCCURRENCE] * 10_001}}).encode(),
        "invalid-request",
    ),
    "a member of the wrong kind everywhere": (
        b'{"evenement": {"occurrences": [' + b",".join([b"[]"] * 10_000) + b"]}}",
        "invalid-request",
    ),
    "a path for a zone": (CALENDAR[:-1] + b', "options": {"fuseau": "../../etc/passwd"}}', "invalid-request"),
    "a NUL in a zone": (CALENDAR[:-1] + b', "options": {"fuseau": "Europe\\u0000/Paris"}}', "invalid-request"),
    "a title too long": (with_members(b'"titre": "' + b"a" * 1_001 + b'"'), "invalid-request"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_body_gets_400_and_its_code(product: Product, case: str) -> None:
    body, code = BROKEN[case]

    answer = product.ask(product.generate(body))

    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["error"].startswith(("Corps JSON invalide", "Champ manquant ou incorrect"))
    assert answer.json["requestId"] == answer.header("x-request-id")


def test_of_duplicate_members_the_last_counts(product: Product) -> None:
    answer = product.ask(product.generate(with_members(b'"titre": 5, "titre": "B"')))

    assert answer.status == 200
    assert b"SUMMARY:B\r\n" in answer.body


def test_members_that_we_do_not_know_change_no_octet(product: Product) -> None:
    def calendar(body: bytes) -> list[bytes]:
        lines = product.ask(product.generate(body)).body.split(b"\r\n")
        return [line for line in lines if not line.startswith(b"DTSTAMP")]

    strange = CALENDAR[:-1] + b', "x": {"y": [1, null, {}]}, "__proto__": 1}'

    assert calendar(strange) == calendar(CALENDAR)


HEADS = {
    "text": (("Content-Type: text/plain",), 415),
    "a form": (("Content-Type: application/x-www-form-urlencoded",), 415),
    "xml": (("Content-Type: application/xml",), 415),
    "compressed": (("Content-Type: application/json", "Content-Encoding: gzip"), 415),
    "json of another kind": (("Content-Type: application/ld+json; charset=utf-8",), 200),
    "no type": ((), 200),
    "a type of nonsense": (("Content-Type: ;;;=",), 415),
}


@pytest.mark.parametrize("case", HEADS)
def test_the_type_of_a_body_is_looked_at(product: Product, case: str) -> None:
    lines, status = HEADS[case]
    octets = product.generate(CALENDAR, *lines).replace(
        b"Content-Type: application/json\r\n", b"", 1
    )

    assert product.ask(octets).status == status


KEYS = {
    "absent": ([], 401),
    "empty": (["X-API-Key: "], 401),
    "spaces": (["X-API-Key:    "], 401),
    "twice": (["X-API-Key: {key}", "X-API-Key: {key}"], 400),
    "twice in two cases": (["X-API-Key: {key}", "x-api-key: {key}"], 400),
    "rubbish": (["X-API-Key: rubbish"], 403),
    "of wrong checksum": (["X-API-Key: icsm_7Ab3kQx90Z_" + "a" * 38], 403),
    "beyond ASCII": (["X-API-Key: clé"], 403),
    "of 60 000 octets": (["X-API-Key: " + "a" * 60_000], 403),
    "in capitals": (["X-API-Key: {upper}"], 403),
    "with a space after it": (["X-API-Key: {key}  "], 200),
    "in the wrong header": (["Authorization: Bearer {key}"], 401),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_is_read_from_one_header_and_exactly(product: Product, case: str) -> None:
    lines, status = KEYS[case]
    sent = [line.format(key=product.key, upper=product.key.upper()) for line in lines]
    octets = product.generate(CALENDAR, *sent, key="%")
    octets = octets.replace(b"X-API-Key: %\r\n", b"", 1)

    answer = product.ask(octets)

    assert answer.status == status
    assert product.key.encode() not in answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_method_that_is_not_ours_is_refused_with_those_that_are(
    product: Product, method: str
) -> None:
    octets = product.generate().replace(b"POST", method.encode(), 1)

    with product.connect() as connection:
        connection.send(octets)
        raw = connection.socket.recv(65_536)

    head = raw.partition(b"\r\n\r\n")[0].lower()
    assert b" 405 " in head
    assert b"allow: post, options" in head


def test_a_costly_request_does_not_starve_the_others(product: Product) -> None:
    """While worst cases run one after another, a small request waits for milliseconds.

    Were they made where small ones are answered, those would wait for a whole one each, in every
    round; whatever else keeps the machine busy spoils one round or another.
    """
    occurrences = [
        {**OCCURRENCE, "id": str(n), "notes": "é," * 150, "titre": "ü" * 60} for n in range(6_000)
    ]
    heavy = product.generate(
        json.dumps({"evenement": {"occurrences": occurrences}}, ensure_ascii=False).encode()
    )
    stop = threading.Event()
    statuses: list[int] = []

    def work() -> None:
        while not stop.is_set():
            statuses.append(product.ask(heavy).status)

    def slow_wait_s() -> float:
        """The wait of one small request in a hundred, while two costly ones were answered."""
        waits, end = [], len(statuses) + 2
        with product.connect() as connection:
            while len(statuses) < end or len(waits) < 100:
                begin = time.perf_counter()
                connection.send(product.generate())
                assert connection.read().status == 200
                waits.append(time.perf_counter() - begin)
        return sorted(waits)[len(waits) * 99 // 100]

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    promptly = any(slow_wait_s() < 3 * 0.1 for _ in range(5))
    stop.set()
    thread.join()

    assert set(statuses) == {200}
    assert promptly


@pytest.mark.parametrize("body", [b"secret", b"--x\r\nsecret\xff: \0\r\n\r\n1\r\n--x--\r\n"])
def test_a_form_broken_by_its_caller_is_answered_and_not_quoted_in_the_log(
    product: Product, body: bytes
) -> None:
    answer = product.ask(
        b"POST /app/calendar.ics HTTP/1.1\r\nHost: a\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )

    assert answer.status == 415  # not what its Content-Type says
    assert {line["event"] for line in product.lines()} <= {"request", "refused"}
