"""Making keys: the text shown once, and the record that a store keeps. The same for the
command line and for self-service.

    issued = await create_key(store, label="Mairie", now=1_790_000_000)
    issued.text        'icsm_7Ab3kQx90Z_…'   shown once, never stored, never logged
    issued.record.id   '7Ab3kQx90Z'          public

Ids are drawn at random; a store that finds one taken says so, and another is drawn.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from icsmulti.errors import StoreConflict
from icsmulti.keys import Account, Entry, KeyRecord, KeyStore, Limits
from icsmulti.keys.key import new_account_id, new_key

LABEL_MAX = 100
"""Characters of a label, once cleaned."""

OVERLAPS_S: Final = {"0": 0, "1h": 3_600, "24h": 86_400, "7d": 7 * 86_400}
"""How long a rotated key may stay valid beside its successor, in seconds."""

UID_SECRET_BYTES = 32
_DRAWS = (
    5  # of 62**4 key ids in an account, or 62**6 accounts: a second draw is rare, a fifth absurd
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A key just made. Its text is left out of the repr: tracebacks and logs show reprs."""

    text: str = field(repr=False)
    record: KeyRecord
    account_id: str


async def create_key(
    store: KeyStore,
    *,
    label: str,
    now: int,
    account_id: str | None = None,
    expires_at: int | None = None,
) -> Issued:
    """Make a key, and with it an account unless *account_id* names one. Durable on return.

    Args:
        store: where it is kept.
        label: already cleaned (`clean_label`); may be empty.
        now: seconds since 1970, UTC.
        account_id: the account that gets one more key; None makes a new account.
        expires_at: exclusive, seconds since 1970; None is never.

    Raises:
        StoreConflict: `unknown-account`, or `not-durable` (values: `setting`).
        StoreUnavailable: nothing was stored, or nobody will ever know the key that was.
    """

    async def draw() -> Issued:
        owner = account_id or new_account_id()
        text, kept = new_key(owner)
        record = KeyRecord(kept.id, kept.digest, label, now, expires_at)
        fresh = None
        if account_id is None:
            fresh = Account(owner, secrets.token_bytes(UID_SECRET_BYTES), now, Limits())
        await store.create(record, fresh)
        return Issued(text, record, owner)

    return await _until_free(draw)


async def rotate_key(store: KeyStore, old: Entry, *, overlap_s: int, now: int) -> Issued:
    """Make the successor of a key: same account, label and end; the old one ends soon.

    Args:
        store: where both are kept.
        old: the key to replace.
        overlap_s: one of `OVERLAPS_S`: seconds that the old key stays valid.
        now: seconds since 1970, UTC.

    Raises:
        StoreConflict: `unknown-key`, `not-active`, `too-many-keys`, or `not-durable`.
        StoreUnavailable: the old key is as it was, unless the answer alone was lost.
    """

    async def draw() -> Issued:
        text, kept = new_key(old.account.id)
        record = KeyRecord(kept.id, kept.digest, old.key.label, now, old.key.expires_at)
        await store.rotate(old.key.id, record, old_expires_at=now + overlap_s, now=now)
        return Issued(text, record, old.account.id)

    return await _until_free(draw)


async def _until_free(draw: Callable[[], Awaitable[Issued]]) -> Issued:
    for _ in range(_DRAWS - 1):
        try:
            return await draw()
        except StoreConflict as conflict:
            if conflict.reason != "already-there":
                raise
    return await draw()


def clean_label(text: str) -> str:
    """A label as it is kept: one line, NFC, without what could disturb a terminal or a table.

    Control and format characters go (a bidirectional override would reorder the operator's
    list), lone surrogates too; runs of white space become one space. May be empty, may be
    longer than `LABEL_MAX`: the caller says what to do about it.
    """
    visible = (" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    kept = "".join(char for char in visible if unicodedata.category(char) not in _UNSEEN)
    return " ".join(kept.split())


_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
