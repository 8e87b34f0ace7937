"""Whatever a series says, it is written, or every fault is named: the two paths agree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rich_requests import event, make
from icsmulti.engine import faults
from icsmulti.engine.request import DEFAULT_BOUNDS
from icsmulti.errors import InvalidRequest

DATES = st.sampled_from(
    ["2026-05-12T10:00", "2026-05-19T10:00", "2026-05-19T08:00Z", "2026-05-19", "2026-10-25T02:30",
     "2026-05-19T10:00:60", "2026-03-29T02:30", "1601-01-01", "4500-12-31T23:59", "4501-01-01", "demain", "", "2026-05-20T10:00"]
)  # fmt: skip
NUMBERS = st.sampled_from([None, "", 1, 2, 2.0, 0, -1, 5, 12, 31, 500, 10_001, 1.5, "3", True])
DAYS = st.sampled_from(["MA", "ME", "TU", {"jour": "MA", "rang": 2}, {"jour": "MA"}, {}, 3])
WORDS = st.fixed_dictionaries(
    {"frequence": st.sampled_from(["quotidienne", "hebdomadaire", "mensuelle", "annuelle", "x"])},
    optional={
        "intervalle": NUMBERS,
        "nombre": NUMBERS,
        "jusquA": DATES,
        "jours": st.lists(DAYS, max_size=2),
        "joursDuMois": st.lists(NUMBERS, max_size=2),
        "mois": st.lists(NUMBERS, max_size=2),
        "positions": st.lists(NUMBERS, max_size=2),
        "debutSemaine": st.sampled_from(["LU", "DI", "", "XX"]),
    },
)
PARTS = st.sampled_from(
    ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "COUNT=3", "COUNT=0", "INTERVAL=2",
     "UNTIL=20270101", "UNTIL=20270101T000000Z", "UNTIL=20271301", "BYDAY=TU", "BYDAY=2TU", "BYDAY=",
     "BYMONTH=5", "BYMONTHDAY=12,-1", "BYSETPOS=1", "WKST=SU", "BYHOUR=1", "X", "É=1"]
)  # fmt: skip
CHANGES = st.fixed_dictionaries(
    {"dateOriginale": DATES},
    optional={
        "dateDebut": DATES,
        "dateFin": DATES,
        "duree": st.sampled_from(["PT1H", "P1D", "x"]),
        "titre": st.sampled_from(["", "Autre", 3]),
        "rappelMinutes": NUMBERS,
        "rappels": st.just([{"heures": 1}]),
        "touteLaJournee": st.booleans(),
        "id": st.sampled_from(["1", "2"]),
        "fuseau": st.sampled_from(["Asia/Tokyo", "Nowhere"]),
    },
)
SERIES = st.fixed_dictionaries(
    {},
    optional={
        "recurrence": WORDS,
        "regle": st.lists(PARTS, max_size=4).map(";".join),
        "exceptions": st.lists(DATES, max_size=3),
        "datesSupplementaires": st.lists(DATES, max_size=3),
        "modifications": st.lists(CHANGES, max_size=2),
        "touteLaJournee": st.sampled_from([True, False, "x"]),
        "duree": st.sampled_from(["PT1H", "P1D", "x"]),
        "dateDebut": DATES,
        "dateFin": DATES,
        "titre": st.sampled_from([" ", 3]),
        "fuseau": st.sampled_from(["UTC", "America/Santiago", "Africa/Monrovia", "Nowhere"]),
        "fuseauFin": st.sampled_from(["UTC", "Asia/Tokyo"]),
    },
)


@settings(deadline=None, max_examples=400)
@given(SERIES)
def test_a_series_is_written_or_its_faults_are_named(members):
    body = {"evenement": {"occurrences": [event(**members)]}}
    try:
        make(event(**members))
    except InvalidRequest as refusal:
        assert refusal.faults  # noqa: PT017 - a fault is one of two good outcomes
        return

    faults.examine(body, DEFAULT_BOUNDS)  # finds nothing either
