"""The caller's address behind proxies: believed only from whom the settings trust."""

import ipaddress

import pytest

from icsmulti.web.context import client_address, client_network

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def scope(peer: str, *forwarded: str) -> dict:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": (peer, 1234), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # a stranger's header says nothing
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # the left one is claimed
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [" , 198.51.100.7 ,"], "198.51.100.7"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
    ],
)
def test_the_address_is_the_rightmost_that_no_trusted_proxy_has(peer, forwarded, address):
    assert client_address(scope(peer, *forwarded), PROXIES) == address


def test_without_trusted_proxies_the_peer_is_the_caller():
    assert client_address(scope("10.0.0.1", "198.51.100.7"), ()) == "10.0.0.1"


def test_a_unix_sockets_peer_has_no_address():
    assert client_address({"client": None, "headers": []}, PROXIES) == ""
    assert client_network("") == "unknown"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_addresses_are_counted_alone_or_by_the_64(address, network):
    assert client_network(address) == network
