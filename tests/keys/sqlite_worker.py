"""One worker process on a SQLite store, for `test_sqlite_processes`: a line for each answer.

python sqlite_worker.py ADDRESS storm             c ID DIGEST, r ID (asked), R ID (answered)
python sqlite_worker.py ADDRESS admit ID DIGEST SECONDS    admitted, uncounted, last asked at
python sqlite_worker.py ADDRESS take BUCKET SIZE SECONDS   taken, 0, last asked at
python sqlite_worker.py ADDRESS serve ID DIGEST   the time at which each admitted call began

`admit` and `take` go on until they are refused: nothing is left of what they might have got.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from contextlib import suppress

from patience import give_time

from icsmulti.errors import RateLimited, RevokedKey, StoreUnavailable
from icsmulti.keys import Account, KeyRecord, Limits
from icsmulti.keys.key import new_account_id, new_key
from icsmulti.keys.sqlite import SqliteStore


async def storm(store: SqliteStore) -> None:
    """Create and revoke without end, several at a time."""

    async def one() -> None:
        mine: deque[str] = deque()
        while True:
            with suppress(StoreUnavailable):  # promised nothing
                await create_and_revoke(mine)

    async def create_and_revoke(mine: deque[str]) -> None:
        account = new_account_id()
        _, key = new_key(account)
        record = KeyRecord(key.id, key.digest, "storm", int(time.time()))
        await store.create(record, Account(account, account.encode() * 5 + b"..", 1))
        print("c", key.id, key.digest.hex(), flush=True)
        mine.append(key.id)
        if len(mine) == 3:
            gone = mine.popleft()
            print("r", gone, flush=True)
            await store.revoke(gone, int(time.time()))
            print("R", gone, flush=True)

    await asyncio.gather(*(one() for _ in range(4)))


async def admit(store: SqliteStore, key_id: str, digest: str, seconds: str) -> None:
    start, admitted, uncounted = time.time(), 0, 0
    while True:
        now = time.time()
        try:
            admission = await store.admit(key_id, bytes.fromhex(digest), now)
        except RateLimited:
            if now > start + float(seconds):
                break
        else:
            admitted += 1
            uncounted += not admission.counted
    print(admitted, uncounted, now, flush=True)


async def take(store: SqliteStore, bucket: str, size: str, seconds: str) -> None:
    start, taken = time.time(), 0
    while True:
        now = time.time()
        if not await store.take(bucket, int(size), 60, now):
            taken += 1
        elif now > start + float(seconds):
            break
    print(taken, 0, now, flush=True)


async def serve(store: SqliteStore, key_id: str, digest: str) -> None:
    while True:
        began = time.time()
        try:
            await store.admit(key_id, bytes.fromhex(digest), began)
        except RevokedKey:
            print("revoked", flush=True)
            return
        print(began, flush=True)


async def main(address: str, what: str, *arguments: str) -> None:
    store = SqliteStore(address, Limits(0, 0))
    await store.open()
    await {"storm": storm, "admit": admit, "take": take, "serve": serve}[what](store, *arguments)
    await store.close()


give_time()
asyncio.run(main(*sys.argv[1:]))
