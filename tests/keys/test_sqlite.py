"""The SQLite store's own promises: its files, its faults, its backup, its migrations."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import apsw
import pytest
from others import KEEPS_TRANSACTION, another, keeping_locks
from patience import BACK_WITHIN_S, WITHIN_S, Awake, eventually
from stores import DEFAULTS, issuer

from icsmulti.errors import InvalidKey, RevokedKey, SettingsError, StoreConflict, StoreUnavailable
from icsmulti.keys import Account, KeyRecord, Limits, open_store, sqlite, sqlite_file, sqlite_schema
from icsmulti.keys.counters import PAIRING_AT, Counters
from icsmulti.keys.key import PresentedKey, new_key
from icsmulti.keys.records import day_name
from icsmulti.keys.sqlite import SqliteStore
from icsmulti.keys.sqlite_file import StoreFile
from icsmulti.keys.sqlite_region import SharedFile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("patient")]

SCHEMAS = Path(__file__).parent / "schema"
GARBAGE = b"This is not a database. " * 4_096


def address_of(path: Path) -> str:
    return path.as_uri().replace("file:", "sqlite:", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.db"


async def open_at(path: Path) -> SqliteStore:
    store = SqliteStore(address_of(path), DEFAULTS)
    await store.open()
    return store


@pytest.fixture
def in_time(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the deadlines that the store has: for a test of them."""
    monkeypatch.undo()


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_at(path)
    yield store
    await store.close()


async def unavailable(check: Callable[[], Awaitable[object]]) -> None:
    """Wait until *check* raises StoreUnavailable, which is soon; and nothing else ever."""
    with Awake() as awake:
        while awake.seconds < WITHIN_S:
            try:
                await check()
            except StoreUnavailable:
                assert awake.seconds < WITHIN_S
                return
            await asyncio.sleep(0.02)
    pytest.fail("the store went on as if nothing had happened")


