"""Keys in one SQLite file: the default store, for every worker and the command line at once.

Reads run where they are asked, on the event loop: a point read costs microseconds, so there
is no cache to go stale, and a revocation holds from the next request on every worker. Writes
queue for one thread (`sqlite_writer`). Requests are counted beside the database (`counters`)
and written into it every two seconds, and when the store is closed. A process that dies loses
no count: the next one finds it in the counters. A machine that dies loses five seconds at most.

A file that is missing or empty is made new at a first start only. Beside existing counters it
is a loss, and answered by StoreUnavailable until a backup is put in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import apsw

from icsmulti.errors import (
    ExpiredKey,
    InvalidKey,
    RevokedKey,
    SettingsError,
    StoreConflict,
    StoreUnavailable,
    SuspendedKey,
)
from icsmulti.keys import Account, Admission, Entry, KeyRecord, Limits, Quota
from icsmulti.keys import sqlite_moving as moving
from icsmulti.keys.counters import Counters
from icsmulti.keys.records import day_name
from icsmulti.keys.sqlite_file import StoreFile, cause_of, rehearse
from icsmulti.keys.sqlite_writer import Writer

__all__ = ["SqliteStore"]

FLUSH_EVERY_S = 2.0
LAST_USED_EVERY_S = 600
PAGE_ROWS = 200

_ENTRY = """
    SELECT key.id, digest, label, key.created_at, expires_at, revoked_at, suspended_at,
           last_used_at, account.id, uid_secret, account.created_at, per_minute, per_day
    FROM key JOIN account ON account.id = key.account
