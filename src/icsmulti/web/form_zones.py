"""A zone found by typing a city: « Lyon », « Pointe-à-Pitre », « Tokyo », `Europe/Paris`.

Cities are CLDR's, in the reader's language (Babel), with those of `form.cities` that tzdata
has no zone for. A zone the engine does not know is never offered.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache

from babel.core import Locale, get_global

from icsmulti.engine.zones import names, zone
from icsmulti.locales import LANGUAGES, catalogue

DEFAULT_ZONE = "Europe/Paris"


def resolve(typed: str) -> str:
    """The IANA name for what was typed; as it was typed when there is none."""
    text = typed.strip()
    inner = text.rpartition("(")[2].rstrip(")").strip()
    for name in (text, inner, text.replace(" ", "_")):
        try:
            return zone(name).name
        except KeyError:
            continue
    for language in LANGUAGES:
        if found := _by_city(language).get(_folded(text)):
            return found
    return text or DEFAULT_ZONE


@cache
def cities(language: str) -> tuple[tuple[str, str], ...]:
    """(city, IANA name) in alphabetical order of the language: what the list offers."""
    known = frozenset(names())
    territories = {name for name in get_global("zone_territories") if name in known}
    # An alias (Asia/Calcutta) is understood when typed, but not offered beside its zone.
    canonical = {get_global("zone_aliases").get(name, name) for name in territories} & known
    # Etc/GMT-5 is five hours *ahead*: a trap, not a city.
    found = {(_city(n, language), n) for n in canonical if "/" in n and not n.startswith("Etc/")}
    more = (line.split(" = ") for line in catalogue(language).entry("form.cities"))
    found |= {(city, name) for city, name in more if name in known}
    return tuple(sorted(found, key=lambda pair: (_folded(pair[0]), pair[1])))


@cache
def cities_json(language: str) -> bytes:
    """`["Abidjan (Africa/Abidjan)", …]`: the suggestions of the zone's field."""
    offered = [f"{city} ({name})" for city, name in cities(language)]
    return json.dumps(offered, ensure_ascii=False, separators=(",", ":")).encode()


def zone_label(name: str, language: str) -> str:
    """« Paris (Europe/Paris) »; the name alone where there is no city, or no such zone."""
    return f"{_city(name, language)} ({name})" if "/" in name and name in names() else name


def _city(name: str, language: str) -> str:
    """The zone's city in a language; CLDR may know it by an older name (Asia/Calcutta)."""
    known = Locale.parse(language).time_zones
    for each in (name, *_older_names().get(name, ())):
        if city := known.get(each, {}).get("city"):
            return str(city)
    return name.rpartition("/")[2].replace("_", " ")


@cache
def _older_names() -> dict[str, list[str]]:
    older: dict[str, list[str]] = {}
    for old, new in get_global("zone_aliases").items():
        older.setdefault(new, []).append(old)
    return older


@cache
def _by_city(language: str) -> dict[str, str]:
    return {_folded(city): name for city, name in cities(language)}


def _folded(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold().replace("-", " ").replace("’", "'"))
    return "".join(c for c in spread if not unicodedata.combining(c)).strip()
