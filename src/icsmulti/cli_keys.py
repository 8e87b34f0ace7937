"""`icsmulti keys`: what an operator does with keys. Works on the store itself, server or not.

A new key goes to standard output alone, so that a script can take it; all that is said about
it goes to standard error. Wrong usage ends with 2; what the store refuses, with 1 and one
line that says what to do.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from icsmulti import settings
from icsmulti.address import without_password
from icsmulti.cli_arguments import AccountId, Expiry, Given, KeyId, Label, Limit, NewFile
from icsmulti.cli_language import language, say, settings_lines, teach_click
from icsmulti.cli_tables import card_of, described, limit_text, show_table, state_of, table_of, when
from icsmulti.errors import SettingsError, StoreConflict, StoreUnavailable
from icsmulti.keys import PATIENT, Entry, KeyStore, Limits, open_store
from icsmulti.keys.issue import OVERLAPS_S, Issued, create_key, rotate_key
from icsmulti.keys.records import parse
from icsmulti.locales import catalogue
from icsmulti.locales.sentences import describe_cause, describe_store

P = ParamSpec("P")

USAGE_DAYS = 30

teach_click()


@dataclass(frozen=True, slots=True)
class Shop:
    """A command's store, open, and how it is called in messages."""

    store: KeyStore
    name: str
    now: int
    """Seconds since 1970, UTC: one instant for the whole command."""


class Refused(Exception):
    """The command cannot be done; the sentence says what to do instead."""


@asynccontextmanager
async def _open() -> AsyncIterator[Shop]:
    read = settings.read(os.environ)
    limits = Limits(read.limit_per_minute, read.limit_per_day)
    store = open_store(read.store, limits, patience=PATIENT)
    await store.open()
    try:
        yield Shop(store, without_password(read.store), int(time.time()))
    finally:
        await store.close()


def _on_store(command: Callable[Concatenate[Shop, P], Awaitable[None]]) -> Callable[P, None]:
    """Run an async command on the open store; turn what it refuses into one line and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def on_open_store() -> None:
            async with _open() as shop:
                try:
                    await command(shop, *args, **kwargs)
                except StoreUnavailable as error:
                    words = catalogue(language())
                    raise Refused(describe_store(error, shop.name, words)) from error
                except StoreConflict as conflict:
                    raise Refused(_conflict(conflict, shop)) from conflict

        try:
            asyncio.run(on_open_store())
        except Refused as refusal:
            click.echo(str(refusal), err=True)
            sys.exit(1)
        except SettingsError as error:
            for line in settings_lines(error):
                click.echo(line, err=True)
            sys.exit(1)

    return run


def _conflict(conflict: StoreConflict, shop: Shop) -> str:
    values = {"id": "", "account": "", "setting": "", **conflict.values, "store": shop.name}
    return say(f"keys.cli.fault.{conflict.reason}", **values)


def _text(command: str) -> str:
    return say(f"keys.cli.{command}.help")


class InOrder(click.Group):
    """Commands listed as a key lives, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    "keys", cls=InOrder, help=say("keys.cli.help"), subcommand_metavar=say("cli.subcommand")
)
def keys() -> None:
    """What `icsmulti keys` holds; the texts are in `locales`."""


@keys.command("create", help=_text("create"))
@click.option("--label", type=Label(), required=True, help=say("keys.cli.create.label"))
@click.option("--account", type=AccountId(), help=say("keys.cli.create.account"))
@click.option("--expires", type=Expiry(), help=say("keys.cli.create.expires"))
@_on_store
async def create(shop: Shop, label: str, account: str | None, expires: int | None) -> None:
    try:
        issued = await create_key(
            shop.store, label=label, now=shop.now, account_id=account, expires_at=expires
        )
    except StoreConflict as conflict:
        raise StoreConflict(conflict.reason, **{"id": account, **conflict.values}) from conflict
    _show_once(issued, say("keys.cli.create.done", store=shop.name, **_names(issued)))


@keys.command("list", help=_text("list"))
@click.option("--json", "as_json", is_flag=True, help=say("keys.cli.list.json"))
@_on_store
async def list_(shop: Shop, as_json: bool) -> None:
    entries = [entry async for entry in shop.store.entries()]
    if as_json:
        click.echo(_json([described(entry, shop.now) for entry in entries]))
    elif entries:
        show_table(table_of(entries, shop.now))
    else:
        click.echo(say("keys.cli.list.none", store=shop.name), err=True)


@keys.command("show", help=_text("show"))
@click.argument("key_id", type=KeyId(), metavar="ID")
@click.option("--json", "as_json", is_flag=True, help=say("keys.cli.show.json"))
@_on_store
async def show(shop: Shop, key_id: str, as_json: bool) -> None:
    entry = await _found(shop, key_id)
    usage = dict(await shop.store.usage(entry.account.id, USAGE_DAYS, shop.now))
    if as_json:
        key = described(entry, shop.now)
        key["usage"]["parJour"] = usage
        click.echo(_json(key))
    else:
        show_table(card_of(entry, usage, shop.now))


