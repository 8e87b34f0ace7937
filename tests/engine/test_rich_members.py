"""Each member beyond the published API: what it writes, and every wrong way to use it."""

import json
from typing import Any

import pytest
from rich_requests import event, faults, lines, make

from conformance.readers import jcal as readers
from icsmulti.errors import InvalidRequest

ORGANIZER = {"courriel": "chef@exemple.fr"}
GUEST = {"courriel": "a@exemple.fr"}
URL = "https://exemple.fr/a"

GOOD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("zone", {"fuseau": "asia/tokyo"}, ["DTSTART;TZID=Asia/Tokyo:20260512T100000", "TZID:Asia/Tokyo"]),
    ("end-zone", {"fuseau": "Europe/Paris", "fuseauFin": "Europe/London"}, ["DTSTART;TZID=Europe/Paris:20260512T100000", "DTEND;TZID=Europe/London:20260512T110000"]),
    ("alarm-minutes", {"rappels": [{"minutes": 15}]}, ["TRIGGER:-PT15M"]),
    ("alarm-now", {"rappels": [{"heures": 0}]}, ["TRIGGER:-PT0M"]),
    ("alarm-hours", {"rappels": [{"heures": 2, "avant": "debut"}]}, ["TRIGGER:-PT2H"]),
    ("alarm-many-hours", {"rappels": [{"heures": 1000}]}, ["TRIGGER:-PT60000M"]),
    ("alarm-days", {"rappels": [{"jours": 2}]}, ["TRIGGER:-P2D"]),
    ("alarm-end", {"rappels": [{"minutes": 5, "avant": "fin"}]}, ["TRIGGER;RELATED=END:-PT5M"]),
    ("alarm-message", {"rappels": [{"minutes": 5, "message": "Partir, vite"}]}, ["DESCRIPTION:Partir\\, vite"]),
    ("alarm-end-of-nothing", {"dateFin": "2026-05-12T10:00", "rappels": [{"minutes": 5, "avant": "fin"}]}, ["TRIGGER:-PT5M"]),
    ("url", {"url": "https://École.fr:8443/é"}, ["URL:https://xn--cole-9oa.fr:8443/%C3%A9"]),
    ("url-sharp-s", {"url": "https://Straße.de/"}, ["URL:https://xn--strae-oqa.de/"]),
    ("url-emoji", {"url": "https://i❤.ws/"}, ["URL:https://xn--i-7iq.ws/"]),
    ("url-wide", {"url": "https://日本語。jp/"}, ["URL:https://xn--wgv71a119e.jp/"]),
    ("telephone", {"visio": {"url": URL, "telephone": "+33 (0)1 23 45 67 89"}}, ["CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:+33123456789"]),
    ("telephone-area", {"visio": {"url": URL, "telephone": "(01) 23 45"}}, ["CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:012345"]),
    ("categories", {"categories": ["Équipe", "a, b"]}, ["CATEGORIES:Équipe,a\\, b"]),
    ("status", {"statut": "confirme"}, ["STATUS:CONFIRMED"]),
    ("cancelled", {"statut": "annule"}, ["STATUS:CANCELLED"]),
    ("busy", {"disponibilite": "occupe"}, ["TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"]),
    ("free", {"disponibilite": "libre"}, ["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"]),
    ("elsewhere", {"disponibilite": "ailleurs"}, ["X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE"]),
    ("class", {"visibilite": "confidentiel"}, ["CLASS:CONFIDENTIAL"]),
    ("priority", {"priorite": 0}, ["PRIORITY:0"]),
    ("geo", {"geo": {"latitude": 48.85661400001, "longitude": -1e-9}, "lieu": "Paris"}, ["GEO:48.856614;0", "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=70;X-TITLE=Paris:geo:48.856614,0"]),
    ("sequence", {"sequence": 7.0}, ["SEQUENCE:7"]),
    ("created", {"creeLe": "2026-01-01T10:00", "modifieLe": "2026-01-01T10:00"}, ["CREATED:20260101T090000Z", "LAST-MODIFIED:20260101T090000Z"]),
    ("duration", {"dateFin": ..., "duree": "PT1H30M"}, ["DTEND;TZID=Europe/Paris:20260512T113000"]),
    ("duration-week", {"dateFin": "", "duree": "P1W"}, ["DTEND;TZID=Europe/Paris:20260519T100000"]),
    ("duration-days", {"dateFin": None, "duree": "P2D", "touteLaJournee": True}, ["DTEND;VALUE=DATE:20260514"]),
    ("organizer", {"organisateur": {"courriel": "a?b&c%d@exemple.fr", "nom": "Dupont, \"Jo\"", "enNomDe": "s@exemple.fr"}}, ['ORGANIZER;CN="Dupont, ^\'Jo^\'";SENT-BY="mailto:s@exemple.fr":mailto:a%3Fb%26c%25d@exemple.fr']),
    ("color", {"couleur": "#FF6350"}, ["COLOR:tomato"]),
    ("conference", {"visio": {"url": URL, "libelle": "Salle", "telephone": "01 23"}}, ["CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Salle:https://exemple.fr/a", "CONFERENCE;VALUE=URI;FEATURE=PHONE;LABEL=Salle:tel:0123", "DESCRIPTION:Salle\\nhttps://exemple.fr/a\\n01 23"]),
    ("attachment", {"piecesJointes": [{"url": URL, "nom": "a;b.pdf", "type": "application/pdf", "taille": 12}]}, ['ATTACH;FMTTYPE=application/pdf;FILENAME="a;b.pdf";SIZE=12:https://exemple.fr/a']),
    ("html", {"notesHtml": "<p onclick='x'>Un <b>mot</b></p><script>x</script>"}, ["X-ALT-DESC;FMTTYPE=text/html:<html><body><p>Un <b>mot</b></p></body></html>", 'DESCRIPTION;ALTREP="data:text/html;charset=utf-8,%3Cp%3EUn%20%3Cb%3Emot%3C%2Fb%3E%3C%2Fp%3E":Un mot']),
    ("image", {"image": {"url": URL, "usage": "plein"}}, ["IMAGE;VALUE=URI;DISPLAY=FULLSIZE:https://exemple.fr/a"]),
    ("link", {"liens": [{"url": URL, "relation": "related", "titre": "L"}]}, ["LINK;VALUE=URI;LINKREL=related;LABEL=L:https://exemple.fr/a"]),
    ("contact", {"contact": "Moi,\ntoi"}, ["CONTACT:Moi\\, toi"]),
    ("relation", {"relations": [{"id": "1", "type": "frere"}]}, ["RELATED-TO;RELTYPE=SIBLING:41e0a944-8f91-8dba-8b05-c6c2fc0edb1d"]),
    ("x-text", {"proprietes": [{"nom": "X-EX-A", "valeur": "a,b", "parametres": {"X-P": "c;d"}}]}, ['X-EX-A;X-P="c;d":a\\,b']),
    ("x-equals", {"proprietes": [{"nom": "X-EX-A", "valeur": "a", "parametres": {"X-P": "c= d"}}]}, ['X-EX-A;X-P="c= d":a']),
    ("x-date", {"proprietes": [{"nom": "X-EX-A", "valeur": "2026-05-12", "type": "date"}]}, ["X-EX-A;VALUE=DATE:20260512"]),
]  # fmt: skip

