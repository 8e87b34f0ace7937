"""What many processes share through Redis, and what others may read there."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from patience import until
from redis_servers import Group, Server, shared
from stores import issuer
from test_redis_faults import opened

from icsmulti.keys import Limits

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("patient")]

PER_MINUTE = 600
SECONDS = "2"

HAMMER = """
import asyncio, sys, time
from icsmulti.errors import RateLimited
from icsmulti.keys import Limits, open_store
from patience import give_time

async def main(address, key_id, digest, seconds):
    store = open_store(address, Limits(1_000_000, 0))
    await store.open()
    admitted, end = 0, time.time() + float(seconds)
    while True:
        now = time.time()
        try:
            await store.admit(key_id, bytes.fromhex(digest), now)
            admitted += 1
        except RateLimited:
            if now > end:  # nothing is left of what it might have got
                break
    await store.close()
    print(admitted, now)

give_time()  # an answer that came too late would take its unit with it
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", ["standalone", "cluster"])
async def test_eight_processes_get_what_limit_and_rate_allow_and_no_more(kind: str) -> None:
    group: Group = shared(kind)
    now = time.time()  # not before the servers run: a bucket is full again after a minute
    async with opened(group.address) as store:
        first = await issuer(store, now)(limits=Limits(PER_MINUTE, 0))
        second = await issuer(store, now)(account_id=first.id[:6])
        for _ in range(PER_MINUTE):
            await store.admit(first.id, first.digest, now)
    processes = [
        subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop meanwhile
            [sys.executable, "-c", HAMMER, group.address, key.id, key.digest.hex(), SECONDS],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        for key in (first, second) * 4
    ]
    lines = [process.communicate()[0].split() for process in processes]

    admitted, asked = sum(int(line[0]) for line in lines), max(float(line[1]) for line in lines)
    refilled = PER_MINUTE / 60 * (asked - now)
    assert refilled - 1 <= admitted <= refilled + 0.01  # bucket.lua's slack


def everything_on_disk(server: Server) -> bytes:
    return b"".join(part.read_bytes() for part in (server.data / "appendonlydir").iterdir())


async def test_neither_addresses_nor_tokens_can_be_read_in_the_store(now: float) -> None:
    group = shared("standalone")
    group.empty()
    async with opened(group.address) as store:
        await store.take("failures:192.0.2.77", 3, 60, now)
        await store.spend("token-of-someone", int(now) + 60, now)

    written = everything_on_disk(group.servers[0])
    assert b"icsm:{bucket:" in written
    assert b"192.0.2.77" not in written
    assert b"token-of-someone" not in written


async def test_what_an_address_leaves_behind_is_gone_after_its_period(now: float) -> None:
    group = shared("standalone")
    group.empty()
    async with opened(group.address) as store:
        await store.take("failures:192.0.2.77", 1_000_000, 1, now)
        await store.spend("token", int(now) + 1, now)

    server = group.servers[0]
    until(lambda: server.ask("DBSIZE") == ":1", "both are gone", 15)
    assert server.ask("EXISTS", "icsm:{store}") == ":1"
