"""Any members together, a series' among them: read back by others, and never a line out of place."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import judge
from conformance.readers import jcal as readers
from engine.rich_requests import event, make
from engine.test_rich_properties import EVIL, shape
from icsmulti.engine.request import RICH_MEMBERS

URL = "https://exemple.fr/a?b=c,d;e"

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(st.sampled_from([*EVIL, "é", "🎻", ",", ";", ":", " "]), max_size=6).map("".join),
)
said = texts.map(lambda text: f"c{text}")
"""A text that is never empty, whatever is cleaned away."""
mail = st.sampled_from(["a@exemple.fr", "jean.d'ormesson+x@exemple.fr"])
kept = st.fixed_dictionaries

MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "fuseau": st.sampled_from(["America/New_York", "Asia/Tokyo", "UTC"]),
    "fuseauFin": st.sampled_from(["Europe/Dublin", "Asia/Kolkata", "UTC"]),
    "rappels": st.lists(
        st.sampled_from([{"minutes": 5}, {"heures": 2}, {"jours": 1}, {"minutes": 9, "avant": "fin"}]),
        min_size=1,
        max_size=4,
        unique_by=str,
    ).flatmap(lambda all_: said.map(lambda text: [{**each, "message": text} for each in all_])),
    "url": st.just(URL),
    # No backslash ends one: ical.js takes the comma behind it, between two categories, for escaped.
    "categories": st.lists(said.map(lambda text: f"{text}c"), min_size=1, max_size=3),
    "statut": st.sampled_from(["confirme", "provisoire", "annule"]),
    "disponibilite": st.sampled_from(["occupe", "libre", "provisoire", "absent", "ailleurs"]),
    "visibilite": st.sampled_from(["public", "prive", "confidentiel"]),
    "priorite": st.integers(0, 9),
    "geo": st.just({"latitude": 48.5, "longitude": -2}),
    "sequence": st.integers(0, 9),
    "creeLe": st.just("2026-01-01"),
    "modifieLe": st.just("2026-01-02T10:00Z"),
    "duree": st.sampled_from(["PT1H30M", "P1D", "P1W"]),
    "recurrence": st.sampled_from(
        [
            {"frequence": "hebdomadaire", "jours": ["MA"]},
            {"frequence": "hebdomadaire", "nombre": 9},
            {"frequence": "quotidienne", "jusquA": "2026-12-31"},
        ]
    ),
    "regle": st.sampled_from(["FREQ=WEEKLY;BYDAY=TU", "FREQ=DAILY;UNTIL=20261231"]),
    "exceptions": st.just(["2026-05-26T10:00"]),
    "datesSupplementaires": st.just(["2026-05-20T11:00"]),
    "modifications": kept(
        {"dateOriginale": st.just("2026-05-19T10:00"), "titre": said, "lieu": texts},
        optional={"dateDebut": st.just("2026-05-21T08:00"), "url": st.just(URL)},
    ).map(lambda change: [change]),
    "organisateur": kept({"courriel": mail, "nom": texts, "enNomDe": mail}),
    "participants": kept({"courriel": mail, "nom": texts}).map(lambda one: [one]),
    "couleur": st.sampled_from(["tomato", "#123456"]),
    "visio": kept({"url": st.just(URL), "libelle": texts, "telephone": st.just("+33 1")}),
    "piecesJointes": kept({"url": st.just(URL), "nom": texts}).map(lambda one: [one]),
    "notesHtml": said.map(lambda text: f"<p>{text}</p>"),
    "image": st.just({"url": URL, "type": "image/png"}),
    "liens": kept({"url": st.just(URL), "relation": st.just("related"), "titre": texts}).map(
        lambda one: [one]
    ),
    "contact": texts,
    "relations": kept({"id": said}).map(lambda one: [one]),
    "proprietes": kept(
        {"nom": st.just("X-EX-A"), "valeur": said, "parametres": kept({"X-P": texts})}
    ).map(lambda one: [one]),
}  # fmt: skip
SERIES = ("recurrence", "regle", "exceptions", "datesSupplementaires", "modifications")
PUBLISHED = kept({"titre": said, "notes": texts, "lieu": texts})


@st.composite
def requests(draw):
    """An event of any members that do not contradict each other, and its file's options."""
    least = draw(st.integers(0, 12))
    names = draw(st.lists(st.sampled_from(sorted(MEMBERS)), unique=True, min_size=least))
    given_ = draw(PUBLISHED) | {name: draw(MEMBERS[name]) for name in names}
    if "regle" in given_:
        given_.pop("recurrence", None)
    elif "recurrence" not in given_:
        for name in ("exceptions", "modifications"):
            given_.pop(name, None)
    if "participants" in given_:
        given_["organisateur"] = draw(MEMBERS["organisateur"])
    if "duree" in given_:
        given_["dateFin"] = ...
        given_.pop("fuseauFin", None)
    elif "fuseauFin" in given_:
        given_["dateFin"] = "2026-05-13T10:00Z"
    if "rappels" not in given_ and draw(st.booleans()):
        given_["rappelMinutes"] = 15
    return given_, {"methode": "AUCUNE"} if "participants" in given_ else {}