def every_call(
    store: SqliteStore, key: PresentedKey, now: float
) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every method that needs the database, as a caller makes it."""
    account = key.id[:6]
    _, fresh = new_key(account)
    record = KeyRecord(fresh.id, fresh.digest, "", int(now))

    async def exhaust(stream: AsyncIterator[object]) -> None:
        async for _ in stream:
            pass

    async def nothing_but(record: dict[str, object]) -> AsyncIterator[dict[str, object]]:
        yield record

    secret = {"type": "secret", "name": "n", "value": "A" * 43}
    return {
        "ping": store.ping,
        "admit": lambda: store.admit(key.id, key.digest, now),
        "authenticate": lambda: store.authenticate(key.id, key.digest, now),
        "create": lambda: store.create(record),
        "rotate": lambda: store.rotate(key.id, record, old_expires_at=int(now), now=int(now)),
        "revoke": lambda: store.revoke(key.id, int(now)),
        "suspend": lambda: store.suspend(key.id, int(now)),
        "limit": lambda: store.limit(account, Limits()),
        "find": lambda: store.find(key.id),
        "account": lambda: store.account(account),
        "entries": lambda: exhaust(store.entries()),
        "usage": lambda: store.usage(account, 1, now),
        "spend": lambda: store.spend("token", int(now) + 60, now),
        "secret": lambda: store.secret("site"),
        "export": lambda: exhaust(store.export()),
        "import_": lambda: store.import_(nothing_but(secret)),
        "backup": lambda: store.backup(store.path.with_name("backup.db")),
    }


WRITES = {"create", "rotate", "revoke", "suspend", "limit", "spend", "import_"}


# Its address and its files


@pytest.mark.parametrize("address", ["sqlite:", "sqlite:///", "sqlite://keys.db", "redis://x"])
def test_an_address_that_can_never_work_is_a_wrong_setting(address: str) -> None:
    with pytest.raises(SettingsError):
        SqliteStore(address, DEFAULTS)


async def test_any_path_can_hold_a_store(tmp_path: Path, now: float) -> None:
    path = tmp_path / "clés & co #1 100 %?" / "mes clés.db"
    store = await open_at(path)

    await issuer(store, now)()

    await store.close()
    assert path.exists()


async def test_files_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = await open_at(tmp_path / "made" / "keys.db")
        await store.secret("site")
        modes = {
            file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "made").iterdir()
        }
        await store.close()
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(
        ("keys.db", "keys.db-wal", "keys.db-shm", "keys.db-counters"), 0o600
    )
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700


async def test_commits_are_synced_to_a_log(store: SqliteStore) -> None:
    def pragmas(connection: apsw.Connection) -> tuple[object, ...]:
        return connection.pragma("journal_mode"), connection.pragma("synchronous")

    assert await store._writer.run(pragmas) == ("wal", 2)


async def test_a_clean_stop_leaves_one_complete_file_and_its_counters(path: Path) -> None:
    store = await open_at(path)
    await store.secret("site")

    await store.close()

    assert sorted(file.name for file in path.parent.iterdir()) == ["keys.db", "keys.db-counters"]


# Faults of the file


@pytest.fixture
async def key(store: SqliteStore, now: float) -> PresentedKey:
    return await issuer(store, now)("kept")


def overwrite(path: Path) -> None:
    path.write_bytes(GARBAGE)


def replace_with_garbage(path: Path) -> None:
    other = path.with_name("garbage")
    other.write_bytes(GARBAGE)
    other.replace(path)


def replace_with_nothing(path: Path) -> None:
    other = path.with_name("empty")
    other.touch()
    other.replace(path)


def replace_with_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_with_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


FAULTS = [
    overwrite,
    Path.unlink,
    replace_with_garbage,
    replace_with_nothing,
    replace_with_a_folder,
    replace_with_a_pipe,
]


@pytest.mark.parametrize("break_it", FAULTS)
async def test_a_broken_file_is_unavailable_soon_and_a_good_one_served_again_by_itself(
    store: SqliteStore,
    key: PresentedKey,
    now: float,
    break_it: Callable[[Path], None],
    in_time: None,
) -> None:
    backup = store.path.with_name("backup.db")
    await eventually(lambda: store.backup(backup))

    break_it(store.path)
    for call in every_call(store, key, now).values():
        await unavailable(call)

    if store.path.is_dir():
        store.path.rmdir()
    backup.replace(store.path)
    await eventually(lambda: store.admit(key.id, key.digest, now))
    await eventually(lambda: store.revoke(key.id, int(now)))
    with pytest.raises(RevokedKey):
        await eventually(lambda: store.admit(key.id, key.digest, now))


async def test_a_replaced_file_is_never_read_on_from_and_its_log_never_mixed_in(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    backup = store.path.with_name("backup.db")
    await store.backup(backup)
    late = await issuer(store, now)("made after the backup")
    await store.revoke(key.id, int(now))

    backup.replace(store.path)
    await asyncio.sleep(1.2 * sqlite_file.LOOK_EVERY_S)

    await store.admit(key.id, key.digest, now)  # as in the backup: not revoked
    with pytest.raises(InvalidKey):
        await store.admit(late.id, late.digest, now)
    again = await issuer(store, now)("made after the restoration")
    await store.admit(again.id, again.digest, now)
    assert await store._writer.run(integrity) == "ok"


async def test_what_is_written_to_a_restored_file_holds_on_every_server_once_answered(
    path: Path, now: float, tmp_path: Path
) -> None:
    """The other server looked at the former file a moment ago, and has not looked since."""
    store, other = await open_at(path), await open_at(path)
    for use in range(3):
        key = await issuer(store, now)()
        await store.backup(tmp_path / "backup.db")
        await other.admit(key.id, key.digest, now)
        other._reader.look()

        os.replace(tmp_path / "backup.db", path)
        if use % 2:
            fresh = await issuer(store, now)()
            await other.admit(fresh.id, fresh.digest, now)
        else:
            await store.revoke(key.id, int(now))
            with pytest.raises(RevokedKey):
                await other.admit(key.id, key.digest, now)
    await store.close()
    await other.close()


async def test_a_server_that_starts_beside_the_log_of_another_database_sets_it_aside(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    backup = store.path.with_name("backup.db")
    await store.backup(backup)
    await store.revoke(key.id, int(now))
    backup.replace(store.path)  # `store` has not looked yet: its log is still there

    other = await open_at(store.path)

    await other.admit(key.id, key.digest, now)
    assert await other._writer.run(integrity) == "ok"
    await other.close()
    assert store.path.with_name("keys.db-wal.replaced").exists()


async def test_a_write_to_a_file_that_is_gone_is_never_answered(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    store.path.unlink()

    with pytest.raises(StoreUnavailable):
        await store.revoke(key.id, int(now))


async def test_a_file_that_went_and_came_back_is_served_as_it_was(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    elsewhere = store.path.with_name("elsewhere")
    store.path.rename(elsewhere)
    await unavailable(lambda: store.admit(key.id, key.digest, now))

    elsewhere.rename(store.path)

    await eventually(lambda: store.admit(key.id, key.digest, now))


@pytest.mark.parametrize("stand_in", [GARBAGE, b""])
async def test_what_stands_in_for_a_file_that_comes_back_takes_nothing_of_it(
    store: SqliteStore, key: PresentedKey, now: float, stand_in: bytes
) -> None:
    # Something has its log still unwritten: here a reader of ours is in the way.
    with closing(apsw.Connection(str(store.path))) as connection:
        reading = connection.execute("SELECT id FROM key")
        reading.fetchone()
        late = await issuer(store, now)("in the log only")
    elsewhere = store.path.with_name("elsewhere")
    store.path.rename(elsewhere)
    store.path.write_bytes(stand_in)
    await unavailable(lambda: store.admit(late.id, late.digest, now))

    elsewhere.replace(store.path)

    await eventually(lambda: store.admit(late.id, late.digest, now))
    await eventually(lambda: store.admit(key.id, key.digest, now))


async def test_a_copy_of_the_file_alone_has_what_was_written_to_it(
    store: SqliteStore, now: float
) -> None:
    late = await issuer(store, now)()
    store._writer._thread.submit(lambda: None).result()  # what follows the answer is done

    other = store.path.with_name("copy.db")
    shutil.copy(store.path, other)
    other.replace(store.path)
    await asyncio.sleep(1.2 * sqlite_file.LOOK_EVERY_S)

    await eventually(lambda: store.admit(late.id, late.digest, now))


@pytest.mark.parametrize("lose", [Path.unlink, replace_with_nothing])
async def test_a_lost_database_is_not_silently_begun_anew(
    path: Path, now: float, lose: Callable[[Path], None]
) -> None:
    store = await open_at(path)
    key = await issuer(store, now)()
    await store.close()
    lose(path)

    again = await open_at(path)

    with pytest.raises(StoreUnavailable):
        await again.admit(key.id, key.digest, now)
    with pytest.raises(StoreUnavailable):
        await again.secret("site")
    await again.close()


async def test_a_folder_that_may_not_be_looked_into_is_unavailable(
    tmp_path: Path, now: float
) -> None:
    # A name that is too long stands for a folder of somebody else: root may look into any.
    store = await open_at(tmp_path / ("x" * 300) / "keys.db")

    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await issuer(store, now)()
    await store.close()


async def test_a_store_that_cannot_be_opened_at_the_start_opens_later_by_itself(
    tmp_path: Path, now: float
) -> None:
    good = await open_at(tmp_path / "good.db")
    key = await issuer(good, now)()
    await good.close()
    path = tmp_path / "keys.db"
    path.write_bytes(GARBAGE)
    store = await open_at(path)
    with pytest.raises(StoreUnavailable):
        await store.admit(key.id, key.digest, now)

    (tmp_path / "good.db").replace(path)

    await eventually(lambda: store.admit(key.id, key.digest, now))
    await store.close()


@pytest.mark.parametrize("damage", FAULTS)
async def test_no_error_of_the_database_or_the_system_leaks(
    store: SqliteStore, key: PresentedKey, now: float, damage: Callable[[Path], None]
) -> None:
    damage(store.path)

    for _ in range(15):
        for call in every_call(store, key, now).values():
            with_reason = None
            try:
                await call()
            except StoreUnavailable as error:
                with_reason = str(error)
            except (InvalidKey, RevokedKey, StoreConflict):
                pass  # an answer, from before the damage was seen
            if with_reason is not None:
                assert key.digest.hex() not in with_reason
                assert "kept" not in with_reason
        await asyncio.sleep(0.05)


async def test_damaged_pages_are_unavailable_and_never_a_refused_key(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    with closing(apsw.Connection(str(store.path))) as connection:
        connection.execute("PRAGMA wal_checkpoint(truncate)")
    with store.path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(store.path.stat().st_size - 100))

    await unavailable(lambda: store.admit(key.id, key.digest, now))
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            await store.admit(key.id, key.digest, now)
        await asyncio.sleep(0.05)


# Other writers


@pytest.fixture
def lock_holder(store: SqliteStore) -> Iterator[None]:
    """Another process in the midst of a transaction that never ends."""
    with another(KEEPS_TRANSACTION, store.path):
        yield


async def test_a_lock_that_is_never_freed_stops_no_request_and_refuses_writes_soon(
    store: SqliteStore, key: PresentedKey, now: float, lock_holder: None, in_time: None
) -> None:
    calls = every_call(store, key, now)

    with Awake() as awake:
        outcomes = await asyncio.gather(
            *(calls[name]() for name in sorted(WRITES)), return_exceptions=True
        )

    assert awake.seconds < WITHIN_S
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    with Awake() as awake:
        for _ in range(50):
            assert (await store.admit(key.id, key.digest, now)).counted
    assert awake.seconds < 50 * sqlite_file.READ_WAIT_MS / 1_000 / 3  # none of them waits


async def test_what_waited_too_long_for_its_turn_is_never_written(
    store: SqliteStore, key: PresentedKey, now: float, lock_holder: None, in_time: None
) -> None:
    outcomes = await asyncio.gather(
        *(store.secret(f"s{n}") for n in range(20)), return_exceptions=True
    )

    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}


@pytest.fixture
def pairing_lock_holder(store: SqliteStore) -> Iterator[None]:
    """Another process, stopped while it opens the database."""
    with keeping_locks(Path(f"{store.path}-counters"), at=PAIRING_AT, length=1):
        yield


async def test_a_process_that_stops_while_it_opens_the_file_stops_no_other(
    store: SqliteStore, key: PresentedKey, now: float, pairing_lock_holder: None, in_time: None
) -> None:
    for _ in range(3):
        os.utime(store.path)  # which has the file opened again
        await asyncio.sleep(1.2 * sqlite_file.LOOK_EVERY_S)
        with Awake() as awake:
            assert (await store.admit(key.id, key.digest, now)).counted
        assert awake.seconds < WITHIN_S


async def test_a_file_that_changes_while_a_request_is_counted_does_not_stop_it(
    store: SqliteStore, key: PresentedKey, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request of a day asks the database under a lock that a look would wait for."""
    status, changes = StoreFile._status, itertools.count()

    def changed(file: StoreFile) -> tuple[int, ...]:
        return (*status(file)[:2], next(changes))

    monkeypatch.setattr(StoreFile, "_status", changed)
    monkeypatch.setattr(sqlite_file, "LOOK_EVERY_S", 0)
    await store.ping()

    assert (await store.admit(key.id, key.digest, now)).counted


