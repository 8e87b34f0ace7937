"""The stores that the contract suite runs over, and how tests make keys in them.

A new store is one row of STORES: a name, and an async context manager that makes an empty
place for it and gives its `ICSMULTI_STORE` address.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import redis_servers

from icsmulti.keys import Account, KeyRecord, KeyStore, Limits
from icsmulti.keys.key import PresentedKey, new_account_id, new_key

DEFAULTS = Limits(per_minute=60, per_day=10_000)
"""The server's limits in these tests: the product's own defaults."""

Place = Callable[[Path], AbstractAsyncContextManager[str]]
Opener = Callable[..., Awaitable[KeyStore]]
Issue = Callable[..., Awaitable[PresentedKey]]


@asynccontextmanager
async def sqlite_file(folder: Path) -> AsyncIterator[str]:
    yield (folder / "keys" / "keys.db").as_uri().replace("file:", "sqlite:", 1)


STORES: dict[str, Place] = {
    "sqlite": sqlite_file,
    "redis": redis_servers.redis_server,
    "valkey": redis_servers.valkey_server,
    "sentinel": redis_servers.redis_sentinels,
    "cluster": redis_servers.redis_cluster,
}


def issuer(store: KeyStore, now: float) -> Issue:
    """Makes keys in a store: of a new account with *limits*, or of *account_id*."""

    async def make(
        label: str = "test",
        *,
        account_id: str | None = None,
        limits: Limits | None = None,
        expires_at: int | None = None,
        created_at: int | None = None,
    ) -> PresentedKey:
        created = int(now) if created_at is None else created_at
        account = None
        if account_id is None:
            account_id = new_account_id()
            account = Account(
                account_id, account_id.encode() * 5 + b"..", created, limits or Limits()
            )
        _, key = new_key(account_id)
        await store.create(KeyRecord(key.id, key.digest, label, created, expires_at), account)
        return key

    return make
