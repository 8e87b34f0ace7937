"""One connection to the database file, opened again whenever the file under its name changes.

A server never reads on from a file that was replaced, deleted or overwritten: twice a second
at most, before a statement, the name is looked at. Another device, inode, size or time of
change means a new connection; a missing or unreadable file means StoreUnavailable until a
good one is back. SQLite's own errors end here, as StoreUnavailable.

SQLite would read the log (`-wal`) of a replaced database into the file that took its place.
So a note in the counters' file says which database the log beside it belongs to, and a log
that was left by another one is set aside (`-wal.replaced`) before anybody opens.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from icsmulti.errors import StoreUnavailable
from icsmulti.keys.counters import PAIRING_AT
from icsmulti.keys.sqlite_region import Region
from icsmulti.keys.sqlite_schema import MIGRATIONS, migrate, version_of

LOOK_EVERY_S = 0.5
READ_WAIT_MS = 100
"""Readers of a WAL database wait for nobody, save the moment of a recovery after a crash."""
WRITE_WAIT_MS = 500

_PAIRING = struct.Struct("<4Q")  # device and inode of the database, then of its log
_NO_LOG = (0, 0)
_MAGIC = b"SQLite format 3\0"
_IN_THE_WAY = (apsw.BusyError, TimeoutError)
"""Another process holds a lock: that says nothing of the file."""
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (apsw.BusyError, "locked"),
    (apsw.CantOpenError, "EACCES"),
    (apsw.CorruptError, "damaged"),
    (apsw.FullError, "ENOSPC"),
    (apsw.IOError, "EIO"),
    (apsw.NotADBError, "not-a-database"),
    (apsw.PermissionsError, "EACCES"),
    (apsw.ReadOnlyError, "EROFS"),
    (TimeoutError, "locked"),
)


class StoreFile:
    """A connection to *path*, used by one thread. Opened when first needed.

    A writer migrates, and creates a missing file as long as `may_create` is set. It waits
    *patience* times as long as a server does for what another process holds. A reader of a
    file that is missing says why its *maker*, the writer, could not make it.
    """

    def __init__(
        self, path: Path, *, writer: bool, patience: int = 1, maker: StoreFile | None = None
    ) -> None:
        self.path: Final = path
        self._writer: Final = writer
        self._maker: Final = maker
        self._patience: Final = patience
        self.may_create = False
        self.region: Region | None = None
        """Where the note is kept; None when there is no such file."""
        self._connection: apsw.Connection | None = None
        self._execute: Any = None
        self._seen: tuple[int, ...] = ()
        self._others_know_at = 0.0
        self._look_at = 0.0
        self._immutable = False
        self._fault, self._cause = "not opened", ""

    def run(self, sql: str, bindings: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement. Raises StoreUnavailable."""
        if time.monotonic() >= self._look_at:
            self.look()
        return self.run_on(sql, bindings)

    def run_on(self, sql: str, bindings: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The same without a look, which takes a lock of the counters' file: for their holders."""
        if self._execute is None:
            raise self._unavailable()
        try:
            # fetchall: a cursor left open would hold its snapshot, and miss revocations.
            rows: list[tuple[Any, ...]] = self._execute(sql, bindings).fetchall()
        except apsw.Error as error:
            raise self.failed(error) from None
        return rows

    def connection(self) -> apsw.Connection:
        """The connection, looked at now. Raises StoreUnavailable."""
        self.look()
        if self._connection is None:
            raise self._unavailable()
        return self._connection

    def look(self) -> None:
        """Open again if the name leads to another file, or to other content."""
        self._look_at = time.monotonic() + LOOK_EVERY_S
        try:
            if self.may_create:
                create(self.path)
            seen = self._status()
            if self._connection is None or seen != self._seen or self._immutable:
                self._reopen()
        except (apsw.Error, OSError, StoreUnavailable) as error:
            if isinstance(error, _IN_THE_WAY) and self._may_go_on():
                return
            self.drop()
            self._blame(error)
            if isinstance(error, FileNotFoundError) and not self._writer:
                self._missing()

    def failed(self, error: Exception) -> StoreUnavailable:
        """What the contract says of an error in a statement. The next look opens again."""
        if isinstance(error, apsw.BusyError):
            reason = f"{self.path}: another process keeps it locked"
            return StoreUnavailable(reason, cause="locked")
        self.drop()
        self._blame(error)
        return self._unavailable()

    def healthy(self) -> bool:
        return self._connection is not None

    def still_there(self) -> bool:
        """Whether what was just committed is in the file that the name leads to."""
        try:
            return self._status()[:2] == self._seen[:2]
        except (OSError, StoreUnavailable):
            return False

    def wait_for_others(self) -> None:
        """Until every reader has looked at a file that took another's place. For a writer.

        Else one that still reads the former file would let a key in that was revoked in this
        one and answered, or refuse one that was just made.
        """
        time.sleep(max(0.0, self._others_know_at - time.monotonic()))

    def empty_log(self) -> None:
        """Move the log into the database, as far as nobody is in the way. For a writer."""
        if self._connection is not None and self.still_there():
            with contextlib.suppress(apsw.Error):
                self._connection.set_busy_timeout(0)
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def drop(self) -> None:
        """Close, whatever is under the name by now."""
        connection, self._connection, self._execute = self._connection, None, None
        if connection is not None:
            _close_as_it_is(connection)

    def close(self) -> None:
        """Close. Of all connections, the last one moves the log into the database."""
        connection, self._connection, self._execute = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(apsw.Error):
                connection.close()

    def _may_go_on(self) -> bool:
        """Whether what is open is of the file under the name, and misses nothing that is written."""
        return self._connection is not None and not self._immutable and self.still_there()

    def _blame(self, error: Exception) -> None:
        self._fault, self._cause = f"{self.path}: {_reason(error)}", cause_of(error)

    def _missing(self) -> None:
        """Why there is no file: it could not be made, there never was one, or it is lost."""
        if self._maker is not None and self._maker.may_create:
            self._fault, self._cause = self._maker._fault, self._maker._cause
        else:
            self._cause = "lost" if self.region is not None else "new"

    def _unavailable(self) -> StoreUnavailable:
        return StoreUnavailable(self._fault, cause=self._cause)

    def _status(self) -> tuple[int, ...]:
        status = self.path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would block, a folder is none
            kind = "EISDIR" if stat.S_ISDIR(status.st_mode) else "not-a-file"
            raise StoreUnavailable("not a regular file", cause=kind)
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _reopen(self) -> None:
        with self._paired():
            connection, immutable = self._open()
        try:
            if self._writer:
                migrate(connection, may_create=self.may_create)
                self.may_create = False
            _check_version(connection)
            seen = self._status()
        except BaseException:
            _close_as_it_is(connection)
            raise
        self.drop()  # only now: never the last connection of a file that is the same
        self._connection, self._execute = connection, connection.cursor().execute
        if self._seen and seen[:2] != self._seen[:2]:
            self._others_know_at = time.monotonic() + LOOK_EVERY_S
        self._immutable, self._seen = immutable, seen
        if self._immutable:  # no statement may miss the moment when others can write again
            self._look_at = 0.0

    def _open(self) -> tuple[apsw.Connection, bool]:
        """A connection, and whether it can only read what will not change."""
        try:
            return self._connect(self.path.as_uri()), False
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError, apsw.FullError):
            # A read-only or full disk cannot hold the log's index. Without a log the file
            # is complete, and keys can be served from it as it is.
            log = Path(f"{self.path}-wal")
            if self._writer or (log.exists() and log.stat().st_size):
                raise
            return self._connect(f"{self.path.as_uri()}?immutable=1"), True

    def _connect(self, uri: str) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(uri, flags=flags)
        try:
            wait_ms = WRITE_WAIT_MS if self._writer else READ_WAIT_MS
            connection.set_busy_timeout(wait_ms * self._patience)
            # Without this a bound value makes SQLite plan again, at 15 µs a look-up.
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
            self._check_magic()
            version_of(connection)
            if self._writer:
                connection.pragma("journal_mode", "wal")
                connection.pragma("synchronous", "full")
                connection.pragma("foreign_keys", 1)
            else:
                connection.pragma("query_only", 1)
        except BaseException:
            _close_as_it_is(connection)
            raise
        return connection

    def _check_magic(self) -> None:
        """What SQLite does not see as long as the first page is in the log: garbage."""
        # Through SQLite's own file layer: closing a descriptor of ours would drop its locks.
        flags = [apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB, 0]
        file = apsw.VFSFile("unix" if os.name == "posix" else "win32", str(self.path), flags)
        try:
            size = file.xFileSize()
            if not size and self.region is not None:  # SQLite would delete the log beside it
                raise StoreUnavailable("empty", cause="lost")
            if size and (size < len(_MAGIC) or file.xRead(len(_MAGIC), 0) != _MAGIC):
                raise StoreUnavailable("not a database", cause="not-a-database")
        finally:
            file.xClose()

    @contextlib.contextmanager
    def _paired(self) -> Iterator[None]:
        """Set a foreign log aside before opening; note whose log it is after."""
        region = self.region  # another one may take its place meanwhile, from another thread
        if region is None:
            yield
            return
        region.lock(PAIRING_AT, self._patience)
        try:
            database = self._status()[:2]
            noted = 0, 0, 0, 0
            with contextlib.suppress(OSError):  # counters that were cut are made anew soon
                noted = _PAIRING.unpack(region.read(_PAIRING.size, PAIRING_AT))
            if noted[:2] != database and noted[2:] == self._log() != _NO_LOG:
                self._check_magic()  # garbage takes no log from the database that may come back
                os.replace(f"{self.path}-wal", f"{self.path}-wal.replaced")
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{self.path}-shm")
            yield
            note = (*database, *self._log())
            if note != noted:
                region.write(_PAIRING.pack(*note), PAIRING_AT)
        finally:
            region.unlock(PAIRING_AT)

    def _log(self) -> tuple[int, int]:
        try:
            status = os.stat(f"{self.path}-wal")
        except FileNotFoundError:
            return _NO_LOG
        return status.st_dev, status.st_ino


def _check_version(connection: apsw.Connection) -> None:
    version = version_of(connection)
    if version != len(MIGRATIONS):
        kind = "older" if version < len(MIGRATIONS) else "newer"
        raise StoreUnavailable("its schema is not (yet) this version's", cause=kind)


def _close_as_it_is(connection: apsw.Connection) -> None:
    """Close without a checkpoint: what is under the name may be somebody else's file."""
    with contextlib.suppress(apsw.Error):
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()


def create(path: Path) -> None:
    """An empty file of mode 0600, its folder of mode 0700, where there are none."""
    with contextlib.suppress(FileExistsError):  # a file in the folder's place is told below
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def rehearse(path: Path) -> None:
    """Find out whether `create` would work, and leave nothing behind. Raises OSError."""
    folder = next(folder for folder in path.parents if folder.exists())
    with tempfile.TemporaryFile(dir=folder):
        pass


def cause_of(error: Exception) -> str:
    """What the operator is told of it: see `StoreUnavailable`."""
    if isinstance(error, StoreUnavailable):
        return error.cause
    system = errno.errorcode.get(getattr(error, "errno", None) or 0, "")
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), system)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
