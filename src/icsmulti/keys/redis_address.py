"""An `ICSMULTI_STORE` address of a Redis or Valkey store, read and checked.

    redis://[user:password@]host[:6379][/db]
    redis+sentinel://[user:password@]host[:26379],host…/service[/db][?sentinel_password=…]
    redis+cluster://[user:password@]host[:6379],host…

`rediss` in place of `redis` speaks TLS, to Sentinels too. Everything may be percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from icsmulti.errors import SettingsError

Host = tuple[str, int]

SETTING = "ICSMULTI_STORE"

_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the store is. The options are keyword arguments of a redis-py connection."""

    kind: Literal["redis", "sentinel", "cluster"]
    hosts: tuple[Host, ...]
    service: str
    options: dict[str, Any]
    sentinel_options: dict[str, Any]


def read_address(text: str) -> Address:
    """The address that *text* holds.

    Raises:
        SettingsError: `store-host` (no host, or a port that is none), `store-service` (Sentinel
            without a service), `store-db` (not a number, or on a cluster, which has only 0),
            `store-option` (`option`: a name that is not known here).
            Never the address itself: it may hold a password.
    """
    url = urlsplit(text)
    scheme, _, kind = url.scheme.partition("+")
    tls = scheme == "rediss"
    credentials, _, hosts = url.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    path = [unquote(step) for step in url.path.split("/")[1:] if step]
    query = dict(parse_qsl(url.query))
    known = (_TLS_OPTIONS if tls else ()) + (_SENTINEL_OPTIONS if kind == "sentinel" else ())
    for name in query:
        if name not in known:
            raise SettingsError("store-option", setting=SETTING, option=name)

    if kind == "sentinel" and not path:
        raise SettingsError("store-service", setting=SETTING)
    service = path.pop(0) if kind == "sentinel" else ""
    security: dict[str, Any] = {"tls": tls} | {k: query[k] for k in _TLS_OPTIONS if k in query}
    options = security | {
        "username": unquote(user) or None,
        "password": unquote(password) or None,
        "db": _db(path, kind),
    }
    sentinel_options = security | {
        "username": query.get("sentinel_username"),
        "password": query.get("sentinel_password"),
    }
    port = 26_379 if kind == "sentinel" else 6_379
    return Address(
        "sentinel" if kind == "sentinel" else "cluster" if kind == "cluster" else "redis",
        tuple(_host(part, port) for part in hosts.split(",")),
        service,
        options,
        sentinel_options,
    )


def _host(text: str, default_port: int) -> Host:
    try:
        url = urlsplit(f"//{text}")
        host, port = url.hostname, url.port
    except ValueError:
        raise SettingsError("store-host", setting=SETTING) from None
    if not host or port == 0:
        raise SettingsError("store-host", setting=SETTING)
    return unquote(host), port or default_port


def _db(path: list[str], kind: str) -> int:
    text = path[0] if path else "0"
    if (
        len(path) > 1
        or not (text.isascii() and text.isdigit())
        or (kind == "cluster" and int(text))
    ):
        raise SettingsError("store-db", setting=SETTING)
    return int(text)