TOO_MANY = [{"minutes": n} for n in range(11)]
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"fuseau": "Paris"}, "unknown-zone", "fuseau"),
    ({"fuseau": 2}, "wrong-type", "fuseau"),
    ({"fuseauFin": "CEST+1"}, "unknown-zone", "fuseauFin"),
    ({"fuseauFin": "Europe/Paris", "touteLaJournee": True}, "conflict", "fuseauFin"),
    ({"rappels": {"minutes": 5}}, "wrong-type", "rappels"),
    ({"rappels": [5]}, "wrong-type", "rappels[0]"),
    ({"rappels": [{}]}, "missing", "rappels[0]"),
    ({"rappels": [{"minutes": 5, "heures": 1}]}, "conflict", "rappels[0]"),
    ({"rappels": [{"minutes": -1}]}, "out-of-range", "rappels[0].minutes"),
    ({"rappels": [{"minutes": 1.5}]}, "wrong-type", "rappels[0].minutes"),
    ({"rappels": [{"minutes": True}]}, "wrong-type", "rappels[0].minutes"),
    ({"rappels": [{"jours": 366}]}, "out-of-range", "rappels[0].jours"),
    ({"rappels": [{"minutes": 5, "avant": "milieu"}]}, "unknown-value", "rappels[0].avant"),
    ({"rappels": [{"minutes": 5, "message": "x" * 1001}]}, "too-long", "rappels[0].message"),
    ({"rappels": [{"minutes": 60}, {"minutes": 60}]}, "duplicate", "rappels[1]"),
    ({"rappels": [{"minutes": 60}, {"heures": 1}]}, "duplicate", "rappels[1]"),
    ({"rappels": [{"jours": 0}, {"heures": 0}]}, "duplicate", "rappels[1]"),
    (
        {"dateFin": "2026-05-12T10:00", "rappels": [{"minutes": 5}, {"minutes": 5, "avant": "fin"}]},
        "duplicate",
        "rappels[1]",
    ),
    ({"rappels": TOO_MANY}, "too-many", "rappels"),
    ({"rappels": [{"minutes": 5}], "rappelMinutes": 5}, "conflict", "rappels"),
    ({"url": "exemple.fr"}, "invalid-url", "url"),
    ({"url": "javascript:alert(1)"}, "invalid-url", "url"),
    ({"url": "https://exemple.fr/a b"}, "invalid-url", "url"),
    ({"url": "https://exemple.fr\\@ailleurs.fr/"}, "invalid-url", "url"),
    ({"url": f"https://{'é' * 64}.fr"}, "invalid-url", "url"),
    ({"url": "https://é..fr"}, "invalid-url", "url"),
    ({"url": "https://exemple.fr/%zz"}, "invalid-url", "url"),
    ({"url": "https://"}, "invalid-url", "url"),
    ({"url": "https://exemple.fr:x/"}, "invalid-url", "url"),
    ({"url": "https://exemple.fr/" + "x" * 2000}, "too-long", "url"),
    ({"categories": "a"}, "wrong-type", "categories"),
    ({"categories": ["a", ""]}, "empty", "categories[1]"),
    ({"categories": [" "]}, "empty", "categories[0]"),
    ({"categories": [None]}, "wrong-type", "categories[0]"),
    ({"categories": ["x" * 101]}, "too-long", "categories[0]"),
    ({"categories": ["x"] * 21}, "too-many", "categories"),
    ({"statut": "CONFIRMED"}, "unknown-value", "statut"),
    ({"statut": 1}, "wrong-type", "statut"),
    ({"disponibilite": "oui"}, "unknown-value", "disponibilite"),
    ({"visibilite": "secret"}, "unknown-value", "visibilite"),
    ({"priorite": 10}, "out-of-range", "priorite"),
    ({"priorite": "3"}, "wrong-type", "priorite"),
    ({"geo": {"latitude": 91, "longitude": 0}}, "out-of-range", "geo.latitude"),
    ({"geo": {"latitude": 1}}, "missing", "geo.longitude"),
    ({"geo": {"latitude": 1, "longitude": 1e300}}, "out-of-range", "geo.longitude"),
    ({"geo": {"latitude": 91, "longitude": 181}}, "out-of-range", "geo.longitude"),
    ({"geo": [1, 2]}, "wrong-type", "geo"),
    ({"sequence": -1}, "out-of-range", "sequence"),
    ({"sequence": 2**31}, "out-of-range", "sequence"),
    ({"creeLe": "hier"}, "invalid-date", "creeLe"),
    ({"modifieLe": "1500-01-01"}, "out-of-range", "modifieLe"),
    ({"creeLe": "2026-01-02", "modifieLe": "2026-01-01"}, "conflict", "modifieLe"),
    ({"duree": "PT1H"}, "conflict", "duree"),
    ({"dateFin": ..., "duree": "P1M"}, "invalid-duration", "duree"),
    ({"dateFin": ..., "duree": "PT0S"}, "invalid-duration", "duree"),
    ({"dateFin": ..., "duree": "PT"}, "invalid-duration", "duree"),
    ({"dateFin": ..., "duree": "PT25H", "touteLaJournee": True}, "invalid-duration", "duree"),
    ({"dateFin": ..., "duree": "P99999D", "dateDebut": "4400-01-01"}, "out-of-range", "duree"),
    ({"dateFin": ..., "duree": 3}, "wrong-type", "duree"),
    ({"dateFin": ...}, "missing", "dateFin"),
    ({"organisateur": {}}, "missing", "organisateur.courriel"),
    ({"organisateur": {"courriel": "jean"}}, "invalid-email", "organisateur.courriel"),
    ({"organisateur": {"courriel": "é@exemple.fr"}}, "invalid-email", "organisateur.courriel"),
    ({"organisateur": {"courriel": "a@b.fr", "enNomDe": "x"}}, "invalid-email", "organisateur.enNomDe"),
    ({"participants": [GUEST]}, "conflict", "participants"),
    ({"couleur": "rouge"}, "unknown-value", "couleur"),
    ({"couleur": "#fff"}, "unknown-value", "couleur"),
    ({"visio": {"libelle": "x"}}, "missing", "visio.url"),
    ({"visio": {"url": ""}}, "empty", "visio.url"),
    ({"visio": {"url": URL, "telephone": "appelez"}}, "invalid-value", "visio.telephone"),
    ({"visio": {"url": URL, "fonctions": ["son"]}}, "unknown-value", "visio.fonctions[0]"),
    ({"piecesJointes": [{"url": "file:///etc/passwd"}]}, "invalid-url", "piecesJointes[0].url"),
    ({"piecesJointes": [{"url": URL, "type": "pdf"}]}, "invalid-value", "piecesJointes[0].type"),
    ({"piecesJointes": [{"url": URL, "taille": -1}]}, "out-of-range", "piecesJointes[0].taille"),
    ({"piecesJointes": [{"url": URL}] * 21}, "too-many", "piecesJointes"),
    ({"notesHtml": "x" * 50_001}, "too-long", "notesHtml"),
    ({"image": {"url": URL, "usage": "fond"}}, "unknown-value", "image.usage"),
    ({"liens": [{"url": URL}]}, "missing", "liens[0].relation"),
    ({"liens": [{"url": URL, "relation": "a b"}]}, "invalid-value", "liens[0].relation"),
    ({"liens": [{"url": URL, "relation": "x:y"}]}, "invalid-url", "liens[0].relation"),
    ({"contact": "x" * 2001}, "too-long", "contact"),
    ({"relations": [{"id": ""}]}, "empty", "relations[0].id"),
    ({"relations": [{"id": "1", "type": "cousin"}]}, "unknown-value", "relations[0].type"),
    ({"proprietes": [{"nom": "SUMMARY", "valeur": "x"}]}, "invalid-value", "proprietes[0].nom"),
    ({"proprietes": [{"nom": "X-A:B", "valeur": "x"}]}, "invalid-value", "proprietes[0].nom"),
    ({"proprietes": [{"nom": "X-WR-CALNAME", "valeur": "x"}]}, "not-allowed", "proprietes[0].nom"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "\x00\x08"}]}, "empty", "proprietes[0].valeur"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": 1}]}, "wrong-type", "proprietes[0].valeur"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "1", "type": "entier"}]}, "wrong-type", "proprietes[0].valeur"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": 2**31, "type": "entier"}]}, "out-of-range", "proprietes[0].valeur"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "x y", "type": "uri"}]}, "invalid-url", "proprietes[0].valeur"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "demain", "type": "date"}]}, "invalid-date", "proprietes[0].valeur"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "x", "parametres": {"VALUE": "URI"}}]}, "not-allowed", "proprietes[0].parametres.VALUE"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "x", "parametres": {"": "a"}}]}, "not-allowed", "proprietes[0].parametres."),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "x", "parametres": {"VALUE": None}}]}, "not-allowed", "proprietes[0].parametres.VALUE"),
    ({"proprietes": [{"nom": "X-EX-A", "valeur": "x", "parametres": {"X-P": 1}}]}, "wrong-type", "proprietes[0].parametres.X-P"),
    ({"contact": "\ud800"}, "invalid-text", "contact"),
]  # fmt: skip

