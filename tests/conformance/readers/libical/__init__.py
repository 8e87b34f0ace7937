"""libical 3: the engine of Evolution, GNOME Calendar and KDE, through its introspection bindings.

Debian: `python3-gi` and `gir1.2-ical-3.0`, seen by the system's Python only; so a program of its
own (`read.py`) reads there. Its own ways, not ours to answer for: in a repeated hour it takes
the second occurrence, in a gap the offset after it: a good file holds neither. And it drops
spaces and tabs at both ends of a value, which a good file may hold in its notes.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance.readers import Answer, missing
from conformance.readers.batch import read_through

_PYTHON = "/usr/bin/python3"
_PROBE = "import gi; gi.require_version('ICalGLib', '3.0')"


def read(files: Sequence[bytes]) -> list[Answer]:
    """Read *files* in one process of the system's Python."""
    if not _installed():
        missing("libical", "`apt-get install python3-gi gir1.2-ical-3.0`")
    return read_through([_PYTHON, str(Path(__file__).with_name("read.py"))], files)


@functools.cache
def _installed() -> bool:
    if not Path(_PYTHON).exists():
        return False
    return not subprocess.run([_PYTHON, "-c", _PROBE], capture_output=True, check=False).returncode
