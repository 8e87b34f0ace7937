"""What `icsmulti keys` is given: ids, labels, dates and limits, checked before any store opens.

A wrong one is wrong usage (status 2). None of the sentences repeats what was typed: it may
be a key.
"""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from icsmulti.cli_language import say
from icsmulti.keys.issue import LABEL_MAX, clean_label
from icsmulti.keys.key import ACCOUNT_ID_LENGTH, KEY_ID_LENGTH, KEY_PATTERN

LIMIT_MAX = 10**9

Given = tuple[int | None]
"""A limit that was given; None in it is the server's own. In a tuple, so that an option that
was not given (None) is another thing."""


class KeyId(click.ParamType[str]):
    """A key's public id. A whole key is refused, and never repeated."""

    name = "ID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if whole := re.fullmatch(KEY_PATTERN, value):
            self.fail(say("keys.cli.usage.whole-key", id=whole[0][5:15]), param, ctx)
        if not _is_id(value, KEY_ID_LENGTH):
            self.fail(say("keys.cli.usage.id"), param, ctx)
        return value


class AccountId(click.ParamType[str]):
    """An account's id, or a key's, which begins with it."""

    name = say("keys.cli.metavar.account")

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not any(_is_id(value, length) for length in (ACCOUNT_ID_LENGTH, KEY_ID_LENGTH)):
            self.fail(say("keys.cli.usage.account"), param, ctx)
        return value[:ACCOUNT_ID_LENGTH]


class Label(click.ParamType[str]):
    """A label, cleaned as self-service cleans it."""

    name = say("keys.cli.metavar.label")

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        label = clean_label(value)
        if not label:
            self.fail(say("keys.cli.usage.label-empty"), param, ctx)
        if len(label) > LABEL_MAX:
            self.fail(say("keys.cli.usage.label-long", n=len(label), limit=LABEL_MAX), param, ctx)
        return label


class Expiry(click.ParamType[int]):
    """A date (valid through that day, UTC) or an instant (UTC unless it has an offset) to come."""

    name = say("keys.cli.metavar.date")

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            if len(value) == len("2027-06-30"):
                day = date.fromisoformat(value) + timedelta(days=1)
                moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
            else:
                moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(say("keys.cli.usage.date"), param, ctx)
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        if seconds <= time.time():
            self.fail(say("keys.cli.usage.past"), param, ctx)
        return seconds


class Limit(click.ParamType[Given]):
    """A whole number, 0 for no limit, or `default`, the server's."""

    name = "N"

    def convert(
        self, value: str | Given, param: click.Parameter | None, ctx: click.Context | None
    ) -> Given:
        if isinstance(value, tuple):
            return value
        if value == "default":
            return (None,)
        if not value.isascii() or not value.isdigit() or int(value) > LIMIT_MAX:
            self.fail(say("keys.cli.usage.limit"), param, ctx)
        return (int(value),)


class NewFile(click.ParamType[Path]):
    """A file that is not there yet: a slip of the keyboard must not replace one."""

    name = say("keys.cli.metavar.file")

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        path = Path(value)
        if os.path.exists(path):  # False where Path.exists raises
            self.fail(say("keys.cli.usage.exists"), param, ctx)
        return path


def _is_id(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isalnum()