# Disks that take nothing


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "needs the right to mount a tmpfs: run as root, or see the test of file sizes"
        )
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            pass


async def write_until_refused(store: SqliteStore, key: PresentedKey, now: float) -> None:
    """A full disk still takes what fits in blocks that a file has already."""
    for n in range(5_000):
        try:
            await store.spend("x" * 100 + str(n), int(now) + 60, now)
        except StoreUnavailable:
            return
    pytest.fail("the disk took everything")


async def test_on_a_full_disk_good_keys_are_served_and_writes_unavailable(
    small_disk: Path, now: float
) -> None:
    store = await open_at(small_disk / "keys.db")
    key = await issuer(store, now)()
    await store.admit(key.id, key.digest, now)
    unseen = await issuer(store, now)()

    fill(small_disk)
    await write_until_refused(store, key, now)

    for _ in range(3):
        assert (await store.admit(key.id, key.digest, now)).counted
        await store.admit(unseen.id, unseen.digest, now)  # counted where there is room for it
        with pytest.raises(StoreUnavailable):
            await store.create(
                KeyRecord(new_key(key.id[:6])[1].id, key.digest, "x" * 5_000, int(now))
            )
        await asyncio.sleep(0.3)

    (small_disk / "ballast").unlink()
    await eventually(lambda: store.revoke(key.id, int(now)))
    assert await store._writer.run(integrity) == "ok"
    await store.close()


