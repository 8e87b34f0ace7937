"""Other people's programs expand our series to the instants that we mean (RFC 5545 §3.8.5).

The rules are random and accepted, the zones change their hours within the dates that are compared.
Every one is shown to every reader; what ical.js gets wrong must be warned about. Left out is what no
file can say alike to all, and has a warning of its own: hours that the clocks skip or repeat.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from conformance.readers import icaljs, rename_zones
from engine.rich_requests import NOW, SECRET, event, lines, make, request
from icsmulti.engine.checking import STOP, Refused
from icsmulti.engine.generate import generate
from icsmulti.engine.recurrence import Recur, Start, from_text
from icsmulti.engine.recurrence.instances import Budget, Exhausted, days, is_first
from icsmulti.engine.zones import zone

COUNT, YEARS = 40, 12
"""How many dates are compared, and over how many years at most."""
FEW = 12
ZONES = [
    "Europe/Paris", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata",
    "Africa/Casablanca", "Europe/Dublin", "Pacific/Chatham", "America/Sao_Paulo", "UTC",
]  # fmt: skip
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


@cache
def packaged(name):
    """A zone of the packaged tzdata: the system's may be of another year."""
    with (files("tzdata") / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def some(values, most=3):
    return st.lists(st.sampled_from(list(values)), unique=True, min_size=1, max_size=most)


@st.composite
def rules(draw):
    """The text of a rule without its end; some are refused."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency}
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.sampled_from([2, 3, 4, 5, 6, 7, 12, 13])))
    by = set(draw(some(["BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"], 4)))
    if frequency == "WEEKLY" and draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(WEEKDAYS))
    if "BYMONTH" in by:
        parts["BYMONTH"] = ",".join(map(str, draw(some(range(1, 13), 4))))
    if "BYMONTHDAY" in by:
        numbers = draw(
            st.sampled_from([range(1, 29), range(1, 32), range(-5, 0), [*range(-3, 0), 1, 31]])
        )
        parts["BYMONTHDAY"] = ",".join(map(str, draw(some(numbers, 4))))
    if "BYDAY" in by:
        ordinals = [""]
        if frequency in ("MONTHLY", "YEARLY") and "BYMONTHDAY" not in by:
            ordinals = ["", "1", "2", "4", "5", "-1", "-2", "-5"]
            if frequency == "YEARLY" and "BYMONTH" not in by:
                ordinals += ["9", "20", "53", "-10"]
        several = draw(st.sampled_from([some(ordinals, 1), some(ordinals, 2)]))
        ranks = draw(several)
        weekdays = draw(some(WEEKDAYS))
        parts["BYDAY"] = ",".join(
            ranks[i % len(ranks)] + weekday for i, weekday in enumerate(weekdays)
        )
    if {"BYSETPOS", "BYDAY"} <= by:
        parts["BYSETPOS"] = ",".join(map(str, draw(some([1, 2, 3, -1, -2], 2))))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@st.composite
def series(draw):
    """Members of an event: a rule that is accepted, its first date, perhaps an end."""
    rule = draw(rules())
    anchor = datetime.combine(
        draw(st.dates(date(2008, 1, 1), date(2030, 12, 31))),
        time(draw(st.integers(5, 21)), draw(st.sampled_from([0, 30, 59]))),
    )
    first = first_date(rule, anchor.date())
    assume(first)
    first = datetime.combine(first, anchor.time())
    last = first + draw(st.integers(0, 2_000)) * timedelta(days=1)
    name = draw(st.sampled_from(ZONES))
    all_day = draw(st.integers(0, 3)) == 0
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        rule += f";COUNT={draw(st.integers(1, COUNT))}"
    elif end == "UNTIL":
        rule += f";UNTIL={last:%Y%m%d}"
    members = {
        "fuseau": name,
        "dateDebut": first.isoformat(),
        "dateFin": (first + timedelta(hours=1)).isoformat(),
        "regle": rule,
    }
    if all_day:
        members["touteLaJournee"] = True
        members["dateFin"] = members["dateDebut"]
    return members


def first_date(rule, anchor):
    """The first date from *anchor* on that an accepted rule may start with, in eight years."""
    start = Start(zone("UTC"), True, datetime.combine(anchor, time()))
    try:
        recur = from_text(rule, start, (), STOP)
        near = takewhile(
            lambda day: day.year <= anchor.year + 8, days(recur, anchor, Budget(3_000))
        )
        return next((day for day in near if is_first(recur, day, Budget())), None)
    except (Refused, Exhausted):
        return None


def meant(members):
    """The instants (or dates) that the engine itself takes a series to have, the first ones."""
    tz = zone(members["fuseau"])
    first = datetime.fromisoformat(members["dateDebut"])
    all_day = "touteLaJournee" in members
    start = Start(tz, all_day, datetime.combine(first, time()) if all_day else tz.instant(first))
    recur = from_text(members["regle"], start, (), STOP)
    assert isinstance(recur, Recur)
    found = []
    for day in days(recur, first.date(), Budget()):
        utc = tz.instant(datetime.combine(day, first.time()))
        if recur.until and (datetime.combine(day, time()) if all_day else utc) > recur.until:
            break
        if len(found) == COUNT or day.year > first.year + YEARS:
            break
        found.append(day if all_day else utc.replace(tzinfo=UTC))
    return found


@st.composite
def changed_series(draw):
    """A series with dates left out, one added and one moved; and the dates that it then has."""
    members = draw(series())
    dates = meant(members)[:FEW]
    assume(len(dates) > 4)
    *removed, moved = draw(st.lists(st.sampled_from(dates), unique=True, min_size=3, max_size=3))
    kept = [d for d in dates if d not in removed]
    members["exceptions"] = [written(d) for d in removed]
    if "touteLaJournee" not in members:  # at an hour of its own: on no other date
        added, elsewhere = dates[0] + timedelta(minutes=1), moved + timedelta(minutes=90)
        members["datesSupplementaires"] = [written(added)]
        members["modifications"] = [
            {"dateOriginale": written(moved), "dateDebut": written(elsewhere)}
        ]
        kept = [added, *(elsewhere if d == moved else d for d in kept)]
    return members, sorted(kept)


def written(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else str(moment)


def compared(moment):
    """As ical.js's dates come."""
    return int(moment.timestamp()) if isinstance(moment, datetime) else moment.isoformat()


def collected(count, strategy):
    """Examples for one process of Node together."""
    found = []

    @settings(
        max_examples=count, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(one):
        found.append(one)

    collect()
    return found


def is_misread(members):
    """Whether the file comes with the warning that ical.js gets its dates wrong."""
    told = generate(request(event(**members)), uid_secret=SECRET, now=NOW, warn=True).warnings
    return any(warning.code == "series-misread" for warning in told)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(series())
@example(
    {
        "fuseau": "Europe/Paris",
        "dateDebut": "2026-05-12T10:00",
        "dateFin": "2026-05-12T11:00",
        "regle": "FREQ=MONTHLY;BYDAY=1WE,TU",  # for dateutil, no date at all
    }
)
def test_dateutil_finds_the_same_dates(members):
    first = datetime.fromisoformat(members["dateDebut"])
    rule = [line for line in lines(event(**members)) if line.startswith("RRULE:")][-1]
    all_day = "touteLaJournee" in members
    if not all_day:
        first = first.replace(tzinfo=packaged(members["fuseau"]))
    else:
        first = datetime.combine(first, time())
    within = takewhile(
        lambda d: d.year <= first.year + YEARS, islice(rrulestr(rule, dtstart=first), COUNT)
    )
    dates = [d.date() if all_day else d.astimezone(UTC) for d in within]

    assert dates == meant(members)


def expanded(members, first, last):
    """What recurring-ical-events finds in our file, around these dates."""
    calendar = icalendar.Calendar.from_ical(rename_zones(make(event(**members)).data))
    query = recurring_ical_events.of(calendar)
    found = query.between(first - timedelta(days=3), last + timedelta(days=3))
    starts = [each["DTSTART"].dt for each in found]
    dates = sorted(s.astimezone(UTC) if isinstance(s, datetime) else s for s in starts)
    return [d for d in dates if d <= last]


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(series())
def test_recurring_ical_events_finds_the_same_dates(members):
    dates = meant(members)

    assert expanded(members, dates[0], dates[-1]) == dates


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(changed_series())
def test_recurring_ical_events_finds_the_changed_dates(changed):
    members, dates = changed

    assert expanded(members, dates[0], dates[-1]) == dates


def test_ical_js_finds_the_same_dates_by_our_own_vtimezone_or_we_warn():
    several = collected(250, series())
    texts = [rename_zones(make(event(**members)).data) for members in several]
    few = [max(1, min(len(meant(members)), FEW)) for members in several]

    # Warned or not, none may keep it busy for ever.
    answers = icaljs.expand(texts, few)

    for members, dates, found in zip(several, map(meant, several), answers, strict=True):
        assert found == [compared(d) for d in dates[:FEW]] or is_misread(members), members
    assert sum(map(is_misread, several)) < len(several) / 8  # the exotic ones only


def test_ical_js_finds_the_changed_dates_or_we_warn():
    several = collected(120, changed_series())
    texts = [rename_zones(make(event(**members)).data) for members, _ in several]

    answers = icaljs.expand(texts, [len(dates) for _, dates in several])

    for (members, dates), found in zip(several, answers, strict=True):
        assert is_misread(members) or sorted(found) == [compared(d) for d in dates], members


def test_ical_js_does_not_give_up_a_rule_that_is_rarely_met():
    rules = ["BYMONTHDAY=5,12,19,26;BYDAY=TU", "INTERVAL=3;BYMONTHDAY=1,5,7,12;BYDAY=TU"]
    several = [
        {"regle": f"FREQ=MONTHLY;{rule}", "touteLaJournee": True}
        | dict.fromkeys(("dateDebut", "dateFin"), "2026-05-12")
        for rule in rules
    ]

    answers = icaljs.expand([make(event(**members)).data for members in several], [COUNT, COUNT])

    for members, found in zip(several, answers, strict=True):
        dates = meant_for_ever(members["regle"])
        assert found == [day.isoformat() for day in islice(dates, COUNT)]
        assert not is_misread(members)


def meant_for_ever(rule):
    first = date(2026, 5, 12)
    recur = from_text(rule, Start(zone("UTC"), True, datetime.combine(first, time())), (), STOP)
    assert recur
    return days(recur, first, Budget())


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;INTERVAL=5;BYMONTH=5,10;BYMONTHDAY=12",
        "FREQ=MONTHLY;BYMONTH=2,3,5;BYMONTHDAY=-20,-10",
        "FREQ=MONTHLY;INTERVAL=293;BYMONTHDAY=11,12;BYDAY=TU",  # it gives up
        "FREQ=YEARLY;BYDAY=19TU",
        "FREQ=YEARLY;INTERVAL=2;BYMONTHDAY=12,31",
        "FREQ=YEARLY;BYMONTH=4,5;BYDAY=TU,WE;BYSETPOS=-1,12",
    ],
)
def test_a_rule_that_ical_js_gets_wrong_has_a_warning(rule):
    members = {"regle": rule, "touteLaJournee": True, "dateDebut": "2026-05-12"}
    members["dateFin"] = members["dateDebut"]
    dates = [day.isoformat() for day in meant(members | {"fuseau": "UTC"})[:FEW]]

    [found] = icaljs.expand([make(event(**members)).data], [FEW])

    assert found != dates
    assert is_misread(members)
