"""The command line's language: French, or English when the environment's locale begins with en."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from types import ModuleType

from icsmulti.errors import SettingsError
from icsmulti.locales import catalogue

# What the product logs about itself, commands say in their own words.
logging.getLogger("icsmulti").addHandler(logging.NullHandler())


def language(environment: Mapping[str, str] = os.environ) -> str:
    """`fr` or `en`, by the first of LC_ALL, LC_MESSAGES and LANG that is set (POSIX, §8.2)."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    first = next((environment[name] for name in names if environment.get(name)), "")
    return "en" if first.lower().startswith("en") else "fr"


def say(key: str, **values: object) -> str:
    """A sentence of the catalogue, in the command line's language."""
    return catalogue(language()).say(key, **values)


def settings_lines(error: SettingsError) -> list[str]:
    """A sentence for each wrong setting."""
    unset = {"setting": "", "value": ""}
    return [
        say(f"settings.faults.{one.reason}", **(unset | one.values))
        for one in (error, *error.others)
    ]


def teach_click() -> None:
    """Let click say `Usage:` and its errors in the catalogue's words, from now on.

    Click takes its sentences from gettext's global domain, which only files of a machine's
    own can fill; so its modules' `_` and `ngettext` are replaced. What is not in the
    catalogue stays English; a test holds that nothing we can cause does.
    """
    from click import core, decorators, exceptions, formatting, parser, types  # noqa: PLC0415 - a command loads what it uses

    def translated(sentence: str) -> str:
        words: dict[str, str] = catalogue(language()).entry("click")
        return words.get(sentence, sentence)

    def counted(one: str, other: str, n: int) -> str:
        return translated(one if n == 1 else other)

    module: ModuleType
    for module in (core, decorators, exceptions, formatting, parser, types):
        for name, ours in (("_", translated), ("ngettext", counted)):
            if hasattr(module, name):
                setattr(module, name, ours)
