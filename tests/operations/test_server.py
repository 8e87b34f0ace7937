"""How the server starts, ends, and survives the death of a worker."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from product import (
    CALENDAR,
    PATIENCE_S,
    Connection,
    Product,
    free_port,
    program,
    stopped,
    wait_until,
)

GET = b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n"

UNHURRIED = program("import icsmulti.server as server", "server.GRACE_S = 10.0")
"""The server as it is, but that a caller who gets no turn of the processor for a while is not
taken for one who has nothing to ask: nobody could tell the two apart."""


class Caller(threading.Thread):
    """Asks for calendars on one connection, as fast as they come, until the server says close.

    A request counts as `lost` when it was sent whole on an open connection and not answered.
    """

    def __init__(self, product: Product) -> None:
        super().__init__(daemon=True)
        self.product = product
        self.answered = self.lost = 0
        self.stopping = False

    def run(self) -> None:
        octets = self.product.generate()
        try:
            with self.product.connect() as connection:
                while not self.stopping:
                    connection.send(octets)
                    try:
                        answer = connection.read()
                    except OSError:
                        self.lost += 1
                        return
                    assert answer.status == 200
                    self.answered += 1
                    if answer.header("connection") == "close":
                        return
        except OSError:
            return  # refused: nothing was sent


def call(product: Product, number: int) -> list[Caller]:
    callers = [Caller(product) for _ in range(number)]
    for caller in callers:
        caller.start()
    return callers


def all_served(callers: list[Caller], times: int = 1) -> bool:
    """Whether each has an open connection that was accepted, and some answers."""
    return wait_until(lambda: all(caller.answered >= times for caller in callers))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_under_load_answers_everything_that_was_sent_and_exits_with_0(
    tmp_path: Path, workers: int
) -> None:
    product = Product(tmp_path, WORKERS=workers)
    product.program = UNHURRIED
    with product:
        callers = call(product, 8)
        assert all_served(callers, 25)
        status = product.stop()
        for caller in callers:
            caller.join(PATIENCE_S)

        answered = sum(caller.answered for caller in callers)
        logged = [line for line in product.lines() if line["event"] == "request"]

    assert status == 0
    assert sum(caller.lost for caller in callers) == 0
    assert len(logged) == answered


def test_a_key_press_in_the_terminal_stops_all_processes_as_gently(tmp_path: Path) -> None:
    product = Product(tmp_path, WORKERS=2)
    product.program = UNHURRIED
    with product:
        callers = call(product, 4)
        assert all_served(callers, 10)
        for pid in (*product.workers(), product.process.pid):  # Ctrl-C goes to the whole group
            os.kill(pid, signal.SIGINT)
        status = product.process.wait(PATIENCE_S)
        for caller in callers:
            caller.join(PATIENCE_S)

    assert status == 0
    assert sum(caller.lost for caller in callers) == 0


def test_a_stop_waits_for_a_body_on_its_way(tmp_path: Path) -> None:
    with Product(tmp_path) as product:
        octets = product.generate(CALENDAR, "Expect: 100-continue")
        with product.connect() as connection:
            connection.send(octets[:-10])
            assert connection.read().status == 100  # the body is being read
            product.process.send_signal(signal.SIGTERM)
            assert wait_until(lambda: not is_open(product))
            time.sleep(1)  # the server could give up waiting
            connection.send(octets[-10:])
            answer = connection.read()
        status = product.process.wait(PATIENCE_S)

    assert answer.status == 200
    assert answer.header("connection") == "close"
    assert status == 0


def test_a_stop_that_cuts_a_request_off_exits_with_0_and_logs_no_fault(tmp_path: Path) -> None:
    with Product(tmp_path, SHUTDOWN_S=1) as product:
        octets = product.generate(CALENDAR, "Expect: 100-continue")
        with product.connect() as connection:
            connection.send(octets[:-10])
            assert connection.read().status == 100  # the body is being read, and never ends
            status = product.stop()
        lines = product.lines()

    assert status == 0
    assert [(line["event"], line["status"]) for line in lines] == [("request", 499)]


def test_a_body_behind_a_request_that_takes_long_is_waited_for(tmp_path: Path) -> None:
    product = Product(tmp_path, READ_TIMEOUT_S=1)
    product.program = program(
        "import time, icsmulti.web.api as api, icsmulti.web.wire as wire",
        "wire.LINGER_S, generate = 0.5, api.generate",
        "api.generate = lambda *a, **k: (time.sleep(3 * len(a[0]) // 100_000), generate(*a, **k))[1]",
    )
    with product:
        first = product.generate(b" " * 100_000 + CALENDAR)  # beside the event loop, three seconds
        second = product.generate()
        with product.connect() as connection:
            connection.send(first + second[:-10])
            answers = [connection.read()]
            connection.send(second[-10:])
            answers.append(connection.read())

    assert [answer.status for answer in answers] == [200, 200]


def is_open(product: Product) -> bool:
    try:
        product.connect().socket.close()
    except ConnectionError:
        return False
    return True


def test_a_stop_does_not_wait_for_who_says_nothing(tmp_path: Path) -> None:
    with Product(tmp_path, SHUTDOWN_S=120) as product:
        idle = [product.connect() for _ in range(20)]
        idle[0].send(GET)
        idle[0].read()
        idle[1].send(b"GET / HTTP/1.1\r\n")
        begin = time.monotonic()
        status = product.stop()
        took = time.monotonic() - begin
        for connection in idle:
            connection.socket.close()

    assert status == 0
    assert took < 15


def test_a_killed_worker_has_a_successor_within_two_seconds(tmp_path: Path) -> None:
    with Product(tmp_path, WORKERS=2) as product:
        assert wait_until(lambda: len(product.workers()) == 2)
        victim, other = product.workers()
        callers = call(product, 6)
        assert all_served(callers)
        with stopped(other):  # so that only the successor can answer
            begin = time.monotonic()
            product.kill_workers(victim)
            served = product.ask(product.generate())
            took = time.monotonic() - begin
        for caller in callers:
            caller.stopping = True
        for caller in callers:
            caller.join(PATIENCE_S)
        workers = product.workers()

        assert served.status == 200
        assert took < 3 * 2
        assert victim not in workers
        assert len(workers) == 2
        assert product.stop() == 0
    assert any(str(victim) in line for line in product.errors)


def test_five_workers_killed_at_once_are_five_new_workers(tmp_path: Path) -> None:
    with Product(tmp_path, WORKERS=5) as product:
        assert wait_until(lambda: len(product.workers()) == 5)
        before = set(product.workers())
        product.kill_workers(*before)

        assert wait_until(
            lambda: len(product.workers()) == 5 and not before & set(product.workers())
        )
        assert product.ask(product.generate()).status == 200


def test_a_killed_server_leaves_nobody_behind_and_starts_again_on_its_port(tmp_path: Path) -> None:
    with Product(tmp_path, WORKERS=2, PORT=free_port()) as product:
        assert wait_until(lambda: len(product.workers()) == 2)
        orphans = product.workers()
        calendar = product.ask(product.generate()).body
        product.kill()

        assert wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in orphans))
        product.start()
        again = product.ask(product.generate())

        assert again.status == 200
        assert re.findall(rb"UID:.*", again.body) == re.findall(rb"UID:.*", calendar)


def test_a_second_server_on_the_same_port_does_not_start_and_says_why(tmp_path: Path) -> None:
    with Product(tmp_path) as first:
        second = Product(tmp_path, PORT=first.port)

        with pytest.raises(AssertionError, match=f"ICSMULTI_PORT.*:{first.port} "):
            second.start()

        second._finish()
        assert second.process.returncode == 1
        assert first.ask(GET).status == 200


def test_more_connections_than_descriptors_do_not_shut_honest_callers_out(tmp_path: Path) -> None:
    with Product(tmp_path) as product:
        product.kill()
        product.start("ulimit -n 256")
        crowd: list[Connection] = []
        statuses = []
        for _ in range(10):
            crowd += [product.connect() for _ in range(60)]
            statuses.append(product.ask(product.generate()).status)
        for connection in crowd:
            connection.socket.close()

        assert set(statuses) == {200}
        assert product.descriptors() < 256


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_server_without_standard_streams_writes_its_log_to_nothing_else(
    tmp_path: Path, closed: str
) -> None:
    port = free_port()
    product = Product(tmp_path, PORT=port)
    key = product.new_key()
    process = subprocess.Popen(
        ["sh", "-c", f"exec {product.program} serve {closed}"],
        env=product.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: is_open(product))
        answer = product.ask(product.generate(key=key))
        streams = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE_S)

    assert answer.status == 200
    assert streams[1] == "/dev/null"
    assert not any("socket" in stream or "anon" in stream for stream in streams)
    assert status == 0


def test_without_the_zones_the_server_says_so_instead_of_starting(tmp_path: Path) -> None:
    package = tmp_path / "tzdata"
    package.mkdir()
    (package / "__init__.py").write_text('IANA_VERSION = "2026f"\n')
    product = Product(tmp_path)
    environment = {**product.environment, "PYTHONPATH": str(tmp_path)}

    ended = subprocess.run(
        [Path(sys.executable).with_name("icsmulti"), "serve"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == 1
    assert "pip install --force-reinstall tzdata" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_start_costs_little_time_and_little_memory(tmp_path: Path) -> None:
    product = Product(tmp_path)
    product.program = f'"{Path(sys.executable).with_name("icsmulti")}"'
    with product:
        answer = product.ask(product.generate())
        # The processor's time, not the clock's: other tests may be running beside this one.
        spent_s, resident_mib = product.spent_s(), product.resident_mib()
    print(spent_s, resident_mib)

    assert answer.status == 200
    assert spent_s < 3 * 0.35
    assert resident_mib < 60


def test_the_log_holds_no_key_no_title_and_no_whole_address(tmp_path: Path) -> None:
    with Product(tmp_path) as product:
        secret = CALENDAR.replace(b"R\\u00e9union", b"Anniversaire secret")
        product.ask(product.generate(secret))
        product.ask(product.generate(b'{"evenement": "Anniversaire secret"}'))
        product.ask(product.generate(key=product.key[:-1] + "!"))
        product.ask(b"GET /?titre=Anniversaire%20secret HTTP/1.1\r\nHost: a\r\n\r\n")
        assert product.stop() == 0
        log = product.log.read_text() + "".join(product.errors)

    assert log.count('"event":"request"') == 4
    assert not re.search(r"icsm_[0-9A-Za-z]+_", log)
    assert "Anniversaire" not in log
    assert "127.0.0.1" not in product.log.read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_is_told(tmp_path: Path, workers: int) -> None:
    with Product(tmp_path, WORKERS=workers) as product:
        assert product.ask(GET).status == 200  # it runs: a signal is a stop, and no sudden end
        assert product.stop() == 0

    assert sum("Arrêt demandé" in line for line in product.errors) == 1


def test_a_store_that_cannot_be_used_is_told_and_logged_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text('{"a": 1}')
    product = Product(tmp_path, STORE=f"sqlite://{file}")
    product.start()
    try:
        assert product.ask(GET).status == 200
        events = [line["event"] for line in product.lines()]
    finally:
        assert product.stop() == 0

    said = "".join(product.errors)
    assert "ce n’est pas une base SQLite" in said
    assert "conservées" not in said
    assert "store-unreachable" in events
    assert file.read_text() == '{"a": 1}'
