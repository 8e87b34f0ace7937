"""How `icsmulti keys` shows a key: a row, a card, and the same as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from icsmulti.cli_language import say
from icsmulti.keys import Entry, KeyRecord


def state_of(key: KeyRecord, now: int) -> str:
    """As `admit` would refuse it: revoked, then suspended, then expired."""
    if key.revoked_at is not None:
        return "revoked"
    if key.suspended_at is not None:
        return "suspended"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def described(entry: Entry, now: int) -> dict[str, Any]:
    """A key for programs: the members of `GET /api/key`, and what only the operator sees."""
    key, account = entry.key, entry.account
    return {
        "id": key.id,
        "compte": account.id,
        "libelle": key.label,
        "etat": state_of(key, now),
        "creeLe": _iso(key.created_at),
        "expireLe": _iso(key.expires_at),
        "suspendueLe": _iso(key.suspended_at),
        "revoqueeLe": _iso(key.revoked_at),
        "derniereUtilisation": _iso(key.last_used_at),
        "usage": {"jour": entry.used_today},
        # Null is the server's, 0 none: another name than the API's, where null is none.
        "limitesPropres": {
            "parMinute": account.limits.per_minute,
            "parJour": account.limits.per_day,
        },
    }


def table_of(entries: list[Entry], now: int) -> Table:
    """What an operator looks for, within 80 columns; `show` and JSON have the rest.

    The account is the first six characters of the id. The label alone takes several lines.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("id", "label", "state", "expires", "used"):
        name = say(f"keys.cli.list.{column}")
        table.add_column(name, no_wrap=column != "label", overflow="fold")
    table.add_column(say("keys.cli.list.today"), justify="right", no_wrap=True)
    for entry in entries:
        key, state = entry.key, state_of(entry.key, now)
        table.add_row(
            key.id,
            Text(key.label),  # a stranger's words: never read as markup
            Text(say(f"keys.state.{state}"), style="" if state == "active" else "red"),
            _day(key.expires_at),
            _day(key.last_used_at),
            _today(entry),
        )
    return table


def card_of(entry: Entry, usage: Mapping[str, int], now: int) -> Table:
    key, account = entry.key, entry.account
    card = Table(show_header=False)
    rows = [
        ("list.id", key.id),
        ("list.account", account.id),
        ("list.label", key.label),
        ("list.state", say(f"keys.state.{state_of(key, now)}")),
        ("list.created", when(key.created_at)),
        ("list.expires", when(key.expires_at)),
        ("show.suspended", when(key.suspended_at)),
        ("show.revoked", when(key.revoked_at)),
        ("list.used", when(key.last_used_at)),
        ("show.per-minute", limit_text("limit", account.limits.per_minute)),
        ("show.per-day", limit_text("limit", account.limits.per_day)),
        ("list.today", str(entry.used_today)),
        ("show.usage", "\n".join(f"{day}  {n}" for day, n in sorted(usage.items())) or "-"),
    ]
    for name, value in rows:
        card.add_row(say(f"keys.cli.{name}"), Text(value))
    return card


def show_table(table: Table) -> None:
    """As wide as the terminal; into a pipe, as wide as it takes: no row is cut there."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=10_000)
        console = Console(width=Measurement.get(console, console.options, table).maximum)
    console.print(table)


def _today(entry: Entry) -> str:
    """`12`, or `12 / 500` where the account has a limit of its own."""
    own = entry.account.limits.per_day
    return (
        f"{entry.used_today} / {limit_text('list', own)}"
        if own is not None
        else str(entry.used_today)
    )


def _day(seconds: int | None) -> str:
    return when(seconds).partition(" ")[0]


def limit_text(command: str, value: int | None) -> str:
    if value is None:
        return say(f"keys.cli.{command}.default")
    return str(value) if value else say(f"keys.cli.{command}.unlimited")


def when(seconds: int | None) -> str:
    """`2026-11-22 15:04 UTC`: the operator compares it with logs, which are in UTC."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _iso(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