async def test_a_server_that_starts_on_a_full_disk_serves_good_keys(
    small_disk: Path, now: float
) -> None:
    store = await open_at(small_disk / "keys.db")
    key = await issuer(store, now)()
    await store.close()
    (small_disk / "keys.db-counters").unlink()
    fill(small_disk)

    again = await open_at(small_disk / "keys.db")

    assert not (await again.admit(key.id, key.digest, now)).counted
    with pytest.raises(StoreUnavailable):
        await again.revoke(key.id, int(now))
    (small_disk / "ballast").unlink()
    await eventually(lambda: again.revoke(key.id, int(now)))
    await again.close()


async def test_on_a_read_only_disk_good_keys_are_served_and_writes_unavailable(
    small_disk: Path, now: float
) -> None:
    store = await open_at(small_disk / "keys.db")
    key = await issuer(store, now)()
    await store.close()
    remount(small_disk, "ro")

    again = await open_at(small_disk / "keys.db")

    assert not (await again.admit(key.id, key.digest, now)).counted
    await again.ping()
    with pytest.raises(StoreUnavailable):
        await again.revoke(key.id, int(now))

    remount(small_disk, "rw")
    await eventually(lambda: again.revoke(key.id, int(now)))
    with pytest.raises(RevokedKey):
        await again.admit(key.id, key.digest, now)
    await again.close()


