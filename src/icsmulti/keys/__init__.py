"""API keys, the accounts they open, and the contract every store keeps.

A key belongs to an account. The account makes the UIDs (its `uid_secret`), and limits and
usage are the account's, so rotating a key changes neither. The first six characters of a
key's public id are its account's id: a store can therefore find, on one Redis hash tag and
in one round trip, everything that admitting a request needs.

`key` makes and reads keys; `sqlite` and `redis` keep them; `open_store` chooses by address.
A third store is one module with this contract and one line in `tests/keys/stores.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

__all__ = [
    "PATIENT",
    "Account",
    "Admission",
    "Entry",
    "KeyRecord",
    "KeyStore",
    "Limits",
    "Quota",
    "open_store",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an account may ask. None: the server's setting. 0: no limit."""

    per_minute: int | None = None
    """A bucket of this size, refilled evenly over 60 s: admitted ≤ per_minute × (1 + t / 60 s)."""
    per_day: int | None = None
    """Requests per UTC day."""


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    """Six base62 characters, public."""
    uid_secret: bytes = field(repr=False)  # logs and tracebacks show reprs
    """32 random bytes, made with the account, never rotated, never shown (identity.py)."""
    created_at: int
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key at rest: never the key itself. Times are seconds since 1970, UTC."""

    id: str
    """Ten base62 characters, public; the first six are the account's id."""
    digest: bytes = field(repr=False)
    """SHA-256 of the whole key."""
    label: str
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    suspended_at: int | None = None
    last_used_at: int | None = None
    """Coarse: written at most every 10 minutes."""


class Quota(NamedTuple):
    """One limit after a request was counted. `size` 0: no limit."""

    size: int
    remaining: int
    reset_s: int
    """Minute: seconds until one more request fits (0 when one fits now). Day: until 00:00 UTC."""


class Admission(NamedTuple):
    """A request let in: its account, and what is left of its limits."""

    account: Account
    key: KeyRecord
    minute: Quota
    day: Quota
    counted: bool = True
    """False: the key could be read but not counted. It is served, logged and counted in a metric."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `keys list`: a key, its account, and the account's requests today (UTC)."""

    account: Account
    key: KeyRecord
    used_today: int