WRONG_OPTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"methode": "publish"}, "unknown-value", "methode"),
    ({"format": "pdf"}, "unknown-value", "format"),
    ({"calendrier": []}, "wrong-type", "calendrier"),
    ({"calendrier": {"couleur": "x"}}, "unknown-value", "calendrier.couleur"),
    ({"calendrier": {"actualisation": 14}}, "out-of-range", "calendrier.actualisation"),
    ({"calendrier": {"actualisation": "PT90S"}}, "invalid-duration", "calendrier.actualisation"),
    ({"calendrier": {"source": "webcal://x"}}, "invalid-url", "calendrier.source"),
    ({"calendrier": {"nom": "x" * 201}}, "too-long", "calendrier.nom"),
    ({"calendrier": {"nomStandardSeul": "oui"}}, "wrong-type", "calendrier.nomStandardSeul"),
    ({"calendrier": {"proprietes": [{"nom": "X-A"}]}}, "missing", "calendrier.proprietes[0].valeur"),
]  # fmt: skip

METHODS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("REQUEST", {}, [("missing", "organisateur"), ("missing", "participants")]),
    ("REQUEST", {"organisateur": ORGANIZER}, [("missing", "participants")]),
    ("REQUEST", {"organisateur": ORGANIZER, "participants": [GUEST]}, []),
    ("REQUEST", {"organisateur": ORGANIZER, "participants": [GUEST], "statut": "annule"}, [("conflict", "statut")]),
    ("REQUEST", {"organisateur": ORGANIZER, "participants": [GUEST, GUEST]}, [("duplicate", "participants[1].courriel")]),
    ("CANCEL", {"organisateur": ORGANIZER}, [("missing", "sequence")]),
    ("CANCEL", {"organisateur": ORGANIZER, "sequence": 1}, []),
    ("CANCEL", {"organisateur": ORGANIZER, "sequence": 1, "rappelMinutes": 5}, [("conflict", "rappelMinutes")]),
    ("CANCEL", {"organisateur": ORGANIZER, "sequence": 1, "rappels": [{"minutes": 5}]}, [("conflict", "rappels")]),
    ("CANCEL", {"organisateur": ORGANIZER, "sequence": 1, "statut": "confirme"}, [("conflict", "statut")]),
    ("AUCUNE", {"participants": [GUEST]}, [("missing", "organisateur")]),
    ("AUCUNE", {"participants": [GUEST], "organisateur": ORGANIZER}, []),
    ("PUBLISH", {"organisateur": ORGANIZER}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("members", "expected"), [case[1:] for case in GOOD], ids=[c[0] for c in GOOD]
)
def test_a_member_writes_its_lines(members, expected):
    written = lines(event(**members))

    assert [line for line in expected if line not in written] == []