async def test_where_files_may_not_grow_good_keys_are_served_and_writes_unavailable(
    path: Path, now: float
) -> None:
    """As a full disk, for who may not mount one: the limit of a process on file sizes."""
    store = await open_at(path)
    key = await issuer(store, now)()
    await store.close()
    program = """
import asyncio, resource, signal, sys
from pathlib import Path
from icsmulti.errors import StoreUnavailable
from icsmulti.keys import Limits
from icsmulti.keys.sqlite import SqliteStore

async def main(address, key_id, digest, now):
    store = SqliteStore(address, Limits(60, 0))
    await store.open()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))
    refused = 0
    for n in range(200):
        try:
            await store.spend("x" * 100 + str(n), int(now) + 60, now)
        except StoreUnavailable:
            refused += 1
    admission = await store.admit(key_id, bytes.fromhex(digest), now)
    print(refused > 0, admission.key.id == key_id, admission.counted)
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, address_of(path), key.id, key.digest.hex(), str(now),
        stdout=PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()

    assert out.split() == [b"True", b"True", b"False"]


# Counting


async def test_counts_reach_the_database_within_five_seconds(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    await store.admit(key.id, key.digest, now)

    deadline = time.monotonic() + BACK_WITHIN_S
    with closing(apsw.Connection(str(store.path))) as connection:
        while not (rows := connection.execute("SELECT requests FROM usage").fetchall()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    assert rows == [(1,)]
    assert sqlite.FLUSH_EVERY_S < 5


async def test_without_counters_keys_are_served_uncounted_until_there_are_some_again(
    path: Path, now: float
) -> None:
    (path.parent / "keys.db-counters").mkdir(parents=True)
    sqlite_file.create(path)
    with closing(apsw.Connection(str(path))) as connection:
        sqlite_schema.migrate(connection, may_create=True)
    store = await open_at(path)
    key = await issuer(store, now)()

    assert not (await store.admit(key.id, key.digest, now)).counted
    with pytest.raises(StoreUnavailable):
        await store.take("b", 1, 60, now)

    (path.parent / "keys.db-counters").rmdir()
    await store._flush()
    assert (await store.admit(key.id, key.digest, now)).counted
    assert await store.take("b", 1, 60, now) == 0
    await store.close()


async def test_counters_that_were_deleted_are_made_anew_with_the_days_of_the_database(
    store: SqliteStore, key: PresentedKey, now: float
) -> None:
    for _ in range(3):
        await store.admit(key.id, key.digest, now)
    await store._flush()

    (store.path.parent / "keys.db-counters").unlink()
    await store._flush()
    admission = await store.admit(key.id, key.digest, now)

    assert DEFAULTS.per_day is not None
    assert admission.day.remaining == DEFAULTS.per_day - 4


async def test_counters_that_are_replaced_while_the_database_is_opened_stay_open_until_it_is(
    store: SqliteStore, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed earlier, their descriptor's number may by then be the database's."""
    opening, replaced = threading.Event(), threading.Event()
    open_file = StoreFile._open

    def open_slowly(file: StoreFile) -> object:
        if file is store._written:
            opening.set()
            assert replaced.wait(BACK_WITHIN_S)
        return open_file(file)

    monkeypatch.setattr(StoreFile, "_open", open_slowly)
    os.utime(store.path)  # which has the file opened again
    writing = asyncio.create_task(issuer(store, now)())
    assert await asyncio.to_thread(opening.wait, BACK_WITHIN_S)
    old = store._written.region
    assert isinstance(old, SharedFile)

    (store.path.parent / "keys.db-counters").unlink()
    store._count()

    os.fstat(old._fd)
    replaced.set()
    key = await writing
    assert (await store.admit(key.id, key.digest, now)).counted
    await store.secret("the thread has done what was before")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(old._fd)


