"""The API key as text: `icsm_<id>_<secret><crc>`, all base62.

    icsm_7Ab3kQx90Z_vJ2…32 characters…Qd0K4aBc
         └ public id: 6 of the account, 4 of the key
                    └ 32 characters, 190 bits  └ CRC-32 of everything before it, 6 characters

The prefix and the checksum let secret scanners, and this server, tell a key from rubbish
without asking the store. SHA-256 is enough at rest: 190 random bits cannot be guessed.
"""

from __future__ import annotations

import re
import secrets
import zlib
from hashlib import sha256
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ACCOUNT_ID_LENGTH = 6
KEY_ID_LENGTH = 10
SECRET_LENGTH = 32
KEY_PATTERN = r"icsm_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}"
"""What a secret scanner, and our own test of the logs, looks for."""

_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_KEY = re.compile(rf"{KEY_PATTERN}\Z")


class PresentedKey(NamedTuple):
    """A well-formed key as a caller sent it, reduced to what a store may see."""

    id: str
    digest: bytes


def new_account_id() -> str:
    return _random(ACCOUNT_ID_LENGTH)


def new_key(account_id: str) -> tuple[str, PresentedKey]:
    """A new key of an account: the text to show once, and what is kept of it."""
    key_id = account_id + _random(KEY_ID_LENGTH - ACCOUNT_ID_LENGTH)
    head = f"icsm_{key_id}_{_random(SECRET_LENGTH)}"
    text = head + _checksum(head)
    return text, PresentedKey(key_id, _digest(text))


def read_key(text: str) -> PresentedKey | None:
    """What a sent header holds; None when it is malformed or of wrong checksum."""
    if not _KEY.match(text) or text[-6:] != _checksum(text[:-6]):
        return None
    return PresentedKey(text[5:15], _digest(text))


def _digest(text: str) -> bytes:
    return sha256(text.encode("ascii")).digest()


def _checksum(head: str) -> str:
    # 62**6 > 2**32: six digits, two at a time.
    high, low = divmod(zlib.crc32(head.encode("ascii")), 3_844)
    high, middle = divmod(high, 3_844)
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
