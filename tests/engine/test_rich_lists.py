"""Lists that are too long, and faults too many to tell, are refused before they cost anything."""

import json
from datetime import UTC, datetime

import pytest

from icsmulti.engine.checking import COUNTED, LONGEST
from icsmulti.engine.generate import generate
from icsmulti.engine.request import Occurrence
from icsmulti.errors import InvalidRequest

EVENT = {"id": "1", "titre": "T", "dateDebut": "2026-05-12", "dateFin": "2026-05-12"}


def refused(members, options=None):
    request = {"evenement": {"occurrences": [EVENT | members]}, "options": options or {}}
    with pytest.raises(InvalidRequest) as caught:
        generate(
            json.dumps(request).encode(),
            uid_secret=bytes(32),
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
    return caught.value


def property_with(parameters):
    return [{"nom": "X-EXEMPLE-A", "valeur": "a", "parametres": parameters}]


LISTS = {
    "rappels": lambda items: {"rappels": items},
    "categories": lambda items: {"categories": items},
    "participants": lambda items: {"participants": items},
    "visio.fonctions": lambda items: {"visio": {"url": "https://a.example", "fonctions": items}},
    "piecesJointes": lambda items: {"piecesJointes": items},
    "liens": lambda items: {"liens": items},
    "relations": lambda items: {"relations": items},
    "proprietes": lambda items: {"proprietes": items},
    "proprietes[0].parametres": lambda items: {
        "proprietes": property_with({f"X-{n}": item for n, item in enumerate(items)})
    },
    "recurrence.jours": lambda items: {"recurrence": {"frequence": "annuelle", "jours": items}},
    "recurrence.joursDuMois": lambda items: {
        "recurrence": {"frequence": "annuelle", "joursDuMois": items}
    },
    "recurrence.mois": lambda items: {"recurrence": {"frequence": "annuelle", "mois": items}},
    "recurrence.positions": lambda items: {
        "recurrence": {"frequence": "annuelle", "positions": items}
    },
    "exceptions": lambda items: {"regle": "FREQ=DAILY", "exceptions": items},
    "datesSupplementaires": lambda items: {"datesSupplementaires": items},
    "modifications": lambda items: {"regle": "FREQ=DAILY", "modifications": items},
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_too_long_is_one_fault_whatever_it_holds(name):
    told = refused(LISTS[name]([[]] * (LONGEST + 1)))

    fault = next(f for f in told.faults if f.code == "too-many")
    assert fault.dotted == f"evenement.occurrences[0].{name}"
    assert fault.values["count"] == LONGEST + 1
    assert told.total <= 2  # PUBLISH takes no participants at all


@pytest.mark.parametrize("name", LISTS)
def test_no_list_may_hold_more_than_is_looked_into(name):
    """What `LONGEST` rests on: whoever reads a list refuses a shorter one already."""
    items = ["x"] * (LONGEST + 1)
    limit = refused(LISTS[name](items)).faults[0].values["limit"]

    assert limit < LONGEST


def test_every_wrong_item_of_a_list_is_counted():
    told = refused({"participants": [0] * 150})

    assert told.total == 150
    assert [f.dotted for f in told.faults[:2]] == [
        "evenement.occurrences[0].participants[0]",
        "evenement.occurrences[0].participants[1]",
    ]


def test_faults_are_counted_up_to_a_number_that_no_honest_request_reaches():
    change = {"dateOriginale": "2026-05-12", "rappels": [0] * LONGEST}

    told = refused({"regle": "FREQ=DAILY", "modifications": [change] * 200})

    assert told.total == COUNTED
    assert len(told.faults) == 20


def test_the_published_members_alone_cannot_have_so_many_faults():
    wrong = {name: [] for name in Occurrence.__struct_fields__}
    request = {"evenement": {"occurrences": [wrong] * 10_000}, "options": {"fuseau": "X"}}

    with pytest.raises(InvalidRequest) as caught:
        generate(
            json.dumps(request).encode(), uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC)
        )

    assert caught.value.total == 8 * 10_000 + 1