@pytest.mark.parametrize("reader", ["icaljs", "icalendar"])
def test_a_reader_reads_each_member_back(reader):
    from icsmulti.engine.answer.jcal import jcal

    files = [make(event(**members)).data for _, members, _ in GOOD]
    theirs = getattr(readers, reader)(files)

    for (name, _, _), data, their in zip(GOOD, files, theirs, strict=True):
        assert readers.alike(their) == readers.alike(json.loads(jcal(data.decode()))), name


@pytest.mark.parametrize(("members", "code", "path"), WRONG)
def test_a_wrong_member_is_refused_with_its_path(members, code, path):
    assert (code, f"evenement.occurrences[0].{path}") in faults(event(**members))


@pytest.mark.parametrize(("options", "code", "path"), WRONG_OPTIONS)
def test_a_wrong_option_is_refused_with_its_path(options, code, path):
    assert faults(event(), **options) == [(code, f"options.{path}")]


@pytest.mark.parametrize(("method", "members", "expected"), METHODS)
def test_a_method_asks_what_rfc_5546_asks(method, members, expected):
    found = faults(event(**members), methode=method)

    assert found == [(code, f"evenement.occurrences[0].{path}") for code, path in expected]


def test_a_message_is_about_one_event_unless_each_has_its_file():
    guests = {"organisateur": ORGANIZER, "participants": [GUEST]}
    two = event(**guests), event(id="2", **guests)

    assert faults(*two, methode="REQUEST") == [("conflict", "options.methode")]
    assert faults(*two, methode="REQUEST", format="zip") == []


