"""The costliest request within the limits, valid and invalid, found by search.

    python -m tests.hostile.costliest 60        # a minute for each of the four

A request is drawn from a recipe of genes (how many events, what fills their texts, how their
dates are written, which zone, what is wrong with them); the search keeps the dearest so far and changes a
gene or two of it. Time is processor time of `generate`, memory the growth of a fresh process's
peak; both without HTTP, which adds the reading of the body and the writing of the answer.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from icsmulti.engine.generate import generate
from icsmulti.errors import RequestFault

ROOT = Path(__file__).parents[2]
BODY_OCTETS = 5 * 1024 * 1024
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECRET = bytes(32)

TEXTS = {
    "nothing": "",
    "ASCII": "lorem ipsum ",
    "commas": ",;\\,",
    "accents": "éàùœ",
    "emoji": "🎻🎉",
    "joined emoji": "👨\u200d👩\u200d👧",
    "line breaks": "\n\r\n",
    "controls": "\x01\x7f\u202e\u200b",
    "combining": "e\u0301\u0323",
    "ideographs": "漢字",
    "spaces": "   ",
}
DATES: dict[str, Callable[[int, int], str]] = {
    "UTC": lambda n, later: f"{_year(n)}-05-12T10:{later:02}:00Z",
    "local": lambda n, later: f"{_year(n)}-05-12T10:{later:02}:00",
    "offset": lambda n, later: f"{_year(n)}-05-12T10:{later:02}:00.123456789+05:45",
    "night of change": lambda n, later: f"{_year(n)}-10-{24 + n % 8}T02:{later:02}:30",
    "day": lambda n, later: f"{_year(n)}-05-{12 + later % 9:02}",
    "long": lambda n, later: f"{_year(n)}-05-12T10:{later:02}:00." + "1" * 40 + "Z",
}
FAULTS: dict[str, Callable[[dict[str, Any], int], None]] = {
    "none": lambda event, n: None,
    "end before start": lambda event, n: event.update(dateFin="1999-01-01T00:00:00Z"),
    "no date": lambda event, n: event.update(dateFin="x" * 64),
    "same id": lambda event, n: event.update(id="1"),
    "wrong types": lambda event, n: event.update(titre=n, notes=[], lieu={}, touteLaJournee="oui"),
    "lone surrogate": lambda event, n: event.update(titre="\ud800"),
    "missing": lambda event, n: event.pop("titre"),
    "fraction": lambda event, n: event.update(rappelMinutes=1.5),
    "unknown members": lambda event, n: event.update({f"x{k}": k for k in range(20)}),
}  # fmt: skip
CHANGES = {
    "regle": "FREQ=DAILY",
    "modifications": [
        {"dateOriginale": f"{2027 + n // 28}-03-{1 + n % 28:02}T10:00:00Z"} for n in range(500)
    ],
}
RICH: dict[str, dict[str, Any]] = {
    "nothing": {},
    "rare rule": {"recurrence": {"frequence": "annuelle", "mois": [2], "joursDuMois": [29], "nombre": 10_000}},
    "daily rule": {"recurrence": {"frequence": "quotidienne", "nombre": 10_000}},
    "rule without a date": {"regle": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
    "every weekday of rank": {"regle": "FREQ=MONTHLY;BYDAY=1MO,2TU,3WE,4TH,-1FR;BYSETPOS=1,2,-1"},
    "exceptions": {
        "recurrence": {"frequence": "quotidienne", "nombre": 10_000},
        "exceptions": [f"2026-{6 + n // 28:02}-{1 + n % 28:02}T08:00:00Z" for n in range(180)],
    },
    "changes": {
        "regle": "FREQ=DAILY",
        "modifications": [
            {"dateOriginale": f"2026-05-{13 + n:02}T10:00:00Z", "titre": "autre"} for n in range(18)
        ],
    },
    "HTML": {"notesHtml": "<p>" + "<b><i><a href='https://a'>x</a>" * 300},
    "deep HTML": {"notesHtml": "<div>" * 4_000},
    "properties": {"proprietes": [{"nom": f"X-A-{n}", "valeur": ",;é" * 20} for n in range(20)]},
    "participants": {
        "organisateur": {"courriel": "a@example.org"},
        "participants": [{"courriel": f"p{n}@example.org", "nom": "É; x"} for n in range(200)],
    },
    "alarms": {"rappels": [{"minutes": n} for n in range(1, 11)]},
    "links": {"piecesJointes": [{"url": f"https://example.org/{n}", "nom": "é"} for n in range(20)]},
    "hosts": {"liens": [{"url": f"https://é{n}.example/é", "relation": "related"} for n in range(20)]},
    "long hosts": {"url": "https://" + "é.ü." * 400 + "example"},
    "relations": {"relations": [{"id": str(n)} for n in range(20)]},
    "colour": {"couleur": "#12345"},
    "place on the map": {"geo": {"latitude": 48.123456, "longitude": -2.5}},
    "conference": {"visio": {"url": "https://é.example/é", "libelle": "é,", "telephone": "+33 1 23"}},
    "short HTML": {"notesHtml": "<p>é</p>"},
    "HTML left open": {"notesHtml": "".join(f"<b title={n}>" for n in range(90)) + "<p>x" * 10_000},
    "HTML that hides its depth": {"notesHtml": "<div></x>" * 5_000},
    "HTML of brackets": {"notesHtml": "<" * 50_000},
    "dates of its own": {"datesSupplementaires": [f"{2027 + n // 28}-03-{1 + n % 28:02}T10:00" for n in range(500)]},
    "a pick of each year": {
        "regle": "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=132",
        "exceptions": ["4400-05-12T10:00:00Z"],
    },
    "many days of each year": {"regle": "FREQ=YEARLY;BYMONTHDAY=" + ",".join(map(str, range(1, 32)))},
    "a zone that lists its changes": {
        "fuseau": "America/Santiago",
        "datesSupplementaires": ["4400-01-02T10:00"],
    },
    "changes that inherit notes": CHANGES | {"notes": "é," * 25_000},
    "changes that inherit HTML": CHANGES | {"notesHtml": "<a href='https://a'>x</a>" * 1_900},
    "changes that inherit participants": CHANGES | {
        "organisateur": {"courriel": "a@example.org"},
        "participants": [{"courriel": f"p{n}@example.org"} for n in range(200)],
    },
    "wrong participants": {"participants": [0] * 990},
    "too many participants": {"participants": [0] * 50_000},
    "wrong days": {"recurrence": {"frequence": "annuelle", "jours": ["X"] * 740}},
    "wrong in changes": {
        "regle": "FREQ=DAILY",
        "modifications": [{"dateOriginale": "x", "rappels": [0] * 990}] * 500,
    },
    "wrong parameters": {
        "proprietes": [{"nom": "X-A-B", "valeur": "a", "parametres": {f"a{n}": 0 for n in range(990)}}]
    },
    "all wrong": {
        "fuseau": "Europe/X", "url": "é", "statut": "x", "couleur": "#1", "categories": [""],
        "priorite": 11, "geo": {"latitude": 1}, "rappels": [{}], "creeLe": "x", "visio": {},
        "contact": 1, "notesHtml": "<div>" * 200,
    },
}  # fmt: skip
GENES: dict[str, list[Any]] = {
    "events": [1, 100, 1_000, 3_000, 10_000],
    "title": list(TEXTS)[1:],
    "title_chars": [1, 20, 80, 1_000],
    "notes": list(TEXTS),
    "notes_chars": [0, 50, 400, 5_000, 50_000],
    "place": list(TEXTS),
    "place_chars": [0, 20, 200, 2_000],
    "id_chars": [1, 40, 1_000],
    "dates": list(DATES),
    "years": [1, 10, 400],
    "all_day": [False, True],
    "alarm": [None, 0, 15, 525_599],
    "rich": list(RICH),
    "format": ["", "jcal", "zip", "json"],
    "methode": ["", "REQUEST", "AUCUNE"],
    "zones": ["one", "one each", "two each"],
    "zone": ["Europe/Paris", "America/Sao_Paulo", "Africa/Casablanca", "UTC", "Asia/Kathmandu", ""],
    "fault": list(FAULTS),
    "faulty": ["all", "last"],
    "ascii": [False, True],
}
Recipe = dict[str, Any]

SHAPES: dict[str, Callable[[], bytes]] = {
    "a million empty events": lambda: _filled(b'{"evenement":{"occurrences":[', b"{},", b"{}]}}"),
    "a million empty lists": lambda: _filled(b'{"evenement":{"occurrences":[', b"[],", b"[]]}}"),
    "numbers beside the events": lambda: _filled(_beside() + b"[", b"1,", b"1]}"),
    "lists beside the events": lambda: _filled(_beside() + b"[", b"[],", b"[]]}"),
    "members beside the events": lambda: _filled(_beside() + b"{", b'"%d":1,', b'"":1}}'),
    "objects beside the events": lambda: _filled(_beside() + b"[", b'{"":{}},', b"0]}"),
    "deep lists beside the events": lambda: _filled(_beside() + b"[", b"[" * 900 + b"]" * 900 + b",", b"0]}"),
    "a number of five million digits": lambda: _filled(_beside(), b"9", b"}"),
    "escapes alone": lambda: _filled(_beside() + b'"', b"\\u00e9", b'"}'),
    "brackets alone": lambda: b"[" * BODY_OCTETS,
    "white space": lambda: b" " * BODY_OCTETS,
    "series whose dates are all changed and wrong": lambda: _changed({"titre": 5}, {"url": "x", "rappels": [0] * 8}),
    "series whose changed dates inherit what is wrong": lambda: _changed({"participants": [0] * 900}, {}),
    "a string that never ends": lambda: b'{"' + b"a" * (BODY_OCTETS - 2),
}  # fmt: skip
"""Bodies that no recipe makes: as large as they may be, and empty of events."""


def _beside() -> bytes:
    event = {"id": "1", "titre": "a", "dateDebut": "2026-05-12", "dateFin": "2026-05-12"}
    return json.dumps({"evenement": {"occurrences": [event]}}).encode()[:-1] + b', "x": '


def _changed(series: dict[str, Any], change: dict[str, Any]) -> bytes:
    """As many changed dates as one request may have."""
    dates = CHANGES["modifications"][:-1]
    event = {
        "titre": "a",
        "dateDebut": "2026-05-12T10:00:00Z",
        "dateFin": "2026-05-12T11:00:00Z",
        "regle": "FREQ=DAILY",
        "modifications": [date | change for date in dates],
    }
    events = [event | series | {"id": str(n)} for n in range(20)]
    return json.dumps({"evenement": {"occurrences": events}}).encode()


def _filled(begin: bytes, piece: bytes, end: bytes) -> bytes:
    times = (BODY_OCTETS - len(begin) - len(end)) // (len(piece) + 5 * (b"%d" in piece))
    middle = b"".join(piece % n for n in range(times)) if b"%d" in piece else piece * times
    return begin + middle + end


ZONES = sorted(name for name in available_timezones() if name.count("/") == 1)

_years = 1


def _year(n: int) -> int:
    return 2_026 + n % _years


def _zones(how: str, n: int) -> dict[str, str]:
    names = ("fuseau", "fuseauFin")[: ("one", "one each", "two each").index(how)]
    return {name: ZONES[(n + i) % len(ZONES)] for i, name in enumerate(names)}


def body_of(recipe: Recipe) -> bytes:
    """The request of a recipe; as many events as fit the body's limit."""
    global _years  # noqa: PLW0603 - the date recipes are plain functions
    _years = recipe["years"]
    texts = {
        member: (TEXTS[recipe[gene]] * (recipe[f"{gene}_chars"] // 2 + 1))[
            : recipe[f"{gene}_chars"]
        ]
        for gene, member in (("title", "titre"), ("notes", "notes"), ("place", "lieu"))
    }
    events: list[dict[str, Any]] = []
    octets = 200
    for n in range(recipe["events"]):
        event: dict[str, Any] = {
            "id": str(n).rjust(recipe["id_chars"], "x"),
            **texts,
            "dateDebut": DATES[recipe["dates"]](n, 0),
            "dateFin": DATES[recipe["dates"]](n, 59),
            "touteLaJournee": recipe["all_day"],
            "rappelMinutes": recipe["alarm"],
            **RICH[recipe["rich"]],
            **_zones(recipe["zones"], n),
        }
        if "couleur" in event:
            event["couleur"] += f"{n % 10}"
        if recipe["faulty"] == "all" or n == recipe["events"] - 1:
            FAULTS[recipe["fault"]](event, n)
        octets += (
            len(json.dumps(event, ensure_ascii=recipe["ascii"]).encode("utf-8", "surrogatepass"))
            + 2
        )
        if octets > BODY_OCTETS:
            break
        events.append(event)
    options = {"fuseau": recipe["zone"], "format": recipe["format"], "methode": recipe["methode"]}
    request = {"evenement": {"occurrences": events}, "options": options}
    text = json.dumps(request, ensure_ascii=recipe["ascii"] or recipe["fault"] == "lone surrogate")
    return text.encode()


def cost_of(body: bytes, times: int = 2) -> tuple[float, bool]:
    """Processor seconds, the best of some times, and whether a calendar came of it."""
    spent, valid = [], True
    for _ in range(times):
        begin = time.process_time()
        try:
            generate(body, uid_secret=SECRET, now=NOW)
        except RequestFault:
            valid = False
        spent.append(time.process_time() - begin)
    return min(spent), valid


def plain(**genes: Any) -> Recipe:
    """As many small events as there may be, but for some genes."""
    return {gene: values[0] for gene, values in GENES.items()} | {"events": 10_000} | genes


def search(valid: bool, seconds: float, rich: bool, seed: int = 1) -> tuple[float, Recipe]:
    """The dearest recipe found in time whose requests are valid, or are not.

    *rich*: with the members beyond the published ones, or without.
    """
    chance = random.Random(seed)
    best_s, best = 0.0, {}
    waiting = [plain(fault=fault) for fault in FAULTS]
    if rich:
        waiting += [plain(format=form) for form in GENES["format"]]
        waiting += [plain(zones=zones) for zones in GENES["zones"]]
    if rich and seconds > 30:  # in a shorter search the tests look at each by itself
        waiting += [plain(rich=kind, methode="AUCUNE") for kind in RICH]
    end = time.monotonic() + seconds
    while waiting or time.monotonic() < end:
        recipe = {gene: chance.choice(values) for gene, values in GENES.items()}
        if waiting:
            recipe = waiting.pop()
        elif best and chance.random() < 0.8:
            changed = chance.sample(list(GENES), chance.randint(1, 3))
            recipe = best | {gene: recipe[gene] for gene in changed}
        if not rich:
            recipe |= {"rich": "nothing", "format": "", "methode": "", "zones": "one"}
        if valid and recipe["fault"] != "unknown members":
            recipe["fault"] = "none"
        body = body_of(recipe)
        spent_s, is_valid = cost_of(body, times=1)
        if is_valid is valid and spent_s > best_s:
            spent_s = min(spent_s, cost_of(body, times=1)[0])
        if is_valid is valid and spent_s > best_s:
            best_s, best = spent_s, recipe
    return best_s, best


def peak_mib(body: bytes) -> float:
    """How much a fresh process's peak grows by this request."""
    return measured(body)[1]


def measured(body: bytes) -> tuple[float, float]:
    """What this request costs a fresh process: seconds of processor, MiB of its peak."""
    program = (
        "import sys; from tests.hostile.costliest import measure; measure(sys.stdin.buffer.read())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], input=body, capture_output=True, check=True, cwd=ROOT
    )
    spent_s, mib = map(float, ended.stdout.split())
    return spent_s, mib


def measure(body: bytes) -> None:
    generate(_beside() + b"0}", uid_secret=SECRET, now=NOW)  # tables and caches are made
    before = _peak_kib()
    spent_s, _ = cost_of(body, times=1)
    print(spent_s, (_peak_kib() - before) / 1024)


def _peak_kib() -> int:
    # Not ru_maxrss: that one begins with the peak of whoever started the process.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    print("| request | processor time | memory | what it is |\n|---|---|---|---|")
    for kind, rich in (("valid", False), ("invalid", False), ("valid", True), ("invalid", True)):
        spent_s, recipe = search(kind == "valid", seconds, rich)
        body = body_of(recipe)
        said = ", ".join(f"{gene} {value}" for gene, value in recipe.items())
        print(
            f"| {kind} | {spent_s:.2f} s | {peak_mib(body):.0f} MiB | {len(body) / 1e6:.1f} MB: {said} |"
        )
    for name, make in SHAPES.items():
        body = make()
        print(
            f"| shape | {cost_of(body)[0]:.2f} s | {peak_mib(body):.0f} MiB | {name} |", flush=True
        )


if __name__ == "__main__":
    main()
