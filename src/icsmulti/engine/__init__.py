"""JSON bytes in, iCalendar bytes out. Pure: no I/O, no clock, no randomness.

A request walks through the modules in this order:

    request      the JSON contract as typed structs; the only module that knows JSON names
    faults       everything wrong with a request (only when something is)
    times        date strings to wall clocks, instants and dates
    tzif, zones  the packaged tzdata: which offset is in force when
    days         date strings again, by table: those of days around which no clock changes
    vtimezone    a zone as the component that every calendar program reads
    contentline  text becomes content lines nowhere else
    written      DATE, DATE-TIME, DURATION (§3.3.4 to §3.3.6)
    identity     (account, id) to UID
    filename     title to Content-Disposition
    generate     the one use case; the only module that knows the order of properties

A request with members beyond the published ones (docs/fields.md) goes on to:

    checking     how a fault is told: at once by stopping, or all together in a list
    effort       what one request may cost where its size alone does not bound it
    shapes, rich_faults      the JSON types of those members, and everything wrong with them
    rich, event  a file of such events (§3.4, §3.6.1)
    uri, host, parameters    addresses (§3.3.13), property parameters (§3.2, RFC 6868)
    alarms       VALARM (§3.6.6)
    descriptive  GEO, URL, CATEGORIES, STATUS, TRANSP, CLASS, PRIORITY (§3.8.1)
    recurrence/  RRULE and its exceptions (§3.3.10, §3.8.5)
    participants, itip       ORGANIZER, ATTENDEE, and what a METHOD asks (RFC 5546)
    presentation, colors, html       COLOR, CONFERENCE, ATTACH, IMAGE, LINK, rich notes (RFC 7986, 9253)
    calendar_properties      the calendar's own name, colour, refresh (RFC 7986 §5)
    xproperties  vendors' properties (§3.8.8.2)
    answer/      the forms of an answer: jCal (RFC 7265), links, an archive
    advice       warnings: what some program will not do with the file

The engine imports the standard library, msgspec, tzdata and `icsmulti.errors`, nothing else
of the product (`tests/test_architecture.py`).
"""
