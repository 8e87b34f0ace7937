"""The envelope around a small application of each kind: one that answers, errs, or breaks."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from icsmulti import settings
from icsmulti.errors import NotFound, RateLimited, StoreUnavailable, TooSlow
from icsmulti.web.context import Context
from icsmulti.web.log import LogWriter, shown_address
from icsmulti.web.metrics import Board, Metrics
from icsmulti.web.middleware import CONTENT_SECURITY_POLICY, Envelope, accepts_gzip

NOW = datetime(2026, 11, 22, 9, 41, 7, tzinfo=UTC)
TEXT = b"BEGIN:VEVENT\r\n" * 1_000
CALENDAR = [(b"content-type", b"text/calendar; charset=utf-8")]


class Around:
    """An envelope, what it sent, what it logged, what it counted."""

    def __init__(self, folder: Path, app: Any, **changed: Any) -> None:
        self._log = folder / "log"
        self._descriptor = os.open(self._log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._writer = LogWriter(self._descriptor)
        self.metrics = Metrics()
        context = Context(replace(settings.read({}), **changed), None, lambda: NOW)  # type: ignore[arg-type] # no store is asked
        self.envelope = Envelope(app, context, self._writer, self.metrics)
        self.sent: list[Any] = []

    def ask(
        self, *headers: tuple[bytes, bytes], method: str = "GET", path: str = "/api/x"
    ) -> Around:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"secret=1",
            "headers": list(headers),
            "client": ("192.0.2.77", 1_234),
            "scheme": "http",
            "server": ("test", 80),
        }

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.sent.append(message)

        self.sent = []
        asyncio.run(self.envelope(scope, receive, send))
        return self

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    def header(self, name: str) -> str:
        values = [v.decode() for k, v in self.sent[0]["headers"] if k == name.encode()]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else ""

    @property
    def lines(self) -> list[dict[str, Any]]:
        self._writer.flush()
        return [json.loads(line) for line in self._log.read_text().splitlines()]


def answering(
    body: bytes = TEXT,
    headers: list[tuple[bytes, bytes]] = CALENDAR,
    status: int = 200,
    facts: dict[str, Any] | None = None,
) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["icsmulti"].update(facts or {"route": "/x"})
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers + length})
        await send({"type": "http.response.body", "body": body})

    return app


def raising(error: Exception) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    return app


@pytest.fixture
def around(tmp_path: Path) -> Callable[..., Around]:
    return lambda app, **changed: Around(tmp_path, app, **changed)


def test_every_answer_carries_the_security_headers_and_a_request_id(around: Any) -> None:
    answer = around(answering()).ask()

    assert answer.header("content-security-policy") == CONTENT_SECURITY_POLICY
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answer.header("x-request-id"))
    assert not answer.header("strict-transport-security")


def test_a_policy_that_the_page_brings_is_kept(around: Any) -> None:
    own = [(b"content-security-policy", b"frame-ancestors *"), *CALENDAR]

    answer = around(answering(headers=own)).ask()

    assert answer.header("content-security-policy") == "frame-ancestors *"
    assert answer.header("x-content-type-options") == "nosniff"


def test_https_is_demanded_where_the_site_says_it_has_it(around: Any) -> None:
    answer = around(answering(), public_url="https://ics.example").ask()

    assert answer.header("strict-transport-security")


def test_request_ids_are_never_the_same_twice(around: Any) -> None:
    envelope = around(answering())

    ids = {envelope.ask().header("x-request-id") for _ in range(50)}

    assert len(ids) == 50


def test_what_an_endpoint_sends_may_be_a_constant(around: Any) -> None:
    headers = list(CALENDAR)
    envelope = around(answering(headers=headers))
    envelope.ask((b"accept-encoding", b"gzip"))
    envelope.ask((b"accept-encoding", b"gzip"))

    assert headers == CALENDAR


def test_an_error_of_ours_becomes_its_answer_and_its_code_a_word_of_the_log(around: Any) -> None:
    answer = around(raising(TooSlow(10))).ask()

    assert answer.status == 408
    assert json.loads(answer.body)["code"] == "too-slow"
    assert json.loads(answer.body)["requestId"] == answer.header("x-request-id")
    assert answer.lines[-1]["code"] == "too-slow"


def test_an_unexpected_error_is_a_500_with_nothing_of_ours_in_it(around: Any) -> None:
    answer = around(raising(ValueError("Anniversaire de Zoé"))).ask()

    assert answer.status == 500
    assert json.loads(answer.body)["code"] == "internal"
    assert b"Zo" not in answer.body
    assert b"ValueError" not in answer.body


def test_an_unexpected_error_is_logged_with_its_place_and_without_its_words(
    around: Any, caplog: Any
) -> None:
    around(raising(ValueError("Anniversaire de Zoé"))).ask((b"x-request-id", b"request-77"))

    fields = caplog.records[-1].fields
    assert fields["request_id"] == "request-77"
    assert fields["trace"][-1] == "ValueError"
    assert any("test_middleware" in step for step in fields["trace"])
    assert "Zoé" not in repr(caplog.records[-1].__dict__)


def test_an_error_without_its_words_is_still_answered(around: Any, caplog: Any) -> None:
    answer = around(raising(NotFound(say="errors.nobody-wrote-this"))).ask()

    assert answer.status == 500
    assert json.loads(answer.body)["code"] == answer.lines[-1]["code"] == "internal"
    assert caplog.records[-1].fields["trace"][-1] == "KeyError"


def test_an_answer_that_breaks_off_is_not_followed_by_another(around: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    answer = around(app).ask()

    assert [message["type"] for message in answer.sent] == ["http.response.start"]


def test_a_caller_who_left_is_no_fault(around: Any, caplog: Any) -> None:
    from starlette.requests import Request

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()

    answer = around(app).ask()

    assert answer.sent == []
    assert answer.lines[-1]["status"] == 499
    assert caplog.records == []


def test_a_request_is_one_line_without_anything_personal(around: Any) -> None:
    facts = {"route": "/api/generate", "key_id": "7Ab3kQx90Z", "occurrences": 3}
    answer = around(answering(facts=facts)).ask((b"x-api-key", b"icsm_secret"), method="POST")

    (line,) = answer.lines
    assert line.pop("duration_ms") >= 0
    assert line == {
        "time": "2026-11-22T09:41:07Z",
        "level": "info",
        "event": "request",
        "method": "POST",
        "route": "/api/generate",
        "status": 200,
        "request_id": answer.header("x-request-id"),
        "address": "192.0.2.0",
        "key_id": "7Ab3kQx90Z",
        "occurrences": 3,
    }


@pytest.mark.parametrize(
    ("policy", "address", "shown"),
    [
        ("full", "192.0.2.77", "192.0.2.77"),
        ("truncated", "192.0.2.77", "192.0.2.0"),
        ("truncated", "2001:db8:1:2:3::4", "2001:db8:1::"),
        ("truncated", "::ffff:192.0.2.77", "192.0.2.0"),
        ("truncated", "unknown", ""),
        ("none", "192.0.2.77", ""),
    ],
)
def test_an_address_is_logged_as_the_setting_says(policy: str, address: str, shown: str) -> None:
    assert shown_address(address, policy) == shown


def test_why_the_store_could_not_answer_is_for_the_log_alone(around: Any) -> None:
    answer = around(raising(StoreUnavailable("redis at 10.0.0.5 refused"))).ask()

    assert answer.status == 503
    assert b"10.0.0.5" not in answer.body
    assert answer.lines[-1]["reason"] == "redis at 10.0.0.5 refused"
    assert answer.metrics.counts.events == {"store_failures": 1}


def test_what_is_refused_served_and_left_uncounted_is_counted(around: Any) -> None:
    facts = {"route": "/api/generate", "occurrences": 40, "uncounted": True}
    limited = around(raising(RateLimited("minute", 3))).ask()
    served = around(answering(facts=facts)).ask()

    assert limited.metrics.counts.events == {"limits_reached minute": 1}
    assert served.metrics.counts.events == {"uncounted_admissions": 1}
    assert served.metrics.counts.occurrences.total == 40
    assert list(served.metrics.counts.latency) == [("/api/generate", 200)]


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (b"gzip", True),
        (b"br, GZIP;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"xgzip, br", False),
        (b"", False),
    ],
)
def test_gzip_is_sent_to_whoever_takes_it(header: bytes, taken: bool) -> None:
    assert accepts_gzip(header) is taken


GZIP = (b"accept-encoding", b"gzip, br")


@pytest.mark.parametrize("size", [2_000, 500_000])
def test_a_large_body_is_compressed(around: Any, size: int) -> None:
    body = (TEXT * 40)[:size]

    answer = around(answering(body)).ask(GZIP, method="POST")

    assert answer.header("content-encoding") == "gzip"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("vary") == "Accept-Encoding"
    assert gzip.decompress(answer.body) == body


def test_a_body_sent_in_parts_is_compressed_in_parts(around: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(CALENDAR)})
        await send({"type": "http.response.body", "body": TEXT, "more_body": True})
        await send({"type": "http.response.body", "body": TEXT, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    answer = around(app).ask(GZIP)

    assert gzip.decompress(answer.body) == TEXT * 2
    assert not answer.header("content-length")


@pytest.mark.parametrize(
    ("app", "path"),
    [
        (answering(b"x" * 1_400), "/api/x"),
        (answering(headers=[(b"content-type", b"image/png")]), "/api/x"),
        (answering(headers=[*CALENDAR, (b"content-encoding", b"br")]), "/api/x"),
        (answering(status=206), "/api/x"),
        (answering(facts={"no_compress": True}), "/api/x"),
        (answering(), "/api/key"),
        (answering(), "/api/key/rotate"),
        (answering(), "/en/api-key"),
    ],
    ids=["small", "no text", "encoded", "a part", "marked", "key", "rotated key", "key page"],
)
def test_what_must_not_be_compressed_is_not(around: Any, app: Any, path: str) -> None:
    answer = around(app).ask(GZIP, path=path)

    assert answer.header("content-encoding") in ("", "br")
    assert len(answer.body) == int(answer.header("content-length"))


def test_who_does_not_take_gzip_gets_the_octets_and_caches_are_told(around: Any) -> None:
    own = [*CALENDAR, (b"vary", b"Accept-Language")]

    answer = around(answering(headers=own)).ask()

    assert answer.body == TEXT
    assert answer.header("vary") == "Accept-Language, Accept-Encoding"


def test_a_strong_validator_is_weakened_by_compression(around: Any) -> None:
    answer = around(answering(headers=[*CALENDAR, (b"etag", b'"1"')])).ask(GZIP)

    assert answer.header("etag") == 'W/"1"'


def test_workers_add_up_and_a_successor_goes_on_counting() -> None:
    board, first, second = Board(2), Metrics(), Metrics()
    first.share(board, 0)
    second.share(board, 1)
    first.counts.request("/x", 200, 0.003)
    second.counts.request("/x", 200, 0.003)
    second.counts.event("store_failures")
    second.publish()
    successor = Metrics()
    successor.share(board, 1)
    successor.counts.request("/x", 200, 0.003)
    successor.publish()

    total = first.everything()

    assert sum(total.latency["/x", 200].buckets) == 3
    assert total.events == {"store_failures": 1}


def test_a_reader_who_never_reads_the_log_does_not_stop_the_server() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing)

    async def flood() -> float:
        for _ in range(200):
            for _ in range(100):
                writer.line(b"x" * 1_000)
            await asyncio.sleep(0.001)
        return writer._octets

    backlog = asyncio.run(asyncio.wait_for(flood(), 60))
    begin = time.monotonic()
    writer.flush()
    took_s = time.monotonic() - begin
    os.close(reading)

    assert backlog < 10 * 1024 * 1024
    assert took_s < 3 * 2


def test_lines_lost_are_told_once_the_log_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icsmulti.web.log.FAREWELL_S", 60)  # a busy disk has all the time it needs
    descriptor = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
    writer = LogWriter(descriptor)
    with writer._turn:  # the reader sleeps
        for _ in range(9_000):
            writer.line(b'"' + b"x" * 1_000 + b'"')
    writer.flush()

    *lines, last = (tmp_path / "log").read_bytes().splitlines()
    assert json.loads(last)["event"] == "log-lines-lost"
    assert len(lines) + json.loads(last)["lines"] == 9_000
