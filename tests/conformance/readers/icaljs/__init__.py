"""ical.js: the engine of Thunderbird, Nextcloud and Proton. Needs Node and `npm ci` in this folder.

Its own ways, not ours to answer for: in a repeated hour it takes the second occurrence, in a
gap the offset after it, and it drops the seconds of an offset. A good file holds none of these.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance.readers import Answer, missing
from conformance.readers.batch import read_through

_FOLDER = Path(__file__).parent


def read(files: Sequence[bytes]) -> list[Answer]:
    """Read *files* in one Node process."""
    return read_through(_command("read.mjs"), files)


def expand(files: Sequence[bytes], counts: Sequence[int]) -> list[list[int] | list[str]]:
    """The first dates of the series that each file holds, so many of each, in one Node process.

    Unix seconds, or YYYY-MM-DD for whole days; a date changed by RECURRENCE-ID as it is instead.
    """
    asked = zip(files, counts, strict=True)
    lines = "".join(json.dumps([data.decode(), count]) + "\n" for data, count in asked)
    done = subprocess.run(
        _command("expand.mjs"),
        input=lines.encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,  # ical.js may never come back; a busy machine does
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _command(program: str) -> list[str]:
    node = shutil.which("node")
    if node is None or not (_FOLDER / "node_modules" / "ical.js").is_dir():
        missing("ical.js", f"install Node 20 or later, then `npm ci --prefix {_FOLDER}`")
    return [str(node), str(_FOLDER / program)]
