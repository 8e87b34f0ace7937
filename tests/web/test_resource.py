"""Bytes kept in memory, asked for as a browser and a cache ask."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from icsmulti.errors import MethodNotAllowed
from icsmulti.web.resource import IMMUTABLE, Resource

BODY = "<p>Répétition générale</p>".encode() * 100
HTML = "text/html; charset=utf-8"


def ask(
    resource: Resource, *headers: tuple[bytes, bytes], method: str = "GET"
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(resource({"method": method, "headers": list(headers)}, None, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1].get("body", b"")


def test_the_bytes_come_as_they_are_with_a_tag() -> None:
    status, headers, body = ask(Resource(BODY, HTML))

    assert (status, body) == (200, BODY)
    assert headers[b"content-type"] == HTML.encode()
    assert headers[b"content-length"] == str(len(BODY)).encode()
    assert headers[b"etag"].startswith(b'"')


def test_who_takes_gzip_gets_gzip_under_another_tag() -> None:
    resource = Resource(BODY, HTML)
    _, plain, _ = ask(resource)
    _, headers, body = ask(resource, (b"accept-encoding", b"br, gzip"))

    assert gzip.decompress(body) == BODY
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"vary"] == b"Accept-Encoding"
    assert headers[b"etag"] != plain[b"etag"]


@pytest.mark.parametrize("accepted", [b"identity", b"gzip;q=0", b"gzip; q=0", b""])
def test_who_does_not_take_gzip_gets_none(accepted: bytes) -> None:
    _, headers, body = ask(Resource(BODY, HTML), (b"accept-encoding", accepted))

    assert body == BODY
    assert b"content-encoding" not in headers


def test_pictures_and_short_texts_are_not_compressed() -> None:
    for resource in (Resource(BODY, "font/woff2"), Resource(b"short", HTML)):
        _, headers, _ = ask(resource, (b"accept-encoding", b"gzip"))

        assert b"content-encoding" not in headers


@pytest.mark.parametrize("encoding", [b"gzip", b"identity"])
def test_what_the_cache_holds_already_is_a_304_without_a_body(encoding: bytes) -> None:
    resource = Resource(BODY, HTML)
    _, first, _ = ask(resource, (b"accept-encoding", encoding))
    status, headers, body = ask(
        resource, (b"accept-encoding", encoding), (b"if-none-match", b"W/" + first[b"etag"])
    )

    assert (status, body) == (304, b"")
    assert headers[b"etag"] == first[b"etag"]
    assert b"content-length" not in headers


def test_another_tag_gets_the_whole() -> None:
    status, _, body = ask(Resource(BODY, HTML), (b"if-none-match", b'"0123456789"'))

    assert (status, body) == (200, BODY)


def test_head_is_get_without_the_body() -> None:
    resource = Resource(BODY, HTML)
    status, headers, body = ask(resource, method="HEAD")

    assert (status, headers, body) == (200, ask(resource)[1], b"")


def test_no_other_method_is_taken() -> None:
    with pytest.raises(MethodNotAllowed) as refusal:
        ask(Resource(BODY, HTML), method="POST")

    assert refusal.value.allow == "GET, HEAD"


def test_the_policy_of_keeping_is_the_makers() -> None:
    _, headers, _ = ask(Resource(BODY, HTML, cache=IMMUTABLE))

    assert headers[b"cache-control"] == b"public, max-age=31536000, immutable"
