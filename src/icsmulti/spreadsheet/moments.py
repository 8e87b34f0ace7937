"""What one cell says of days and hours, in French or English, as people write them.

    >>> read_moment("du 14 au 16 juillet 2026").days
    (datetime.date(2026, 7, 14), datetime.date(2026, 7, 16))
    >>> read_moment("14/07/2026, 19h30 - 21h", "dmy").minutes
    (1170, 1260)

A cell may hold a day, an hour, both, or a range of either. Every word must be understood:
what is not is refused, never skipped. `05/06/2026` is read only once the order is known
(`order_seen` says what a column shows); a serial number of Excel's is never taken for a day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

Order = Literal["dmy", "mdy", ""]
"""Day first, month first, or not known."""

DAY_MINUTES = 1_440

_MONTHS = (
    "janvier janv jan january",
    "fevrier fevr fev february feb",
    "mars march mar",
    "avril avr april apr",
    "mai may",
    "juin june jun",
    "juillet juil july jul",
    "aout aou august aug",
    "septembre sept sep september",
    "octobre oct october",
    "novembre nov november",
    "decembre dec december",
)
_WEEKDAYS = (
    "lundi lun monday mon",
    "mardi mar tuesday tue tues",
    "mercredi mer wednesday wed",
    "jeudi jeu thursday thu thur thurs",
    "vendredi ven friday fri",
    "samedi sam saturday sat",
    "dimanche dim sunday sun",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
WEEKDAYS = {name: number for number, names in enumerate(_WEEKDAYS) for name in names.split()}
WORDS_OF_HOUR = {"midi": 720, "noon": 720, "minuit": 0, "midnight": 0}
FILLERS = frozenset(
    # The last one is the T of ISO 8601.
    re.split(" ", "le du de des au a et jusqu jusque the of on from to at until till and t")
)
FRENCH_ONLY = re.compile(
    r"\d ?h(?:\d| |\b)|\b(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|"
    r"novembre|decembre|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b"
)

_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?<!\d)\d{1,2}(?:er|st|nd|rd|th)?"
_HALF = r"(?:\s?[ap]\.?m\b\.?)"
_TOKEN = re.compile(
    rf"""
      (?P<year_first>  (?<!\d)\d{{4}} (?P<s>[-/.]) \d{{1,2}} (?P=s) \d{{1,2}}(?!\d) )
    | (?P<year_last>   (?<!\d)\d{{1,2}} (?P<z>[-/.]) \d{{1,2}} (?P=z) (?:\d{{4}}|\d{{2}})(?!\d) )
    | (?P<two_days>    \b{_MONTH} \s* {_DAY} \s*-\s* {_DAY} ,?\s* \d{{4}}(?!\d) )
    | (?P<day_month>   {_DAY} [\s.-]* (?:of\s)? {_MONTH} (?:[\s,-]*\d{{4}}(?!\d) | -\d{{2}}(?!\d))? )
    | (?P<month_day>   \b{_MONTH} \s* {_DAY} (?:,?\s+\d{{4}}(?!\d))? (?!\d|\s?h\b|[:h/.-]\d|\s+{_MONTH}) )
    | (?P<no_year>     (?<!\d)\d{{1,2}}/\d{{1,2}}(?![\d/]) )
    | (?P<clock>       (?<!\d)\d{{1,2}}\s?(?:heures?\b|[h:])\s?(?:\d{{2}}(?!\d))?(?::\d{{2}}(?:[.,]\d+)?)?{_HALF}? )
    | (?P<dotted>      (?<!\d)\d{{1,2}}\.\d{{2}}(?![\d.]){_HALF}? )
    | (?P<half>        (?<!\d)\d{{1,2}}{_HALF} )
    | (?P<bare>        (?<![\d.,])\d{{1,2}}(?:er\b)?(?!\d|[.,]\d) )
    | (?P<word>        [a-z]+ )
    | (?P<gap>         [\s,;()>→'.-]+ )
    """,
    re.VERBOSE,
)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)\Z", re.IGNORECASE
)


class Unreadable(Exception):
    """The cell says no moment. `reason` names the sentence (`spreadsheet.faults.<reason>`)."""

    def __init__(self, reason: str, **values: object) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason, values)


@dataclass(frozen=True, slots=True)
class Moment:
    """Up to two days and two hours (minutes after midnight, 1 440 for 24 h), in the order written."""

    days: tuple[date, ...] = ()
    minutes: tuple[int, ...] = ()
    instant: str = ""
    """ISO 8601 with an offset, as written: another zone's business, not ours to take apart."""


_PLAIN = str.maketrans({"’": "'", "–": "-", "—": "-", "\u2212": "-"})


def fold(text: str) -> str:
    """Lower case without accents or special spaces: how words are compared."""
    spread = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(c for c in spread.casefold() if not unicodedata.combining(c)).strip()


def read_moment(text: str, order: Order = "", *, bare_hours: bool = False) -> Moment:
    """Read one cell.

    Args:
        text: the cell; empty gives an empty Moment.
        order: how `05/06/2026` is meant. Dots (`05.06.2026`) always mean day first.
        bare_hours: `19` and `19.30` are hours: true where the column's name says so.

    Raises:
        Unreadable: `unreadable` (value), `order` (value), `no-such-day` (value),
            `no-such-hour` (value), `year` (value: a day without its year), `weekday` (value,
            day: the real one), `too-many` (value).
    """
    if len(text) > 100:  # prose, and a bound on the work
        raise Unreadable("unreadable", value=text[:40] + "…")
    if _INSTANT.match(text):
        return Moment(instant=text)
    return _Reading(text, order, bare_hours).moment()


def order_seen(texts: Iterable[str]) -> tuple[bool, bool, bool]:
    """What dates with slashes or dashes prove: (some day first, some month first, some undecided)."""
    day_first = month_first = undecided = False
    for text in texts:
        for match in _TOKEN.finditer(fold(text)):
            if match.lastgroup not in ("year_last", "no_year") or "." in match[0]:
                continue
            a, b = (int(n) for n in re.findall(r"\d+", match[0])[:2])
            day_first |= a > 12 >= b
            month_first |= b > 12 >= a
            undecided |= a <= 12 and b <= 12 and a != b
    return day_first, month_first, undecided


class _Reading:
    """One cell being read, token after token."""

    def __init__(self, text: str, order: Order, bare_hours: bool) -> None:
        self.text, self.order, self.bare_hours = text, order, bare_hours
        self.days: list[tuple[int | None, int | None, int]] = []  # year, month, day
        self.clocks: list[tuple[int, int, str]] = []  # hour, minute, am | pm | ""
        self.weekdays: list[int] = []

    def moment(self) -> Moment:
        folded, at = fold(self.text), 0
        while at < len(folded):
            match = _TOKEN.match(folded, at)
            if not match:
                raise self.refused("unreadable")
            self.take(match)
            at = match.end()
        days, minutes = self.settle_days(), self.settle_minutes()
        if len(days) > 2 or len(minutes) > 2:
            raise self.refused("too-many")
        if len(self.weekdays) == len(days) == 1 and days[0].weekday() != self.weekdays[0]:
            raise self.refused("weekday", day=days[0])
        return Moment(tuple(days), tuple(minutes))

    def refused(self, reason: str, **values: object) -> Unreadable:
        return Unreadable(reason, value=self.text, **values)

    def take(self, match: re.Match[str]) -> None:
        kind, token = match.lastgroup, match[0]
        numbers = [int(n) for n in re.findall(r"\d+", token)]
        match kind:
            case "year_first":
                self.days.append((numbers[0], numbers[1], numbers[2]))
            case "year_last":
                month, day = self.ordered(numbers[0], numbers[1], dotted="." in token)
                self.days.append((_full_year(token), month, day))
            case "no_year":
                self.days.append((None, *self.ordered(numbers[0], numbers[1])))
            case "two_days":
                month, year = _month(token), numbers[2]
                self.days += [(year, month, numbers[0]), (year, month, numbers[1])]
            case "day_month" | "month_day":
                written = _full_year(token) if len(numbers) == 2 else None
                self.days.append((written, _month(token), numbers[0]))
            case "clock" | "half":
                self.clocks.append((numbers[0], (*numbers, 0)[1], _half(token)))
            case "dotted" | "bare" if self.bare_hours:
                self.clocks.append((numbers[0], (*numbers, 0)[1], _half(token)))
            case "bare":  # the 14 of « du 14 au 16 juillet 2026 »
                self.days.append((None, None, numbers[0]))
            case "dotted":
                raise self.refused("unreadable")
            case "word":
                self.take_word(token)

    def take_word(self, word: str) -> None:
        if word in WORDS_OF_HOUR:
            self.clocks.append((WORDS_OF_HOUR[word] // 60, 0, ""))
        elif word in WEEKDAYS:
            self.weekdays.append(WEEKDAYS[word])
        elif word not in FILLERS:
            raise self.refused("unreadable")

    def ordered(self, a: int, b: int, *, dotted: bool = False) -> tuple[int, int]:
        """(month, day) of two numbers."""
        order = "dmy" if dotted else self.order
        if not order:
            if a <= 12 and b <= 12 and a != b:
                raise self.refused("order")
            order = "mdy" if b > 12 else "dmy"
        return (b, a) if order == "dmy" else (a, b)

    def settle_days(self) -> list[date]:
        """Give a range's first day what its second says: « du 14 au 16 juillet 2026 »."""
        days: list[date] = []
        year = month = None
        for its_year, its_month, day in reversed(self.days):
            year, month = its_year or year, its_month or month
            if month is None:
                raise self.refused("unreadable")
            if year is None:
                raise self.refused("year")
            try:
                days.insert(0, date(year, month, day))
            except ValueError:
                raise self.refused("no-such-day") from None
        return days

    def settle_minutes(self) -> list[int]:
        """Hours to minutes; in « 7 - 9 PM » the first takes the second's half of the day."""
        clocks = self.clocks
        if len(clocks) == 2 and clocks[1][2] and not clocks[0][2] and clocks[0][0] <= 12:
            (hour, minute, _), last = clocks[0], _minutes(*clocks[1])
            same = _minutes(hour, minute, clocks[1][2])
            half = clocks[1][2] if same is not None and last is not None and same <= last else "a"
            clocks = [(hour, minute, half), clocks[1]]
        minutes = [_minutes(*clock) for clock in clocks]
        if any(value is None for value in minutes):
            raise self.refused("no-such-hour")
        return [value for value in minutes if value is not None]


def _minutes(hour: int, minute: int, half: str) -> int | None:
    if minute > 59 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    total = hour * 60 + minute
    return total if total <= DAY_MINUTES else None


def _month(token: str) -> int:
    return next(MONTHS[word] for word in re.findall(r"[a-z]{3,}", token) if word in MONTHS)


def _half(token: str) -> str:
    found = re.search(r"([ap])\.?m", token)
    return found[1] if found else ""


def _full_year(token: str) -> int:
    # POSIX: 69 to 99 are of the last century. A list of dates to come never needs the rest.
    digits = re.findall(r"\d+", token)[-1]
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 69 else 1900)
