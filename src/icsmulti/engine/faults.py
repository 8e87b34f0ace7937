"""Everything wrong with a request, as codes, values and paths: found at once, off the fast path.

    >>> examine({"evenement": {"occurrences": []}}, DEFAULT_BOUNDS)
    InvalidRequest: evenement.occurrences: empty

`generate` stops at the first sign of trouble and comes here with the same bytes. This module
reads them again, slowly and without types, lists the first faults in the order of the
contract and counts the rest. It raises, or finds nothing: a request can be unusual (a lone
surrogate in a member we ignore, a wrong value that a later duplicate replaces) and still good.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any, NoReturn

from icsmulti.engine import rich_faults
from icsmulti.engine.checking import UNKNOWN, Enough, Finder, Found, add_date_fault
from icsmulti.engine.contentline import one_line
from icsmulti.engine.days import local_times
from icsmulti.engine.recurrence.series import Change
from icsmulti.engine.request import ALARM_MINUTES, DEFAULT_ZONE, ID_CHARS, Bounds
from icsmulti.engine.times import (
    InvalidDate,
    Moment,
    dates,
    day,
    instant,
    is_writable,
    parse,
    written_form,
)
from icsmulti.engine.zones import Zone, zone
from icsmulti.errors import InvalidJson, Path

_WIDEST_OFFSET = timedelta(days=1)  # what is written differs from UTC by less
_TIMES = ("dateDebut", "dateFin", "duree")
UTF8_BOM = b"\xef\xbb\xbf"


def read_json(body: bytes) -> Any:
    """The body as Python values; of duplicate members the last counts.

    Raises:
        InvalidJson: with `line` and `column` (from 1), or the `encoding` it seems to be in and,
            where that shows only there, the first `octet` (from 1) that is not UTF-8.
    """
    if not body.removeprefix(UTF8_BOM).strip():
        raise InvalidJson("json-empty")
    encoding = json.detect_encoding(body)
    if encoding not in ("utf-8", "utf-8-sig"):
        # Python says utf-16-le for what is registered as UTF-16LE.
        name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
        raise InvalidJson("json-encoding", encoding=name)
    try:
        text = body.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        # Any octets are Windows-1252 or ISO 8859-1 (which it extends): what old Excel writes.
        raise InvalidJson(
            "json-octet", encoding="Windows-1252 / ISO-8859-1", octet=error.start + 1
        ) from None
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise InvalidJson("json-syntax", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise InvalidJson("json-depth") from None


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(
        "json-constant", name=name
    )  # NaN and Infinity: Python reads them, JSON has none


def _whole(digits: str) -> int | float:
    # int() takes quadratic time, and refuses more than 4 300 digits with an error of its own.
    return int(digits) if len(digits) <= 20 else float(digits)


def examine(data: Any, bounds: Bounds) -> None:
    """Return when nothing is wrong with a decoded request.

    Raises:
        InvalidRequest: with the first faults, occurrences in order, members in the order of
            the contract, and how many there are in all.
    """
    found = Found(bounds.listed_faults)
    if not isinstance(data, dict):
        found.add("wrong-type", (), "type-object")
        found.finish()
    tz, zone_fault = _zone(data.get("options"))
    evenement = data.get("evenement")
    if evenement is None:
        found.add("missing", ("evenement",))
    elif not isinstance(evenement, dict):
        found.add("wrong-type", ("evenement",), "type-object")
    else:
        settings = rich_faults.Settings.of(data.get("options"), tz, bounds)
        _occurrences(evenement.get("occurrences"), settings, found)
    if zone_fault:
        found.add(*zone_fault)
    if isinstance(data.get("options"), dict):
        rich_faults.examine_options(data["options"], evenement, found)
    found.finish()


def _zone(options: Any) -> tuple[Zone | None, tuple[str, Path, str] | None]:
    """The zone of the options, or what is wrong with them."""
    if options is None or options == "":
        return zone(DEFAULT_ZONE), None
    if not isinstance(options, dict):
        return None, ("wrong-type", ("options",), "type-object")
    name, path = options.get("fuseau"), ("options", "fuseau")
    if name is None or name == "":
        return zone(DEFAULT_ZONE), None
    if not isinstance(name, str):
        return None, ("wrong-type", path, "type-string")
    try:
        return zone(name), None
    except KeyError:
        return None, ("unknown-zone", path, "unknown-zone")


def _events(occurrences: list[Any]) -> int:
    """How many VEVENTs are asked for: one an occurrence, one a changed date of a series."""
    changed = (
        o["modifications"] for o in occurrences if isinstance(o, dict) and "modifications" in o
    )
    return len(occurrences) + sum(len(dates) for dates in changed if isinstance(dates, list))


def _occurrences(occurrences: Any, settings: rich_faults.Settings, found: Found) -> None:
    path, bounds = ("evenement", "occurrences"), settings.bounds
    if occurrences is None:
        found.add("missing", path)
    elif not isinstance(occurrences, list):
        found.add("wrong-type", path, "type-array")
    elif not occurrences:
        found.add("empty", path, "empty-list")
    elif (count := _events(occurrences)) > bounds.occurrences:
        # Not examined further: the remedy is to split, and the work stays bounded.
        found.add("too-many", path, limit=bounds.occurrences, count=count)
    else:
        ids: set[str] = set()
        for i, occurrence in enumerate(occurrences):
            if isinstance(occurrence, dict):
                _occurrence(occurrence, (*path, i), ids, settings, found)
            else:
                found.add("wrong-type", (*path, i), "type-object")


class _OfEvent:
    """The faults of one event, on their way: which of its members have one is kept."""

    __slots__ = ("_at", "_found", "_members", "effort", "wrong")

    def __init__(self, members: dict[str, Any], at: int, found: Finder) -> None:
        self._members, self._at, self._found = members, at, found
        self.effort = found.effort
        self.wrong: set[str] = set()

    def add(self, code: str, path: Path, reason: str = "", **values: object) -> None:
        name = str(path[self._at])
        self.wrong.add(name)
        if self._members.get(name) is not UNKNOWN:
            self._found.add(code, path, reason, **values)


class _OfChange:
    """The faults of a changed date, on their way: to where the request says when it is."""

    def __init__(self, change: Change, found: Finder) -> None:
        self._change, self._found = change, found
        self.effort = found.effort

    def add(self, code: str, path: Path, reason: str = "", **values: object) -> None:
        at = len(self._change.path)
        name = str(path[at])
        if name in _TIMES:
            path = (*path[:at], self._change.member(name))
        self._found.add(code, path, reason, **values)


def _occurrence(
    members: dict[str, Any],
    path: Path,
    ids: set[str],
    settings: rich_faults.Settings,
    to: Finder,
) -> None:
    """The faults of one event, member by member as the contract lists them, rich ones last."""
    bounds, found = settings.bounds, _OfEvent(members, len(path), to)
    rich = rich_faults.Examination(members, path, settings)
    event_id = _required(members, "id", path, found, ID_CHARS)
    if event_id in ids:
        found.add("duplicate-id", (*path, "id"), id=event_id)
    elif event_id is not None:
        ids.add(event_id)
    title = _required(members, "titre", path, found, bounds.title_chars)
    if title is not None and not one_line(title):
        found.add("empty", (*path, "titre"))
    _optional_text(members, "notes", path, found, bounds.notes_chars)
    _times(members, path, rich, found)
    _optional_text(members, "lieu", path, found, bounds.place_chars)
    all_day = members.get("touteLaJournee")
    if all_day is not None and all_day != "" and not isinstance(all_day, bool):
        found.add("wrong-type", (*path, "touteLaJournee"), "type-boolean")
    _alarm(members.get("rappelMinutes"), (*path, "rappelMinutes"), found)
    if rich.is_plain:
        return
    rich.examine(found.wrong)
    with suppress(Enough):
        for change in rich.changes:
            to_series = _OfChange(change, rich.found)
            _occurrence(change.members, change.path, set(), settings, to_series)
    rich.finish(found)


def _times(
    members: dict[str, Any], path: Path, rich: rich_faults.Examination, found: Finder
) -> None:
    """Both dates: one by one, and together as far as the zones and the kind of event are known."""
    all_day = members.get("touteLaJournee")
    if all_day is None or all_day == "":
        all_day = False
    if not isinstance(all_day, bool):
        all_day = None  # what kind of event it is meant to be cannot be told
    elif not all_day and rich.needs_end and rich.zone is rich.end_zone:
        first, last = _local_times(members, rich.zone)
        if first and last:
            if last < first:
                found.add("end-before-start", (*path, "dateFin"), "end-before-start")
            return
    start = _moment(members, "dateDebut", path, rich.zone, all_day, found)
    if not rich.needs_end:
        rich.examine_duration(start, all_day)
        return
    in_utc = all_day is False and _needs_utc(start, rich.zone)  # then the end is in UTC beside it
    end = _moment(members, "dateFin", path, rich.end_zone, all_day, found, in_utc=in_utc)
    if start is None or end is None:
        return
    kinds = (False, True) if all_day is None else (all_day,)
    if all(_is_reversed(start, end, rich.zone, rich.end_zone, all_day=kind) for kind in kinds):
        reason = "end-before-start-day" if all_day else "end-before-start"
        found.add("end-before-start", (*path, "dateFin"), reason)
    elif all_day and rich.zone and rich.zone is rich.end_zone:
        last_day = dates(start, end, rich.zone)[1]
        if not is_writable(last_day + timedelta(days=1)):  # DTEND is the day after
            found.add("out-of-range", (*path, "dateFin"), "date-year")


def _local_times(members: dict[str, Any], tz: Zone | None) -> list[str | None]:
    """The dates of a timed event where both are by table (`days`), and so good; most are."""
    texts: list[Any] = [members.get("dateDebut"), members.get("dateFin")]
    if tz is None or not all(isinstance(text, str) for text in texts):
        return [None, None]
    try:
        return local_times(texts, tz)
    except InvalidDate:
        return [None, None]


def _needs_utc(start: Moment | None, tz: Zone | None) -> bool:
    if start is None or tz is None:
        return False
    utc = instant(start, tz)
    return not tz.span_at(utc).is_clear(utc)


def _is_reversed(
    start: Moment, end: Moment, tz: Zone | None, end_tz: Zone | None, *, all_day: bool
) -> bool:
    """Whether the end precedes the start, and would in any zone where theirs is not known."""
    if all_day:
        if (tz is None or end_tz is not tz) and not (_is_date(start) and _is_date(end)):
            return False
        first_day, last_day = dates(start, end, tz or zone("UTC"))
        return last_day < first_day
    if (tz is None and start.offset is None) or (end_tz is None and end.offset is None):
        return False
    return instant(end, end_tz or zone("UTC")) < instant(start, tz or zone("UTC"))


def _is_date(moment: Moment) -> bool:
    """Whether a moment of a whole-day event is the date written, whatever the zone."""
    return moment.is_utc_midnight or (moment.offset is None and not moment.leap)


def _moment(
    members: dict[str, Any],
    name: str,
    path: Path,
    tz: Zone | None,
    all_day: bool | None,
    found: Finder,
    *,
    in_utc: bool = False,
) -> Moment | None:
    """A date that can be read and written, or None with its fault."""
    path = (*path, name)
    text = _required_string(members.get(name), path, found)
    if text is None:
        return None
    try:
        moment = parse(text)
        is_good = _is_writable(moment, tz, all_day, in_utc=in_utc)
    except InvalidDate as error:
        add_date_fault(error, path, found)
        return None
    if not is_good:
        found.add("out-of-range", path, "date-year")
    return moment if is_good else None


def _is_writable(moment: Moment, tz: Zone | None, all_day: bool | None, *, in_utc: bool) -> bool:
    """Whether a moment's year can be written; where it is not known how, whether it might.

    Raises:
        InvalidDate: `date-leap-second`.
    """
    if tz is None or all_day is None:
        utc = instant(moment, tz) if tz else moment.wall - (moment.offset or timedelta())
        return is_writable(utc - _WIDEST_OFFSET) or is_writable(utc + _WIDEST_OFFSET)
    if all_day:
        return is_writable(day(moment, tz))
    utc = instant(moment, tz)
    return is_writable(utc if in_utc else written_form(utc, tz))


def _required(
    members: dict[str, Any], name: str, path: Path, found: Finder, limit: int
) -> str | None:
    """A required text of at most *limit* code points, or None with its fault."""
    path = (*path, name)
    text = _required_string(members.get(name), path, found)
    return text if text is not None and _is_text(text, path, found, limit) else None


def _required_string(value: Any, path: Path, found: Finder) -> str | None:
    if value is None:
        found.add("missing", path)
    elif not isinstance(value, str):
        found.add("wrong-type", path, "type-string")
    elif not value:
        found.add("empty", path)
    else:
        return value
    return None


def _optional_text(
    members: dict[str, Any], name: str, path: Path, found: Finder, limit: int
) -> None:
    value = members.get(name)
    if value is None:
        return
    if not isinstance(value, str):
        found.add("wrong-type", (*path, name), "type-string")
    else:
        _is_text(value, (*path, name), found, limit)


def _is_text(text: str, path: Path, found: Finder, limit: int) -> bool:
    if len(text) > limit:
        found.add("too-long", path, limit=limit, count=len(text))
    elif not _is_unicode(text):
        found.add("invalid-text", path)
    else:
        return True
    return False


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: JSON can escape half a surrogate pair, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _alarm(value: Any, path: Path, found: Finder) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        found.add("wrong-type", path, "type-number")
    elif not 0 <= value <= ALARM_MINUTES or value != int(value):
        found.add("out-of-range", path, "alarm-range", limit=ALARM_MINUTES)
