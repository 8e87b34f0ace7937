"""The judge catches what it is there to catch: a good file, then one defect at a time."""

from datetime import UTC, date, datetime

import pytest

from conformance import judge, outlook
from conformance.readers import Event

GOOD = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ICSMulti//ICSMulti//FR
CALSCALE:GREGORIAN
METHOD:PUBLISH
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Asia/Kathmandu
BEGIN:STANDARD
DTSTART:19700101T000000
RDATE:19700101T000000
TZOFFSETFROM:+0545
TZOFFSETTO:+0545
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:5b8a1b51-0c7e-8aaa-9d11-0123456789ab
DTSTAMP:20260501T080000Z
DTSTART;TZID=Europe/Paris:20260512T120000
DTEND;TZID=Europe/Paris:20260512T130000
SUMMARY:Réunion\\; salle A\\, Paris
DESCRIPTION:Ordre du jour :\\n1. C:\\\\temp
LOCATION:12\\, rue Haute
SEQUENCE:0
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:Réunion\\; salle A\\, Paris
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:5b8a1b51-0c7e-8aaa-9d11-0123456789ac
DTSTAMP:20260501T080000Z
DTSTART;TZID=Asia/Kathmandu:20260512T120000
SUMMARY:Sans fin
SEQUENCE:0
END:VEVENT
BEGIN:VEVENT
UID:5b8a1b51-0c7e-8aaa-9d11-0123456789ad
DTSTAMP:20260501T080000Z
DTSTART;VALUE=DATE:20260714
DTEND;VALUE=DATE:20260715
SUMMARY:Fête nationale
SEQUENCE:0
END:VEVENT
BEGIN:VEVENT
UID:5b8a1b51-0c7e-8aaa-9d11-0123456789ae
DTSTAMP:20260501T080000Z
DTSTART:20261025T013000Z
DTEND:20261025T020000Z
SUMMARY:Nuit d’automne
SEQUENCE:0
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


def codes(data: bytes) -> set[str]:
    return {complaint.code for complaint in judge.complaints(data)}


def spoil(old: str, new: str) -> bytes:
    """GOOD with one thing changed, once. LF in the arguments is a line end of the file."""
    before, after = (text.replace("\n", "\r\n").encode() for text in (old, new))
    assert before in GOOD
    return GOOD.replace(before, after, 1)


def test_a_good_file_draws_no_complaint():
    assert judge.complaints(GOOD) == []
    assert outlook.complaints(GOOD) == []


def test_a_good_file_is_read_back_as_its_events():
    paris, kathmandu, day, autumn = judge.read(GOOD)

    assert paris == Event(
        uid="5b8a1b51-0c7e-8aaa-9d11-0123456789ab",
        summary="Réunion; salle A, Paris",
        description="Ordre du jour :\n1. C:\\temp",
        location="12, rue Haute",
        start=datetime(2026, 5, 12, 10, tzinfo=UTC),
        end=datetime(2026, 5, 12, 11, tzinfo=UTC),
        alarms=(-900,),
    )
    assert kathmandu.start == datetime(2026, 5, 12, 6, 15, tzinfo=UTC)
    assert (day.start, day.end) == (date(2026, 7, 14), date(2026, 7, 15))
    assert autumn.start == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


