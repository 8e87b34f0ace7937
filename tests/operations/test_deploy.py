"""What `deploy/` holds, tried as far as a machine without systemd or a container engine allows."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from icsmulti import settings
from product import (
    CALENDAR,
    OCCURRENCE,
    PATIENCE_S,
    Answer,
    Connection,
    Product,
    free_port,
    wait_until,
)

DEPLOY = Path(__file__).parents[2] / "deploy"


def needs(command: str, package: str) -> str:
    """The path of a command; without it the test fails under CI and is left out elsewhere."""
    found = shutil.which(command, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if found:
        return found
    message = f"{command} is not installed: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with the program of this checkout."""
    text = (DEPLOY / "icsmulti.service").read_text()
    ours = str(Path(sys.executable).with_name("icsmulti"))
    copy = tmp_path / "icsmulti.service"
    copy.write_text(text.replace("/opt/icsmulti/.venv/bin/icsmulti", ours))
    return copy


def test_systemd_understands_every_line_of_the_unit(unit: Path) -> None:
    analyze = needs("systemd-analyze", "systemd")

    ended = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )

    assert ended.stderr == ""
    assert ended.returncode == 0


def test_systemd_calls_the_unit_hardened(unit: Path) -> None:
    analyze = needs("systemd-analyze", "systemd")

    ended = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout  # 2.0 of 10 at the most; 10 is no protection


def test_the_unit_lets_the_counters_see_that_the_machine_restarted(unit: Path) -> None:
    assert "ProcSubset=pid" not in unit.read_text().splitlines()  # it hides the boot's id


def test_the_settings_of_the_unit_are_settings(unit: Path) -> None:
    environment = dict(re.findall(r"^Environment=(\w+)=(.*)$", unit.read_text(), re.MULTILINE))

    assert settings.read(environment).store == "sqlite:///var/lib/icsmulti/keys.db"


def test_the_container_runs_as_nobody_with_settings_that_are_settings() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    environment = dict(re.findall(r"(ICSMULTI_\w+)=(\S+)", text))

    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["65532:65532"]
    assert settings.read(environment).store == "sqlite:///data/keys.db"


def test_everything_that_the_container_copies_is_there() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)

    names = [name for line in copied for name in line.split()]

    assert "requirements/serve.txt" in names
    assert all((DEPLOY.parent / name).exists() for name in names)


