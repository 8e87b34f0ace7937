"""The address a server listens on, and a store's address as it may be shown."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

from icsmulti.errors import SettingsError

BACKLOG = 2_048
"""Connections that may wait to be accepted; the system may allow fewer."""


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket; port 0 takes a free one.

    Without SO_REUSEPORT: a second server on the same port must fail, not share it silently.

    Raises:
        SettingsError: `port-taken`, `port-denied` or `address-unknown`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(
            (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::"
        )
    except OSError as error:
        reasons = {errno.EADDRINUSE: "port-taken", errno.EACCES: "port-denied"}
        reason = reasons.get(error.errno or 0, "address-unknown")
        setting = "ICSMULTI_HOST" if reason == "address-unknown" else "ICSMULTI_PORT"
        raise SettingsError(reason, setting=setting, host=host, port=port) from error


def authority(host: str, port: int) -> str:
    """Host and port as a URI has them (RFC 3986 §3.2): an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def without_password(store: str) -> str:
    """A store's address, checked before, as it may be shown: Sentinels have a password too."""
    url = urlsplit(store)
    if url.scheme == "sqlite":
        return store
    credentials, at, hosts = url.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{url.scheme}://{f'{user}:…@' if at else ''}{hosts}{url.path}"
