"""(account, id) → UID: stable, keyed, opaque (RFC 9562 §5.8, RFC 7986 §5.3)."""

import hmac
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icsmulti.engine.identity import uid_maker

SECRET = bytes(range(32))


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50),
    st.binary(min_size=32, max_size=32),
)
def test_the_uid_is_the_first_half_of_hmac_sha_256_as_a_version_8_uuid(event_id, secret):
    expected = bytearray(hmac.digest(secret, event_id.encode(), "sha256")[:16])
    expected[6] = expected[6] & 0x0F | 0x80
    expected[8] = expected[8] & 0x3F | 0x80

    made = uid_maker(secret)(event_id)

    assert made == str(uuid.UUID(bytes=bytes(expected)))
    assert uuid.UUID(made).version == 8
    assert uuid.UUID(made).variant == uuid.RFC_4122


def test_the_uid_never_changes():
    # Files are in people's calendars: this value is part of the product.
    assert (
        uid_maker(bytes(32))("evt-1")
        == uid_maker(bytes(32))("evt-1")
        == "933bd560-b0b7-8f03-9e68-d5c03e2a269e"
    )


def test_ids_are_opaque():
    uid = uid_maker(SECRET)

    assert len({uid(i) for i in ("a", "A", " a", "a ", "é", "e\u0301")}) == 6


def test_another_account_gives_another_uid():
    assert uid_maker(SECRET)("evt-1") != uid_maker(bytes(32))("evt-1")


def test_one_maker_serves_many_ids_without_mixing_them():
    uid = uid_maker(SECRET)

    assert [uid("a"), uid("b"), uid("a")] == [uid_maker(SECRET)(i) for i in "aba"]


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(size):
    with pytest.raises(ValueError, match="32 bytes"):
        uid_maker(bytes(size))
