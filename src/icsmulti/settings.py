"""Every setting, in one table: name, default, kind. The help texts are in `locales` (`settings`).

`read` turns an environment into a frozen `Settings`; nothing else in the product reads the
environment. The table feeds `icsmulti check`, `docs/settings.md` and the error messages, and
a test fails when a setting is not documented.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast
from urllib.parse import urlsplit

import platformdirs

from icsmulti.errors import SettingsError
from icsmulti.keys.redis_address import read_address

PREFIX = "ICSMULTI_"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Setting(NamedTuple):
    """One row: `ICSMULTI_<name>`, its default as it would be typed, and how it is read."""

    name: str
    default: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The server's settings, checked. Field names are the variables' in lower case."""

    host: str
    port: int
    workers: int
    store: str
    public_url: str
    trusted_proxies: tuple[Network, ...]
    self_service: Literal["open", "closed"]
    metrics_allow: tuple[Network, ...]
    max_body_bytes: int
    max_occurrences: int
    max_title_chars: int
    max_notes_chars: int
    max_place_chars: int
    limit_per_minute: int
    limit_per_day: int
    form_per_minute: int
    form_max_occurrences: int
    failures_per_minute: int
    issue_per_hour: int
    issue_per_network_day: int
    issue_per_day: int
    issue_work: int
    read_timeout_s: int
    shutdown_s: int
    log_address: Literal["full", "truncated", "none"]
    operator: str
    contact: str
    security_contact: str
    legal_notice: str
    privacy_notice: str


def data_folder() -> Path:
    """The user's data folder: where keys and the local identity live by default."""
    return Path(platformdirs.user_data_dir("icsmulti", appauthor=False))


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise SettingsError("whole", low=low, high=high)
        return int(text)

    return read


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise SettingsError("networks") from None


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise SettingsError("choice", choices=", ".join(choices))
        return text

    return read


def _store(text: str) -> str:
    url = urlsplit(text)
    if url.scheme == "sqlite":
        # An authority (`sqlite://relative`) is the usual slip for a missing third slash.
        if url.netloc or not url.path.startswith("/") or url.path == "/":
            raise SettingsError("store-sqlite")
    elif url.scheme not in STORE_SCHEMES:
        raise SettingsError("store-scheme", choices=", ".join(("sqlite", *STORE_SCHEMES)))
    else:
        read_address(text)
    return text


def _public_url(text: str) -> str:
    url = urlsplit(text)
    if text and (
        url.scheme not in ("http", "https") or not url.netloc or url.query or url.fragment
    ):
        raise SettingsError("public-url")
    if url.path.strip("/"):  # links between pages, and to their files, begin at the root
        root = f"{url.scheme}://{url.netloc}"
        raise SettingsError("public-url-path", root=root, path=url.path)
    return text.rstrip("/")


def _readable_file(text: str) -> str:
    if text and not Path(text).is_file():
        raise SettingsError("file")
    return text


STORE_SCHEMES = (
    "redis",
    "rediss",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)

TABLE: tuple[Setting, ...] = (
    Setting("HOST", "127.0.0.1", str),
    Setting("PORT", "8000", _whole(0, 65_535)),
    Setting("WORKERS", "1", _whole(1, 256)),
    Setting("STORE", "", _store),  # "": keys.db in the user's data folder
    Setting("PUBLIC_URL", "", _public_url),
    Setting("TRUSTED_PROXIES", "", _networks),
    Setting("SELF_SERVICE", "open", _one_of("open", "closed")),
    Setting("METRICS_ALLOW", "127.0.0.0/8,::1/128", _networks),
    Setting("MAX_BODY_BYTES", str(5 * 1024 * 1024), _whole(1_024, 1 << 30)),
    Setting("MAX_OCCURRENCES", "10000", _whole(1, 1_000_000)),
    Setting("MAX_TITLE_CHARS", "1000", _whole(1, 1_000_000)),
    Setting("MAX_NOTES_CHARS", "50000", _whole(1, 10_000_000)),
    Setting("MAX_PLACE_CHARS", "2000", _whole(1, 1_000_000)),
    Setting("LIMIT_PER_MINUTE", "60", _whole(0, 10**9)),
    Setting("LIMIT_PER_DAY", "10000", _whole(0, 10**9)),
    Setting("FORM_PER_MINUTE", "20", _whole(0, 10**6)),
    Setting("FORM_MAX_OCCURRENCES", "500", _whole(1, 100_000)),
    Setting("FAILURES_PER_MINUTE", "30", _whole(0, 10**6)),
    Setting("ISSUE_PER_HOUR", "3", _whole(0, 10**6)),
    Setting("ISSUE_PER_NETWORK_DAY", "20", _whole(0, 10**6)),
    Setting("ISSUE_PER_DAY", "500", _whole(0, 10**6)),
    Setting("ISSUE_WORK", "50000", _whole(1, 10**8)),
    Setting("READ_TIMEOUT_S", "10", _whole(1, 600)),
    Setting("SHUTDOWN_S", "10", _whole(1, 600)),
    Setting("LOG_ADDRESS", "truncated", _one_of("full", "truncated", "none")),
    Setting("OPERATOR", "", str),
    Setting("CONTACT", "", str),
    Setting("SECURITY_CONTACT", "", str),
    Setting("LEGAL_NOTICE", "", _readable_file),
    Setting("PRIVACY_NOTICE", "", _readable_file),
)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment; an empty value means the default.

    Raises:
        SettingsError: the first wrong setting, with `setting`, `value` and, for an unknown
            name, `nearest`; the rest are its `others`. A name we do not know is a slip, and a
            slip in a limit is silent.
    """
    known = {PREFIX + row.name for row in TABLE}
    wrong: list[tuple[str, dict[str, Any]]] = []
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            wrong.append(("unknown", {"setting": name, "nearest": nearest[0]}))
    values: dict[str, Any] = {}
    for row in TABLE:
        default = row.default or (default_store() if row.name == "STORE" else "")
        text = environment.get(PREFIX + row.name, "").strip() or default
        try:
            values[row.name.lower()] = row.read(text)
        except SettingsError as error:
            given = {"setting": PREFIX + row.name, "value": text}
            wrong.append((error.reason, given | error.values))
    if wrong:
        (reason, about), *rest = wrong
        raise SettingsError(reason, [SettingsError(why, **what) for why, what in rest], **about)
    return Settings(**cast("Any", values))


def default_store() -> str:
    """`sqlite:` and the absolute path of keys.db in the user's data folder."""
    return (data_folder() / "keys.db").as_uri().replace("file:", "sqlite:", 1)
