"""Limits and counts that every worker shares without a write to the database per request.

One file beside the database, of two hash tables: a slot for each account (its minute and its
UTC day) and one for each named bucket (an address and what it may do). A slot is found in a
set of 16 by its name, under the lock of that set; when a set is full, the slot that has been
idle longest (for buckets: the fullest) gives way.

    0      magic, boot, hash key     256  which database goes with which log (`sqlite_file`)
    4 096  buckets: 4 096 sets × 16 slots × 32 bytes
    then   accounts: the same

A bucket is the generic cell rate algorithm, in whole nanoseconds: one number, the time at
which it will be full again. At most size + rate × time passes. A clock that is set back
empties it at worst, one that is set forward fills it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from hashlib import blake2b
from os import urandom
from pathlib import Path

from icsmulti.errors import RateLimited
from icsmulti.keys import Quota
from icsmulti.keys.sqlite_region import Region, shared_region

__all__ = ["Counters", "take"]

PAIRING_AT = 256

_MAGIC = b"ICSMcnt1"
_HEADER = struct.Struct("<8s40s16s")
_SLOTS, _SLOT_BYTES, _SETS = 16, 32, 4_096
_SET_BYTES = _SLOTS * _SLOT_BYTES
_BUCKETS_AT = 4_096
_ACCOUNTS_AT = _BUCKETS_AT + _SETS * _SET_BYTES
_SIZE = _ACCOUNTS_AT + _SETS * _SET_BYTES

_ACCOUNT = struct.Struct("<8sqIIII")  # name, full at (ns), day, requests, another day, requests
_BUCKET = struct.Struct("<16sqQ")  # hash of the name, full at (ns), period (ns)
_EMPTY = bytes(_SLOT_BYTES)
_EMPTY_SET = bytes(_SET_BYTES)
STALE = 5 * 10**9
"""How old a caller's *now* may be when it is used, in nanoseconds: a busy machine lets a process
wait between reading the clock and getting the lock, while others take at later times."""
_NO_LIMIT = Quota(0, 0, 0)
_SECOND, _MINUTE, _DAY = 10**9, 60 * 10**9, 86_400 * 10**9

Stored = Callable[[str, int], int]
"""(account, day) → the requests that the database knows of."""


def take(full_at: int, size: int, period: int, now: int) -> tuple[int, int]:
    """Take one from a bucket of *size* that refills evenly in *period*. Nanoseconds.

    Returns:
        when it will be full, and how long until one fits: 0 when one was taken.
    """
    step = -(-period // size)  # rounded up: never more than the rate
    whole = step * size
    if full_at < now:
        full_at = now
    elif full_at > now + whole + STALE:
        # Emptier than empty: the clock was set back. The caller keeps this also when nothing
        # was taken, or the wait would never end.
        full_at = now + whole
    wait = full_at + step - now - whole
    return (full_at, wait) if wait > 0 else (full_at + step, 0)


class Counters:
    """The counts of every account and bucket. Used by one thread of each process.

    Every method may raise OSError: then nothing was counted.
    """

    def __init__(self, path: Path) -> None:
        self.region: Region = shared_region(path)
        try:
            self._key = self._prepare()
        except BaseException:
            self.region.close()
            raise
        self._places: dict[str, int] = {}
        self._dirty: set[str] = set()

    def _prepare(self) -> bytes:
        """Make the file what it should be; its hash key."""
        boot = _boot_id()
        self.region.lock(0)
        try:
            try:
                header: tuple[bytes, bytes, bytes]
                header = _HEADER.unpack(self.region.read(_HEADER.size, 0))
            except OSError:
                header = b"", b"", b""
            magic, seen, key = header
            if magic != _MAGIC:
                key = urandom(16)
                self.region.resize(0)
            elif seen != boot:
                # The machine has restarted, perhaps by a power cut that kept older counts
                # than the database's: those are at most five seconds old, so begin there.
                self.region.resize(_ACCOUNTS_AT)
            self.region.resize(_SIZE)
            self._header = _HEADER.pack(_MAGIC, boot, key)
            self.region.write(self._header, 0)
        finally:
            self.region.unlock(0)
        return key

    def intact(self) -> bool:
        """Whether the name still leads to this file, whole and as it was prepared."""
        try:
            header = self.region.read(_HEADER.size, 0)
            self.region.read(1, _SIZE - 1)
        except OSError:
            return False
        return header == self._header and not self.region.replaced()

    def close(self) -> None:
        self.region.close()

    def admit(
        self, account: str, per_minute: int, per_day: int, now: float, stored: Stored
    ) -> tuple[Quota, Quota]:
        """Take one request from an account's minute and day, or nothing from either.

        A limit of 0 is no limit. *stored* is asked when the slot does not know the day, under
        the slot's lock: it takes no lock of this file itself.

        Raises:
            RateLimited: `day` or `minute`.
        """
        seconds = int(now)
        # Whole seconds apart: waiting the whole seconds told is then exactly enough.
        instant = seconds * _SECOND + int((now - seconds) * _SECOND)
        today = seconds // 86_400
        left = 86_400 - seconds % 86_400
        region = self.region
        at = self._places.get(account) or self._remember(account, self._set_of(account))
        lock = at - (at - _ACCOUNTS_AT) % _SET_BYTES
        region.lock(lock)
        try:
            slot = region.read(_SLOT_BYTES, at)
            if slot[:6] != account.encode():
                at, slot = self._find(lock, account)
            name, full_at, day, count, other_day, other_count = _ACCOUNT.unpack(slot)
            if day != today:
                if other_day == today:  # the clock went back over midnight
                    day, count, other_day, other_count = other_day, other_count, day, count
                else:
                    other_day, other_count = day, count
                    day, count = today, stored(account, today)
            if per_day and count >= per_day:
                raise RateLimited("day", left, per_day)
            if per_minute:
                full_at, wait = take(full_at, per_minute, _MINUTE, instant)
                if wait:
                    region.write(
                        _ACCOUNT.pack(name, full_at, day, count, other_day, other_count), at
                    )
                    raise RateLimited("minute", -(-wait // _SECOND), per_minute)
            else:
                full_at = instant
            count += 1
            region.write(_ACCOUNT.pack(name, full_at, day, count, other_day, other_count), at)
        finally:
            region.unlock(lock)
        self._dirty.add(account)
        minute = _quota(per_minute, full_at, instant) if per_minute else _NO_LIMIT
        return minute, Quota(per_day, per_day - count, left) if per_day else _NO_LIMIT

    def take(self, bucket: str, size: int, period_s: int, now: float) -> int:
        """`KeyStore.take`, of a bucket with a *size* above 0."""
        seconds = int(now)
        instant = seconds * _SECOND + int((now - seconds) * _SECOND)
        period = period_s * _SECOND
        name = blake2b(bucket.encode(), digest_size=16, key=self._key).digest()
        start = _BUCKETS_AT + int.from_bytes(name[:2], "little") % _SETS * _SET_BYTES
        self.region.lock(start)
        try:
            at, slot = self._slot(start, name)
            full_at = _BUCKET.unpack(slot)[1] if slot != _EMPTY else 0
            full_at, wait = take(full_at, size, period, instant)
            self.region.write(_BUCKET.pack(name, full_at, period), at)
        finally:
            self.region.unlock(start)
        return -(-wait // _SECOND)

    def sweep(self, clock: Callable[[], float]) -> None:
        """Forget the buckets that are full again: nothing is kept of who has left."""
        table = self.region.read(_SETS * _SET_BYTES, _BUCKETS_AT)
        for start in range(0, len(table), _SET_BYTES):
            if table[start : start + _SET_BYTES] != _EMPTY_SET:
                self._sweep_set(_BUCKETS_AT + start, clock)

    def _sweep_set(self, start: int, clock: Callable[[], float]) -> None:
        self.region.lock(start)
        try:
            instant = int(clock()) * _SECOND  # under the lock: nobody takes at a later time
            slots = self.region.read(_SET_BYTES, start)
            for at, slot in _slots(start, slots):
                _, full_at, period = _BUCKET.unpack(slot)
                # The second bound is a clock that was set back since.
                if slot != _EMPTY and not instant < full_at <= instant + period + STALE + _SECOND:
                    self.region.write(_EMPTY, at)
        finally:
            self.region.unlock(start)

    def count(self, account: str, day: int) -> int:
        """The requests of an account on a day, as far as its slot knows; 0 if it does not."""
        return self.counts(account).get(day, 0)

    def counts(self, account: str) -> dict[int, int]:
        """The same for the (at most two) days that the slot knows. Takes no lock."""
        start = self._set_of(account)
        slots = self.region.read(_SET_BYTES, start)
        for _, slot in _slots(start, slots):
            if slot[:6] == account.encode():
                return _days(slot)
        return {}

    def unflushed(self) -> dict[str, dict[int, int]]:
        """What this process has counted and not yet been told is safe, as `flushed` wants it."""
        return {account: self.counts(account) for account in self._dirty}

    def flushed(self, safe: dict[str, dict[int, int]]) -> None:
        """The database has these by now."""
        for account, counts in safe.items():
            if self.counts(account) == counts:
                self._dirty.discard(account)

    def recover(self) -> None:
        """Take charge of every count: those of a process that was killed among them."""
        table = self.region.read(_SETS * _SET_BYTES, _ACCOUNTS_AT)
        for _, slot in _slots(_ACCOUNTS_AT, table):
            if slot != _EMPTY:
                self._dirty.add(slot[:6].decode("ascii", "replace"))

    def _set_of(self, account: str) -> int:
        # Public random ids: any even spread will do, and must be the same in every process.
        spread = int.from_bytes(blake2b(account.encode(), digest_size=2).digest(), "little")
        return _ACCOUNTS_AT + spread % _SETS * _SET_BYTES

    def _remember(self, account: str, at: int) -> int:
        """Look for an account's slot there first, until another is found to hold it."""
        if len(self._places) > 100_000:
            self._places.clear()
        self._places[account] = at
        return at

    def _find(self, start: int, account: str) -> tuple[int, bytes]:
        at, slot = self._slot(start, account.encode().ljust(8, b"\0"))
        self._remember(account, at)
        if slot == _EMPTY:
            slot = _ACCOUNT.pack(account.encode(), 0, 0, 0, 0, 0)
        return at, slot

    def _slot(self, start: int, name: bytes) -> tuple[int, bytes]:
        """The slot of a name in its set, or the one that gives way to it, then empty."""
        size = len(name)
        oldest, oldest_full_at = start, 1 << 63
        for at, slot in _slots(start, self.region.read(_SET_BYTES, start)):
            if slot[:size] == name:
                return at, slot
            full_at = int.from_bytes(slot[size : size + 8], "little", signed=True)
            if full_at < oldest_full_at:  # an empty slot is full since 1970
                oldest, oldest_full_at = at, full_at
        return oldest, _EMPTY


def _slots(start: int, slots: bytes) -> Iterator[tuple[int, bytes]]:
    for offset in range(0, len(slots), _SLOT_BYTES):
        yield start + offset, slots[offset : offset + _SLOT_BYTES]


def _days(slot: bytes) -> dict[int, int]:
    _, _, day, count, other_day, other_count = _ACCOUNT.unpack(slot)
    return {d: c for d, c in ((other_day, other_count), (day, count)) if c}


def _quota(size: int, full_at: int, instant: int) -> Quota:
    step = -(-_MINUTE // size)
    room = instant + step * size - full_at
    remaining = room // step
    return Quota(size, remaining, 0 if remaining else -((room - step) // _SECOND))


def _boot_id() -> bytes:
    """Which run of the machine this is; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip().ljust(40, b"\0")
    except OSError:
        return bytes(40)
