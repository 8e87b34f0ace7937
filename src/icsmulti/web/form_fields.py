"""A form's body, read whole and taken apart: URL-encoded, or multipart when it carries a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from icsmulti.errors import TooLarge, UnsupportedType
from icsmulti.settings import Settings
from icsmulti.web.body import Receive, read_body
from icsmulti.web.context import Scope

URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
FIELDS_A_ROW = 34
"""Twice what a row has, to leave room for what it will get."""
OTHER_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form sent, in its order."""

    pairs: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, bytes], ...] = ()
    """(field's name, content) of the files that are not empty."""

    def get(self, name: str, default: str = "") -> str:
        """The first value under a name."""
        return next((value for key, value in self.pairs if key == name), default)

    def file(self, name: str) -> bytes:
        return next((content for key, content in self.files if key == name), b"")


async def read_fields(scope: Scope, receive: Receive, settings: Settings) -> Fields:
    """Read a form.

    Raises:
        UnsupportedType: it is not a form.
        TooLarge: `max_body_bytes`, or more fields than the longest list has.
        TooSlow: `read_timeout_s`.
    """
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (URL_ENCODED, MULTIPART):
        raise UnsupportedType(f"{URL_ENCODED}, {MULTIPART}")
    body = await read_body(scope, receive, settings.max_body_bytes, settings.read_timeout_s)
    most = settings.form_max_occurrences * FIELDS_A_ROW + OTHER_FIELDS
    if kind == URL_ENCODED:
        return Fields(_url_encoded(body, most, settings))
    return await _multipart(scope, body, most, settings)


def _url_encoded(body: bytes, most: int, settings: Settings) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(
            parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
        )
    except ValueError:  # more than *most*
        raise TooLarge(settings.max_body_bytes) from None


async def _multipart(scope: Scope, body: bytes, most: int, settings: Settings) -> Fields:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(
        Headers(scope=scope),
        stream(),  # type: ignore[arg-type]  # an async generator in fact, an iterator in name
        max_files=10,
        max_fields=most,
        max_part_size=settings.max_body_bytes,
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise UnsupportedType(f"{URL_ENCODED}, {MULTIPART}") from None
    pairs: list[tuple[str, str]] = []
    files: list[tuple[str, bytes]] = []
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if content := await value.read():
                    files.append((name, content))
            else:
                pairs.append((name, value))
    finally:
        await form.close()
    return Fields(tuple(pairs), tuple(files))
