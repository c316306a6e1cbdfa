"""Draws a line chart as SVG: logarithmic axes, each line labelled at its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 460, 60, 200, 40, 50
_COLOURS = ("#0b6e99", "#b85c00", "#2e7d32", "#7b3fa0", "#c2185b", "#5d4037")


@dataclass(frozen=True)
class Series:
    """One line of (size, milliseconds) points."""

    name: str
    points: Sequence[tuple[float, float]]
    is_dashed: bool = False


def write_chart(path: Path, title: str, series: Sequence[Series]) -> None:
    """Write the chart."""
    sizes = [x for one in series for x, _ in one.points]
    times = [y for one in series for _, y in one.points]
    low_x, high_x = math.log10(min(sizes)), math.log10(max(sizes))
    low_y, high_y = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low_x) / max(high_x - low_x, 1e-9)
        up = (math.log10(y) - low_y) / max(high_y - low_y, 1e-9)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="{_LEFT}" y="24" font-size="16" font-weight="bold">{escape(title)}</text>']
    parts += [_gridline(at, 10.0**low_x, 10.0**high_x, 10.0**power) for power in range(low_y, high_y + 1)]
    parts += [_tick(at, size, 10.0**low_y) for size in sorted(set(sizes))]
    ends = _spread([at(*one.points[-1])[1] for one in series])
    colours = _colours_of(series)
    for one, colour, end in zip(series, colours, ends, strict=True):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in one.points))
        dashes = ' stroke-dasharray="6 4"' if one.is_dashed else ""
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{end + 4:.1f}" fill="{colour}">{escape(one.name)}</text>')
    style = "font-family:system-ui,sans-serif;font-size:12px;background:#fff"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" style="{style}" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>\n',
        encoding="utf-8",
    )


def _colours_of(series: Sequence[Series]) -> list[str]:
    """Return a colour per line; solid and dashed lines pair up in order."""
    counts = {True: 0, False: 0}
    chosen = []
    for one in series:
        chosen.append(_COLOURS[counts[one.is_dashed] % len(_COLOURS)])
        counts[one.is_dashed] += 1
    return chosen


def _gridline(at: object, low: float, high: float, value: float) -> str:
    left, y = at(low, value)  # type: ignore[operator]
    right, _ = at(high, value)  # type: ignore[operator]
    label = f'<text x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{value:g} ms</text>'
    return f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}" stroke="#ddd"/>{label}'


def _tick(at: object, size: float, bottom: float) -> str:
    x, y = at(size, bottom)  # type: ignore[operator]
    return f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{size:,.0f}</text>'


def _spread(heights: Sequence[float]) -> list[float]:
    """Move overlapping labels apart."""
    placed = list(heights)
    for position, index in enumerate(order := sorted(range(len(placed)), key=placed.__getitem__)):
        if position:
            placed[index] = max(placed[index], placed[order[position - 1]] + 14)
    return placed