@pytest.mark.parametrize("absent", [None, ""])
@pytest.mark.parametrize("name", [
    *("fuseau", "fuseauFin", "rappels", "url", "categories", "statut", "disponibilite", "visibilite"),
    *("priorite", "geo", "sequence", "creeLe", "modifieLe", "duree", "organisateur", "participants"),
    *("couleur", "visio", "piecesJointes", "notesHtml", "image", "liens", "contact", "relations"),
    "proprietes",
])  # fmt: skip
def test_null_and_empty_mean_absent_whatever_the_type(name, absent):
    assert lines(event(**{name: absent})) == lines(event())


@pytest.mark.parametrize("absent", [None, ""])
def test_a_vendors_parameter_may_be_absent_too(absent):
    given = {"nom": "X-EX-A", "valeur": "x", "parametres": {"X-P": absent, "X-Q": "q"}}

    assert "X-EX-A;X-Q=q:x" in lines(event(proprietes=[given]))


def test_all_faults_are_told_at_once_in_the_order_of_the_docs():
    wrong = {"contact": 5, "url": "x", "fuseau": "x", "titre": "", "statut": "x"}

    paths = [path.rpartition(".")[2] for _, path in faults(event(**wrong))]
    assert paths == ["titre", "fuseau", "url", "statut", "contact"]


def test_half_a_number_where_a_whole_one_is_meant_is_told_so():
    half = {"nom": "X-EX-A", "valeur": 1.5, "type": "entier"}

    with pytest.raises(InvalidRequest) as caught:
        make(event(proprietes=[half]))

    assert [fault.reason for fault in caught.value.faults] == ["type-integer"]
