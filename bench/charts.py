"""Bar charts as SVG, written by hand: a dozen lines need no plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, LABEL, VALUE, ROW, BAR = 760, 210, 110, 30, 18


class Bar(NamedTuple):
    label: str
    value: float
    shown: str
    ours: bool = False


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Horizontal bars from zero, the longest across; readable on a light and on a dark page."""
    longest = max(bar.value for bar in bars)
    height = 44 + ROW * len(bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="14">',
        "<style>text{fill:#1f2328}.ours{fill:#0b57d0}.bar{fill:#8c959f}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#6ea8fe}}</style>",
        f'<text x="0" y="20" font-weight="600">{escape(title)}</text>',
    ]
    for number, bar in enumerate(bars):
        top = 36 + ROW * number
        width = max(1, round((WIDTH - LABEL - VALUE) * bar.value / longest))
        name = "ours" if bar.ours else "bar"
        weight = ' font-weight="600"' if bar.ours else ""
        lines += [
            f'<text x="{LABEL - 10}" y="{top + 14}" text-anchor="end"{weight}>{escape(bar.label)}</text>',
            f'<rect class="{name}" x="{LABEL}" y="{top}" width="{width}" height="{BAR}" rx="2"/>',
            f'<text x="{LABEL + width + 8}" y="{top + 14}"{weight}>{escape(bar.shown)}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
