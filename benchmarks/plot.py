"""Bars on a logarithmic axis as SVG, without any library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

WIDTH, ROW, LEFT, RIGHT, TOP = 760, 26, 300, 90, 52
OURS, THEIRS, TEXT = "#0072b2", "#999999", "#222222"


def bars(title: str, unit: str, values: Mapping[str, float], ours: str = "demosim") -> str:
    """One bar for each value; those whose name begins with `ours` stand out. Shorter is better."""
    low = 10 ** math.floor(math.log10(min(values.values())))
    high = 10 ** math.ceil(math.log10(max(values.values())))
    height = TOP + ROW * len(values) + 34
    span = WIDTH - LEFT - RIGHT

    def place(value: float) -> float:
        return LEFT + span * math.log10(value / low) / math.log10(high / low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" fill="{TEXT}" role="img"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="12" y="40" fill="#555555">{escape(unit)}, logarithmic axis, shorter is better</text>',
    ]
    tick = low
    while tick <= high * 1.001:
        x = place(tick)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - 24}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
        tick *= 10
    for i, (name, value) in enumerate(values.items()):
        y = TOP + ROW * i
        color = OURS if name.startswith(ours) else THEIRS
        end = place(value)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y + 4}" width="{end - LEFT:.1f}" height="{ROW - 8}" fill="{color}"/>')
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 17}">{value:.3g}</text>')
    return "\n".join([*parts, "</svg>", ""])