@keys.command("rotate", help=_text("rotate"))
@click.argument("key_id", type=KeyId(), metavar="ID")
@click.option(
    "--overlap",
    type=click.Choice(list(OVERLAPS_S)),
    default="24h",
    show_default=True,
    help=say("keys.cli.rotate.overlap"),
)
@_on_store
async def rotate(shop: Shop, key_id: str, overlap: str) -> None:
    entry = await _found(shop, key_id)
    try:
        issued = await rotate_key(shop.store, entry, overlap_s=OVERLAPS_S[overlap], now=shop.now)
    except StoreConflict as conflict:
        named = {"id": key_id, "account": entry.account.id, **conflict.values}
        raise StoreConflict(conflict.reason, **named) from conflict
    ends = min(shop.now + OVERLAPS_S[overlap], entry.key.expires_at or sys.maxsize)
    done = say(
        "keys.cli.rotate.done",
        store=shop.name,
        old=key_id,
        ends=when(ends),
        **_names(issued),
    )
    _show_once(issued, done)


@keys.command("revoke", help=_text("revoke"))
@click.argument("key_id", type=KeyId(), metavar="ID")
@_on_store
async def revoke(shop: Shop, key_id: str) -> None:
    if not await shop.store.revoke(key_id, shop.now):
        raise StoreConflict("unknown-key", id=key_id)
    click.echo(say("keys.cli.revoke.done", id=key_id), err=True)


@keys.command("suspend", help=_text("suspend"))
@click.argument("key_id", type=KeyId(), metavar="ID")
@_on_store
async def suspend(shop: Shop, key_id: str) -> None:
    if not await shop.store.suspend(key_id, shop.now):
        raise StoreConflict("unknown-key", id=key_id)
    click.echo(say("keys.cli.suspend.done", id=key_id), err=True)


@keys.command("resume", help=_text("resume"))
@click.argument("key_id", type=KeyId(), metavar="ID")
@_on_store
async def resume(shop: Shop, key_id: str) -> None:
    if not await shop.store.suspend(key_id, None):
        raise StoreConflict("unknown-key", id=key_id)
    state = state_of((await _found(shop, key_id)).key, shop.now)
    done = "done" if state == "active" else "still"
    click.echo(
        say(f"keys.cli.resume.{done}", id=key_id, state=say(f"keys.state.{state}")), err=True
    )


@keys.command("limit", help=_text("limit"))
@click.argument("account_id", type=AccountId(), metavar=say("keys.cli.metavar.account"))
@click.option("--per-minute", type=Limit(), help=say("keys.cli.limit.per-minute"))
@click.option("--per-day", type=Limit(), help=say("keys.cli.limit.per-day"))
@_on_store
async def limit(
    shop: Shop, account_id: str, per_minute: Given | None, per_day: Given | None
) -> None:
    if per_minute is None and per_day is None:
        raise click.UsageError(say("keys.cli.limit.nothing"))
    account = await shop.store.account(account_id)
    if account is None:
        raise StoreConflict("unknown-account", id=account_id)
    limits = Limits(
        per_minute[0] if per_minute else account.limits.per_minute,
        per_day[0] if per_day else account.limits.per_day,
    )
    await shop.store.limit(account_id, limits)
    done = say(
        "keys.cli.limit.done",
        account=account_id,
        per_minute=limit_text("limit", limits.per_minute),
        per_day=limit_text("limit", limits.per_day),
    )
    click.echo(done, err=True)


@keys.command("backup", help=_text("backup"))
@click.argument("file", type=NewFile(), metavar=say("keys.cli.metavar.file"))
@_on_store
async def backup(shop: Shop, file: Path) -> None:
    # A Redis server has no SQLite to load.
    from icsmulti.keys.sqlite import SqliteStore  # noqa: PLC0415 - only backup needs it

    if not isinstance(shop.store, SqliteStore):
        raise Refused(say("keys.cli.backup.not-sqlite", store=shop.name))
    try:
        await shop.store.backup(file)
    except StoreUnavailable as error:
        reason = describe_cause(error, catalogue(language()))
        raise Refused(say("keys.cli.backup.failed", file=file, reason=reason)) from error
    click.echo(say("keys.cli.backup.done", file=file), err=True)


@keys.command("export", help=_text("export"))
@_on_store
async def export(shop: Shop) -> None:
    click.echo(say("keys.cli.export.warning"), err=True)
    count = 0
    async for record in shop.store.export():
        click.echo(json.dumps(record, ensure_ascii=False).encode())
        count += 1
    click.echo(say("keys.cli.export.done", n=count), err=True)


@keys.command("import", help=_text("import"))
@_on_store
async def import_(shop: Shop) -> None:
    try:
        count = await shop.store.import_(_records())
    except StoreConflict as conflict:
        reason = "differs" if conflict.reason == "already-there" else conflict.reason
        values = {"id": "", **conflict.values, "store": shop.name}
        raise Refused(say(f"keys.cli.import.{reason}", **values)) from conflict
    click.echo(say("keys.cli.import.done", n=count, store=shop.name), err=True)


async def _records() -> AsyncIterator[dict[str, Any]]:
    found = False
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        found = True
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise Refused(say("keys.cli.import.not-json", line=number))
        try:
            parse(record)  # only here are lines counted
        except StoreConflict as conflict:
            raise Refused(say("keys.cli.import.not-a-record", line=number)) from conflict
        yield record
    if not found:  # what an export that failed leaves to the pipe
        raise Refused(say("keys.cli.import.nothing"))


def _show_once(issued: Issued, done: str) -> None:
    click.echo(issued.text)
    click.echo(done, err=True)


def _names(issued: Issued) -> dict[str, str]:
    return {"id": issued.record.id, "account": issued.account_id}


async def _found(shop: Shop, key_id: str) -> Entry:
    entry = await shop.store.find(key_id)
    if entry is None:
        raise StoreConflict("unknown-key", id=key_id)
    return entry


def _json(value: object) -> bytes:
    """In UTF-8 whatever the terminal's encoding: a program reads it."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode()
