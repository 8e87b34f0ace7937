"""The tables of the SQLite store, and how an older file becomes a current one.

`user_version` counts the migrations a file has had. A released migration never changes: a
new version appends one, and `tests/keys/schema/` keeps a file of every version to upgrade.
"""

from __future__ import annotations

import apsw

from icsmulti.errors import StoreUnavailable

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE account (
        id TEXT PRIMARY KEY CHECK (length(id) = 6),
        uid_secret BLOB NOT NULL CHECK (length(uid_secret) = 32),
        created_at INTEGER NOT NULL,
        per_minute INTEGER,
        per_day INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE key (
        id TEXT PRIMARY KEY CHECK (length(id) = 10),
        account TEXT NOT NULL REFERENCES account (id) CHECK (account = substr(id, 1, 6)),
        digest BLOB NOT NULL CHECK (length(digest) = 32),
        label TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        revoked_at INTEGER,
        suspended_at INTEGER,
        last_used_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX key_by_account ON key (account, created_at, id);
    CREATE TABLE usage (
        account TEXT NOT NULL REFERENCES account (id),
        day INTEGER NOT NULL,  -- days since 1970-01-01, UTC
        requests INTEGER NOT NULL,
        PRIMARY KEY (account, day)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE secret (
        name TEXT PRIMARY KEY,
        value BLOB NOT NULL CHECK (length(value) = 32)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE spent (
        token BLOB PRIMARY KEY,  -- SHA-256 of a one-time token
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_by_end ON spent (expires_at);
    """,
)


def version_of(connection: apsw.Connection) -> int:
    version: int = connection.pragma("user_version")
    return version


def migrate(connection: apsw.Connection, *, may_create: bool) -> None:
    """Bring a file to the current version, all or nothing.

    *may_create* says whether an empty file is a first start. Otherwise it is a loss, and to
    start anew over it would refuse every key there was.

    Raises:
        StoreUnavailable: an empty file that must not be, or one made by a newer ICSMulti.
        apsw.Error: the file cannot be written, or a migration failed; the file is as before.
    """
    if version_of(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # of many workers that start, one migrates
    try:
        for migration in _missing(version_of(connection), may_create=may_create):
            connection.execute(migration)
        connection.pragma("user_version", len(MIGRATIONS))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _missing(version: int, *, may_create: bool) -> tuple[str, ...]:
    if version > len(MIGRATIONS):
        raise StoreUnavailable(
            f"schema version {version} is newer than {len(MIGRATIONS)}: upgrade ICSMulti",
            cause="newer",
        )
    if version == 0 and not may_create:
        raise StoreUnavailable("the database is empty: put a backup in its place", cause="lost")
    return MIGRATIONS[version:]