KATHMANDU = """\
BEGIN:STANDARD
DTSTART:19700101T000000
RDATE:19700101T000000
TZOFFSETFROM:+0545
TZOFFSETTO:+0545
END:STANDARD
"""
LINE = "SUMMARY:Fête nationale\n"
OCTETS = {
    "bom": b"\xef\xbb\xbf" + GOOD,
    "no-final-crlf": GOOD[:-2],
    "bare-line-break": GOOD.replace(b"\r\n", b"\n"),
    "empty-line": spoil(LINE, LINE + "\n"),
    "line-too-long": spoil(LINE, f"SUMMARY:{'x' * 68}\n"),
    "empty-continuation": spoil(LINE, LINE + " \n"),
    "cut-escape": spoil("Réunion\\; salle", "Réunion\\\n ; salle"),
    "cut-character": GOOD.replace("ê".encode(), b"\xc3\r\n \xaa", 1),
    "not-utf-8": GOOD.replace("ê".encode(), b"\xea", 1),
    "forbidden-character": spoil("Fête", "Fê\x0bte"),
}
TEXTS = {
    "unreadable": [
        ("SUMMARY:Fête nationale", "SUMMARY:Fête\nnationale"),
        ("Réunion\\; salle", "Réunion; salle"),
        ("salle A\\, Paris", "salle A, Paris"),
        ("C:\\\\temp", "C:\\temp"),
        ("END:VTIMEZONE\nBEGIN:VEVENT", "BEGIN:VEVENT"),
        ("END:VCALENDAR\n", "END:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\n"),
        ("SUMMARY:Fête", 'SUMMARY;X=a"b:Fête'),
        ("UID:5b8a1b51-0c7e-8aaa-9d11-0123456789ab\n", ""),
        ("TZOFFSETTO:+0200\n", ""),
        ("TZOFFSETFROM:+0545\n", "TZOFFSETFROM:-0000\n"),
        ("TZOFFSETFROM:+0545\n", "TZOFFSETFROM:+05:45\n"),
        ("BYDAY=-1SU", "BYDAY=-1SU;UNTIL=20370329T010000Z"),
        ("BYDAY=-1SU", "BYDAY=SU"),
        ("BYDAY=-1SU", "BYDAY=-1SU;BYMONTHDAY=29"),
        ("FREQ=YEARLY", "FREQ=MONTHLY"),
        ("19810329T020000", "19810330T020000"),
        ("DTSTART;TZID=Europe/Paris:", "DTSTART:"),
        ("TZID:Asia/Kathmandu", "TZID:Asia/Katmandu"),
        ("TRIGGER:-PT15M", "TRIGGER:-PT7.5M"),
        ("TRIGGER:-PT15M", "TRIGGER:--PT15M"),
        ("20260714", "20260732"),
        ("20260512T120000", "20260512T240000"),
        ("DTSTART:19961027T030000\n", "DTSTART:20261027T030000\n"),
        ("RDATE:19700101T000000\n", "RDATE:19700101\n"),
    ],
    "version": [("VERSION:2.0", "VERSION:1.0")],
    "calscale": [("CALSCALE:GREGORIAN", "CALSCALE:JULIAN")],
    "missing-property": [("SEQUENCE:0\n", ""), ("PRODID:-//ICSMulti//ICSMulti//FR\n", "")],
    "repeated-property": [(LINE, LINE * 2), ("METHOD:PUBLISH\n", "METHOD:PUBLISH\n" * 2)],
    "unexpected-property": [
        (LINE, LINE + "X-A:1\n"),
        ("METHOD:PUBLISH\n", "METHOD:PUBLISH\nX-WR-CALNAME:A\n"),
        (LINE, LINE + "TRANSP:OPAQUE\n"),
    ],
    "property-order": [
        ("VERSION:2.0\nPRODID:-//ICSMulti//ICSMulti//FR", "PRODID:x\nVERSION:2.0"),
        ("SUMMARY:Sans fin\nSEQUENCE:0", "SEQUENCE:0\nSUMMARY:Sans fin"),
    ],
    "empty-property": [(LINE, LINE + "DESCRIPTION:\n")],
    "unexpected-component": [
        ("END:VEVENT\n", "END:VEVENT\nBEGIN:VTODO\nEND:VTODO\n"),
        ("END:DAYLIGHT\n", "END:DAYLIGHT\nBEGIN:X-ZONE\nEND:X-ZONE\n"),
        (LINE + "SEQUENCE:0\n", LINE + "SEQUENCE:0\nBEGIN:VLOCATION\nEND:VLOCATION\n"),
    ],
    "duplicate-uid": [("0123456789ac", "0123456789ab")],
    "uid-form": [
        ("0c7e-8aaa", "0c7e-4aaa"),
        ("8aaa-9d11", "8aaa-cd11"),
        ("5b8a1b51", "5B8A1B51"),
        ("0123456789ab", "0123456789ab@localhost"),
    ],
    "several-dtstamps": [("DTSTAMP:20260501T080000Z", "DTSTAMP:20260501T080001Z")],
    "dtstamp-not-utc": [("DTSTAMP:20260501T080000Z", "DTSTAMP:20260501T080000")],
    "duplicate-vtimezone": [("TZID:Asia/Kathmandu", "TZID:Europe/Paris")],
    "unused-vtimezone": [
        ("DTSTART;TZID=Asia/Kathmandu:20260512T120000", "DTSTART:20260512T061500Z")
    ],
    "vtimezone-properties": [("TZID:Asia/Kathmandu", "TZID:Asia/Kathmandu\nTZURL:x")],
    "no-standard": [(KATHMANDU, KATHMANDU.replace("STANDARD", "DAYLIGHT"))],
    "observance-parameters": [
        ("DTSTART:19700101T000000", "DTSTART;TZID=Asia/Kathmandu:19700101T000000")
    ],
    "offset-with-seconds": [("TZOFFSETTO:+0545", "TZOFFSETTO:+054500")],
    "onset-without-rdate": [("RDATE:19700101T000000\n", "")],
    "mixed-forms": [
        ("DTEND;TZID=Europe/Paris:20260512T130000", "DTEND:20260512T110000Z"),
        ("DTEND;VALUE=DATE:20260715", "DTEND:20260715T000000Z"),
    ],
    "end-not-after-start": [
        ("DTEND;VALUE=DATE:20260715", "DTEND;VALUE=DATE:20260714"),
        ("DTEND;TZID=Europe/Paris:20260512T130000", "DTEND;TZID=Europe/Paris:20260512T120000"),
        ("DTEND:20261025T020000Z", "DTEND:20261025T012959Z"),
    ],
    "date-parameters": [
        ("DTSTART;VALUE=DATE:20260714", "DTSTART:20260714"),
        ("DTSTART;VALUE=DATE:", "DTSTART;VALUE=DATE;TZID=Europe/Paris:"),
    ],
    "parameters-on-utc": [("DTSTART:20261025", "DTSTART;TZID=Europe/Paris:20261025")],
    "year-out-of-range": [
        ("DTSTART:20261025", "DTSTART:16001025"),
        ("DTEND;VALUE=DATE:20260715", "DTEND;VALUE=DATE:45010101"),
    ],
    "ambiguous-time": [
        ("DTEND;TZID=Europe/Paris:20260512T130000", "DTEND;TZID=Europe/Paris:20261025T020000"),
        ("DTEND;TZID=Europe/Paris:20260512T130000", "DTEND;TZID=Europe/Paris:20261025T025959"),
    ],
    "nonexistent-time": [
        ("DTEND;TZID=Europe/Paris:20260512T130000", "DTEND;TZID=Europe/Paris:20270328T020000"),
        ("DTEND;TZID=Europe/Paris:20260512T130000", "DTEND;TZID=Europe/Paris:20270328T025959"),
    ],
    "not-one-trimmed-line": [
        ("LOCATION:12\\, rue", "LOCATION:12\\nrue"),
        ("SUMMARY:Sans fin", "SUMMARY: Sans fin"),
    ],
    "alarm-property": [
        ("TRIGGER:-PT15M\nDESCRIPTION:Réunion\\; salle A\\, Paris\n", "TRIGGER:-PT15M\n"),
        ("TRIGGER:-PT15M\n", ""),
        ("TRIGGER:-PT15M\nDESCRIPTION:Réunion\\; salle A\\, Paris", "TRIGGER:-PT15M\nDESCRIPTION:"),
    ],
    "alarm-action": [("ACTION:DISPLAY", "ACTION:AUDIO")],
    "trigger-form": [
        ("TRIGGER:-PT15M", "TRIGGER;RELATED=END:-PT15M"),
        ("TRIGGER:-PT15M", "TRIGGER:PT15M"),
        ("TRIGGER:-PT15M", "TRIGGER:-PT1H30M"),
    ],
    "trigger-too-many-minutes": [("TRIGGER:-PT15M", "TRIGGER:-PT10080M")],
}
TREE = {
    "no-event": GOOD[: GOOD.index(b"BEGIN:VEVENT")] + b"END:VCALENDAR\r\n",
    "vtimezone-after-event": GOOD.replace(b"END:VCALENDAR", b"")[:-2]
    + GOOD[GOOD.index(b"BEGIN:VTIMEZONE") : GOOD.index(b"BEGIN:VEVENT")].replace(
        b"TZID:", b"TZID:X"
    )
    + b"END:VCALENDAR\r\n",
}
DEFECTS = [
    *((code, data) for code, data in {**OCTETS, **TREE}.items()),
    *((code, spoil(*change)) for code, changes in TEXTS.items() for change in changes),
]