class KeyStore(Protocol):
    """Where accounts and keys live. Safe to share between the tasks of one event loop.

    Every method may raise StoreUnavailable, within one second of the call whatever the
    store does, and recovers by itself; none retries beyond that second. `now` is seconds
    since 1970, UTC, from the caller's clock.
    """

    @property
    def scheme(self) -> str:
        """`sqlite`, `redis`, `sentinel` or `cluster`: for logs and `/readyz`."""

    async def open(self) -> None:
        """Connect and migrate. A store that cannot be reached is not an error here: the
        server starts, answers 503 and recovers by itself. Raises SettingsError for an
        address that can never work.
        """

    async def close(self) -> None:
        """Flush what is counted and let go. Who opens, closes."""

    async def ping(self) -> None:
        """Return when the store can answer `admit`."""

    async def admit(self, key_id: str, digest: bytes, now: float) -> Admission:
        """Look the key up and take one unit of its account's limits, in one round trip.

        Args:
            key_id: the public id, well formed.
            digest: SHA-256 of the key as sent; compared in constant time, and an unknown
                id costs the same as a known one.
            now: seconds since 1970, UTC.

        Raises:
            InvalidKey: no such id, or another digest.
            RevokedKey, SuspendedKey, ExpiredKey: in this order, only once the digest matched.
            RateLimited: `minute` or `day`; nothing is taken.
        """

    async def authenticate(self, key_id: str, digest: bytes, now: float) -> Entry:
        """As `admit`, but takes nothing: for `GET /api/key` and its neighbours."""

    async def create(self, record: KeyRecord, account: Account | None = None) -> Account:
        """Store a key and return its account. `record.id[:6]` names the account.

        With `account`, the account is new and stored with the key, all or nothing. Durable
        (on disk, or on a replica) when this returns.

        Raises:
            StoreConflict: `already-there` (id taken: draw again), `unknown-account`
                (no `account` given and none stored), `not-durable` (values: `setting`).
        """

    async def rotate(
        self, key_id: str, record: KeyRecord, *, old_expires_at: int, now: int
    ) -> None:
        """Store *record* in the account of *key_id*, whose own key ends at *old_expires_at*
        (or before, if it would anyway). One step, durable.

        Raises:
            StoreConflict: `unknown-key`, `not-active` (revoked, suspended, expired),
                `too-many-keys` (two keys of the account are valid already).
        """

    async def revoke(self, key_id: str, at: int) -> bool:
        """Mark revoked for ever; durable; holds from the next `admit` on every server.
        False if unknown. A second call keeps the first time.
        """

    async def suspend(self, key_id: str, at: int | None) -> bool:
        """Suspend (at a time) or resume (None). False if unknown."""

    async def limit(self, account_id: str, limits: Limits) -> bool:
        """Set an account's own limits. False if unknown."""

    async def find(self, key_id: str) -> Entry | None:
        """One key, whatever its state; None if it was never stored."""

    async def account(self, account_id: str) -> Account | None:
        """One account; None if it was never stored."""

    def entries(self) -> AsyncIterator[Entry]:
        """Every key, by account then creation; a snapshot is not promised."""

    async def usage(self, account_id: str, days: int, now: float) -> Mapping[str, int]:
        """Requests per UTC day (`2026-11-22`): of the last *days* days, today included, those
        that have any.
        """

    async def take(self, bucket: str, size: int, period_s: int, now: float) -> int:
        """Take one unit from a named bucket that holds *size* and refills evenly in *period_s*.

        Exact across workers and servers. For addresses (failures, the form, issuing): the
        bucket's name may hold an address, so a store keeps no longer than *period_s* after
        the last use, and hashes it.

        Returns:
            0 when taken, or when *size* is 0 (no limit); else whole seconds until one fits
            (nothing taken).
        """

    async def spend(self, token: str, expires_at: int, now: float) -> bool:
        """Mark a one-time token (a solved challenge) as used until *expires_at*.
        False if it was used before. Durable enough to survive a restart.
        """

    async def secret(self, name: str) -> bytes:
        """32 random bytes under *name*, made at the first call and the same for ever after,
        on every server: the challenge secret, the site account's UID secret (`site`).
        """

    def export(self) -> AsyncIterator[dict[str, Any]]:
        """Everything that must survive a move, as JSON objects: accounts (with limits and
        UID secret), keys (all states), usage per day, secrets. Buckets and spent tokens stay.
        """

    async def import_(self, records: AsyncIterator[dict[str, Any]]) -> int:
        """Take what `export` of any store gave (`records`); what is there already must be
        equal, but for what moves by itself: the later last use and the larger usage stay.

        Returns:
            how many records were new.

        Raises:
            StoreConflict: `already-there`, whose value `id` names what differs;
                `unknown-account`; `not-a-record`. Nothing after it is taken, and a repeated
                import finishes the work.
        """


PATIENT = 10
"""The patience of a command line: somebody waits for it alone, and not within a second."""


def open_store(
    address: str, defaults: Limits, *, patience: int = 1, may_create: bool = True
) -> KeyStore:
    """The store for an `ICSMULTI_STORE` address, not yet opened.

    Args:
        address: `sqlite:///absolute/path`, `redis://`, `rediss://`, `redis+sentinel://`,
            `rediss+sentinel://`, `redis+cluster://` or `rediss+cluster://`.
        defaults: the server's limits, for accounts that have none of their own.
        patience: how many times a server's second SQLite may take, which shares a disk and a
            lock with whoever else runs on the machine. Redis has its second.
        may_create: False for who only looks: a file that is not there stays so, and is
            StoreUnavailable by the cause `new`; one of an older version is so by `older`.

    Raises:
        SettingsError: no store has this address.
    """
    # Imported here: a SQLite server never pays for redis-py, nor a Redis one for apsw.
    if address.startswith("sqlite:"):
        from icsmulti.keys.sqlite import SqliteStore  # noqa: PLC0415 - as said above

        return SqliteStore(address, defaults, patience, may_create=may_create)
    from icsmulti.keys.redis import RedisStore  # noqa: PLC0415 - as said above

    return RedisStore(address, defaults)
