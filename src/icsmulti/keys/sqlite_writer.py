"""The one thread of a process that writes to the SQLite store: a transaction at a time.

A write is answered within a second or refused: its deadline covers the queue before it, the
lock that another process may hold, and the disk. What was refused for its deadline may still
have been written when the disk was slow; nobody was told that it worked. The command line has
more patience than that: nobody waits behind it.

After the answer the log is emptied into the database: a copy of that one file, or the file
itself put elsewhere and back, then lacks nothing, and no log is left to meet another database.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import apsw

from icsmulti.errors import StoreUnavailable
from icsmulti.keys.sqlite_file import WRITE_WAIT_MS, StoreFile

T = TypeVar("T")
Job = Callable[[apsw.Connection], T]

BUDGET_S = 0.9
LOOKS = 3
"""How often a write is looked at within its budget. However long this process itself gets no
turn of the processor between two looks, only one of them is spent: the disk is not to blame."""


class Writer:
    """Runs jobs on a `StoreFile` opened for writing."""

    def __init__(self, file: StoreFile, patience: int = 1) -> None:
        self._file = file
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="icsmulti-keys")
        self._emptying = False

    async def run(self, job: Job[T]) -> T:
        """Run *job* in a transaction, on disk when this returns.

        Raises:
            StoreUnavailable: nothing is promised of what was written.
            Exception: the job's own; nothing was written.
        """
        budget_s = BUDGET_S * self._patience
        deadline = time.monotonic() + budget_s
        try:
            waiting = asyncio.get_running_loop().run_in_executor(
                self._thread, self._perform, job, deadline
            )
        except RuntimeError as error:  # the thread was shut down
            raise StoreUnavailable(str(error)) from None
        try:
            for _ in range(LOOKS):
                # Not a timeout around it: that one refuses also what was written meanwhile.
                done, _ = await asyncio.wait({waiting}, timeout=budget_s / LOOKS)
                if done:
                    return waiting.result()
        finally:
            waiting.cancel()
        raise StoreUnavailable("the disk, or what waits for it, is too slow", cause="slow")

    def later(self, action: Callable[[], None]) -> None:
        """Do *action* in the thread, after what it is at: that may still use what is closed."""
        self._thread.submit(action)

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        with contextlib.suppress(RuntimeError, TimeoutError):
            closing = asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
            await asyncio.wait_for(closing, BUDGET_S * self._patience)
        self._thread.shutdown(wait=False)

    def _perform(self, job: Job[T], deadline: float) -> T:
        connection = self._file.connection()
        self._file.wait_for_others()
        try:
            left_ms = int((deadline - time.monotonic()) * 1_000)
            connection.set_busy_timeout(max(1, min(WRITE_WAIT_MS * self._patience, left_ms)))
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = job(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except apsw.Error as error:
            raise self._file.failed(error) from None
        if not self._file.still_there():
            raise StoreUnavailable("the database was replaced while it was written to")
        if not self._emptying:  # once for all that are queued by then
            with contextlib.suppress(RuntimeError):  # the thread is shutting down
                self._thread.submit(self._empty_log)
                self._emptying = True
        return result

    def _empty_log(self) -> None:
        self._emptying = False
        self._file.empty_log()