@pytest.mark.parametrize(("code", "data"), DEFECTS, ids=[code for code, _ in DEFECTS])
def test_one_defect_draws_its_complaint(code, data):
    assert code in codes(data)


def test_the_hours_around_a_change_of_clock_are_plain():
    for time in ("20261025T015959", "20261025T030000", "20270328T015959", "20270328T030000"):
        data = spoil("Paris:20260512T130000", f"Paris:{time}")

        assert judge.complaints(data) == []


OUTLOOK = {
    "not-one-standard": [
        ("END:STANDARD\n", "END:STANDARD\nBEGIN:STANDARD\nEND:STANDARD\n"),
        (KATHMANDU, KATHMANDU.replace("STANDARD", "DAYLIGHT")),
    ],
    "several-daylight": [("END:DAYLIGHT\n", "END:DAYLIGHT\nBEGIN:DAYLIGHT\nEND:DAYLIGHT\n")],
    "rdate-in-a-pair": [
        ("DTSTART:19961027T030000\n", "DTSTART:19961027T030000\nRDATE:19961027T030000\n")
    ],
    "no-yearly-rule": [("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n", "")],
    "rule-outlook-cannot-follow": [("BYDAY=-1SU", "BYDAY=SU"), ("FREQ=YEARLY", "FREQ=MONTHLY")],
    "offset": [("TZOFFSETTO:+0545\n", ""), ("TZOFFSETTO:+0545", "TZOFFSETTO:+054500")],
    "uid-too-long": [("0123456789ab", "0" * 179)],
    "year": [("DTSTART:20261025", "DTSTART:16001025")],
    "location-line-break": [("LOCATION:12\\, rue", "LOCATION:12\\nrue")],
    "location-too-long": [("LOCATION:12", "LOCATION:" + "😀" * 128)],
    "several-alarms": [("BEGIN:VALARM\n", "BEGIN:VALARM\nEND:VALARM\nBEGIN:VALARM\n")],
    "unreadable": [("BEGIN:VALARM\n", "")],
}


@pytest.mark.parametrize(
    ("code", "change"), [(code, change) for code, changes in OUTLOOK.items() for change in changes]
)
def test_outlook_draws_its_complaint(code, change):
    assert code in {complaint.code for complaint in outlook.complaints(spoil(*change))}


def test_outlook_minds_a_calendar_name_only_on_a_single_event():
    named = spoil("METHOD:PUBLISH\n", "METHOD:PUBLISH\nX-WR-CALNAME:Agenda\n")
    single = named[: named.index(b"END:VEVENT")] + b"END:VEVENT\r\nEND:VCALENDAR\r\n"

    assert outlook.complaints(named) == []
    assert "calendar-name-on-one-event" in {c.code for c in outlook.complaints(single)}
