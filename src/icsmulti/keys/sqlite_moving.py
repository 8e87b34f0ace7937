"""Accounts, keys, usage and secrets in and out of the tables, one or many at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from icsmulti.errors import StoreConflict, StoreUnavailable
from icsmulti.keys import Account, KeyRecord, Limits
from icsmulti.keys.records import (
    Secret,
    Usage,
    day_name,
    day_number,
    parse,
    same_key,
    write,
)
from icsmulti.keys.sqlite_file import StoreFile, cause_of

BATCH = 200
"""Records in one transaction: a few milliseconds, so that other writers hardly wait."""

ACCOUNT = "SELECT id, uid_secret, created_at, per_minute, per_day FROM account WHERE id = ?"
_KEY_COLUMNS = "id, digest, label, created_at, expires_at, revoked_at, suspended_at, last_used_at"
_KEY = f"SELECT {_KEY_COLUMNS} FROM key WHERE id = ?"  # noqa: S608 - constants only
_NEW_KEY = f"""
    INSERT INTO key ({_KEY_COLUMNS}, account)
    VALUES (?1, ?, ?, ?, ?, ?, ?, ?, substr(?1, 1, 6)) ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants only
_COUNT = """
    INSERT INTO usage SELECT id, ?2, ?3 FROM account WHERE id = ?1
    ON CONFLICT DO UPDATE SET requests = max(requests, excluded.requests)
"""

Run = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]


def decode_account(row: Sequence[Any]) -> Account:
    id_, uid_secret, created_at, per_minute, per_day = row
    return Account(id_, uid_secret, created_at, Limits(per_minute, per_day))


def account(connection: apsw.Connection, account_id: str) -> Account | None:
    row = connection.execute(ACCOUNT, (account_id,)).fetchone()
    return decode_account(row) if row else None


def add_account(connection: apsw.Connection, new: Account) -> bool:
    """False when the id is taken."""
    connection.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (new.id, new.uid_secret, new.created_at, new.limits.per_minute, new.limits.per_day),
    )
    return connection.changes() == 1


def add_key(connection: apsw.Connection, new: KeyRecord) -> bool:
    """False when the id is taken. Its account is there."""
    connection.execute(
        _NEW_KEY,
        (
            new.id,
            new.digest,
            new.label,
            new.created_at,
            new.expires_at,
            new.revoked_at,
            new.suspended_at,
            new.last_used_at,
        ),
    )
    return connection.changes() == 1


def write_counts(connection: apsw.Connection, counts: Mapping[str, Mapping[int, int]]) -> None:
    """Write requests (account → day → how many); where there are more already, they stay.

    So a count may be written twice, late, or by several processes, and is still exact.
    """
    for account_id, days in counts.items():
        for day, requests in days.items():
            connection.execute(_COUNT, (account_id, day, requests))


def write_last_uses(connection: apsw.Connection, touched: Mapping[str, int]) -> None:
    """Write when keys were last used; where it was later already, that stays."""
    for key_id, at in touched.items():
        _touch(connection, key_id, at)


def import_batch(
    connection: apsw.Connection, batch: Sequence[Mapping[str, Any]]
) -> tuple[int, StoreConflict | None]:
    """Take records up to the first that cannot be; how many were new, and what stopped it."""
    new = 0
    for record in batch:
        try:
            new += _import(connection, record)
        except StoreConflict as conflict:
            return new, conflict
    return new, None


def _import(connection: apsw.Connection, record: Mapping[str, Any]) -> bool:
    match parse(record):
        case Account() as item:
            new = add_account(connection, item)
            _same(item.id, new or account(connection, item.id) == item)
        case KeyRecord() as item:
            _needs(connection, item.id[:6])
            new = add_key(connection, item)
            if not new:
                here: Any = connection.execute(_KEY, (item.id,)).fetchone()
                _same(item.id, same_key(KeyRecord(*here), item))
                if item.last_used_at is not None:
                    _touch(connection, item.id, item.last_used_at)
        case Usage(account=owner, day=day, requests=requests):
            _needs(connection, owner)
            number = day_number(day)
            there = "SELECT 1 FROM usage WHERE account = ? AND day = ?"
            new = connection.execute(there, (owner, number)).fetchone() is None
            connection.execute(_COUNT, (owner, number, requests))
        case Secret(name=name, value=value):
            connection.execute("INSERT OR IGNORE INTO secret VALUES (?, ?)", (name, value))
            new = connection.changes() == 1
            found = connection.execute("SELECT value FROM secret WHERE name = ?", (name,))
            _same(name, found.fetchone() == (value,))
    return new


def _same(id_: str, equal: bool) -> None:
    if not equal:
        raise StoreConflict("already-there", id=id_)


def _needs(connection: apsw.Connection, account_id: str) -> None:
    if account(connection, account_id) is None:
        raise StoreConflict("unknown-account", id=account_id)


def _touch(connection: apsw.Connection, key_id: str, at: int) -> None:
    connection.execute(
        "UPDATE key SET last_used_at = max(ifnull(last_used_at, ?1), ?1) WHERE id = ?2",
        (at, key_id),
    )


async def batches(
    records: AsyncIterator[dict[str, Any]],
) -> AsyncIterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    async for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def pages(run: Run) -> Iterator[list[dict[str, Any]]]:
    """Every record, accounts before what is theirs, BATCH at a time."""
    after: tuple[object, ...] = ("",)
    sql = ACCOUNT.replace("= ?", "> ? ORDER BY id LIMIT ?")
    while rows := run(sql, (*after, BATCH)):
        yield [write(decode_account(row)) for row in rows]
        after = (rows[-1][0],)
    after = ("",)
    sql = _KEY.replace("= ?", "> ? ORDER BY id LIMIT ?")
    while rows := run(sql, (*after, BATCH)):
        yield [write(KeyRecord(*row)) for row in rows]
        after = (rows[-1][0],)
    after = ("", 0)
    sql = (
        "SELECT account, day, requests FROM usage WHERE (account, day) > (?, ?)"
        " ORDER BY account, day LIMIT ?"
    )
    while rows := run(sql, (*after, BATCH)):
        yield [write(Usage(owner, day_name(day), requests)) for owner, day, requests in rows]
        after = rows[-1][:2]
    rows = run("SELECT name, value FROM secret ORDER BY name", ())
    yield [write(Secret(name, value)) for name, value in rows]


def copy(source: StoreFile, target: Path) -> None:
    """SQLite's online backup into a file that then takes the place of *target*.

    Args:
        source: not yet opened; closed when this returns.
        target: where the copy goes.

    Raises:
        StoreUnavailable: one of the two cannot be read or written.
    """
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if os.path.exists(target) and target.samefile(source.path):
            raise StoreUnavailable(f"{target}: a backup over the store itself")
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        flags = apsw.SQLITE_OPEN_READWRITE
        with contextlib.closing(apsw.Connection(str(partial), flags=flags)) as into:
            with (
                contextlib.closing(source),
                into.backup("main", source.connection(), "main") as backup,
            ):
                backup.step()
            # One file, complete without a log beside it.
            into.pragma("journal_mode", "delete")
        _sync(partial)
        os.replace(partial, target)
        _sync(target.parent)
    except (apsw.Error, OSError) as error:
        raise StoreUnavailable(f"{target}: no backup: {error}", cause=cause_of(error)) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if os.name != "posix" and path.is_dir():
        return  # only POSIX lets a folder be synced
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
