"""`icsmulti check`: what would keep a server of these settings from serving, before it is started.

    for finding in check(settings):
        print(finding.line(catalogue("fr")))    # Clés : sqlite:///…/keys.db répond

One finding each for settings, store, port and tzdata; the store is opened, asked and closed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from icsmulti.address import authority, listen, without_password
from icsmulti.engine.zones import TZDATA_VERSION, names, zone
from icsmulti.errors import SettingsError, StoreUnavailable
from icsmulti.keys import PATIENT, Limits, open_store
from icsmulti.locales import Catalogue
from icsmulti.locales.sentences import describe_store
from icsmulti.settings import TABLE, Settings


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `sentence` is a key of the catalogues."""

    ok: bool
    sentence: str
    values: dict[str, object] = field(default_factory=dict)
    refusal: StoreUnavailable | None = None
    """Of a store that does not answer."""

    def line(self, words: Catalogue) -> str:
        if self.refusal is not None:
            return describe_store(self.refusal, str(self.values["store"]), words)
        return words.say(self.sentence, **self.values)


def check(settings: Settings) -> list[Finding]:
    """Everything looked at, in the order in which a server would meet it."""
    return [
        Finding(True, "operations.check.settings", {"n": len(TABLE)}),
        look_at_tzdata(datetime.now(UTC)),
        _port(settings),
        look_at_store(settings),
    ]


def look_at_tzdata(now: datetime) -> Finding:
    """Whether the zones can be read; and, without making it a fault, whether they are old."""
    try:
        zone("Europe/Paris")
        count = len(names())
    except (KeyError, OSError, ValueError):
        return Finding(False, "operations.check.tzdata-missing")
    # `2026f` is a year and a letter; zones change several times a year.
    is_old = now.year - int(TZDATA_VERSION[:4]) > 1
    kind = "operations.check.tzdata-old" if is_old else "operations.check.tzdata"
    return Finding(True, kind, {"version": TZDATA_VERSION, "n": count})


def _port(settings: Settings) -> Finding:
    address = authority(settings.host, settings.port)
    try:
        listen(settings.host, settings.port).close()
    except SettingsError as error:
        return Finding(False, f"settings.faults.{error.reason}", error.values)
    return Finding(True, "operations.check.port", {"address": address})


def look_at_store(settings: Settings) -> Finding:
    """Whether the store answers. Nothing is made: that is for the server, and its user."""
    shown = without_password(settings.store)
    try:
        asyncio.run(_ask(settings.store))
    except StoreUnavailable as error:
        if error.cause in ("new", "older"):
            return Finding(True, f"operations.check.store-{error.cause}", {"store": shown})
        return Finding(False, "trouble.store", {"store": shown}, error)
    return Finding(True, "operations.check.store", {"store": shown})


async def _ask(address: str) -> None:
    store = open_store(address, Limits(), patience=PATIENT, may_create=False)
    await store.open()
    try:
        await store.ping()
    finally:
        await store.close()
