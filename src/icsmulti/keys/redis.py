"""The key store on Redis or Valkey: one server, a Sentinel group, or a Cluster.

    icsm:{7Ab3kQ}          hash    `account` and each key id → its record, JSON
    icsm:{7Ab3kQ}:use      hash    `2026-11-22` → requests, key id → last use
    icsm:{7Ab3kQ}:minute   string  when the minute bucket is full again (bucket.lua)
    icsm:{bucket:<hmac>}   string  a named bucket
    icsm:{spent:<sha256>}  string  a spent token
    icsm:{secret:<name>}   string  32 bytes
    icsm:{store}           string  32 bytes: which store this is; keys the names of buckets

An account is one hash tag, so admitting a request is one script on one server. Listing scans
every primary. Redis 7.0 or Valkey 7.2 is needed: scripts say in their first line that they
write, so a server that cannot write refuses them before they begin.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import hmac
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.resources import files
from math import ceil
from typing import Any, NamedTuple, NoReturn

import msgspec
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as LostConnection

from icsmulti.errors import (
    ExpiredKey,
    InvalidKey,
    RateLimited,
    RevokedKey,
    StoreConflict,
    StoreUnavailable,
    SuspendedKey,
)
from icsmulti.keys import Account, Admission, Entry, KeyRecord, Limits, Quota
from icsmulti.keys.records import Secret, Usage, day_name, parse, same_key, write
from icsmulti.keys.redis_address import read_address
from icsmulti.keys.redis_durability import Guarantees, NotDurableError
from icsmulti.keys.redis_node import Asking, Node, Patience
from icsmulti.keys.redis_topology import NoPrimaryError, open_topology

BUDGET_S = 0.9
"""No method takes longer, but for the next."""

DURABLE_S = 1.6
"""A durable write on a live server that syncs its file once a second."""

LAST_USE_EVERY_S = 600
PAGE = 200
ROUNDS = 5
MINUTE_US = 60_000_000
SLACK_US = 100  # as bucket.lua's

_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationError, "password"),
    (NoPrimaryError, "no-primary"),
    (TimeoutError, "no-answer"),
    (socket.gaierror, "unknown-host"),
)

log = logging.getLogger(__name__)


class Script(NamedTuple):
    """A Lua script and the name under which a server that has run it knows it."""

    source: str
    sha1: str

    @classmethod
    def read(cls, *names: str) -> Script:
        folder = files(__package__)
        source = "\n".join(["#!lua", *(folder.joinpath(name).read_text("utf-8") for name in names)])
        return cls(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


ADMIT = Script.read("bucket.lua", "admit.lua")
TAKE = Script.read("bucket.lua", "take.lua")
CHANGE = Script.read("change.lua")
RAISE = Script.read("raise.lua")

_encode = msgspec.json.Encoder().encode
_account = msgspec.json.Decoder(Account).decode
_key = msgspec.json.Decoder(KeyRecord).decode


Fields = dict[bytes, bytes]
"""An account's records as stored: `account`, and each key by its id."""


class Change(NamedTuple):
    """A field of an account's records: what was read, what it shall be; b"" for absent."""

    field: bytes
    before: bytes
    after: bytes


Decision = Callable[[Fields], list[Change]]


class Held(NamedTuple):
    """An account, its keys by creation, and its counters: days, last uses."""

    account: Account
    keys: list[KeyRecord]
    counters: dict[bytes, int]


