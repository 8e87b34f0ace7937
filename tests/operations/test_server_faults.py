"""What breaks around a running server: its disk, its log, its clock. Asked over HTTP, as callers do."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from product import Answer, Product, program, wait_until

DAY_S = 86_400


def rotate(product: Product) -> Answer:
    """A new key beside the one in use: what must be on disk before it is answered."""
    body = json.dumps({"chevauchement": "24h"}).encode()
    octets = product.generate(body).replace(b"/api/generate", b"/api/key/rotate")
    return product.ask(octets)


def rotates_again(product: Product) -> bool:
    """Each time another key: how often one account may is limited."""
    product.key = product.new_key()
    return rotate(product).status == 201


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            return ballast


def test_on_a_full_disk_calendars_are_made_and_what_cannot_be_kept_is_503(small_disk: Path) -> None:
    with Product(small_disk) as product:
        keys = [product.new_key() for _ in range(30)]
        ballast = fill(small_disk)
        refusal = None
        for key in keys:
            product.key = key
            refusal = rotate(product)
            if refusal.status != 201:
                break
        assert refusal is not None
        calendars = [product.ask(product.generate()).status for _ in range(300)]  # the log is full
        ballast.unlink()
        again = wait_until(lambda: rotates_again(product))
        logged = len(product.lines())
        product.ask(product.generate())

        assert refusal.status == 503
        assert refusal.header("retry-after")
        assert set(calendars) == {200}
        assert again
        assert len(product.lines()) > logged
        assert product.stop() == 0


def test_on_a_disk_that_turns_read_only_too(small_disk: Path) -> None:
    def remount(mode: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{mode}", str(small_disk)], check=True)

    product = Product(small_disk)
    product.log = small_disk.parent / "log.jsonl"  # a file open for writing keeps a disk writable
    with product:
        assert rotate(product).status == 201
        assert product.stop() == 0
        remount("ro")
        product.start()
        calendars = [product.ask(product.generate()).status for _ in range(20)]
        refusal = rotate(product)
        remount("rw")
        again = wait_until(lambda: rotates_again(product))

        assert set(calendars) == {200}
        assert (refusal.status, bool(refusal.header("retry-after"))) == (503, True)
        assert again


def test_a_log_that_takes_nothing_stops_no_calendar_and_no_end(tmp_path: Path) -> None:
    product = Product(tmp_path)
    product.log = Path("/dev/full")
    with product:
        statuses = {product.ask(product.generate()).status for _ in range(300)}
        time.sleep(0.5)  # written ten times a second
        statuses.add(product.ask(product.generate()).status)

        assert statuses == {200}
        assert product.stop() == 0


def test_a_log_that_nobody_reads_stops_no_calendar_and_no_end(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # open, and never read
    product = Product(tmp_path)
    product.log = fifo
    with product:
        # A pipe holds 64 KiB: about 250 lines.
        statuses = {product.ask(product.generate()).status for _ in range(1_000)}
        begin = time.monotonic()
        status = product.stop()
        took_s = time.monotonic() - begin
    os.close(reader)

    assert statuses == {200}
    assert status == 0
    assert took_s < 15


CLOCK = """
import datetime, pathlib

class Turned(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        turned_s = float(pathlib.Path({file!r}).read_text())
        return datetime.datetime.now(tz) + datetime.timedelta(seconds=turned_s)
"""


def patient(product: Product) -> Answer:
    """The answer of a caller who waits as long as he is told, five seconds at the most."""
    for _ in range(5):
        answer = product.ask(product.generate())
        if answer.status != 429:
            break
        assert answer.header("retry-after") == "1"
        time.sleep(1)
    return answer


@pytest.mark.parametrize("turned_s", [-DAY_S, -3_600, 3_600, 2 * DAY_S])
def test_a_clock_that_is_turned_locks_nobody_out(tmp_path: Path, turned_s: int) -> None:
    file = tmp_path / "turned"
    file.write_text("0")
    product = Product(tmp_path, LIMIT_PER_MINUTE=60, LIMIT_PER_DAY=10_000)
    (tmp_path / "clock.py").write_text(CLOCK.format(file=str(file)))
    product.program = program(
        f"import sys; sys.path.append('{tmp_path}')", "import clock", "app.datetime = clock.Turned"
    )
    with product:
        first = patient(product)
        successor = rotate(product).json["cle"]
        file.write_text(str(turned_s))
        turned = patient(product)
        replaced, product.key = product.key, successor
        turned_successor = patient(product)
        file.write_text("0")
        product.key = replaced
        last = patient(product)

        stamp = turned_successor.body.partition(b"DTSTAMP:")[2][:15].decode()
        told = datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        assert abs(told - datetime.now(UTC) - timedelta(seconds=turned_s)) < timedelta(minutes=1)
        assert first.status == turned_successor.status == last.status == 200
        # Of two keys the replaced one ends after a day, on a clock that is a day ahead too.
        assert turned.status == (200 if turned_s < DAY_S else 403)
        assert product.stop() == 0
