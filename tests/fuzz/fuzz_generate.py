"""Fuzz the bytes of a request: a good file or a refusal of ours, and nothing else, ever.

    python -m fuzz.fuzz_generate CORPUS [libFuzzer options]      (in `tests/`)

Coverage-guided (atheris). CORPUS grows with what reaches new code; `-max_total_time=3600` for a
long run, `-merge=1 SMALL BIG` to keep only what matters, a file name to replay one input.
"""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["icsmulti"]):
    from icsmulti.engine import faults
    from icsmulti.engine.generate import Calendar, generate
    from icsmulti.engine.request import LenientOccurrence, LenientOptions, Occurrence
    from icsmulti.errors import RequestFault

from conformance import judge, outlook

SECRET = bytes(32)
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
PUBLISHED = {*Occurrence.__struct_fields__, "evenement", "occurrences", "options", "fuseau"}
MEANT = {*LenientOccurrence.__struct_fields__, *LenientOptions.__struct_fields__}


def one_input(body: bytes) -> None:
    """Raises on anything but a good answer or a refusal."""
    try:
        calendar = generate(body, uid_secret=SECRET, now=NOW)
    except RequestFault:
        return
    header = calendar.disposition
    if not header.isascii() or not header.isprintable():
        raise AssertionError(header)
    for data in _files(calendar):
        published = PUBLISHED.issuperset(_names(faults.read_json(body)))
        found = judge.complaints(data, published=published)
        if published:
            found += outlook.complaints(data, own_text=False)
        if found:
            raise AssertionError(found)


def _files(calendar: Calendar) -> list[bytes]:
    """The iCalendar files in an answer, whatever its format. Raises when it is not of its format."""
    if calendar.content_type.startswith("text/calendar"):
        return [calendar.data]
    if calendar.content_type.startswith("application/zip"):
        with zipfile.ZipFile(io.BytesIO(calendar.data)) as archive:
            return [archive.read(name) for name in archive.namelist()]
    answer = json.loads(calendar.data)
    return [answer["calendrier"].encode()] if isinstance(answer, dict) else []


def _names(value: object) -> Iterator[str]:
    """Every member name that means something, wherever it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in MEANT:
                yield name
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
