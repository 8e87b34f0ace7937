"""What `export` writes and `import_` reads: one JSON object for each thing a store keeps.

    {"type": "account", "id": "7Ab3kQ", "uid_secret": "…43 characters…", "created_at": 1795305600,
     "per_minute": null, "per_day": 500}
    {"type": "key", "id": "7Ab3kQx90Z", "digest": "…43 characters…", "label": "agenda",
     "created_at": 1795305600, "expires_at": null, "revoked_at": null, "suspended_at": null,
     "last_used_at": null}
    {"type": "usage", "account": "7Ab3kQ", "day": "2026-11-22", "requests": 42}
    {"type": "secret", "name": "challenge", "value": "…43 characters…"}

Bytes are base64url without padding (RFC 4648 §5), times whole seconds since 1970 UTC, days
UTC. An account comes before its keys and its usage. An export is as secret as the store.

Importing compares with what is there. Two values move by themselves while a server runs and
are never a conflict: of `last_used_at` the later stays, of `requests` the larger.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from icsmulti.errors import StoreConflict
from icsmulti.keys import Account, KeyRecord, Limits

__all__ = ["Record", "Secret", "Usage", "day_name", "day_number", "parse", "same_key", "write"]

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Usage:
    """How many requests of an account were let in on one UTC day."""

    account: str
    day: str
    """`2026-11-22`"""
    requests: int


@dataclass(frozen=True, slots=True)
class Secret:
    """32 random bytes under a name (`KeyStore.secret`)."""

    name: str
    value: bytes


Record = Account | KeyRecord | Usage | Secret


def write(record: Record) -> dict[str, Any]:
    """The JSON object of a record."""
    match record:
        case Account():
            return {
                "type": "account",
                "id": record.id,
                "uid_secret": _text(record.uid_secret),
                "created_at": record.created_at,
                "per_minute": record.limits.per_minute,
                "per_day": record.limits.per_day,
            }
        case KeyRecord():
            return {
                "type": "key",
                "id": record.id,
                "digest": _text(record.digest),
                "label": record.label,
                "created_at": record.created_at,
                "expires_at": record.expires_at,
                "revoked_at": record.revoked_at,
                "suspended_at": record.suspended_at,
                "last_used_at": record.last_used_at,
            }
        case Usage():
            return {
                "type": "usage",
                "account": record.account,
                "day": record.day,
                "requests": record.requests,
            }
        case Secret():
            return {"type": "secret", "name": record.name, "value": _text(record.value)}


def parse(record: Mapping[str, Any]) -> Record:
    """The record of a JSON object. Members it does not know are ignored.

    Raises:
        StoreConflict: `not-a-record`, with `id` where there is one: an unknown type, or a
            member missing, of another type, or of wrong length. No secret is repeated.
    """
    try:
        match record["type"]:
            case "account":
                return Account(
                    id=_string(record["id"], length=6),
                    uid_secret=_bytes(record["uid_secret"]),
                    created_at=_whole(record["created_at"]),
                    limits=Limits(
                        _optional(record.get("per_minute")), _optional(record.get("per_day"))
                    ),
                )
            case "key":
                return KeyRecord(
                    id=_string(record["id"], length=10),
                    digest=_bytes(record["digest"]),
                    label=_string(record["label"]),
                    created_at=_whole(record["created_at"]),
                    expires_at=_optional(record.get("expires_at")),
                    revoked_at=_optional(record.get("revoked_at")),
                    suspended_at=_optional(record.get("suspended_at")),
                    last_used_at=_optional(record.get("last_used_at")),
                )
            case "usage":
                day = _string(record["day"], length=10)
                day_number(day)
                account = _string(record["account"], length=6)
                return Usage(account, day, _whole(record["requests"]))
            case "secret":
                return Secret(_string(record["name"]), _bytes(record["value"]))
    except (KeyError, TypeError, ValueError):
        pass
    name = record.get("id") if isinstance(record, Mapping) else None
    raise StoreConflict("not-a-record", id=name if isinstance(name, str) else "")


def same_key(here: KeyRecord, there: KeyRecord) -> bool:
    """Equal but for `last_used_at`, which moves by itself."""
    return replace(here, last_used_at=None) == replace(there, last_used_at=None)


def day_number(day: str) -> int:
    """Days since 1970-01-01 of `2026-11-22`. Raises ValueError."""
    return (date.fromisoformat(day) - _EPOCH).days


def day_name(number: int) -> str:
    """`2026-11-22` of days since 1970-01-01."""
    return (_EPOCH + timedelta(days=number)).isoformat()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _bytes(text: object) -> bytes:
    """32 bytes: every secret and digest here has that length."""
    value = base64.b64decode(_string(text, length=43) + "=", altchars=b"-_", validate=True)
    if len(value) != 32:
        raise ValueError
    return value


def _string(value: object, length: int | None = None) -> str:
    if not isinstance(value, str) or (length is not None and len(value) != length):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise TypeError
    return value


def _optional(value: object) -> int | None:
    return None if value is None else _whole(value)
