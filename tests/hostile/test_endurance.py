"""Mixed requests, good and bad, for as long as wanted: memory and descriptors stay where they were.

Tens of thousands of requests in CI; a million with `make test-long`. Counted, not timed: a busy
machine would have its caches filled only while the memory is measured.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from product import CALENDAR, OCCURRENCE, Product, wait_until

CALLERS = 4
WARMING = 15_000


def mixture(product: Product, seed: int) -> Iterator[tuple[bytes, set[int]]]:
    """Requests without end, and the statuses that each may get."""
    chance = random.Random(seed)
    many = {"evenement": {"occurrences": [{**OCCURRENCE, "id": str(n)} for n in range(300)]}}
    course = {
        **OCCURRENCE,
        "fuseau": "Africa/Casablanca",
        "notesHtml": "<p>Ordre du <b>jour</b><ul><li>é</ul>",
        "rappels": [{"heures": 2}, {"jours": 1}],
        "url": "https://école.example/é",
        "couleur": "#ff6350",
        "recurrence": {"frequence": "hebdomadaire", "nombre": 20},
        "exceptions": ["2026-05-19T10:00:00Z"],
    }
    rich = [
        {"evenement": {"occurrences": [course]}, "options": {"format": form}}
        for form in ("ics", "jcal", "json", "zip")
    ]
    wrong = {"evenement": {"occurrences": [{**course, "couleur": "x", "rappels": [0] * 50}]}}
    get = "GET {} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
    kinds: list[tuple[int, Callable[[], bytes], set[int]]] = [
        (60, product.generate, {200}),
        (3, lambda: product.generate(json.dumps(many).encode()), {200}),
        (3, lambda: product.generate(CALENDAR, "Accept-Encoding: gzip"), {200}),
        (4, lambda: product.generate(json.dumps(chance.choice(rich)).encode()), {200}),
        (1, lambda: product.generate(json.dumps(wrong).encode()), {400}),
        (8, lambda: product.generate(CALENDAR[: chance.randrange(len(CALENDAR))]), {400}),
        (4, lambda: product.generate(chance.randbytes(200)), {400}),
        (4, lambda: product.generate(b'{"evenement": {"occurrences": [' + b"{}," * 50 + b"1]}}"), {400}),
        (4, lambda: product.generate(key=f"rubbish{chance.random()}"), {403}),
        (2, lambda: product.generate(key=""), {401}),
        (2, lambda: product.generate(CALENDAR, "Content-Encoding: br"), {415}),
        (4, lambda: get.format(f"/nowhere/{chance.random()}").encode(), {404}),
        (3, lambda: get.format("/").encode(), {200}),
        (1, lambda: get.format("/readyz").encode(), {200}),
        (1, lambda: get.format("/metrics").encode(), {200}),
        (1, lambda: b"\0nonsense\r\n\r\n", {400}),
    ]  # fmt: skip
    weights = [weight for weight, _, _ in kinds]
    while True:
        _, make, statuses = chance.choices(kinds, weights)[0]
        yield make(), statuses


def endure(product: Product, requests: int) -> None:
    """Send so many requests, over connections that last and that do not."""
    wrong: list[object] = []

    def call(number: int) -> None:
        chance, requests_of_mine = random.Random(number), mixture(product, number)
        connection = product.connect()
        for octets, statuses in islice(requests_of_mine, requests // CALLERS):
            connection.send(octets)
            answer = connection.read()
            if answer.status not in statuses:
                wrong.append((octets[:300], answer))
            if wrong:
                break
            if answer.header("connection") == "close" or chance.random() < 0.01:
                connection.socket.close()
                connection = product.connect()
        connection.socket.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert wait_until(lambda: product.connections() == 0)


def hold(folder: Path, requests: int) -> dict[str, object]:
    with Product(folder, WORKERS=1) as product:
        endure(product, WARMING)  # caches fill, pages are written, arenas grow
        before_mib, descriptors = product.resident_mib(), product.descriptors()
        endure(product, requests)
        after_mib = product.resident_mib()

        assert wait_until(lambda: product.descriptors() <= descriptors)
        assert after_mib - before_mib < 5
        assert product.stop() == 0
    return {"requests": requests, "before_mib": before_mib, "after_mib": after_mib}


def test_memory_and_descriptors_stay_flat(tmp_path: Path) -> None:
    print(hold(tmp_path, 50_000))


@pytest.mark.long
def test_memory_and_descriptors_stay_flat_over_a_million_requests(tmp_path: Path) -> None:
    print(hold(tmp_path, 1_000_000))
