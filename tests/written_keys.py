"""Files that hold an API key. A key is shown once, to its owner, and is kept nowhere."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from icsmulti.keys.key import KEY_PATTERN

_KEY = re.compile(KEY_PATTERN.encode())


def files_with_keys(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and _holds_key(file)]


def _holds_key(file: Path) -> bool:
    if not file.stat().st_size:
        return False
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as octets,
    ):
        return _KEY.search(octets) is not None
