"""What a request may cost beyond its size: refused at once, alone, on the member that is too much."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from icsmulti.engine import effort
from icsmulti.engine.generate import generate
from icsmulti.engine.recurrence import instances
from icsmulti.errors import InvalidRequest
from icsmulti.locales import catalogue
from icsmulti.locales.sentences import describe_message

EVENT = {"titre": "T", "dateDebut": "2026-05-12", "dateFin": "2026-05-12"}


def generated(events, options=None):
    occurrences = [EVENT | {"id": str(n)} | event for n, event in enumerate(events)]
    request = {"evenement": {"occurrences": occurrences}, "options": options or {}}
    return generate(
        json.dumps(request).encode(), uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC)
    ).data


def make(events):
    return generated(events).decode()


def archived(events):
    """How many files an archive of them has."""
    return len(zipfile.ZipFile(io.BytesIO(generated(events, {"format": "zip"}))).namelist())


def refused(events, options=None):
    with pytest.raises(InvalidRequest) as caught:
        generated(events, options)
    (fault,) = caught.value.faults
    assert caught.value.total == 1
    assert fault.code == "too-many"
    for language in ("fr", "en"):
        assert str(fault.values["limit"]) in describe_message(fault, catalogue(language))
    return fault.dotted, fault.reason


def changes(number, **members):
    first = date.fromisoformat(EVENT["dateDebut"])
    dates = [{"dateOriginale": str(first + timedelta(days=n + 1))} for n in range(number)]
    return {"regle": "FREQ=DAILY", "modifications": dates} | members


def test_notes_that_changed_dates_inherit_are_written_up_to_a_number_of_characters():
    inherited = {"notes": "x" * 50_000}

    assert make([changes(300, **inherited)]).count("DESCRIPTION") == 301
    dotted, reason = refused([changes(300, **inherited), changes(300, **inherited)])

    assert dotted.startswith("evenement.occurrences[1].modifications[")
    assert reason == "effort-written"


def test_an_event_of_many_long_alarms_counts_by_what_it_writes():
    alarms = [{"minutes": n} for n in range(1, 11)]
    events = [{"titre": "," * 1_000, "rappels": alarms}] * 1_000

    assert refused(events)[1] == "effort-written"


def test_tags_and_entities_of_different_html_notes_count_and_the_same_again_does_not():
    marks = 2 * 6_000
    full = [{"notesHtml": f"{n}" + "<b>x</b>" * 6_000} for n in range(effort.HTML // marks + 1)]

    assert make(full[:-1])
    assert make(full[:1] * 20)
    assert refused(full) == (f"evenement.occurrences[{len(full) - 1}].notesHtml", "effort-html")


def test_different_hosts_beyond_ascii_count_by_their_parts_and_the_same_again_does_not():
    def event(n):
        links = [f"https://é{n}-{k}.{'ü.' * 8}example/" for k in range(20)]
        return {"liens": [{"url": url, "relation": "related"} for url in links]}

    full = [event(n) for n in range(effort.HOSTS // (20 * 10) + 1)]

    assert make(full[:-1])
    assert make(full[:1] * 200)
    assert refused(full) == (
        f"evenement.occurrences[{len(full) - 1}].liens[0].url",
        "effort-hosts",
    )


@pytest.mark.parametrize(
    "series", [{"datesSupplementaires": ["4400-01-02T10:00"]}, {"regle": "FREQ=YEARLY"}]
)
def test_zones_that_list_their_changes_count_in_each_file_of_an_archive(series):
    timed = {"dateDebut": "2026-05-12T10:00", "dateFin": "2026-05-12T11:00"}
    event = {"fuseau": "America/Santiago"} | timed | series

    assert make([event] * 1_500)
    assert refused([event] * 1_500, {"format": "zip"})[1] == "effort-written"


def test_ten_thousand_files_in_an_archive_are_no_effort():
    request = [{"dateDebut": "2026-05-12T10:00", "duree": "PT1H", "dateFin": None}] * 10_000

    assert archived(request) == 10_000


def test_a_rule_that_makes_much_to_pick_little_from_counts_what_it_makes():
    whole_year = {
        "regle": "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=132",
        "exceptions": ["4400-05-12"],
    }

    dotted, reason = refused([whole_year])

    assert (dotted, reason) == ("evenement.occurrences[0].regle", "rule-examined")


def test_listed_dates_are_examined_as_those_of_rules():
    first = date(2027, 1, 1)
    listed = {"datesSupplementaires": [str(first + timedelta(days=n)) for n in range(500)]}

    assert make([listed] * 199).count("RDATE") == 199 * 500
    assert refused([listed] * 201)[1] == "rule-examined"


def test_ten_thousand_weekly_rules_are_examined_with_ease():
    weekly = {"recurrence": {"frequence": "hebdomadaire", "jours": ["LU", "MA", "ME", "JE", "VE"]}}

    assert make([weekly] * 10_000).count("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\n") == 10_000
    assert instances.EXAMINED == 100_000
