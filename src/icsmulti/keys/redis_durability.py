"""When a write has survived: on disk here, and on a replica where there is one.

A server can lose its memory, and a failover can lose what only the primary had. So a write
that a caller will rely on (a key shown once, a revocation) is followed, on its own connection,
by what its server offers:

    WAITAOF 1 0         Redis 7.2, Valkey: the append-only file is on disk
    appendfsync always  before that: the server answers only once it is
    WAIT 1              a replica has it, wherever a replica is connected
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

from icsmulti.errors import StoreConflict
from icsmulti.keys.redis_node import COMMAND_S, Asking, Node

SYNC_MS = 1_100
"""`appendfsync everysec` syncs once a second: a write may have to wait for its turn."""

REPLICA_MS = 500
"""A replica in step confirms at once; one that has just been filled takes longer."""

FRESH_S = 0.5

WAITAOF_SINCE = (7, 2)


class NotDurableError(RedisError):
    """The write was made, but neither disk nor replica confirmed it in time."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What a server is asked after a write, and must confirm."""

    waits_for_disk: bool
    waits_for_replica: bool

    async def write(self, node: Node | Asking, command: Sequence[Any]) -> Any:
        """Send *command*, return its reply once the write has survived.

        Raises:
            NotDurableError: it was done, and may be lost.
        """
        asks: list[tuple[str | int, ...]] = []
        if self.waits_for_disk:
            asks.append(("WAITAOF", 1, 0, SYNC_MS))
        if self.waits_for_replica:
            asks.append(("WAIT", 1, REPLICA_MS))
        patience_s = COMMAND_S + (SYNC_MS * self.waits_for_disk + REPLICA_MS) / 1_000
        reply, *confirmed = await node.session(command, *asks, patience_s=patience_s)
        for count in confirmed:
            copies = count[0] if isinstance(count, list) else count
            if not isinstance(copies, int) or copies < 1:
                raise NotDurableError(f"{asks} gave {confirmed}")
        return reply


class Guarantees:
    """What each server can guarantee, asked at most twice a second: keys may come by hundreds."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Node | Asking, tuple[float, Guarantee]] = WeakKeyDictionary()

    async def of(self, node: Node | Asking) -> Guarantee:
        """What this server can guarantee now.

        Raises:
            StoreConflict: `not-durable`, with the `setting` that would make it so.
        """
        now = asyncio.get_running_loop().time()
        asked_at, known = self._known.get(node, (now, None))
        if known is None or now - asked_at >= FRESH_S:
            known = await _ask(node)
            self._known[node] = (now, known)
        return known


async def _ask(node: Node | Asking) -> Guarantee:
    info, config = await node.session(
        ("INFO", "server", "persistence", "replication"),
        ("CONFIG", "GET", "appendfsync"),  # where it is forbidden, an error stands here
    )
    facts = dict(line.split(":", 1) for line in info.decode().split("\r\n") if ":" in line)
    version = tuple(int(part) for part in facts["redis_version"].split(".")[:2])
    appends = facts.get("aof_enabled") == "1"
    waits_for_disk = appends and version >= WAITAOF_SINCE
    syncs_always = appends and isinstance(config, list) and config[1:] == [b"always"]
    waits_for_replica = any("state=online" in value for value in facts.values())
    if not (waits_for_disk or syncs_always or waits_for_replica):
        raise StoreConflict(
            "not-durable", setting="appendfsync always" if appends else "appendonly yes"
        )
    return Guarantee(waits_for_disk, waits_for_replica)
