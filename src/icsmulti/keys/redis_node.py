"""One Redis or Valkey server: a few connections to it, and how long it may take.

redis-py's own pools do not fit a one-second promise: the blocking one lets late comers
overtake those who wait (50 callers on 16 connections starved some for a second), and each
wraps every command in retries and timeouts of its own. Here a caller waits its turn, has one
deadline, and a server that answers nobody is not asked again for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

CONNECT_S = 0.25
"""How long a connection may take, and a look at a group."""

COMMAND_S = 0.5
"""How long one command may take: a server that stalls for less is waited for. With a connection
before it, and a group asked who is who, a call still ends within a second."""

REST_S = 0.25
"""How long a server that answers nobody is left alone: callers meanwhile fail at once."""

LAST_TURN_S = 0.05
"""What is left, at the end of a wait, to read what has already arrived."""

TOGETHER = 32
"""Commands at most in one round trip: what they save is had by then, and none waits for long."""

CONNECTIONS = 16
"""At most, to one server: Redis runs one command at a time, more would only queue there."""


class Patience:
    """`asyncio.timeout`, but a stall of our own process is not taken for a silent server.

    On a busy machine the loop wakes up late: the answer has come, and so has the end of the
    wait. Timers do not let readers go first, so the wait ends in two steps, and the second
    begins only once the loop runs again.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._timeout = asyncio.timeout(None)
        await self._timeout.__aenter__()
        loop = asyncio.get_running_loop()
        self._first_step = loop.call_later(self._seconds - LAST_TURN_S, self._last_turn)

    async def __aexit__(self, *raised: Any) -> None:
        self._first_step.cancel()
        await self._timeout.__aexit__(*raised)

    def _last_turn(self) -> None:
        self._timeout.reschedule(asyncio.get_running_loop().time() + LAST_TURN_S)


class Node:
    """A server at *host* and *port*. Errors are redis-py's, OSError or TimeoutError."""

    def __init__(self, host: str, port: int, options: dict[str, Any]) -> None:
        self.host, self.port = host, port
        self._options = {name: value for name, value in options.items() if name != "tls"}
        self._connection_class = SSLConnection if options.get("tls") else Connection
        self._asked: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        """Commands that nobody has sent yet."""
        self._sending: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._session_turns = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[Connection] = []
        self._rests_until = 0.0
        self._failure: Exception | None = None
        self._heard_at = float("-inf")
        self._closed = False

    def __repr__(self) -> str:
        return f"{self.host}:{self.port}"

    async def call(self, *command: Any) -> Any:
        """Send one command, return its reply. Those of one turn of the loop go together."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Any] = loop.create_future()
        self._asked.append((command, reply))
        if len(self._asked) % TOGETHER == 1:
            task = loop.create_task(self._send_asked())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await reply

    async def session(self, *commands: Sequence[Any], patience_s: float = COMMAND_S) -> list[Any]:
        """Send commands together on one connection, return their replies in order.

        For WAIT and WAITAOF too, which speak of the writes of their own connection and may
        hold it for *patience_s*: sessions have their own turns. An error reply to the first
        command is raised; to a later one, it stands in its place.
        """
        async with self._session_turns:
            replies = await self._send(commands, patience_s)
        if isinstance(replies[0], ResponseError):
            raise replies[0]
        return replies

    async def close(self) -> None:
        """Let go. What is under way ends, and its connection with it."""
        self._closed = True
        await self._drop_idle()

    async def _send_asked(self) -> None:
        """Send what is asked by the time that it is this task's turn, and hand out the replies."""
        async with self._turns:
            asked, self._asked = self._asked[:TOGETHER], self._asked[TOGETHER:]
            replies: list[Any]
            try:
                replies = await self._send([command for command, _ in asked], COMMAND_S)
            except Exception as error:
                replies = [error] * len(asked)
        for (_, waiting), reply in zip(asked, replies, strict=True):
            if waiting.done():  # its caller has left
                continue
            if isinstance(reply, Exception):
                waiting.set_exception(reply)
            else:
                waiting.set_result(reply)

    async def _send(self, commands: Sequence[Sequence[Any]], patience_s: float) -> list[Any]:
        if asyncio.get_running_loop().time() < self._rests_until:
            raise LostConnection(f"{self} failed a moment ago: {self._failure}") from self._failure
        if self._idle:
            connection = self._idle.pop()
            try:
                return await self._exchange(connection, commands, patience_s)
            except (LostConnection, OSError) as error:
                if isinstance(error, TimeoutError) or connection.is_connected:
                    raise
                # The server closed it while it was idle, or restarted: so it did the others.
                await self._drop_idle()
        return await self._exchange(await self._connect(), commands, patience_s)

    async def _exchange(
        self, connection: Connection, commands: Sequence[Sequence[Any]], patience_s: float
    ) -> list[Any]:
        replies: list[Any] = []
        try:
            async with Patience(patience_s):
                await connection.send_packed_command(
                    b"".join(pack_command(tuple(command)) for command in commands)
                )
                for _ in commands:
                    try:
                        replies.append(await connection.read_response())
                    except ResponseError as error:
                        replies.append(error)
            self._heard_at = asyncio.get_running_loop().time()
        except TimeoutError:
            await self._failed(TimeoutError("no answer in time"))
            raise
        except (RuntimeError, ValueError) as error:
            # uvloop of a transport closed under it; redis-py of bytes that are no Redis reply.
            await connection.disconnect(nowait=True)
            raise LostConnection(str(error)) from error
        finally:
            # redis-py cuts a connection whose reply was not read: what is left is in step.
            if connection.is_connected:
                self._idle.append(connection)
                if self._closed:
                    await self._drop_idle()
        return replies

    async def _connect(self) -> Connection:
        connection: Connection = self._connection_class(
            host=self.host,
            port=self.port,
            protocol=2,
            driver_info=None,  # spares CLIENT SETINFO, a round trip and a command old proxies refuse
            socket_connect_timeout=None,  # `Patience` here: redis-py's timeouts have another type,
            socket_timeout=None,  # and would start a task a command
            **self._options,
        )
        try:
            async with Patience(CONNECT_S):  # the handshake too: AUTH, SELECT
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py leaves it bare
        except BaseException as error:
            await connection.disconnect(nowait=True)
            if isinstance(error, (RedisError, OSError)):
                await self._failed(error if str(error) else TimeoutError("no connection in time"))
            raise
        return connection

    async def _failed(self, why: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._heard_at >= COMMAND_S:  # else it answers others: slow, not gone
            self._rests_until, self._failure = now + REST_S, why
            await self._drop_idle()

    async def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)


class Asking:
    """A cluster member that is receiving a slot: it answers only what is asked with ASKING."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def call(self, *command: Any) -> Any:
        return (await self.session(command))[0]

    async def session(self, *commands: Sequence[Any], patience_s: float = COMMAND_S) -> list[Any]:
        _, *replies = await self._node.session(("ASKING",), *commands, patience_s=patience_s)
        if isinstance(replies[0], ResponseError):
            raise replies[0]
        return replies