async def test_a_bucket_whose_lock_is_kept_holds_no_count_back(
    store: SqliteStore, key: PresentedKey, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.admit(key.id, key.digest, now)

    def kept(counters: Counters, start: int, clock: object) -> None:
        raise TimeoutError

    await store.take("b", 1, 60, now)
    monkeypatch.setattr(Counters, "_sweep_set", kept)
    await store._flush()

    assert await store._writer.run(requests) == [(1,)]


def requests(connection: apsw.Connection) -> list[tuple[int]]:
    return list(connection.execute("SELECT requests FROM usage"))


@pytest.mark.parametrize("content", [b"", b"x", GARBAGE])
async def test_counters_that_were_overwritten_stop_no_key_and_are_made_anew(
    store: SqliteStore, key: PresentedKey, now: float, content: bytes
) -> None:
    (store.path.parent / "keys.db-counters").write_bytes(content)
    os.utime(store.path)  # which has the file opened again
    await asyncio.sleep(1.2 * sqlite_file.LOOK_EVERY_S)
    await store.admit(key.id, key.digest, now)

    await store._flush()

    assert (await store.admit(key.id, key.digest, now)).counted
    assert await store.take("b", 1, 60, now) == 0


async def test_spent_tokens_are_forgotten_once_they_have_expired(
    store: SqliteStore, now: float
) -> None:
    await store.spend("old", int(now) + 1, now)
    await store.spend("new", int(now) + 60, now + 2)

    with closing(apsw.Connection(str(store.path))) as connection:
        assert connection.execute("SELECT count(*) FROM spent").fetchall() == [(1,)]


# Backup


async def test_a_backup_of_a_serving_store_restores_everything(
    store: SqliteStore, key: PresentedKey, now: float, tmp_path: Path
) -> None:
    await store.admit(key.id, key.digest, now)
    site = await store.secret("site")
    stop = asyncio.Event()

    async def storm() -> None:
        issue = issuer(store, now)
        while not stop.is_set():
            other = await issue()
            await store.admit(other.id, other.digest, now)

    storming = asyncio.create_task(storm())
    await asyncio.sleep(0.1)
    backup = tmp_path / "backup.db"
    await store.backup(backup)
    stop.set()
    await storming
    await store.close()

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [name for name in os.listdir(tmp_path) if "backup" in name] == ["backup.db"]
    restored = tmp_path / "restored" / "keys.db"
    restored.parent.mkdir()
    shutil.copy(backup, restored)
    again = await open_at(restored)
    admission = await again.admit(key.id, key.digest, now)
    assert admission.account.uid_secret == key.id[:6].encode() * 5 + b".."
    assert await again.secret("site") == site
    assert await again.usage(key.id[:6], 1, now) == {day_name(int(now) // 86_400): 2}
    assert await again._writer.run(integrity) == "ok"
    await again.close()


async def test_a_backup_that_fails_leaves_the_one_before(
    store: SqliteStore, key: PresentedKey, tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "backup.db"
    with pytest.raises(StoreUnavailable):
        await store.backup(target)

    with pytest.raises(StoreUnavailable):
        await store.backup(store.path)
    assert await store.find(key.id) is not None


@pytest.mark.parametrize("disk", ["full", "read-only"])
async def test_a_disk_that_takes_nothing_can_be_backed_up_to_another(
    small_disk: Path, now: float, tmp_path: Path, disk: str
) -> None:
    store = await open_at(small_disk / "keys.db")
    key = await issuer(store, now)()
    await store.admit(key.id, key.digest, now)
    await store.close()
    if disk == "full":
        fill(small_disk)
    else:
        remount(small_disk, "ro")

    alone = await open_at(small_disk / "keys.db")
    await alone.backup(tmp_path / "backup.db")
    await alone.close()

    restored = await open_at(tmp_path / "backup.db")
    assert await restored.find(key.id) is not None
    assert await restored.usage(key.id[:6], 1, now) == {day_name(int(now) // 86_400): 1}
    await restored.close()


# Migrations


def stored_schemas() -> list[Path]:
    return sorted(SCHEMAS.glob("version_*.sql"))


def test_there_is_a_stored_file_of_every_schema_version() -> None:
    versions = [int(file.stem.removeprefix("version_")) for file in stored_schemas()]

    assert versions == list(range(1, len(sqlite_schema.MIGRATIONS) + 1))


@pytest.mark.parametrize(
    "statements", [pytest.param(file.read_text("utf-8"), id=file.stem) for file in stored_schemas()]
)
async def test_a_file_of_any_version_is_upgraded_with_nothing_lost(
    path: Path, statements: str
) -> None:
    path.parent.mkdir()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(statements)

    store = await open_at(path)

    found = await store.find("Ab3kQx0001")
    assert found is not None
    assert found.account == Account("Ab3kQx", b"u" * 32, 1_795_305_600, Limits(None, 500))
    assert found.key == KeyRecord(
        "Ab3kQx0001", b"d" * 32, "Agenda de l’été", 1_795_305_600, 1_800_000_000,
        None, 1_795_400_000, 1_795_350_000,
    )  # fmt: skip
    assert await store.usage("Ab3kQx", 30, 1_795_348_800) == {"2026-11-21": 41, "2026-11-22": 7}
    assert await store.secret("site") == b"s" * 32
    assert not await store.spend("token", 4_000_000_000, 1_795_348_800)
    assert await store._writer.run(sqlite_schema.version_of) == len(sqlite_schema.MIGRATIONS)
    await store.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = apsw.Connection(str(tmp_path / "keys.db"))
    sqlite_schema.migrate(connection, may_create=True)
    before = len(sqlite_schema.MIGRATIONS)
    broken = (*sqlite_schema.MIGRATIONS, "CREATE TABLE extra (x) STRICT; SELECT nonsense")
    monkeypatch.setattr(sqlite_schema, "MIGRATIONS", broken)

    with pytest.raises(apsw.SQLError):
        sqlite_schema.migrate(connection, may_create=False)

    assert sqlite_schema.version_of(connection) == before
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'extra'").fetchall()


async def test_a_file_of_a_newer_version_is_left_alone(path: Path, now: float) -> None:
    store = await open_at(path)
    await store.close()
    with closing(apsw.Connection(str(path))) as connection:
        connection.pragma("user_version", 1_000)

    again = await open_at(path)

    with pytest.raises(StoreUnavailable, match="newer"):
        await again.secret("site")
    await again.close()


def integrity(connection: apsw.Connection) -> str:
    return "\n".join(row[0] for row in connection.execute("PRAGMA integrity_check"))


def test_open_store_gives_this_store_for_its_scheme(path: Path) -> None:
    assert isinstance(open_store(address_of(path), DEFAULTS), SqliteStore)


async def test_closing_ends_whatever_the_flush_is_at(tmp_path):
    """A cancellation that meets the end of a write must not be lost: closing would wait for ever."""
    for i in range(40):
        store = open_store(f"sqlite://{tmp_path}/{i}/keys.db", DEFAULTS)
        await store.open()
        await issuer(store, time.time())()
        await asyncio.sleep(0.0005 * (i % 8))
        await asyncio.wait_for(store.close(), BACK_WITHIN_S)
