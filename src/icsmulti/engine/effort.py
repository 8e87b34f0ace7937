"""What one request may cost over all its events, where its size alone does not bound it.

    effort.spend("written", len(lines), path)      →  the fault `too-many` on that path, and the end

A changed date of a series writes its notes and its participants again; a letter of a host's name
or of HTML may cost a hundred times one of a title. No honest request comes near these numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from icsmulti.errors import Fault, InvalidRequest, Path

T = TypeVar("T")

WRITTEN = 20_000_000
"""Characters of events with richer members. 5 MiB of published ones never make more than these."""
HTML = 150_000
"""Tags and entities of all HTML notes that differ."""
HOSTS = 20_000
"""Parts of host names beyond ASCII that differ: Punycode costs ten microseconds each."""

_LIMITS = {"written": WRITTEN, "html": HTML, "hosts": HOSTS}


class Effort:
    """What is left of it for one request, and what is made once for all its events."""

    def __init__(self) -> None:
        self._left = dict(_LIMITS)
        self._made: dict[tuple[str, str], Any] = {}

    def spend(self, kind: str, amount: int, path: Path) -> None:
        """Take from what is left.

        Raises:
            InvalidRequest: that alone, whatever else is wrong. Not examined further: the remedy is
                to split, and the work stays bounded.
        """
        self._left[kind] -= amount
        if self._left[kind] < 0:
            fault = Fault("too-many", path, f"effort-{kind}", {"limit": _LIMITS[kind]})
            raise InvalidRequest([fault])

    def once(self, kind: str, source: str, amount: int, path: Path, make: Callable[[str], T]) -> T:
        """What *make* makes of a text, for *amount* the first time and for nothing again."""
        key = kind, source
        if key not in self._made:
            self.spend(kind, amount, path)
            self._made[key] = make(source)
        made: T = self._made[key]
        return made