"""
_ONE_ENTRY = _ENTRY + "WHERE key.id = ?"
_PAGE = _ENTRY + (
    "WHERE (key.account, key.created_at, key.id) > (?, ?, ?)"
    " ORDER BY key.account, key.created_at, key.id LIMIT ?"
)
_ACTIVE = "revoked_at IS NULL AND suspended_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
_ROTATABLE = f"SELECT {_ACTIVE} FROM key WHERE id = ?"  # noqa: S608 - constants only
_ACTIVE_KEYS = f"SELECT count(*) FROM key WHERE {_ACTIVE} AND account = ?"  # noqa: S608 - as above
_USAGE = "SELECT requests FROM usage WHERE account = ? AND day = ?"
_NAMED = "SELECT value FROM secret WHERE name = ?"
_NOBODY = bytes(32)

_log = logging.getLogger(__name__)


class SqliteStore:
    """`KeyStore` on SQLite. *address* is `sqlite:///absolute/path`; the rest as in `open_store`."""

    scheme = "sqlite"

    def __init__(
        self, address: str, defaults: Limits, patience: int = 1, *, may_create: bool = True
    ) -> None:
        self.path = _path(address)
        self._per_minute = defaults.per_minute or 0
        self._per_day = defaults.per_day or 0
        self._beside = self.path.with_name(self.path.name + "-counters")
        self._may_create = may_create
        self._patience = patience
        self._written = StoreFile(self.path, writer=True, patience=patience)
        self._reader = StoreFile(self.path, writer=False, patience=patience, maker=self._written)
        self._writer = Writer(self._written, patience)
        self._counters: Counters | None = None
        self._touched: dict[str, int] = {}
        self._flushing: asyncio.Task[None] | None = None

    # Opening and closing

    async def open(self) -> None:
        first = not self._has_counters()
        if not self._may_create:
            if not first:
                self._count()
            self._reader.look()
            return
        if first:
            # Workers that start together may meet while the log is made: hence thrice.
            self._written.may_create = True
            for _ in range(3):
                with contextlib.suppress(StoreUnavailable):
                    await self._writer.run(_nothing)
                    break
        self._count()
        if not first:
            with contextlib.suppress(StoreUnavailable):
                await self._writer.run(_nothing)
        try:
            await self.ping()
        except StoreUnavailable as error:
            fields = {"scheme": self.scheme, "reason": error.reason}
            _log.warning("store-unreachable", extra={"fields": fields})
        self._flushing = asyncio.create_task(self._flush_for_ever())

    async def close(self) -> None:
        if self._flushing is not None:
            flushing, self._flushing = self._flushing, None
            flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flushing  # its last write may still be on the way: not two at a time
            with contextlib.suppress(StoreUnavailable):
                await self._flush()
        self._reader.close()
        if self._counters is not None:
            self._writer.later(self._counters.close)
            self._counters = None
        await self._writer.close()

    async def ping(self) -> None:
        self._reader.look()
        try:
            self._reader.run("SELECT 1 FROM account LIMIT 1")
        except StoreUnavailable as error:
            if error.cause == "new":
                self._rehearse()
            raise

    def _rehearse(self) -> None:
        """Say why a store that is not there yet could not be made."""
        try:
            rehearse(self.path)
        except OSError as error:
            reason = f"{self.path}: {error.strerror}"
            raise StoreUnavailable(reason, cause=cause_of(error)) from None

    # Requests

    async def admit(self, key_id: str, digest: bytes, now: float) -> Admission:
        account, key = self._known(key_id, digest, now)
        limits = account.limits
        per_minute = self._per_minute if limits.per_minute is None else limits.per_minute
        per_day = self._per_day if limits.per_day is None else limits.per_day
        counted = True
        try:
            if self._counters is None:
                raise FileNotFoundError
            minute, day = self._counters.admit(account.id, per_minute, per_day, now, self._usage_on)
        except OSError:
            counted = False
            left = 86_400 - int(now) % 86_400
            minute, day = Quota(per_minute, per_minute, 0), Quota(per_day, per_day, left)
        last = key.last_used_at
        if last is None or now - last >= LAST_USED_EVERY_S:
            self._touched.setdefault(key_id, int(now))
        return Admission(account, key, minute, day, counted)

    async def authenticate(self, key_id: str, digest: bytes, now: float) -> Entry:
        account, key = self._known(key_id, digest, now)
        return Entry(account, key, self._used(account.id, int(now) // 86_400))

    async def take(self, bucket: str, size: int, period_s: int, now: float) -> int:
        if size == 0:
            return 0
        if self._counters is None:
            raise StoreUnavailable(f"{self._beside}: no counters")
        try:
            return self._counters.take(bucket, size, period_s, now)
        except OSError as error:
            raise StoreUnavailable(f"{self._beside}: {error.strerror}") from None

    async def spend(self, token: str, expires_at: int, now: float) -> bool:
        digest = sha256(token.encode()).digest()

        def job(connection: apsw.Connection) -> bool:
            connection.execute("DELETE FROM spent WHERE expires_at <= ?", (int(now),))
            connection.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", (digest, expires_at))
            return connection.changes() == 1

        return await self._writer.run(job)

    async def secret(self, name: str) -> bytes:
        def job(connection: apsw.Connection) -> bytes:
            connection.execute("INSERT OR IGNORE INTO secret VALUES (?, ?)", (name, os.urandom(32)))
            value: bytes = _scalar(connection, _NAMED, name)
            return value

        for (value,) in self._reader.run(_NAMED, (name,)):
            return bytes(value)
        return await self._writer.run(job)

    # The life of a key

    async def create(self, record: KeyRecord, account: Account | None = None) -> Account:
        def job(connection: apsw.Connection) -> Account:
            if account is not None and not moving.add_account(connection, account):
                raise StoreConflict("already-there", id=account.id)
            stored = moving.account(connection, record.id[:6])
            if stored is None:
                raise StoreConflict("unknown-account", id=record.id[:6])
            if not moving.add_key(connection, record):
                raise StoreConflict("already-there", id=record.id)
            return stored

        return await self._writer.run(job)

    async def rotate(
        self, key_id: str, record: KeyRecord, *, old_expires_at: int, now: int
    ) -> None:
        def job(connection: apsw.Connection) -> None:
            active = _scalar(connection, _ROTATABLE, now, key_id)
            if active is None:
                raise StoreConflict("unknown-key", id=key_id)
            if not active:
                raise StoreConflict("not-active", id=key_id)
            account = key_id[:6]
            if _scalar(connection, _ACTIVE_KEYS, now, account) >= 2:
                raise StoreConflict("too-many-keys", id=account)
            connection.execute(
                "UPDATE key SET expires_at = min(ifnull(expires_at, ?1), ?1) WHERE id = ?2",
                (old_expires_at, key_id),
            )
            if not moving.add_key(connection, record):
                raise StoreConflict("already-there", id=record.id)

        await self._writer.run(job)

    async def revoke(self, key_id: str, at: int) -> bool:
        return await self._change(
            "UPDATE key SET revoked_at = ifnull(revoked_at, ?) WHERE id = ?", at, key_id
        )

    async def suspend(self, key_id: str, at: int | None) -> bool:
        return await self._change("UPDATE key SET suspended_at = ? WHERE id = ?", at, key_id)

    async def limit(self, account_id: str, limits: Limits) -> bool:
        return await self._change(
            "UPDATE account SET per_minute = ?, per_day = ? WHERE id = ?",
            limits.per_minute,
            limits.per_day,
            account_id,
        )

    # Looking

    async def find(self, key_id: str) -> Entry | None:
        rows = self._reader.run(_ONE_ENTRY, (key_id,))
        if not rows:
            return None
        account, key = _decode(rows[0])
        return Entry(account, key, self._used(account.id, _today()))

    async def account(self, account_id: str) -> Account | None:
        rows = self._reader.run(moving.ACCOUNT, (account_id,))
        return moving.decode_account(rows[0]) if rows else None

    async def entries(self) -> AsyncIterator[Entry]:
        today = _today()
        after: tuple[object, ...] = ("", 0, "")
        while rows := self._reader.run(_PAGE, (*after, PAGE_ROWS)):
            for row in rows:
                account, key = _decode(row)
                yield Entry(account, key, self._used(account.id, today))
                after = (account.id, key.created_at, key.id)
            await asyncio.sleep(0)

    async def usage(self, account_id: str, days: int, now: float) -> Mapping[str, int]:
        today = int(now) // 86_400
        found: dict[int, int] = dict(
            self._reader.run(
                "SELECT day, requests FROM usage WHERE account = ? AND day > ? AND day <= ?",
                (account_id, today - days, today),
            )
        )
        for day, requests in self._counted(account_id).items():
            if today - days < day <= today:
                found[day] = max(requests, found.get(day, 0))
        return {day_name(day): found[day] for day in sorted(found)}

    # Moving

    async def export(self) -> AsyncIterator[dict[str, Any]]:
        with contextlib.suppress(StoreUnavailable):  # a read-only store can be exported too
            await self._flush()
        for rows in moving.pages(self._reader.run):
            for row in rows:
                yield row
            await asyncio.sleep(0)

    async def import_(self, records: AsyncIterator[dict[str, Any]]) -> int:
        new = 0
        async for batch in moving.batches(records):
            added, conflict = await self._writer.run(partial(moving.import_batch, batch=batch))
            new += added
            if conflict is not None:
                raise conflict
        return new

    async def backup(self, target: Path) -> None:
        """Copy a store that is open and serving to *target*, of mode 0600, whole or not at all.

        To restore: stop the server, put the copy in the place of the database and remove its
        `-wal` and `-shm`; or rename the copy over the database of a running server.

        Raises:
            StoreUnavailable: the store cannot be read, or *target* cannot be written.
        """
        with contextlib.suppress(StoreUnavailable):  # a disk that takes nothing is why one copies
            await self._flush()
        source = StoreFile(self.path, writer=False, patience=self._patience)
        await asyncio.to_thread(moving.copy, source, target)

    # Within

    def _known(self, key_id: str, digest: bytes, now: float) -> tuple[Account, KeyRecord]:
        rows = self._reader.run(_ONE_ENTRY, (key_id,))
        # An unknown id compares too, with what no digest equals: it costs the same.
        if not hmac.compare_digest(rows[0][1] if rows else _NOBODY, digest) or not rows:
            raise InvalidKey
        account, key = _decode(rows[0])
        if key.revoked_at is not None:
            raise RevokedKey
        if key.suspended_at is not None:
            raise SuspendedKey
        if key.expires_at is not None and key.expires_at <= now:
            raise ExpiredKey
        return account, key

    async def _change(self, statement: str, *bindings: object) -> bool:
        def job(connection: apsw.Connection) -> bool:
            connection.execute(statement, bindings)
            return connection.changes() > 0

        return await self._writer.run(job)

    def _usage_on(self, account_id: str, day: int) -> int:
        rows = self._reader.run_on(_USAGE, (account_id, day))
        return rows[0][0] if rows else 0

    def _used(self, account_id: str, day: int) -> int:
        return max(self._usage_on(account_id, day), self._counted(account_id).get(day, 0))

    def _counted(self, account_id: str) -> dict[int, int]:
        """What is counted and perhaps not written yet."""
        with contextlib.suppress(OSError):
            if self._counters is not None:
                return self._counters.counts(account_id)
        return {}

    def _has_counters(self) -> bool:
        return os.path.exists(self._beside)  # False where Path.exists raises: in a closed folder

    def _count(self) -> None:
        """Have counters, and the current ones; without, keys are served uncounted."""
        if self._written.may_create:
            # Counters say that there was a database: none before there is one, however slowly
            # it is made, or whoever comes meanwhile takes an empty one for a loss.
            if not self._has_counters():
                return
            self._written.may_create = False
        counters = self._counters
        if counters is not None and counters.intact():
            return
        with contextlib.suppress(OSError):
            fresh = Counters(self._beside)
            fresh.recover()
            self._counters = fresh
            self._reader.region = self._written.region = fresh.region
            if counters is not None:
                self._writer.later(counters.close)

    async def _flush_for_ever(self) -> None:
        while self._flushing is not None:
            with contextlib.suppress(StoreUnavailable):
                await self._flush()
            await asyncio.sleep(FLUSH_EVERY_S)

    async def _flush(self) -> None:
        """Write what was counted; bring a store back that was unavailable."""
        self._count()
        counts: dict[str, dict[int, int]] = {}
        if self._counters is not None:
            with contextlib.suppress(OSError):  # of a bucket whose lock is kept: counts are safe
                self._counters.sweep(time.time)
            with contextlib.suppress(OSError):
                counts = self._counters.unflushed()
        touched = self._touched.copy()
        if touched or not self._written.healthy():
            await self._writer.run(partial(moving.write_last_uses, touched=touched))
            self._count()  # of a first start that only now has a database
        for key_id in touched:
            self._touched.pop(key_id, None)
        accounts = list(counts)
        for start in range(0, len(accounts), moving.BATCH):
            batch = {name: counts[name] for name in accounts[start : start + moving.BATCH]}
            await self._writer.run(partial(moving.write_counts, counts=batch))
            if self._counters is not None:
                with contextlib.suppress(OSError):
                    self._counters.flushed(batch)


@lru_cache(maxsize=4_096)
def _decode(row: tuple[Any, ...]) -> tuple[Account, KeyRecord]:
    # Remembers what equal rows mean, never what a key's row is: that is read each time.
    return moving.decode_account(row[8:]), KeyRecord(*row[:8])


def _nothing(_: apsw.Connection) -> None:
    """A transaction that opens the file, and migrates it."""


def _scalar(connection: apsw.Connection, sql: str, *bindings: object) -> Any:
    row = connection.execute(sql, bindings).fetchone()
    return row[0] if row else None


def _today() -> int:
    return int(time.time()) // 86_400


def _path(address: str) -> Path:
    url = urlsplit(address)
    if url.scheme != "sqlite" or url.netloc or not url.path.strip("/"):
        raise SettingsError("store-sqlite")
    return Path(os.path.realpath(url2pathname(url.path)))