def collected(count, strategy):
    """Some examples at once: a reader in Node is started once, not for each."""
    found: list[Any] = []

    @settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(one):
        found.append(one)

    collect()
    return found


def test_every_member_is_among_these():
    assert set(MEMBERS) == set(RICH_MEMBERS)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_any_members_together_make_a_good_file_and_no_line_of_their_own(asked):
    members, options = asked

    data = make(event(**members), **options).data

    assert judge.complaints(data, published=False) == []
    assert [name for name in shape(data) if "EVIL" in name] == []


@pytest.mark.parametrize("reader", ["icaljs", "icalendar"])
def test_readers_read_any_members_together_back(reader):
    asked = collected(60, requests())

    theirs = getattr(readers, reader)(
        [make(event(**members), **options).data for members, options in asked]
    )

    for (members, options), their in zip(asked, theirs, strict=True):
        ours = json.loads(make(event(**members), **options, format="jcal").data)
        assert readers.alike(their) == readers.alike(ours)


WRITTEN_BY = {
    "UID": (),
    "DTSTAMP": (),
    "SUMMARY": (),
    "LOCATION": (),
    "DTSTART": ("fuseau", "fuseauFin"),
    "DTEND": ("fuseau", "fuseauFin", "duree"),
    "DESCRIPTION": ("visio", "notesHtml"),
    "BEGIN:VALARM": ("rappels",),
}
"""The published members' lines, and which members say them otherwise."""


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_published_members_keep_their_bytes_whatever_stands_beside_them(asked):
    members, options = asked
    published = {name: members[name] for name in members if name not in RICH_MEMBERS}
    plain = event(**published)
    if plain.get("dateFin") is None:
        plain["dateFin"] = "2026-05-12T11:00"

    alone = parts(make(plain, **options).data)
    among = parts(make(event(**members), **options).data)

    for name, others in WRITTEN_BY.items():
        if not set(others) & set(members):
            assert among.get(name) == alone.get(name), name


@settings(max_examples=100, deadline=None)
@given(PUBLISHED, st.dictionaries(st.sampled_from(RICH_MEMBERS), st.sampled_from([None, ""])))
def test_members_that_are_absent_change_no_byte(published, absent):
    assert make(event(**published, **absent)).data == make(event(**published)).data


def parts(data: bytes) -> dict[str, bytes]:
    """The first event's properties by name, folded as they are; its alarms as one."""
    body = data.partition(b"BEGIN:VEVENT\r\n")[2].partition(b"\r\nEND:VEVENT\r\n")[0]
    lines = body.replace(b"\r\n ", b"\r\n\x00").split(b"\r\n")
    marks = [i for i, line in enumerate(lines) if not line.startswith(b"\x00")]
    found: dict[str, bytes] = {}
    inside = ""
    for first, last in pairwise([*marks, len(lines)]):
        whole = b"\r\n ".join(line.removeprefix(b"\x00") for line in lines[first:last])
        if whole == b"BEGIN:VALARM":
            inside = "BEGIN:VALARM"
        name = inside or whole.decode("latin-1").partition(":")[0].partition(";")[0]
        found[name] = found.get(name, b"") + whole
        if whole == b"END:VALARM":
            inside = ""
    return found
