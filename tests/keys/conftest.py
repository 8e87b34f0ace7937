"""A store for every test that asks for one: each row of `stores.STORES` in turn.

Tests are `async def` and run by anyio's plugin.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from patience import give_time
from stores import DEFAULTS, STORES, Issue, Opener, issuer, sqlite_file

from icsmulti.keys import KeyStore, Limits, open_store


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=STORES)
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty place for a store."""
    async with STORES[request.param](tmp_path) as address:
        yield address


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores have time to spare: what they answer is asked, and not when."""
    give_time(monkeypatch.setattr)


@pytest.fixture
async def opened(address: str, patient: None) -> AsyncIterator[Opener]:
    """Opens stores at `address` as so many servers would, and closes them at the end."""
    async with AsyncExitStack() as stack:

        async def open_one(defaults: Limits = DEFAULTS) -> KeyStore:
            store = open_store(address, defaults)
            await store.open()
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture
async def store(opened: Opener) -> KeyStore:
    """One server's store, open and empty."""
    return await opened()


@pytest.fixture
async def elsewhere(opened: Opener, store: KeyStore) -> KeyStore:
    """The same store, as another server sees it."""
    return await opened()


@pytest.fixture
def now() -> float:
    """The real time: stores may let things expire by their own clock. Never in the last
    minute of a UTC day, where a test of today would begin in one day and end in another."""
    left = 86_400 - time.time() % 86_400
    if left < 60:
        time.sleep(left)
    return time.time()


@pytest.fixture
def issue(store: KeyStore, now: float) -> Issue:
    """Makes keys in `store`."""
    return issuer(store, now)


@pytest.fixture(params=["out of it", "into it"])
async def move(
    request: pytest.FixtureRequest, store: KeyStore, tmp_path: Path
) -> AsyncIterator[tuple[KeyStore, KeyStore]]:
    """A store to export and an empty one to import: `store` and a SQLite one, both ways."""
    async with sqlite_file(tmp_path / "other") as address:
        other = open_store(address, DEFAULTS)
        await other.open()
        try:
            yield (store, other) if request.param == "out of it" else (other, store)
        finally:
            await other.close()
