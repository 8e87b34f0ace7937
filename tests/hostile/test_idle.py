"""Between two requests a connection may rest, and not for ever."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from icsmulti.web import wire
from product import Product, program

GET = b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n"
DEPLOY = Path(__file__).parents[2] / "deploy"

IDLE_S = 3.0
READ_TIMEOUT_S = 2
"""Of the server that all these tests share."""


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The server as it is but for the length of the wait."""
    product = Product(tmp_path_factory.mktemp("idle"))
    product.program = program("import icsmulti.web.wire as wire", f"wire.IDLE_S = {IDLE_S}")
    with product:
        yield product


def test_a_connection_that_rests_too_long_is_closed_without_a_word(hurried: Product) -> None:
    with hurried.connect() as connection:
        begin = time.monotonic()
        connection.send(GET)
        assert connection.read().status == 200
        connection.socket.settimeout(3 * IDLE_S)
        rest = connection.socket.recv(1)
        waited_s = time.monotonic() - begin

    assert rest == b""
    assert IDLE_S - 0.1 < waited_s < 3 * IDLE_S


def test_each_request_renews_the_rest(hurried: Product) -> None:
    begin = time.monotonic()
    with hurried.connect() as connection:
        while time.monotonic() - begin < 1.5 * IDLE_S:
            connection.send(GET)
            assert connection.read().status == 200
            time.sleep(IDLE_S / 30)  # a busy machine may make a second of it


def test_a_rest_is_longer_than_the_time_a_request_has_to_arrive(product: Product) -> None:
    with product.connect() as connection:
        for _ in range(2):
            connection.send(GET)
            assert connection.read().status == 200
            time.sleep(1.5 * READ_TIMEOUT_S)


def test_a_head_begun_after_a_rest_has_its_own_deadline(product: Product) -> None:
    with product.connect() as connection:
        connection.send(GET)
        connection.read()
        connection.send(GET[:-2])

        assert connection.read().status == 408


def test_proxies_close_resting_connections_before_the_server_does() -> None:
    """The other way round a request may be on its way as the connection closes, and is lost."""
    (caddy_s,) = re.findall(r"keepalive (\d+)s", (DEPLOY / "Caddyfile").read_text())
    nginx_s = 60  # keepalive_timeout of an upstream, its default: the file sets none
    assert "keepalive_timeout" not in (DEPLOY / "nginx.conf").read_text()

    assert int(caddy_s) < wire.IDLE_S
    assert nginx_s < wire.IDLE_S
