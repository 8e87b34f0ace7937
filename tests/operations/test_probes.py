"""/livez, /readyz, /metrics and `icsmulti check`, of real servers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from icsmulti import TZDATA_VERSION
from product import Product, stopped, wait_until


def get(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: test", *lines, "", ""]).encode()


def counts(product: Product, *lines: str) -> dict[str, float]:
    """Every sample of /metrics, by its name and labels as they are written; else 0."""
    answer = product.ask(get("/metrics", *lines))
    assert answer.status == 200
    return defaultdict(
        float,
        {
            sample.name
            + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.body.decode())
            for sample in family.samples
        },
    )


def check(product: Product) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("icsmulti"), "check"],
        env=product.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_alive_and_ready_with_the_version_of_the_zones(product: Product) -> None:
    alive, ready = product.ask(get("/livez")), product.ask(get("/readyz"))

    assert (alive.status, alive.json) == (200, {"status": "alive"})
    assert ready.status == 200
    assert ready.json["status"] == "ready"
    assert ready.json["store"] == "sqlite"
    assert ready.json["tzdata"] == TZDATA_VERSION
    assert ready.header("cache-control") == "no-store"


def test_alive_but_not_ready_while_the_store_is_away(tmp_path: Path) -> None:
    product = Product(tmp_path, STORE="redis://127.0.0.1:1")
    product.start()
    try:
        alive, ready = product.ask(get("/livez")), product.ask(get("/readyz"))
        refused = product.ask(product.generate(key="icsm_0000000000_" + "0" * 38))
        up = counts(product)["icsmulti_store_up"]
    finally:
        product.kill()

    assert alive.status == 200
    assert (ready.status, ready.json["status"]) == (503, "unavailable")
    assert ready.header("retry-after") == "1"
    assert refused.status == 403  # of wrong checksum: nobody is asked
    assert up == 0


@pytest.mark.parametrize("workers", [1, 3])
def test_the_counts_are_those_of_all_workers_together(tmp_path: Path, workers: int) -> None:
    with Product(tmp_path, WORKERS=workers) as product:
        for _ in range(30):
            product.ask(product.generate())
        product.ask(product.generate(b"{"))
        product.ask(product.generate(key=""))
        product.ask(b"nonsense\r\n\r\n")
        generate = "icsmulti_request_duration_seconds_count /api/generate"
        expected = {
            f"{generate} 200": 30,
            f"{generate} 400": 1,
            f"{generate} 401": 1,
            "icsmulti_request_duration_seconds_bucket +Inf /api/generate 200": 30,
            "icsmulti_request_occurrences_sum": 30,
            "icsmulti_refused_connections_total bad-request": 1,
            "icsmulti_store_up": 1,
        }
        found: dict[str, float] = {}

        def all_are_told() -> bool:  # workers tell one another every second, whoever is asked
            found.update(counts(product))
            return {name: found.get(name, 0) for name in expected} == expected

        wait_until(all_are_told)

    assert {name: found.get(name, 0) for name in expected} == expected
    assert f"icsmulti_build_info {TZDATA_VERSION} 1.0.0" in found


def test_no_count_falls_when_a_worker_dies(tmp_path: Path) -> None:
    generate = "icsmulti_request_duration_seconds_count /api/generate 200"
    with Product(tmp_path, WORKERS=2) as product:
        assert wait_until(lambda: len(product.workers()) == 2)
        for _ in range(20):
            product.ask(product.generate())

        def has_told(pid: int) -> bool:
            with stopped(pid):  # so the other one is asked
                return counts(product)[generate] == 20

        for pid in product.workers():
            assert wait_until(lambda pid=pid: has_told(pid))
        product.kill_workers(*product.workers())
        product.ask(product.generate())

        assert wait_until(lambda: counts(product)[generate] == 21)


def test_limits_reached_are_counted_by_which(tmp_path: Path) -> None:
    with Product(tmp_path, LIMIT_PER_MINUTE=2) as product:
        statuses = [product.ask(product.generate()).status for _ in range(4)]
        found = counts(product)

    assert statuses == [200, 200, 429, 429]
    assert found["icsmulti_limits_reached_total minute"] == 2


def test_addresses_that_nobody_asked_for_make_no_series_of_their_own(product: Product) -> None:
    for number in range(20):
        product.ask(get(f"/nowhere-{number}"))

    assert not any("nowhere" in name for name in counts(product))


def test_metrics_are_for_the_addresses_of_the_setting_alone(tmp_path: Path) -> None:
    settings = {"TRUSTED_PROXIES": "127.0.0.0/8", "METRICS_ALLOW": "192.0.2.0/24"}
    with Product(tmp_path, **settings) as product:
        stranger = product.ask(get("/metrics"))
        beyond_the_proxy = product.ask(get("/metrics", "X-Forwarded-For: 192.0.2.7, 198.51.100.1"))
        monitor = counts(product, "X-Forwarded-For: 198.51.100.1, 192.0.2.7")

    assert stranger.status == beyond_the_proxy.status == 404
    assert monitor["icsmulti_store_up"] == 1


def test_a_check_before_a_deployment_finds_nothing_wrong_with_good_settings(tmp_path: Path) -> None:
    product = Product(tmp_path)
    product.new_key()

    ended = check(product)

    assert ended.returncode == 0
    assert ended.stderr == ""
    assert TZDATA_VERSION in ended.stdout


def test_a_check_says_what_to_do_about_each_thing_that_is_wrong(tmp_path: Path) -> None:
    with Product(tmp_path) as running:
        store = "redis://operator:secret@127.0.0.1:1"
        ended = check(Product(tmp_path, PORT=running.port, STORE=store))

    assert ended.returncode == 1
    assert "ICSMULTI_PORT" in ended.stderr
    assert "ICSMULTI_STORE" in ended.stderr
    assert "secret" not in ended.stdout + ended.stderr


def test_an_ipv6_address_is_told_apart_from_its_port(tmp_path: Path) -> None:
    ended = check(Product(tmp_path, HOST="::1"))

    assert " [::1]:0 " in ended.stdout


def test_a_slip_in_a_setting_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    ended = check(Product(tmp_path, LIMIT_PER_MINUT=5))

    assert ended.returncode == 1
    assert re.search("ICSMULTI_LIMIT_PER_MINUTE", ended.stderr)
