"""Rich requests at random: refused exactly when a fault is found, and never a line out of place."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich_requests import NOW, SECRET, event, make

from conformance import judge
from conformance.readers import jcal as readers
from icsmulti.engine import faults
from icsmulti.engine.answer.jcal import jcal
from icsmulti.engine.generate import generate
from icsmulti.engine.request import DEFAULT_BOUNDS, RICH_MEMBERS
from icsmulti.errors import InvalidRequest

thorough = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
URL = "https://exemple.fr/a?b=c,d;e"

# One good value for each member; what a test changes, it changes here.
RICH: dict[str, Any] = {
    "fuseau": "America/New_York",
    "fuseauFin": "Europe/Paris",
    "rappels": [{"minutes": 15, "avant": "fin", "message": "m"}, {"jours": 1}],
    "url": URL,
    "categories": ["a", "b"],
    "statut": "confirme",
    "disponibilite": "absent",
    "visibilite": "prive",
    "priorite": 3,
    "geo": {"latitude": 48.5, "longitude": 2},
    "sequence": 2,
    "creeLe": "2026-01-01",
    "modifieLe": "2026-01-02",
    "organisateur": {"courriel": "a@exemple.fr", "nom": "A", "enNomDe": "b@exemple.fr"},
    "participants": [{"courriel": "c@exemple.fr", "nom": "C", "role": "requis", "type": "salle"}],
    "couleur": "tomato",
    "visio": {"url": URL, "libelle": "v", "fonctions": ["audio"], "telephone": "+33 1"},
    "piecesJointes": [{"url": URL, "nom": "n", "type": "a/b", "taille": 1}],
    "notesHtml": "<p>x</p>",
    "image": {"url": URL, "type": "image/png", "usage": "badge"},
    "liens": [{"url": URL, "relation": "related", "titre": "t", "type": "a/b"}],
    "contact": "c",
    "relations": [{"id": "2", "type": "parent"}],
    "proprietes": [{"nom": "X-EX-A", "valeur": "v", "type": "texte", "parametres": {"X-P": "p"}}],
}
CALENDAR: dict[str, Any] = {
    "nom": "n",
    "description": "d",
    "couleur": "#123456",
    "actualisation": 60,
    "source": URL,
    "url": URL,
    "identifiant": "i",
    "fuseauAffiche": True,
    "proprietes": [{"nom": "X-EX-B", "valeur": "w"}],
}


def full() -> dict[str, Any]:
    """A good request with every member."""
    occurrence = event(
        **RICH, notes="n", lieu="l", dateDebut="2026-05-12T10:00Z", dateFin="2026-05-12T12:00Z"
    )
    options = {"fuseau": "Asia/Tokyo", "methode": "AUCUNE", "calendrier": CALENDAR}
    return copy.deepcopy({"evenement": {"occurrences": [occurrence]}, "options": options})


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every member and item inside."""
    inside = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    return [path] * bool(path) + [p for key, one in inside for p in places(one, (*path, key))]


PLACES = [path for path in places(full()) if len(path) > 1]


def put(data: Any, path: tuple, value: Any) -> None:
    *way, last = path
    try:
        for step in way:
            data = data[step]
        data[last] = value
    except (TypeError, KeyError, IndexError):
        return  # an earlier change took the place away


VALUES = st.sampled_from(
    [
        *(None, True, False, "", " ", "\n", "x", "x" * 300, "x" * 2_100, "15", "\ufeff", "Z"),
        *(0, 1, -1, 15.0, 7.5, -0.0, 525_601, 10**12, 1e300, 2**31, 2**64),
        *([], [None], {}, {"a": 1}, [[]], [{}], ["x"], ["audio"], [{"minutes": 1}]),
        *("2026-05-12", "2026-05-12T10:00", "1600-01-01", "4501-01-01", "P1D", "PT1H", "P1M"),
        *("Europe/Paris", "UTC", "CEST", "America/Santiago", "zip", "json", "PUBLISH", "REQUEST"),
        *("https://a.fr", "http://", "javascript:x", "mailto:a@b.fr", "a@b.fr", "X-EX-C", "X-WR-A"),
        *("confirme", "annule", "libre", "prive", "uri", "entier", "booleen", "date", "dateHeure"),
        *("<script>x</script>", "<p>", "#000000", "application/pdf", "fin", "audio", "parent"),
    ]
)
changes = st.lists(st.tuples(st.sampled_from(PLACES), VALUES), max_size=4)


@thorough
@given(changes)
def test_a_request_is_refused_exactly_when_a_fault_is_found(changed):
    data = full()
    for path, value in changed:
        put(data, path, copy.deepcopy(value))
    body = json.dumps(data).encode()

    found = told(lambda: faults.examine(copy.deepcopy(data), DEFAULT_BOUNDS))
    refused = told(lambda: generate(body, uid_secret=SECRET, now=NOW))

    assert refused == found
    assert found is None or found


