"""Answers on the wire: octet for octet as uvicorn's own protocol writes them, and one task a connection."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from icsmulti.web.turns import Shift
from icsmulti.web.wire import WireLimits, WireProtocol

PLAIN = (b"content-type", b"text/plain")


def answering(status: int, headers: list[tuple[bytes, bytes]], *bodies: bytes) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies, 1):
            more = number < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    return app


def length(octets: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % octets


APPS = {
    "whole": answering(200, [PLAIN, length(5)], b"whole"),
    "large": answering(200, [PLAIN, length(200_000)], b"x" * 200_000),
    "empty": answering(200, [PLAIN, length(0)], b""),
    "no-content": answering(204, [(b"allow", b"POST")], b""),
    "not-modified": answering(304, [(b"etag", b'"a"'), length(5)], b""),
    "chunked": answering(200, [PLAIN], b"one", b"two"),
    "without-length": answering(200, [PLAIN], b"one"),
    "in-two-parts": answering(200, [PLAIN, length(6)], b"one", b"two"),
    "too-short": answering(200, [PLAIN, length(9)], b"short"),
    "too-long": answering(200, [PLAIN, length(2)], b"long"),
    "closing": answering(200, [PLAIN, length(3), (b"connection", b"close")], b"bye"),
    "line-in-a-value": answering(200, [(b"x-a", b"b\r\nx-c: d"), length(1)], b"x"),
    "line-feed-in-a-value": answering(200, [(b"x-a", b"b\nx-c: d"), length(1)], b"x"),
    "control-in-a-value": answering(200, [(b"x-a", b"b\0"), length(1)], b"x"),
    "octets-in-a-value": answering(200, [(b"x-a", b"\t\xe9"), length(1)], b"x"),
    "a-head-and-nothing": answering(200, [PLAIN, length(3)]),
}


async def asked(
    protocol: Callable[..., asyncio.Protocol], app: Any, talk: Callable[..., Awaitable[Any]]
) -> tuple[Any, ServerState]:
    """What *talk* makes of a connection to a server of *app*, and that server's state after it."""
    config = Config(app, http="httptools", ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Sun, 22 Nov 2026 09:41:07 GMT")]
    loop = asyncio.get_running_loop()
    make = partial(protocol, config=config, server_state=state, app_state={})
    async with await loop.create_server(make, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            async with asyncio.timeout(30):
                return await talk(reader, writer), state
        finally:
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(30):
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.01)


OURS = partial(WireProtocol, limits=WireLimits(10, 100), shift=Shift())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", APPS)
def test_an_answer_is_what_uvicorn_would_have_written(
    name: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # uvicorn tells of broken applications

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        # The second request has the server close: all that there is has come by then.
        for connection in ("keep-alive", "close"):
            writer.write(
                f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n".encode()
            )
        return await reader.read()

    theirs, _ = asyncio.run(asked(HttpToolsProtocol, APPS[name], talk))
    ours, _ = asyncio.run(asked(OURS, APPS[name], talk))

    refused = {"line-in-a-value", "line-feed-in-a-value", "control-in-a-value"}
    assert theirs.startswith(b"HTTP/1.1 ") or (name in refused and theirs == b"")
    if name == "a-head-and-nothing":  # theirs is begun and cut off; ours can still say what it is
        assert ours.startswith(b"HTTP/1.1 500 ")
    else:
        assert ours == theirs


def test_a_connection_has_one_task_for_all_its_requests() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["path"], asyncio.current_task()))
        await asyncio.sleep(0.01)  # so that those behind arrive meanwhile
        await APPS["whole"](scope, receive, send)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(3)))
        pipelined = b"".join([await reader.readuntil(b"whole") for _ in range(3)])
        writer.write(b"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        return pipelined + await reader.readuntil(b"whole")

    answers, state = asyncio.run(asked(OURS, app, talk))

    assert len(re.findall(rb"HTTP/1\.1 200 OK", answers)) == 4
    assert [path for path, _ in seen] == ["/0", "/1", "/2", "/3"]
    assert len({task for _, task in seen}) == 1
    assert not state.tasks


def test_a_caller_who_leaves_while_being_answered_leaves_no_task_behind() -> None:
    ended = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        left.set()
        await asyncio.sleep(0.1)
        await APPS["whole"](scope, receive, send)
        ended.append(scope["path"])

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await left.wait()

    left = asyncio.Event()
    _, state = asyncio.run(asked(OURS, app, talk))

    assert ended == ["/"]
    assert not state.tasks
