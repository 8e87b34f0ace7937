"""Every sentence that a user reads: API, command line and pages. Nothing else holds one.

A language is a folder of TOML files here, `fr/` and `en/`; a file is a part of the product
(`errors.toml`, `cli.toml`, a file for each page). A sentence is found by its dotted key, the
file's name first, and filled with `str.format` fields:

    >>> catalogue("fr").say("errors.missing-key")
    'Clé API manquante (header X-API-Key absent)'

A table with `one` and `other` is a plural, chosen by the value `n` with the language's own
rule (French says « 0 faute », English "0 faults"). Adding a language is adding its folder:
a test holds that every language has the same keys and the same fields.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

DEFAULT = "fr"
"""French is the product's first language: what is asked in no language we have gets it."""

LANGUAGES = (
    DEFAULT,
    *sorted(
        folder.name
        for folder in files(__package__).iterdir()
        if folder.joinpath("site.toml").is_file() and folder.name != DEFAULT
    ),
)


class Catalogue:
    """The sentences of one language."""

    def __init__(self, language: str, tables: Mapping[str, Any]) -> None:
        self.language = language
        self._tables = tables
        self._found: dict[str, Any] = {}

    def say(self, key: str, **values: object) -> str:
        """The sentence under *key*, filled. Raises KeyError when there is none."""
        entry = self.entry(key)
        if isinstance(entry, dict):
            entry = entry[self._plural(values["n"])]
        text: str = entry
        return text.format_map(values) if values else text

    def entry(self, key: str) -> Any:
        """What stands under *key*: a sentence, a list of them, or a whole table."""
        if key not in self._found:
            entry: Any = self._tables
            for step in key.split("."):
                entry = entry[step]
            self._found[key] = entry
        return self._found[key]

    def has(self, key: str) -> bool:
        try:
            self.entry(key)
        except (KeyError, TypeError):
            return False
        return True

    def _plural(self, n: Any) -> str:
        # CLDR, for whole numbers: French takes the singular for 0 and 1, English for 1.
        return "one" if n == 1 or (n == 0 and self.language == "fr") else "other"


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language we have. Read once a process."""
    folder = files(__package__).joinpath(language)
    tables = {
        part.name.removesuffix(".toml"): tomllib.loads(part.read_text("utf-8"))
        for part in folder.iterdir()
        if part.name.endswith(".toml")
    }
    return Catalogue(language, tables)


_RANGE = re.compile(
    r"(\*|[A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*\Z"
)


@lru_cache(maxsize=1_000)
def negotiate(accept_language: str) -> str:
    """The language for an Accept-Language header (RFC 9110 §12.5.4).

    The one that the header prefers; a header that asks for none of ours gets French.
    """
    if len(accept_language) > 500:  # a header is a stranger's: bound the work and the cache
        return DEFAULT
    weights: dict[str, float] = {}
    for part in accept_language.split(","):
        if match := _RANGE.match(part.strip()):
            name, weight = match[1].lower(), float(match[2] or 1)
            weights[name] = max(weight, weights.get(name, 0.0))
    others = weights.get("*", 0.0)
    ours = {name: weights.get(name, others) for name in LANGUAGES}
    best = [name for name in LANGUAGES if ours[name] == max(ours.values())]
    if len(best) == 1:
        return best[0]
    # Equal weights: the first that is named, as browsers write their preference first.
    return next((name for name, weight in weights.items() if name in best and weight), DEFAULT)
