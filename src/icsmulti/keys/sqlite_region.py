"""A small file that every worker reads and writes, with a lock for each of its bytes.

Read and written by `pread` and `pwrite` on the page cache: about 1 µs an operation more than
memory mapping, and what maps turn into a signal that kills the worker (a truncated file, a
full disk, a disk error) is an OSError here. A write of one slot is whole or not at all, also
when the writer is killed. The kernel frees the locks of a process that ends, however it ends.

Where there is no `fcntl` (Windows), a region is private memory: limits then hold per process.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

if sys.platform != "win32":
    import fcntl

LOCK_WAIT_S = 0.75
"""A lock is held for microseconds. On a busy machine the holder may wait for a processor; who
cannot get one in this time waits for a stopped process, and is to answer within a second."""
STUCK_S = 10.0
"""For so long, nobody waits again for a lock that a stopped process keeps."""


class Region(Protocol):
    """Bytes that several processes share. Every method may raise OSError."""

    def lock(self, at: int, patience: int = 1) -> None:
        """Lock the byte at *at*: no other process or thread passes until `unlock`.

        Raises TimeoutError when somebody keeps it for *patience* times `LOCK_WAIT_S`.
        """

    def unlock(self, at: int) -> None: ...

    def read(self, size: int, at: int) -> bytes:
        """Exactly *size* bytes."""

    def write(self, data: bytes, at: int) -> None: ...

    def resize(self, size: int) -> None:
        """Cut or extend with zeros."""

    def replaced(self) -> bool:
        """Whether the name leads to another file by now, or to none."""

    def close(self) -> None: ...


class SharedFile:
    """A region in a file of mode 0600, made when missing.

    One for each file and process, counted: closing any descriptor of a file drops all the
    locks that the process holds on it (POSIX), so a second one would undo the first.
    """

    _open: dict[tuple[int, int], SharedFile] = {}  # noqa: RUF012 - one registry for the process
    _registry = threading.Lock()

    @classmethod
    def at(cls, path: Path) -> SharedFile:
        with cls._registry:
            try:
                status = path.stat()
                region = cls._open.get((status.st_dev, status.st_ino))
            except FileNotFoundError:
                region = None
            if region is None:
                region = cls(path)
                cls._open[region._identity] = region
            region._users += 1
            return region

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users = 0
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        status = os.fstat(self._fd)
        self._identity = (status.st_dev, status.st_ino)
        self._mutex = threading.Lock()
        self._stuck_until: dict[int, float] = {}

    def lock(self, at: int, patience: int = 1) -> None:
        wait_s = LOCK_WAIT_S * patience
        if not (self._mutex.acquire(False) or self._mutex.acquire(timeout=wait_s)):
            raise _kept()
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):  # POSIX allows either for "taken"
            try:
                self._wait(at, wait_s)
            except BaseException:
                self._mutex.release()
                raise
        except BaseException:
            self._mutex.release()
            raise
        if self._stuck_until:  # who kept it goes on: it is worth waiting for again
            self._stuck_until.pop(at, None)

    def _wait(self, at: int, wait_s: float) -> None:
        # Never F_SETLKW: a stopped process that holds the lock would stop every worker.
        start = time.monotonic()
        pause_s = 0.0
        while start >= self._stuck_until.get(at, 0.0):
            time.sleep(pause_s)
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
            except (BlockingIOError, PermissionError):
                if time.monotonic() - start > wait_s:
                    self._stuck_until[at] = time.monotonic() + STUCK_S
                    break
                pause_s = min(pause_s + 10e-6, 500e-6)
            else:
                return
        raise _kept()

    def unlock(self, at: int) -> None:
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, at)
        finally:
            self._mutex.release()

    def read(self, size: int, at: int) -> bytes:
        data = os.pread(self._fd, size, at)
        if len(data) != size:
            raise OSError("the counters were truncated")
        return data

    def write(self, data: bytes, at: int) -> None:
        if os.pwrite(self._fd, data, at) != len(data):
            raise OSError("the counters could not be written")

    def resize(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def replaced(self) -> bool:
        try:
            status = self._path.stat()
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._identity

    def close(self) -> None:
        with self._registry:
            self._users -= 1
            if self._users == 0:
                del self._open[self._identity]
                os.close(self._fd)


def _kept() -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, "another process, or thread, keeps the lock")


class PrivateMemory:
    """A region of this process alone."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._mutex = threading.Lock()

    def lock(self, at: int, patience: int = 1) -> None:  # one lock for all bytes will do
        self._mutex.acquire()

    def unlock(self, at: int) -> None:
        self._mutex.release()

    def read(self, size: int, at: int) -> bytes:
        return bytes(self._bytes[at : at + size]).ljust(size, b"\0")

    def write(self, data: bytes, at: int) -> None:
        if len(self._bytes) < at + len(data):
            self.resize(at + len(data))
        self._bytes[at : at + len(data)] = data

    def resize(self, size: int) -> None:
        self._bytes = self._bytes[:size].ljust(size, b"\0")

    def replaced(self) -> bool:
        return False

    def close(self) -> None:
        self._bytes.clear()


def shared_region(path: Path) -> Region:
    """The region at *path*, or private memory where processes cannot share one."""
    return PrivateMemory() if sys.platform == "win32" else SharedFile.at(path)
