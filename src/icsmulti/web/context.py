"""What every endpoint shares: settings, store and clock, handed down from `app`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from icsmulti.keys import KeyStore
from icsmulti.settings import Network, Settings

Scope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    store: KeyStore
    clock: Callable[[], datetime]
    """Now, aware, in UTC. Injected: no test and no endpoint reads the machine's clock."""


def asked(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers by name; of a repeated one, the last."""
    facts = scope.setdefault("icsmulti", {})
    headers: dict[bytes, bytes] | None = facts.get("asked")
    if headers is None:
        headers = facts["asked"] = dict(scope["headers"])
    return headers


def client_address(scope: Scope, trusted: tuple[Network, ...]) -> str:
    """The caller's address: the rightmost one that is not a trusted proxy's.

    X-Forwarded-For is read only when the peer itself is trusted, and from the right: what
    stands further left was written by strangers.
    """
    peer = (scope.get("client") or ("", 0))[0]
    if not trusted or not _is_within(peer, trusted):
        return peer
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    for hop in reversed(forwarded.decode("latin-1").split(",")):
        address = hop.strip()
        if not address:
            continue
        if not _is_address(address):
            return peer
        peer = address
        if not _is_within(address, trusted):
            return address
    return peer


def client_network(address: str) -> str:
    """The unit that limits by address count: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket's peer has no address
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