class RedisStore:
    """`KeyStore` on Redis or Valkey. Raises SettingsError for an address it cannot read."""

    def __init__(self, address: str, defaults: Limits) -> None:
        where = read_address(address)
        self.scheme = where.kind
        self._topology = open_topology(where)
        self._minute, self._day = defaults.per_minute or 0, defaults.per_day or 0
        self._guarantees = Guarantees()
        self._identity: bytes | None = None

    async def open(self) -> None:
        try:
            async with _answering():
                for node in await self._topology.primaries():
                    await self._look_at_settings(node)
                self._identity = await self._call("store", "GET", "icsm:{store}")
        except StoreUnavailable as error:
            fields = {"scheme": self.scheme, "reason": error.reason}
            log.warning("store-unreachable", extra={"fields": fields})

    async def close(self) -> None:
        await self._topology.close()

    async def ping(self) -> None:
        async with _answering():
            await self._same_store()

    # Requests

    async def admit(self, key_id: str, digest: bytes, now: float) -> Admission:
        async with _answering():
            tag, today = key_id[:6], day_name(int(now // 86_400))
            keys = (f"icsm:{{{tag}}}", f"icsm:{{{tag}}}:use", f"icsm:{{{tag}}}:minute")
            now_us = int(now * 1e6)
            arguments = (
                key_id, base64.b64encode(digest), now_us, today,
                self._minute, self._day, LAST_USE_EVERY_S,
            )  # fmt: skip
            try:
                reply = await self._run(ADMIT, tag, keys, arguments)
            except ClusterDownError:
                raise  # a member cut off from the others may have missed a revocation
            except ResponseError:
                return await self._admit_uncounted(key_id, digest, now)
            account, key, *counted = reply
            if not counted:
                await self._refuse(key_id, key, digest, now)
            record = _key(key)
            if not hmac.compare_digest(record.digest, digest):
                raise InvalidKey
            return self._admission(_account(account), record, counted, now_us)

    async def authenticate(self, key_id: str, digest: bytes, now: float) -> Entry:
        async with _answering():
            account, key = await self._records(key_id)
            record = _key(key) if key else None
            if not (account and record and hmac.compare_digest(record.digest, digest)):
                await self._refuse(key_id, key, digest, now)
            _judge(record, digest, now)
            return await self._entry(_account(account), record, now)

    def _admission(
        self, account: Account, key: KeyRecord, counted: Sequence[int], now_us: int
    ) -> Admission:
        """What is left after admit.lua's counting, or RateLimited."""
        taken, full_at_us, used, last_use = counted
        per_minute, per_day = self._own(account)
        minute, day = Quota(0, 0, 0), Quota(0, 0, 0)
        if per_minute:
            interval = MINUTE_US / per_minute
            room = MINUTE_US - max(0, full_at_us - now_us) + SLACK_US
            wait_s = max(0, ceil((interval - room) / 1e6))
            minute = Quota(per_minute, max(0, int(room / interval)), wait_s)
        if per_day:
            midnight_s = 86_400 - now_us // 1_000_000 % 86_400
            day = Quota(per_day, max(0, per_day - used), midnight_s)
        if not taken:
            full = ("minute", minute) if day.remaining or not per_day else ("day", day)
            raise RateLimited(full[0], full[1].reset_s, full[1].size)
        if last_use:
            key = replace(key, last_used_at=last_use)
        return Admission(account, key, minute, day)

    async def _admit_uncounted(self, key_id: str, digest: bytes, now: float) -> Admission:
        """The server answers, but cannot count: a good key is served if it can be read.

        It is demoted, out of memory or disk, short of replicas, not asked with the right to
        run scripts; the account is on its way to another server (TRYAGAIN); what stands in
        the counters' place is none.
        """
        account, key = await self._records(key_id)
        if account is None or key is None:
            # It may be a replica that has not been filled yet: not a reason to refuse a key.
            raise StoreUnavailable("a server that cannot write does not know the key")
        record = _key(key)
        _judge(record, digest, now)
        owner = _account(account)
        per_minute, per_day = self._own(owner)
        minute = Quota(per_minute, per_minute, 0)
        day = Quota(per_day, per_day, ceil(86_400 - now % 86_400) if per_day else 0)
        return Admission(owner, record, minute, day, counted=False)

    async def _refuse(self, key_id: str, key: bytes | None, digest: bytes, now: float) -> NoReturn:
        """Say why a key was not let in. The same trips for an unknown id as for a wrong secret."""
        await self._same_store()
        _judge(_key(key) if key else None, digest, now)
        raise StoreUnavailable(f"the record of {key_id} changed while it was read")

    async def _same_store(self) -> None:
        """That what a server does not know never was there: it has not lost its memory.

        A server restarted empty would otherwise turn every good key into an invalid one. An
        operator who starts a new store on purpose gives it a new identity, which is adopted.
        """
        known = self._identity  # before asking: another task may give a new store its identity
        identity = await self._call("store", "GET", "icsm:{store}")
        if identity is None and known is not None:
            log.error("store-lost", extra={"fields": {"scheme": self.scheme}})
            raise StoreUnavailable("the store has lost its contents")
        self._identity = identity or self._identity

    def _own(self, account: Account) -> tuple[int, int]:
        limits = account.limits
        return (
            self._minute if limits.per_minute is None else limits.per_minute,
            self._day if limits.per_day is None else limits.per_day,
        )

    # The life of keys

    async def create(self, record: KeyRecord, account: Account | None = None) -> Account:
        def decide(fields: Fields) -> list[Change]:
            owner, taken = fields.get(b"account"), fields.get(record.id.encode())
            if taken is not None and _key(taken) != record:  # equal: our own, its answer was lost
                raise StoreConflict("already-there", id=record.id)
            if account is None and owner is None:
                raise StoreConflict("unknown-account", id=record.id[:6])
            if account is not None and owner is not None and taken is None:
                raise StoreConflict("already-there", id=account.id)
            kept = owner or _encode(account)
            return [Change(b"account", owner or b"", kept), _key_change(record, taken)]

        changes = await self._change(record.id[:6], decide, new=True)
        return _account(changes[0].after)

    async def rotate(
        self, key_id: str, record: KeyRecord, *, old_expires_at: int, now: int
    ) -> None:
        def decide(fields: Fields) -> list[Change]:
            stored, taken = fields.get(key_id.encode()), fields.get(record.id.encode())
            if stored is None:
                raise StoreConflict("unknown-key", id=key_id)
            old = _key(stored)
            if taken is not None:
                ended = old.expires_at is not None and old.expires_at <= old_expires_at
                if ended and _key(taken) == record:  # this rotation, its answer was lost
                    return [_key_change(record, taken)]
                raise StoreConflict("already-there", id=record.id)
            if not _active(old, now):
                raise StoreConflict("not-active", id=key_id)
            keys = [_key(value) for field, value in fields.items() if field != b"account"]
            if sum(_active(key, now) for key in keys) >= 2:
                raise StoreConflict("too-many-keys", id=key_id)
            ends_at = min(old_expires_at, old.expires_at or old_expires_at)
            return [_key_change(replace(old, expires_at=ends_at), stored), _key_change(record)]

        await self._change(key_id[:6], decide, new=True)

    async def revoke(self, key_id: str, at: int) -> bool:
        def revoked(key: KeyRecord) -> KeyRecord:
            return key if key.revoked_at is not None else replace(key, revoked_at=at)

        return await self._edit_key(key_id, revoked)

    async def suspend(self, key_id: str, at: int | None) -> bool:
        return await self._edit_key(key_id, lambda key: replace(key, suspended_at=at))

    async def limit(self, account_id: str, limits: Limits) -> bool:
        def edit(stored: bytes) -> bytes:
            return _encode(replace(_account(stored), limits=limits))

        return await self._edit(account_id, b"account", edit)

    async def _edit_key(self, key_id: str, edit: Callable[[KeyRecord], KeyRecord]) -> bool:
        def edit_stored(stored: bytes) -> bytes:
            return _encode(edit(_key(stored)))

        return await self._edit(key_id[:6], key_id.encode(), edit_stored)

    async def _edit(self, account_id: str, field: bytes, edit: Callable[[bytes], bytes]) -> bool:
        def decide(fields: Fields) -> list[Change]:
            stored = fields.get(field)
            return [] if stored is None else [Change(field, stored, edit(stored))]

        return bool(await self._change(account_id, decide))

    async def _change(
        self, tag: str, decide: Decision, *, new: bool = False, durable: bool = True
    ) -> list[Change]:
        """Read an account's records, decide, and write if they still are what was read.

        Args:
            tag: the account.
            decide: the changes for the fields read; may raise StoreConflict; none: no write.
            new: something is issued that must not be lost: where nothing can be durable it
                is refused, and what turns out not to be is taken back. Without it the write
                stays (a revocation that may be lost is better than none): StoreUnavailable.
            durable: False leaves it to a later durable change on the same server.
        """
        key = f"icsm:{{{tag}}}"

        async def attempt(node: Node | Asking) -> list[Change] | None:
            fields = _pairs(await node.call("HGETALL", key))
            changes = decide(fields)
            command = _change_command(key, changes, len(fields))
            if not changes:
                return changes
            if not durable:
                return changes if await node.call(*command) else None
            try:
                assured = await self._guarantees.of(node)
            except StoreConflict as conflict:
                if new:
                    raise
                await node.call(*command)
                raise StoreUnavailable(
                    f"done, but not durable: {conflict.values['setting']}"
                ) from None
            try:
                return changes if await assured.write(node, command) else None
            except NotDurableError:
                if new:
                    back = [Change(field, after, before) for field, before, after in changes]
                    grown = len(fields) + sum(not before for _, before, _ in changes)
                    await node.call(*_change_command(key, back, grown))
                raise

        async with _answering(DURABLE_S):
            if new:
                await self._same_store()  # what is issued there is lost when it is restored
                await self._identify()
            for _ in range(ROUNDS):
                changes: list[Change] | None = await self._topology.run(tag, attempt)
                if changes:
                    return changes
                if changes is not None:  # what was to be changed is unknown
                    await self._same_store()
                    return changes
        raise StoreUnavailable("others kept changing the account")

    # What there is

    async def find(self, key_id: str) -> Entry | None:
        async with _answering():
            account, key = await self._records(key_id)
            if account is None or key is None:
                await self._same_store()
                return None
            return await self._entry(_account(account), _key(key), time.time())

    async def account(self, account_id: str) -> Account | None:
        async with _answering():
            stored = await self._call(account_id, "HGET", f"icsm:{{{account_id}}}", "account")
            if stored is None:
                await self._same_store()
            return None if stored is None else _account(stored)

    async def entries(self) -> AsyncIterator[Entry]:
        today = day_name(int(time.time() // 86_400)).encode()
        async for held in self._everything():
            used = held.counters.get(today, 0)
            for key in held.keys:
                yield Entry(held.account, key, used)

    async def usage(self, account_id: str, days: int, now: float) -> Mapping[str, int]:
        async with _answering():
            counters = _counts(
                await self._call(account_id, "HGETALL", f"icsm:{{{account_id}}}:use")
            )
        last = int(now // 86_400)
        wanted = {day_name(number) for number in range(last - days + 1, last + 1)}
        return {day: requests for day, requests in _days(counters) if day in wanted}

    async def _records(self, key_id: str) -> tuple[bytes | None, bytes | None]:
        tag = key_id[:6]
        account, key = await self._call(tag, "HMGET", f"icsm:{{{tag}}}", "account", key_id)
        return account, key

    async def _entry(self, account: Account, key: KeyRecord, now: float) -> Entry:
        today, counters = day_name(int(now // 86_400)), f"icsm:{{{account.id}}}:use"
        used, last_use = await self._call(account.id, "HMGET", counters, today, key.id)
        return Entry(account, _used_at(key, last_use), int(used or 0))

    async def _everything(self) -> AsyncIterator[Held]:
        """Every account with what it holds, by id, a page of them at a time."""
        accounts = sorted(await self._scan("icsm:{??????}"))
        for start in range(0, len(accounts), PAGE):
            async with _answering():
                page = await asyncio.gather(*map(self._held, accounts[start : start + PAGE]))
            for held in page:
                if held is not None:
                    yield held

    async def _held(self, account_id: str) -> Held | None:
        name = f"icsm:{{{account_id}}}"

        async def read(node: Node | Asking) -> list[Any]:
            return await node.session(("HGETALL", name), ("HGETALL", f"{name}:use"))

        stored, counted = await self._topology.run(account_id, read)
        if isinstance(counted, ResponseError):
            raise counted
        fields, counters = _pairs(stored), _counts(counted)
        if b"account" not in fields:
            return None
        account = _account(fields.pop(b"account"))
        keys = [_used_at(_key(value), counters.get(id_)) for id_, value in fields.items()]
        return Held(account, sorted(keys, key=lambda key: (key.created_at, key.id)), counters)

    async def _scan(self, pattern: str) -> set[str]:
        """What stands between the braces of every key like *pattern*, on every primary."""
        async with _answering():
            nodes = await self._topology.primaries()
        found: set[str] = set()
        for node in nodes:
            cursor = b"0"
            while True:
                async with _answering():
                    cursor, names = await node.call(
                        "SCAN", cursor, "MATCH", pattern, "COUNT", 1_000
                    )
                found.update(name[len("icsm:{") : -len("}")].decode() for name in names)
                if cursor == b"0":
                    break
        return found

    # Buckets, tokens, secrets

    async def take(self, bucket: str, size: int, period_s: int, now: float) -> int:
        if size <= 0:
            return 0
        async with _answering():
            # An address can be found again from its bare hash: the store's own secret keys it.
            identity = await self._identify()
            tag = "bucket:" + hmac.digest(identity, bucket.encode(), "sha256")[:16].hex()
            arguments = (size, period_s * 1_000_000, int(now * 1e6))
            wait_us: int = await self._run(TAKE, tag, (f"icsm:{{{tag}}}",), arguments)
        return ceil(wait_us / 1e6)

    async def spend(self, token: str, expires_at: int, now: float) -> bool:
        tag = "spent:" + hashlib.sha256(token.encode()).hexdigest()
        # A mark of this call's own: sent again after a lost answer, it is not a second spending.
        mark, left_s = secrets.token_bytes(16), max(1, ceil(expires_at - now))
        async with _answering():
            found = await self._call(tag, "SET", f"icsm:{{{tag}}}", mark, "NX", "GET", "EX", left_s)
        return found is None or bool(found == mark)

    async def secret(self, name: str) -> bytes:
        tag = f"secret:{name}"
        async with _answering(DURABLE_S):
            found: bytes | None = await self._call(tag, "GET", f"icsm:{{{tag}}}")
            if found is not None:
                return found
            await self._same_store()
            try:
                return await self._keep_secret(tag, secrets.token_bytes(32))
            except StoreConflict as conflict:
                raise StoreUnavailable(f"no secret without {conflict.values['setting']}") from None

    async def _keep_secret(self, tag: str, value: bytes) -> bytes:
        """The value under a tag: *value*, or what another server stored first; durable."""

        async def keep(node: Node | Asking) -> bytes:
            assured = await self._guarantees.of(node)
            found = await assured.write(node, ("SET", f"icsm:{{{tag}}}", value, "NX", "GET"))
            return value if found is None else bytes(found)

        kept: bytes = await self._topology.run(tag, keep)
        return kept

    async def _identify(self) -> bytes:
        """Which store this is; a new one gets its identity now."""
        if self._identity is None:
            made = secrets.token_bytes(32)
            found = await self._call("store", "SET", "icsm:{store}", made, "NX", "GET")
            self._identity = made if found is None else bytes(found)
        return self._identity

    # Moving

    async def export(self) -> AsyncIterator[dict[str, Any]]:
        async for held in self._everything():
            yield write(held.account)
            for key in held.keys:
                yield write(key)
            for day, requests in _days(held.counters):
                yield write(Usage(held.account.id, day, requests))
        for tag in sorted(await self._scan("icsm:{secret:*}")):
            async with _answering():
                value = await self._call(tag, "GET", f"icsm:{{{tag}}}")
            yield write(Secret(tag.removeprefix("secret:"), value))

    async def import_(self, records: AsyncIterator[dict[str, Any]]) -> int:
        new = 0
        touched: dict[Node, str] = {}
        async for fields in records:
            match parse(fields):
                case Account() as account:
                    new += await self._import_account(account)
                    async with _answering():
                        touched[await self._topology.locate(account.id)] = account.id
                case KeyRecord() as key:
                    new += await self._import_key(key)
                case Usage() as usage:
                    async with _answering():
                        new += await self._raise(usage.account, usage.day, usage.requests)
                case Secret() as secret:
                    new += await self._import_secret(secret)

        def as_it_is(fields: Fields) -> list[Change]:
            return [Change(b"account", fields[b"account"], fields[b"account"])]

        # One durable write for each server, after its other writes, makes them all durable.
        for tag in touched.values():
            await self._change(tag, as_it_is, new=True)
        return new

    async def _import_account(self, account: Account) -> bool:
        was_there = False

        def decide(fields: Fields) -> list[Change]:
            nonlocal was_there
            stored = fields.get(b"account")
            was_there = stored is not None
            if stored is not None and _account(stored) != account:
                raise StoreConflict("already-there", id=account.id)
            return [Change(b"account", stored or b"", _encode(account))]

        await self._change(account.id, decide, durable=False)
        return not was_there

    async def _import_key(self, key: KeyRecord) -> bool:
        was_there = False

        def decide(fields: Fields) -> list[Change]:
            nonlocal was_there
            stored = fields.get(key.id.encode())
            was_there = stored is not None
            if b"account" not in fields:
                raise StoreConflict("unknown-account", id=key.id)
            if stored is not None and not same_key(_key(stored), key):
                raise StoreConflict("already-there", id=key.id)
            return [_key_change(key, stored)]

        await self._change(key.id[:6], decide, durable=False)
        if key.last_used_at is not None:
            async with _answering():
                await self._raise(key.id[:6], key.id, key.last_used_at)
        return not was_there

    async def _import_secret(self, secret: Secret) -> bool:
        tag = f"secret:{secret.name}"
        async with _answering(DURABLE_S):
            was_there = await self._call(tag, "EXISTS", f"icsm:{{{tag}}}")
            if await self._keep_secret(tag, secret.value) != secret.value:
                raise StoreConflict("already-there", id=secret.name)
        return not was_there

    async def _raise(self, account_id: str, counter: str, value: int) -> int:
        name = f"icsm:{{{account_id}}}:use"
        is_new: int = await self._run(RAISE, account_id, (name,), (counter, value))
        return is_new

    # The servers

    async def _call(self, tag: str, *command: Any) -> Any:
        return await self._topology.run(tag, lambda node: node.call(*command))

    async def _run(
        self, script: Script, tag: str, keys: Sequence[str], arguments: Sequence[Any]
    ) -> Any:
        try:
            return await self._call(tag, "EVALSHA", script.sha1, len(keys), *keys, *arguments)
        except NoScriptError:  # a new server, or a restarted one
            return await self._call(tag, "EVAL", script.source, len(keys), *keys, *arguments)

    async def _look_at_settings(self, node: Node) -> None:
        memory = await node.call("INFO", "memory")
        if b"maxmemory_policy:noeviction" not in memory:
            fields = {"server": str(node), "setting": "maxmemory-policy noeviction"}
            log.warning("store-evicts-keys", extra={"fields": fields})
        try:
            await self._guarantees.of(node)
        except StoreConflict as conflict:
            setting = {"server": str(node), "setting": conflict.values["setting"]}
            log.warning("store-not-durable", extra={"fields": setting})


@asynccontextmanager
async def _answering(budget_s: float = BUDGET_S) -> AsyncIterator[None]:
    """The border: within the budget, and of the store's faults nothing but StoreUnavailable."""
    try:
        async with Patience(budget_s):
            yield
    except (RedisError, OSError, ValueError) as error:  # ValueError: a record or a counter is none
        reason = f"{type(error).__name__}: {error}"
        raise StoreUnavailable(reason, cause=_cause(error)) from error


def _cause(error: BaseException) -> str:
    """What the operator is told of it: of what led to it, the first that has a name."""
    each: BaseException | None = error
    while each is not None:
        for kind, cause in _CAUSES:
            if isinstance(each, kind):
                return cause
        if isinstance(each, OSError) and each.errno:
            return errno.errorcode.get(each.errno, "")
        each = each.__cause__ or each.__context__
    return "no-connection" if isinstance(error, (LostConnection, OSError)) else ""


def _judge(key: KeyRecord | None, digest: bytes, now: float) -> None:
    """Refuse a key that may not pass. Compared even when there is none, to cost the same."""
    matches = hmac.compare_digest(key.digest if key else bytes(32), digest)
    if key is None or not matches:
        raise InvalidKey
    if key.revoked_at is not None:
        raise RevokedKey
    if key.suspended_at is not None:
        raise SuspendedKey
    if key.expires_at is not None and key.expires_at <= now:
        raise ExpiredKey


def _active(key: KeyRecord, now: float) -> bool:
    over = key.expires_at is not None and key.expires_at <= now
    return not over and key.revoked_at is None and key.suspended_at is None


def _key_change(key: KeyRecord, stored: bytes | None = None) -> Change:
    # The last use moves by itself: it is a counter, so that a record changes by hand only.
    return Change(key.id.encode(), stored or b"", _encode(replace(key, last_used_at=None)))


def _change_command(key: str, changes: list[Change], fields: int) -> tuple[Any, ...]:
    return ("EVAL", CHANGE.source, 1, key, fields, *(part for change in changes for part in change))


def _used_at(key: KeyRecord, last_use: bytes | int | None) -> KeyRecord:
    return key if last_use is None else replace(key, last_used_at=int(last_use))


def _pairs(reply: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(reply[::2], reply[1::2], strict=True))


def _counts(reply: Sequence[bytes]) -> dict[bytes, int]:
    return {field: int(value) for field, value in _pairs(reply).items()}


def _days(counters: Mapping[bytes, int]) -> list[tuple[str, int]]:
    """The counters that are of days: a key id has no hyphen."""
    days = ((field.decode(), value) for field, value in counters.items() if b"-" in field)
    return sorted(days)
