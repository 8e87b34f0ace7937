"""Links « add to calendar »: one event as an address that a web calendar opens as a draft.

    {"google": "https://calendar.google.com/calendar/render?action=TEMPLATE&text=…",
     "outlook": …, "microsoft365": …, "yahoo": …}

No standard: each service documents its own, or nothing at all. A link carries the title, the
times, the notes and the place, and no more: no alarm, no recurrence, no identity, so that a
second click makes a second event. What does not fit in 2 000 octets gets no link.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote

from icsmulti.engine.uri import LENGTH_OCTETS
from icsmulti.engine.written import date, date_time

_DAY = timedelta(days=1)
_GOOGLE = "https://calendar.google.com/calendar/render"
_YAHOO = "https://calendar.yahoo.com/"
_OUTLOOK = {
    "outlook": "https://outlook.live.com/calendar/0/deeplink/compose",
    "microsoft365": "https://outlook.office.com/calendar/0/deeplink/compose",
}


def links(
    start: datetime, end: datetime, *, all_day: bool, title: str, notes: str, place: str, zone: str
) -> dict[str, str]:
    """The links that fit, by service.

    Args:
        start: UTC, naive; of a whole day, its midnight.
        end: UTC, naive, exclusive.
        all_day: whether both are dates.
        title: cleaned, as are *notes* and *place*.
        notes: may be "".
        place: may be "".
        zone: where Google shows the event.
    """
    # Outlook's notes are HTML: line breaks would be lost, and what stands between < and >.
    body = quote(escape(notes, quote=False).replace("\n", "<br>"), safe="")
    title, notes, place = (quote(text, safe="") for text in (title, notes, place))
    if len(title) + len(notes) + len(place) > LENGTH_OCTETS:
        return {}
    form = date if all_day else _utc
    google = _link(
        _GOOGLE,
        action="TEMPLATE",
        text=title,
        dates=f"{form(start)}%2F{form(end)}",
        details=notes,
        location=place,
        ctz="" if all_day else quote(zone, safe=""),
    )
    # Yahoo heeds no `dur` beside an `et`, and knows whole days one by one: several are from midnight
    # to midnight.
    is_one_day = all_day and end - start == _DAY
    yahoo = _link(
        _YAHOO,
        v="60",
        title=title,
        st=form(start),
        et="" if is_one_day else form(end),
        dur="allday" if is_one_day else "",
        desc=notes,
        in_loc=place,
    )
    found = {"google": google}
    begin, until = (_iso(at)[:10] if all_day else _iso(at) for at in (start, end))
    for name, base in _OUTLOOK.items():
        found[name] = _link(
            base,
            path="%2Fcalendar%2Faction%2Fcompose",
            rru="addevent",
            subject=title,
            startdt=begin,
            enddt=until,
            allday="true" if all_day else "",
            body=body,
            location=place,
        )
    found["yahoo"] = yahoo
    return {name: link for name, link in found.items() if len(link) <= LENGTH_OCTETS}


def _link(base: str, **parts: str) -> str:
    """An address of values that are percent-encoded already: three services share the long ones."""
    return f"{base}?{'&'.join(f'{name}={value}' for name, value in parts.items() if value)}"


def _utc(value: datetime) -> str:
    return f"{date_time(value)}Z"


def _iso(value: datetime) -> str:
    return f"{value.isoformat()}Z".replace(":", "%3A")
