"""Which server holds a hash tag now: one server, a Sentinel group, or a Cluster.

redis-py knows both groups too, but asks their members one after the other, each with its own
timeout, and its cluster client reads the whole command table again after every failure: one
dead member could eat the second that a caller has. Here all members are asked at once, and
only callers of a server under suspicion wait for the answer.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as LostConnection

from icsmulti.keys.redis_address import Address, Host
from icsmulti.keys.redis_node import CONNECT_S, REST_S, Asking, Node, Patience

Action = Callable[[Node | Asking], Awaitable[Any]]
T = TypeVar("T")

ATTEMPTS = 4
"""Servers one call may try: redirections and a failover in one call, never a storm of them."""

REFRESH_EVERY_S = REST_S
"""At most one look at the group in this time, however many callers suspect it. Members that
did not answer one look have rested when the next is due."""

LOOK_FOR_S = 0.6
"""How long a call goes on looking for a server that the group does not name. One more look
then still ends within a second."""

SENTINEL_EVERY_S = 1.0
"""A primary cut off from its Sentinels does not know that it was replaced: they are asked."""


class NoPrimaryError(RedisError):
    """The group names no primary for now."""


class Topology(ABC):
    """Runs commands where a hash tag lives, through failovers and moves."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._nodes: dict[Host, Node] = {}
        self._suspects: set[Node] = set()
        self._refreshed_at = float("-inf")
        self._refreshing = asyncio.Lock()

    async def run(self, tag: str, action: Action) -> Any:
        """Do *action* with the server that holds `{tag}`; again elsewhere if it moved.

        A command whose answer timed out is not sent again. Raises what redis-py raises,
        OSError, or TimeoutError.
        """
        asking: Asking | None = None
        for attempt in range(1, ATTEMPTS + 1):
            node = await self.locate(tag)
            try:
                answering, asking = asking or node, None
                return await action(answering)
            except MovedError as moved:  # an empty host is the one that redirects
                self._moved(tag, self._node(moved.host or node.host, moved.port))
                error: Exception = moved
            except AskError as ask:
                asking = Asking(self._node(ask.host or node.host, ask.port))
                error = ask
            except TryAgainError as again:
                await asyncio.sleep(0.02)
                error = again
            except (LostConnection, ReadOnlyError, ClusterDownError, OSError) as lost:
                self._suspects.add(node)
                error = lost
                if isinstance(lost, TimeoutError) or not await self._replaced(tag, node):
                    raise
            if attempt == ATTEMPTS:
                raise error
        raise AssertionError  # the loop returns or raises

    @abstractmethod
    async def primaries(self) -> list[Node]:
        """Every server that holds keys of its own."""

    async def close(self) -> None:
        nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            await node.close()

    @abstractmethod
    def _owner(self, tag: str) -> Node | None:
        """The server that holds the tag, as far as is known."""

    @abstractmethod
    async def _look(self) -> None:
        """Ask the group who is who."""

    def _moved(self, tag: str, node: Node) -> None:
        raise NoPrimaryError(f"{node} redirects, but this is no cluster: use redis+cluster://")

    async def locate(self, tag: str) -> Node:
        """The server that holds `{tag}`; of a group under suspicion, asked again."""
        if self._owner(tag) in self._suspects:
            await self._refresh()
        return await self._named(lambda: self._owner(tag))

    async def _named(self, known: Callable[[], T | None]) -> T:
        """What is *known* of the group, once it is: one look that heard nothing means little."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + LOOK_FOR_S
        while (found := known()) is None:
            due_at = self._refreshed_at + REFRESH_EVERY_S
            if max(due_at, loop.time()) > give_up_at:
                raise NoPrimaryError(f"no primary known at {self._address.hosts}")
            await asyncio.sleep(due_at - loop.time())
            await self._refresh()
        return found

    async def _replaced(self, tag: str, node: Node) -> bool:
        """Whether the group names another server than the one that just failed."""
        await self._refresh()
        return self._owner(tag) not in (node, None)

    async def _refresh(self) -> None:
        async with self._refreshing:
            now = asyncio.get_running_loop().time()
            if now - self._refreshed_at >= REFRESH_EVERY_S:
                await self._look()
                self._suspects.clear()
                self._refreshed_at = asyncio.get_running_loop().time()

    def _node(self, host: str, port: int) -> Node:
        node = self._nodes.get((host, port))
        if node is None:
            node = self._nodes[host, port] = Node(host, port, self._address.options)
        return node


class Standalone(Topology):
    def _owner(self, tag: str) -> Node | None:
        return self._node(*self._address.hosts[0])

    async def _look(self) -> None:
        """There is nobody else to ask."""

    async def primaries(self) -> list[Node]:
        return [self._node(*self._address.hosts[0])]


class Sentinel(Topology):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._sentinels = [Node(*host, address.sentinel_options) for host in address.hosts]
        self._primary: Node | None = None
        self._look_task: asyncio.Task[None] | None = None

    async def primaries(self) -> list[Node]:
        return [await self.locate("")]

    async def close(self) -> None:
        if self._look_task:
            self._look_task.cancel()
            await asyncio.gather(self._look_task, return_exceptions=True)
        for sentinel in self._sentinels:
            await sentinel.close()
        await super().close()

    def _owner(self, tag: str) -> Node | None:
        now = asyncio.get_running_loop().time()
        due = self._primary and now - self._refreshed_at > SENTINEL_EVERY_S
        if due and (self._look_task is None or self._look_task.done()):
            self._look_task = asyncio.create_task(self._refresh())
        return self._primary

    async def _look(self) -> None:
        command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
        answers = await _ask(self._sentinels, lambda sentinel: sentinel.call(*command))
        # A Sentinel that slept through a failover still names the old primary: most votes win.
        votes = Counter((host.decode(), int(port)) for host, port in filter(None, answers))
        if votes:
            self._primary = self._node(*votes.most_common(1)[0][0])
            for host in [host for host, node in self._nodes.items() if node is not self._primary]:
                await self._nodes.pop(host).close()


class Cluster(Topology):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._slots: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS

    async def primaries(self) -> list[Node]:
        await self._refresh()
        return await self._named(self._owners)

    def _owners(self) -> list[Node] | None:
        owners = dict.fromkeys(self._slots)
        return None if None in owners else [node for node in owners if node]

    def _owner(self, tag: str) -> Node | None:
        return self._slots[key_slot(tag.encode())]

    def _moved(self, tag: str, node: Node) -> None:
        self._slots[key_slot(tag.encode())] = node

    async def _look(self) -> None:
        hosts = dict.fromkeys((*self._nodes, *self._address.hosts))
        answers = await _ask([self._node(*host) for host in hosts], _view)
        if not answers:
            return
        # A member that was cut off has an older epoch than those that went on without it.
        _, _, ranges, member = max(answers, key=lambda answer: answer[:2])
        slots: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        known = set(self._address.hosts)
        for first, last, primary, *replicas in ranges:
            # No host is the member's own, as we know it.
            where = [
                ((host or b"").decode() or member.host, port)
                for host, port, *_ in (primary, *replicas)
            ]
            slots[first : last + 1] = [self._node(*where[0])] * (last + 1 - first)
            known.update(where)
        self._slots = slots
        for host in self._nodes.keys() - known:
            await self._nodes.pop(host).close()


async def _view(node: Node) -> tuple[bool, int, list[Any], Node]:
    """What a cluster member believes: whether all is well, its epoch, and who holds which slots."""
    info, ranges = await node.session(("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))
    facts = dict(line.split(":", 1) for line in info.decode().split("\r\n") if ":" in line)
    if isinstance(ranges, Exception):
        raise ranges
    return facts["cluster_state"] == "ok", int(facts["cluster_current_epoch"]), ranges, node


async def _ask(nodes: Iterable[Node], question: Callable[[Node], Awaitable[T]]) -> list[T]:
    """The answers of those who give one in time, asked all at once."""
    tasks = [asyncio.ensure_future(question(node)) for node in nodes]
    try:
        with suppress(TimeoutError):
            async with Patience(CONNECT_S):
                await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def open_topology(address: Address) -> Topology:
    kinds: dict[str, type[Standalone | Sentinel | Cluster]] = {
        "redis": Standalone,
        "sentinel": Sentinel,
        "cluster": Cluster,
    }
    return kinds[address.kind](address)
