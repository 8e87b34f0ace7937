"""The counters beside a SQLite store: buckets against a model, and what the file survives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from others import keeping_locks
from patience import Awake

from icsmulti.errors import RateLimited
from icsmulti.keys import counters as module
from icsmulti.keys import sqlite_region
from icsmulti.keys.counters import Counters, take
from icsmulti.keys.sqlite_region import LOCK_WAIT_S, PrivateMemory, SharedFile

SECOND = 10**9
NOON = 1_795_348_800  # 2026-11-22T12:00:00Z
DAY = 86_400


def nothing_stored(account: str, day: int) -> int:
    return 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db-counters"


@pytest.fixture
def counters(path: Path) -> Iterator[Counters]:
    counters = Counters(path)
    yield counters
    counters.close()


def passed(counters: Counters, now: float, attempts: int, per_minute: int = 60) -> int:
    count = 0
    for _ in range(attempts):
        try:
            counters.admit("Ab3kQx", per_minute, 0, now, nothing_stored)
        except RateLimited:
            continue
        count += 1
    return count


# The bucket

steps = st.lists(st.integers(0, 90 * SECOND), max_size=60)
jumps = st.lists(st.integers(-4_000 * SECOND, 4_000 * SECOND), max_size=60)
sizes = st.integers(1, 200)


@given(size=sizes, period=st.integers(1, 86_400), waits=steps)
def test_a_bucket_never_lets_more_through_than_its_size_and_rate_times_time(
    size: int, period: int, waits: list[int]
) -> None:
    start = now = NOON * SECOND
    full_at = taken = 0
    for wait in waits:
        now += wait
        for _ in range(3):
            full_at, refused = take(full_at, size, period * SECOND, now)
            taken += not refused

        assert taken <= size + Fraction(size * (now - start), period * SECOND)


@given(size=sizes, period=st.integers(1, 86_400))
def test_a_full_bucket_lets_its_whole_size_through(size: int, period: int) -> None:
    full_at, waits = 0, []
    for _ in range(size + 1):
        full_at, wait = take(full_at, size, period * SECOND, NOON * SECOND)
        waits.append(wait)

    assert waits[:-1] == [0] * size
    assert 0 < waits[-1] <= period * SECOND // size + 1


@given(size=sizes, waits=steps)
def test_who_waits_as_told_gets_one_and_who_waits_less_does_not(
    size: int, waits: list[int]
) -> None:
    now, full_at = NOON * SECOND, 0
    for between in waits:
        now += between
        for _ in range(size + 1):
            full_at, wait = take(full_at, size, 60 * SECOND, now)
        if wait:
            assert take(full_at, size, 60 * SECOND, now + wait - 1)[1] > 0
            assert take(full_at, size, 60 * SECOND, now + wait)[1] == 0


@given(size=sizes, waits=jumps)
def test_a_clock_that_jumps_locks_nobody_out_for_longer_than_one_unit_takes(
    size: int, waits: list[int]
) -> None:
    now, full_at = NOON * SECOND, 0
    for jump in waits:
        now += jump
        full_at, wait = take(full_at, size, 60 * SECOND, now)

        assert wait <= -(-60 * SECOND // size) + module.STALE
        assert not wait or take(full_at, size, 60 * SECOND, now + wait)[1] == 0


@given(size=sizes, lateness=st.lists(st.integers(0, module.STALE), max_size=200))
def test_callers_who_read_the_clock_late_get_no_more(size: int, lateness: list[int]) -> None:
    """Eight processes on two processors: each `now` may be seconds older than the one before."""
    start, full_at, taken = NOON * SECOND, 0, 0
    for n, late in enumerate(lateness):
        now = max(start, start + n * SECOND // 10 - late)
        for _ in range(size if n == 0 else 3):
            full_at, refused = take(full_at, size, 60 * SECOND, now)
            taken += not refused

    elapsed = len(lateness) * SECOND // 10
    assert taken <= size + Fraction(size * elapsed, 60 * SECOND)


@given(size=sizes, jump=st.integers(-(10**6) * SECOND, 10**6 * SECOND))
def test_a_jump_of_the_clock_gives_one_bucket_more_at_most(size: int, jump: int) -> None:
    full_at, taken = 0, 0
    for now in (NOON * SECOND, NOON * SECOND + jump):
        for _ in range(size + 5):
            full_at, wait = take(full_at, size, 60 * SECOND, now)
            taken += not wait

    assert taken <= 2 * size


@pytest.mark.parametrize("size", [1, 7, 60, 10**6, 7 * 10**8, 10**9])
def test_buckets_of_any_size_are_exact(size: int) -> None:
    full_at, wait = take(0, size, 60 * SECOND, NOON * SECOND)

    assert wait == 0
    step = full_at - NOON * SECOND
    assert step * size >= 60 * SECOND
    assert (step - 1) * size < 60 * SECOND


# The clock, seen by an account


def test_a_clock_set_back_by_a_day_refills_within_a_minute(counters: Counters) -> None:
    assert passed(counters, NOON, 100) == 60

    assert passed(counters, NOON - DAY, 100) == 0
    assert passed(counters, NOON - DAY + 60, 100) == 60


def test_a_clock_set_forward_by_a_day_gives_one_bucket(counters: Counters) -> None:
    assert passed(counters, NOON, 100) == 60

    assert passed(counters, NOON + DAY, 100) == 60
    assert passed(counters, NOON + DAY, 100) == 0


def test_a_clock_that_goes_back_over_midnight_finds_the_day_it_left(counters: Counters) -> None:
    for now in (NOON, NOON, NOON + DAY, NOON):
        counters.admit("Ab3kQx", 0, 100, now, nothing_stored)

    assert counters.counts("Ab3kQx") == {NOON // DAY: 3, NOON // DAY + 1: 1}


def test_a_day_the_slot_does_not_know_is_asked_of_the_database(counters: Counters) -> None:
    def stored(account: str, day: int) -> int:
        return 9 if (account, day) == ("Ab3kQx", NOON // DAY) else 0

    counters.admit("Ab3kQx", 0, 10, NOON, stored)

    with pytest.raises(RateLimited):
        counters.admit("Ab3kQx", 0, 10, NOON, stored)


# The tables


def test_every_account_has_a_slot_of_its_own(counters: Counters) -> None:
    names = [f"{n:06}" for n in range(5_000)]
    for turn in range(2):
        for name in names[turn:]:
            counters.admit(name, 60, 0, NOON, nothing_stored)

    day = NOON // DAY
    assert [counters.count(name, day) for name in names] == [1] + [2] * 4_999


def test_of_a_full_set_the_account_idle_longest_gives_way(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_set_of", lambda account: module._ACCOUNTS_AT)
    for n in range(17):
        counters.admit(f"{n:06}", 60, 0, NOON + n, nothing_stored)

    day = NOON // DAY
    assert [counters.count(f"{n:06}", day) for n in range(17)] == [0] + [1] * 16


def test_an_account_that_gave_way_comes_back_with_the_count_of_the_database(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_set_of", lambda account: module._ACCOUNTS_AT)
    for n in range(17):
        counters.admit(f"{n:06}", 60, 0, NOON + n, nothing_stored)

    counters.admit("000000", 60, 0, NOON + 60, lambda account, day: 7)

    assert counters.count("000000", NOON // DAY) == 8


def test_full_buckets_are_swept_and_no_name_is_kept(counters: Counters, path: Path) -> None:
    for n in range(50):
        counters.take(f"form:192.0.2.{n}", 20, 60, NOON)
    counters.take("issue-day:192.0.2.0", 500, DAY, NOON)
    assert b"192.0.2" not in path.read_bytes()

    counters.sweep(lambda: NOON + 61)

    table = counters.region.read(module._SETS * module._SET_BYTES, module._BUCKETS_AT)
    kept = [slot for _, slot in module._slots(0, table) if slot != module._EMPTY]
    assert len(kept) == 1
    assert counters.take("issue-day:192.0.2.0", 2, DAY, NOON + 61) == 0
    assert counters.take("issue-day:192.0.2.0", 1, DAY, NOON + 61) > 0


def test_a_flood_of_short_buckets_does_not_wash_away_a_long_one(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SETS", 1)
    counters.take("issue-day", 1, DAY, NOON)
    for n in range(1_000):
        counters.take(f"failures:{n}", 1, 60, NOON)

    assert counters.take("issue-day", 1, DAY, NOON) > 0


# The file


def test_the_file_is_for_its_owner_only(counters: Counters, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_counts_outlive_the_process_that_made_them(path: Path) -> None:
    first = Counters(path)
    first.admit("Ab3kQx", 60, 0, NOON, nothing_stored)
    first.take("b", 1, DAY, NOON)
    first.close()

    second = Counters(path)
    second.recover()

    assert second.unflushed() == {"Ab3kQx": {NOON // DAY: 1}}
    assert second.take("b", 1, DAY, NOON) > 0
    second.close()


def test_after_a_restart_of_the_machine_the_database_is_asked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Counters(path)
    first.admit("Ab3kQx", 60, 0, NOON, nothing_stored)
    first.take("b", 1, DAY, NOON)
    first.close()
    monkeypatch.setattr(module, "_boot_id", lambda: b"another boot".ljust(40, b"\0"))

    second = Counters(path)

    assert second.counts("Ab3kQx") == {}
    assert second.take("b", 1, DAY, NOON) > 0  # what no database keeps stays
    second.close()


@pytest.mark.parametrize("content", [b"", b"garbage", os.urandom(5_000_000)])
def test_a_file_that_holds_no_counters_is_made_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    counters = Counters(path)

    assert passed(counters, NOON, 100) == 60
    counters.close()


def test_a_file_truncated_under_the_server_is_an_error_and_no_signal(
    counters: Counters, path: Path
) -> None:
    passed(counters, NOON, 1)
    os.truncate(path, 0)

    with pytest.raises(OSError, match="truncated"):
        counters.admit("Ab3kQx", 60, 0, NOON, nothing_stored)


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        Counters(tmp_path)


def test_counts_marked_safe_while_more_came_are_written_again(counters: Counters) -> None:
    passed(counters, NOON, 1)
    safe = counters.unflushed()
    passed(counters, NOON, 1)

    counters.flushed(safe)
    assert counters.unflushed() == {"Ab3kQx": {NOON // DAY: 2}}

    counters.flushed(counters.unflushed())
    assert counters.unflushed() == {}


def test_one_descriptor_for_each_file_of_a_process(path: Path) -> None:
    first, second = SharedFile.at(path), SharedFile.at(path)

    assert first is second
    first.close()
    second.write(b"still open", 0)
    second.close()


def test_a_deleted_file_is_noticed(counters: Counters, path: Path) -> None:
    assert not counters.region.replaced()

    path.unlink()

    assert counters.region.replaced()


def test_private_memory_counts_as_a_file_does(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "shared_region", lambda path: PrivateMemory())

    counters = Counters(path)

    assert passed(counters, NOON, 100) == 60
    assert counters.take("b", 1, DAY, NOON) == 0
    assert counters.take("b", 1, DAY, NOON) > 0
    assert not path.exists()
    counters.close()


def test_a_lock_kept_by_a_stopped_process_costs_a_moment_once(
    counters: Counters, path: Path
) -> None:
    with keeping_locks(path), Awake() as awake:
        for _ in range(50):
            with pytest.raises(TimeoutError):
                counters.admit("Ab3kQx", 60, 0, NOON, nothing_stored)
    assert awake.seconds < 3 * LOCK_WAIT_S  # one wait, not fifty

    assert passed(counters, NOON, 1) == 1  # the kernel has freed what the dead one held


def test_a_lock_that_was_kept_is_waited_for_again_once_it_was_free(
    counters: Counters, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each of two busy workers would let in uncounted whatever meets the other's turn."""
    with keeping_locks(path), pytest.raises(TimeoutError):
        counters.admit("Ab3kQx", 60, 0, NOON, nothing_stored)
    assert passed(counters, NOON, 1) == 1

    monkeypatch.setattr(sqlite_region, "LOCK_WAIT_S", 60)
    with keeping_locks(path, seconds=0.3):
        assert passed(counters, NOON, 1) == 1