def test_the_containers_health_check_tells_a_server_that_answers(product: Product) -> None:
    text = (DEPLOY / "Containerfile").read_text()
    (line,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    command = [sys.executable, *json.loads(line)[1:]]

    def status(port: int) -> int:
        ours = [part.replace("8000", str(port)) for part in command]
        return subprocess.run(ours, capture_output=True, check=False).returncode

    assert status(product.port) == 0
    assert status(free_port()) != 0


def contained(folder: Path, *arguments: str) -> list[str]:
    """A command line as the container runs it: its user, no rights, and a root that is read-only.

    What an engine does with an image, by hand: a mount namespace of its own, in which *folder*
    alone can be written.
    """
    unshare, setpriv = needs("unshare", "util-linux"), needs("setpriv", "util-linux")
    (user,) = re.findall(r"^USER (\d+):\1$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    program = Path(sys.executable).with_name("icsmulti")
    shut = f"mount --bind {folder} {folder} && mount -o remount,bind,ro / && exec "
    rights = (
        f"{setpriv} --reuid={user} --regid={user} --clear-groups --no-new-privs --bounding-set=-all"
    )
    return [unshare, "--mount", "sh", "-c", f'{shut}{rights} {program} "$@"', "sh", *arguments]


def test_in_a_read_only_root_nobody_serves_and_makes_keys_and_writes_one_folder(
    tmp_path: Path,
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    folder = tmp_path / "data"
    folder.mkdir()
    os.chown(folder, 65_532, 65_532)
    for parent in (tmp_path, *tmp_path.parents[:3]):  # pytest's folders are its owner's alone
        parent.chmod(parent.stat().st_mode | 0o055)
    text = (DEPLOY / "Containerfile").read_text()
    product = Product(folder, PORT=free_port())
    environment = product.environment | dict(re.findall(r"(ICSMULTI_\w+)=(\S+)", text))
    environment |= {"HOME": "/nonexistent", "ICSMULTI_STORE": str(product.store)}
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)

    process = subprocess.Popen(
        contained(folder, "serve"),
        env=environment,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        assert str(product.port) in process.stderr.readline()
        made = subprocess.run(
            contained(folder, "keys", "create", "--label", "test"),
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        outward = subprocess.run(
            contained(folder, "keys", "backup", str(outside / "keys.db")),
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        calendar = product.ask(product.generate(key=made.stdout.strip()))
        (name,) = re.findall(r"^STOPSIGNAL (\w+)$", text, re.MULTILINE)
        process.send_signal(getattr(signal, name))
        status = process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.communicate()

    assert calendar.status == 200
    assert status == 0
    assert outward.returncode == 1
    assert list(outside.iterdir()) == []
    assert folder / "keys.db" in folder.iterdir()
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


@contextlib.contextmanager
def running(command: list[object], port: int, folder: Path) -> Iterator[int]:
    """A proxy in the foreground, until its port answers."""
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    try:
        assert wait_until(lambda: process.poll() is not None or is_listening(port))
        assert process.poll() is None, (folder / "proxy.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
        return True
    return False


@contextlib.contextmanager
def nginx(product: Product, folder: Path) -> Iterator[int]:
    command, port = needs("nginx", "nginx-light"), free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    text = text[: text.index("server {\n    listen 80;")]  # the redirection needs port 80
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{product.port}")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"\n    (listen \[::\]|ssl_)[^\n]*", "", text)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nuser root;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{text}\n}}\n"
    )
    arguments = [command, "-c", folder / "nginx.conf", "-p", folder]
    if os.getuid() != 0:
        (folder / "nginx.conf").write_text(
            (folder / "nginx.conf").read_text().replace("user root;\n", "")
        )
    with running(arguments, port, folder):
        yield port


@contextlib.contextmanager
def caddy(product: Product, folder: Path) -> Iterator[int]:
    command, port = needs("caddy", "caddy"), free_port()
    text = (DEPLOY / "Caddyfile").read_text()
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{product.port}")
    text = text.replace("\nics.example.org {", f"\nhttp://127.0.0.1:{port} {{")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    arguments = [command, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]
    with running(arguments, port, folder):
        yield port


PROXIES = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(params=PROXIES)
def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Product, int]]:
    """A server that trusts its proxy, and the proxy's port."""
    with Product(tmp_path, TRUSTED_PROXIES="127.0.0.1/32", LOG_ADDRESS="full") as product:
        folder = tmp_path / "proxy"
        folder.mkdir()
        with PROXIES[request.param](product, folder) as port:
            yield product, port


def through(port: int, octets: bytes) -> Answer:
    with Connection(port) as connection:
        with contextlib.suppress(ConnectionError):  # refused before all was sent
            connection.send(octets.replace(b"Host: test", b"Host: 127.0.0.1:%d" % port))
        answer = http.client.HTTPResponse(connection.socket)  # a proxy may answer in chunks
        answer.begin()
        return Answer(answer.status, answer.getheaders(), answer.read())


def test_a_proxy_hands_requests_on_and_keeps_what_is_internal(proxied: tuple[Product, int]) -> None:
    product, port = proxied
    many = [{**OCCURRENCE, "id": str(n), "notes": "x" * 1_000} for n in range(4_500)]
    large = json.dumps({"evenement": {"occurrences": many}}).encode()
    assert len(large) > 4.9e6

    calendar = through(port, product.generate())
    generated = through(port, product.generate(large))
    too_large = through(port, product.generate(large + b" " * 600_000))
    metrics = through(port, b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")

    assert calendar.status == generated.status == 200
    assert calendar.body.startswith(b"BEGIN:VCALENDAR")
    assert generated.body.count(b"BEGIN:VEVENT") == 4_500
    assert (too_large.status, too_large.json["code"]) == (413, "too-large")
    assert metrics.status == 404


def test_behind_a_proxy_nobody_chooses_his_own_address(proxied: tuple[Product, int]) -> None:
    product, port = proxied

    through(port, product.generate(CALENDAR, "X-Forwarded-For: 203.0.113.9"))

    (line,) = (line for line in product.lines() if line["event"] == "request")
    assert line["address"] == "127.0.0.1"
