"""Addresses of Redis stores, and the doors they open: passwords, databases, TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from patience import answer, eventually, outcome
from redis_servers import DURABLE, free_port, need, standalone
from stores import issuer
from test_redis_faults import admitting, opened

from icsmulti.address import without_password
from icsmulti.errors import SettingsError
from icsmulti.keys.redis_address import read_address
from icsmulti.locales import LANGUAGES, catalogue

OPEN: dict[str, Any] = {"tls": False, "username": None, "password": None}


@pytest.mark.parametrize(
    ("text", "kind", "hosts", "service", "options"),
    [
        ("redis://h", "redis", (("h", 6379),), "", OPEN | {"db": 0}),
        ("redis://h:7/3", "redis", (("h", 7),), "", OPEN | {"db": 3}),
        ("redis://[::1]:7", "redis", (("::1", 7),), "", OPEN | {"db": 0}),
        (
            "rediss://u:p%40ss@h?ssl_ca_certs=/ca.pem",
            "redis",
            (("h", 6379),),
            "",
            {"tls": True, "ssl_ca_certs": "/ca.pem", "username": "u", "password": "p@ss", "db": 0},
        ),
        ("redis://:p@h", "redis", (("h", 6379),), "", OPEN | {"password": "p", "db": 0}),
        (
            "redis+sentinel://a,b:7,[::1]/mine/2",
            "sentinel",
            (("a", 26379), ("b", 7), ("::1", 26379)),
            "mine",
            OPEN | {"db": 2},
        ),
        ("redis+cluster://a,b:7", "cluster", (("a", 6379), ("b", 7)), "", OPEN | {"db": 0}),
    ],
)
def test_an_address_is_read(
    text: str, kind: str, hosts: tuple[Any, ...], service: str, options: dict[str, Any]
) -> None:
    address = read_address(text)

    assert (address.kind, address.hosts, address.service) == (kind, hosts, service)
    assert address.options == options


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("sqlite:///var/lib/keys.db", "sqlite:///var/lib/keys.db"),
        ("redis://host:7/3", "redis://host:7/3"),
        ("redis://user:hidden@host", "redis://user:…@host"),
        ("redis://:hidden@host", "redis://:…@host"),
        ("redis+sentinel://a,b:7/s?sentinel_password=hid@den", "redis+sentinel://a,b:7/s"),
    ],
)
def test_an_address_is_shown_without_its_passwords(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_sentinels_may_have_a_password_of_their_own() -> None:
    address = read_address("redis+sentinel://:data@h/s?sentinel_username=u&sentinel_password=p%2F")

    assert address.options["password"] == "data"
    assert address.sentinel_options == {"tls": False, "username": "u", "password": "p/"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("redis://", "store-host"),
        ("redis://h:port", "store-host"),
        ("redis://h:70000", "store-host"),
        ("redis+cluster://a,,b", "store-host"),
        ("redis+sentinel://h", "store-service"),
        ("redis://h/zero", "store-db"),
        ("redis://h/1/2", "store-db"),
        ("redis+cluster://h/1", "store-db"),
        ("redis://h?ssl_ca_certs=x", "store-option"),
        ("redis://h?socket_timeout=9", "store-option"),
    ],
)
def test_an_address_that_can_never_work_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_address(text)

    assert refused.value.reason == reason
    for language in LANGUAGES:
        sentence = catalogue(language).say(f"settings.faults.{reason}", **refused.value.values)
        assert sentence.startswith("ICSMULTI_STORE")


@pytest.mark.anyio
async def test_a_password_and_a_database_are_used(tmp_path: Path, now: float) -> None:
    with standalone(tmp_path, requirepass="right", **DURABLE) as group:
        port = group.servers[0].port
        async with opened(f"redis://:right@127.0.0.1:{port}/5") as store:
            key = await eventually(issuer(store, now))
            inside = await answer(admitting(store, key))
        async with opened(f"redis://:wrong@127.0.0.1:{port}/5") as store:
            outside = await outcome(store.admit(key.id, key.digest, now))
        async with opened(f"redis://:right@127.0.0.1:{port}/6") as store:
            beside = await eventually(lambda: store.find(key.id))

    assert (inside, outside, beside) == ("Admission", "StoreUnavailable", None)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed; its key is beside it."""
    arguments = (
        "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    )
    files = ["-keyout", tmp_path / "server.key", "-out", tmp_path / "server.pem"]
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    command = [need("openssl"), "req", *arguments.split(), *name, *files]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path / "server.pem"


@pytest.mark.anyio
async def test_tls_is_spoken_and_the_certificate_checked(tmp_path: Path, certificate: Path) -> None:
    port = free_port()
    tls = {
        "tls-port": str(port),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(certificate.with_suffix(".key")),
        "tls-auth-clients": "no",
    }
    with standalone(tmp_path / "server", **DURABLE, **tls):
        address = f"rediss://127.0.0.1:{port}"
        async with opened(f"{address}?ssl_ca_certs={certificate}") as store:
            trusted = await answer(store.ping)
        async with opened(address) as store:
            unknown = await outcome(store.ping())

    assert (trusted, unknown) == ("NoneType", "StoreUnavailable")
