"""`keys.issue`: making keys through any store."""

import logging
import re

import pytest

from icsmulti.errors import StoreConflict
from icsmulti.keys.issue import LABEL_MAX, OVERLAPS_S, clean_label, create_key, rotate_key
from icsmulti.keys.key import KEY_PATTERN, read_key

NOW = 1_795_305_600

pytestmark = pytest.mark.anyio


class Crowded:
    """A store where the first ids drawn are always taken."""

    def __init__(self, store, taken):
        self._store, self.left = store, taken

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def create(self, *args):
        self._refuse()
        return await self._store.create(*args)

    async def rotate(self, *args, **kwargs):
        self._refuse()
        await self._store.rotate(*args, **kwargs)

    def _refuse(self):
        self.left -= 1
        if self.left >= 0:
            raise StoreConflict("already-there")


async def test_a_new_key_opens_a_new_account_at_once(store):
    issued = await create_key(store, label="Mairie", now=NOW)

    kept = read_key(issued.text)
    entry = await store.authenticate(kept.id, kept.digest, NOW)
    assert entry.account.id == issued.account_id == issued.record.id[:6]
    assert (entry.key.label, entry.key.created_at, entry.key.expires_at) == ("Mairie", NOW, None)
    assert len(entry.account.uid_secret) == 32


async def test_two_accounts_have_two_uid_secrets(store):
    made = [await create_key(store, label="", now=NOW) for _ in range(2)]

    first, second = [await store.account(issued.account_id) for issued in made]
    assert first.uid_secret != second.uid_secret


async def test_a_further_key_of_an_account_leaves_the_account_as_it_was(store):
    first = await create_key(store, label="", now=NOW)
    before = await store.account(first.account_id)

    second = await create_key(
        store, label="", now=NOW, account_id=first.account_id, expires_at=NOW + 60
    )

    assert await store.account(first.account_id) == before
    assert (await store.find(second.record.id)).key.expires_at == NOW + 60


async def test_an_account_that_nobody_made_gets_no_key(store):
    with pytest.raises(StoreConflict) as caught:
        await create_key(store, label="", now=NOW, account_id="zzzzzz")

    assert caught.value.reason == "unknown-account"


async def test_a_taken_id_is_drawn_again(store):
    issued = await create_key(Crowded(store, taken=3), label="", now=NOW)
    old = await store.find(issued.record.id)

    successor = await rotate_key(Crowded(store, taken=3), old, overlap_s=0, now=NOW)

    assert await store.find(successor.record.id)


async def test_drawing_ends_when_every_id_is_taken(store):
    with pytest.raises(StoreConflict) as caught:
        await create_key(Crowded(store, taken=10**6), label="", now=NOW)

    assert caught.value.reason == "already-there"


@pytest.mark.parametrize("overlap_s", OVERLAPS_S.values())
async def test_a_rotated_key_hands_over_its_account_label_and_end(store, overlap_s):
    first = await create_key(store, label="Mairie", now=NOW, expires_at=NOW + 10**7)
    old = await store.find(first.record.id)

    second = await rotate_key(store, old, overlap_s=overlap_s, now=NOW + 5)

    old, new = await store.find(first.record.id), await store.find(second.record.id)
    assert old.key.expires_at == NOW + 5 + overlap_s
    assert new.account.id == old.account.id
    assert (new.key.label, new.key.expires_at) == ("Mairie", NOW + 10**7)


async def test_the_key_is_in_no_repr_and_no_log(store, caplog):
    caplog.set_level(logging.DEBUG)

    issued = await create_key(store, label="Mairie", now=NOW)

    entry = await store.find(issued.record.id)
    said = repr(issued) + str(issued) + repr(entry) + repr(store) + caplog.text
    assert not re.search(KEY_PATTERN, said)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mairie de Sète", "Mairie de Sète"),
        ("  deux\n\tlignes  ", "deux lignes"),
        ("e\u0301", "é"),
        ("\u202egauche\u202c", "gauche"),
        ("\x1b[31mrouge", "[31mrouge"),
        ("a\u00a0b\u2028c", "a b c"),
        ("\ud800x", "x"),
        ("🎻", "🎻"),
        (" \u200b ", ""),
        ("", ""),
    ],
)
def test_a_label_is_one_visible_line(typed, kept):
    assert clean_label(typed) == kept


def test_cleaning_does_not_shorten_a_label():
    assert len(clean_label("x" * (LABEL_MAX + 1))) == LABEL_MAX + 1