@thorough
@given(changes)
def test_what_is_accepted_makes_a_good_file(changed):
    data = full()
    for path, value in changed:
        put(data, path, copy.deepcopy(value))
    if isinstance(data["options"], dict):
        data["options"].pop("format", None)
    body = json.dumps(data).encode()
    if told(lambda: generate(body, uid_secret=SECRET, now=NOW)) is None:
        made = generate(body, uid_secret=SECRET, now=NOW)
        assert judge.complaints(made.data, published=False) == []


def told(ask) -> list | None:
    try:
        ask()
    except InvalidRequest as refusal:
        return [(fault.code, fault.path) for fault in refusal.faults]
    return None


def test_every_member_is_in_the_request_of_these_tests():
    assert set(RICH_MEMBERS) - set(RICH) <= {
        *("duree", "recurrence", "regle", "exceptions", "datesSupplementaires", "modifications")
    }


def test_a_request_of_every_member_is_good():
    assert told(lambda: faults.examine(full(), DEFAULT_BOUNDS)) is None


# What could end a line, a parameter, a value or a component, and begin another.
EVIL = [
    *("\r\nEVIL:1", "\nEVIL:1", "\rEVIL:1", "\u2028EVIL:1", "\u2029EVIL:1", "\x85EVIL:1"),
    *("\x0bEVIL:1", "\x0cEVIL:1", "\x00EVIL:1", "\r\n EVIL:1", "\r\nEND:VEVENT\r\nEVIL:1"),
    *('"EVIL:1', '";EVIL=1:', ":EVIL:1", ";EVIL=1", ",EVIL", "\\", "\\nEVIL:1", "^nEVIL:1", "^'"),
    *("%0D%0AEVIL:1", "&#13;&#10;EVIL:1", "<br>EVIL:1", "\ufeffEVIL:1", "x\r\nEVIL:1\r\nX:"),
]


def shape(data: bytes) -> list[str]:
    """The names of all lines and of their parameters, in order."""
    found = []
    for line in data.decode().removesuffix("\r\n").replace("\r\n ", "").split("\r\n"):
        assert not set(line) & set("\r\n\x00\x0b\x0c\x85\u2028\u2029"), line
        name, quoted = "", False
        for character in line:
            quoted ^= character == '"'
            if character == ":" and not quoted:
                break
            name += character
        found.append(name.partition(";")[0])
    return found


def strings(value: Any, path: tuple = ()) -> list[tuple]:
    if isinstance(value, str):
        return [path]
    inside = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    return [p for key, one in inside for p in strings(one, (*path, key))]


def at(data: Any, path: tuple) -> Any:
    for step in path:
        data = data[step]
    return data


@pytest.mark.parametrize("path", strings(full()), ids=lambda path: ".".join(map(str, path[1:])))
def test_no_member_can_break_out_of_its_line(path):
    plain = shape(generate(json.dumps(full()).encode(), uid_secret=SECRET, now=NOW).data)
    accepted = []

    for evil in EVIL:
        for text in (evil, at(full(), path) + evil, evil + at(full(), path)):
            data = full()
            put(data, path, text)
            body = json.dumps(data).encode()
            if told(lambda body=body: generate(body, uid_secret=SECRET, now=NOW)) is None:
                accepted.append(generate(body, uid_secret=SECRET, now=NOW).data)

    for data in accepted:
        names = shape(data)
        # A text that is nothing but what is dropped leaves its line out; none is ever added.
        assert [name for name in names if "EVIL" in name] == []
        assert len(names) <= len(plain) or set(names) - set(plain) <= {"X-ALT-DESC"}
        assert judge.complaints(data, published=False) == []


def test_no_parameter_name_of_a_property_can_break_out():
    for evil in EVIL:
        property_ = {"nom": "X-EX-A", "valeur": "v", "parametres": {f"X-P{evil}": "p"}}
        body = event(proprietes=[property_])
        assert told(lambda body=body: make(body)) is not None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=90)


@pytest.mark.parametrize("reader", ["icaljs", "icalendar"])
def test_readers_read_random_texts_back(reader):
    files: list[bytes] = []

    @settings(
        max_examples=60, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(texts, texts, texts, texts)
    def collect(contact, name, label, value):
        members = {
            "contact": contact,
            "categories": [f"c{name}"],
            "organisateur": {"courriel": "a@exemple.fr", "nom": name},
            "visio": {"url": URL, "libelle": label},
            "proprietes": [{"nom": "X-EX-A", "valeur": f"v{value}", "parametres": {"X-P": label}}],
            "rappels": [{"minutes": 5, "message": value}],
        }
        if told(lambda: make(event(**members))) is None:
            files.append(make(event(**members)).data)

    collect()
    theirs = getattr(readers, reader)(files)

    for data, their in zip(files, theirs, strict=True):
        assert readers.alike(their) == readers.alike(json.loads(jcal(data.decode())))
