"""Requests as hypothesis draws them: any text at any alignment, any instants in any zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conformance import model
from conformance.requests import occurrence

T = TypeVar("T")

# What has broken a reader, an escape or a fold before; each also at the very cut of a line.
_TROUBLE = (
    *("\\", ";", ",", ":", '"', "\n", "\r", "\r\n", "\t", " ", "\\n", "\\\\", "^n", "%0A", "&amp;"),
    *("\x00", "\x07", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\u2028", "\u2029"),
    *("\ufeff", "\ufffe", "\uffff", "\u00a0", "\u00ad", "\u200b", "\u200d", "\u202e", "\ufe0f"),
    *(
        "é",
        "e\u0301",
        "€",
        "😀",
        "👩\u200d👧",
        "\U000e0001",
        "\U0010ffff",
        "BEGIN:VEVENT",
        "END:VEVENT",
    ),
)
_characters = st.characters(exclude_categories=["Cs"])
_pieces = st.one_of(st.sampled_from(_TROUBLE), st.text(_characters, max_size=20))
texts = st.builds(
    lambda shift, pieces: "x" * shift + "".join(pieces),
    st.integers(0, 80),
    st.lists(_pieces, max_size=25),
)
titles = texts.filter(model.one_line)

zones = st.sampled_from(model.zone_names())
instants = st.datetimes(
    datetime(1900, 1, 2),
    datetime(2199, 12, 30),
).map(lambda when: when.replace(microsecond=0, tzinfo=UTC))
durations = st.one_of(
    st.just(timedelta()),
    st.timedeltas(timedelta(), timedelta(days=2)),
    st.timedeltas(timedelta(), timedelta(days=800)),
).map(lambda length: length - timedelta(microseconds=length.microseconds))
_offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def spelling(draw: st.DrawFn, when: datetime) -> str:
    """The same instant in one of the ways to write it with an offset."""
    if draw(st.booleans()):
        return f"{when:%Y-%m-%dT%H:%M:%SZ}"
    return model.with_offset(when, draw(_offsets))


@st.composite
def timed(draw: st.DrawFn, near: datetime | None = None) -> dict[str, Any]:
    """Dates of an event given as instants; with *near*, within a year of it."""
    start = draw(instants)
    if near:
        start = near + draw(st.timedeltas(timedelta(days=-300), timedelta(days=300)))
        start = start.replace(microsecond=0)
    end = start + draw(durations)
    return {"dateDebut": draw(spelling(start)), "dateFin": draw(spelling(end))}


@st.composite
def local(draw: st.DrawFn) -> dict[str, Any]:
    """Dates of an event given as local times, in order on the clock."""
    start = draw(instants).replace(tzinfo=None)
    end = start + draw(durations)
    return {"dateDebut": start.isoformat(), "dateFin": end.isoformat()}


@st.composite
def whole_days(draw: st.DrawFn) -> dict[str, Any]:
    first = draw(st.dates(date(1900, 1, 2), date(2199, 12, 1)))
    last = first + timedelta(days=draw(st.integers(0, 20)))
    ways = (
        *("{}", "{}T00:00:00Z", "{}T00:00:00", "{}T12:30:00", "{}T23:59:59"),
        *("{}T00:00:00-00:00", "{}T23:00:00Z", "{}T22:00:00Z", "{}T23:59:59Z"),
        *("{}T00:00:00+02:00", "{}T00:00:00-04:00", "{}T12:00:00+13:00"),
    )
    way, other = draw(st.sampled_from(ways)), draw(st.sampled_from(ways))
    return {
        "dateDebut": way.format(first),
        "dateFin": other.format(last),
        "touteLaJournee": True,
    }


@st.composite
def requests(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """Occurrences and the zone they are asked in."""
    near = draw(st.one_of(st.none(), instants.filter(lambda w: 1902 < w.year < 2198)))
    dates = draw(
        st.lists(st.one_of(timed(near), timed(near), local(), whole_days()), min_size=1, max_size=4)
    )
    alarms = st.one_of(st.none(), st.integers(0, 525_600))
    made = [
        occurrence(
            number,
            id=draw(st.text(_characters, min_size=1, max_size=10)) + str(number),
            titre=draw(titles),
            notes=draw(st.one_of(st.none(), texts)),
            lieu=draw(st.one_of(st.none(), texts)),
            rappelMinutes=draw(alarms),
            **when,
        )
        for number, when in enumerate(dates)
    ]
    return made, draw(zones)


def drawn(strategy: st.SearchStrategy[T], count: int, *, start: int) -> list[T]:
    """*count* examples at once, for the readers that cost a process each; *start* seeds them."""
    found: list[T] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.append(example)

    collect_all: Callable[[], None] = collect
    collect_all()
    return found
