"""Three kinds of drawing as inline SVG, without a library: bars, percentile curves, scaling curves. Pure functions.

Colours are one a system, in order of appearance; every mark has a title, so that a reader can point at it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["COLOURS", "bars", "percentile_curves", "scaling"]

COLOURS = ("#1f6feb", "#e36209", "#2da44e", "#8250df", "#cf222e", "#57606a", "#0a7ea4", "#bf8700", "#d63384", "#116329")
WIDTH, BAR, LEFT, RIGHT = 860, 24, 260, 130
HEIGHT, MARGIN, FOOT = 320, 64, 40


def _frame(width: int, height: int, body: Sequence[str], title: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
    words = f"<title>{escape(title)}</title>"
    return f'{head} font-family="system-ui,sans-serif" font-size="12">{words}{"".join(body)}</svg>'


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#24292f") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _line(path: str, colour: str) -> str:
    return f'<path d="{path}" stroke="{colour}" fill="none"/>'


def _bar(y: float, width: float, colour: str, title: str) -> str:
    shape = f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{colour}">'
    return f"{shape}<title>{escape(title)}</title></rect>"


def _curve(points: str, colour: str, title: str) -> str:
    shape = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2">'
    return f"{shape}<title>{escape(title)}</title></polyline>"


def _key(row: int, x: float, colour: str, name: str) -> str:
    return f'<rect x="{x}" y="{18 + row * 20}" width="12" height="12" fill="{colour}"/>' + _text(
        x + 18, 28 + row * 20, name
    )


def bars(title: str, values: Sequence[tuple[str, float, float, float, str]]) -> str:
    """Draw one bar a system: (name, min, median, max, label). The line across a bar's end is its spread."""
    top = max((high for _, _, _, high, _ in values), default=0.0) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / top
    body: list[str] = []
    for row, (name, low, median, high, label) in enumerate(values):
        y, colour = 8 + row * (BAR + 8), COLOURS[row % len(COLOURS)]
        middle = y + BAR / 2
        body += [
            _text(LEFT - 8, middle + 4, name, "end"),
            _bar(y, max(median * scale, 1), colour, f"{name}: {label}"),
            _line(f"M{LEFT + low * scale:.1f} {middle}H{LEFT + high * scale:.1f}", "#24292f"),
            _text(LEFT + high * scale + 8, middle + 4, label),
        ]
    return _frame(WIDTH, 12 + len(values) * (BAR + 8), body, title)


def _log_axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Return the decades that hold both."""
    first, last = math.floor(math.log10(max(low, 1))), math.ceil(math.log10(max(high, 10)))
    last = max(last, first + 1)
    return first, last, [10.0**power for power in range(first, last + 1)]


def _time(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns:g} ns"


def _place_of(level: float) -> float:
    """Return where a percentile stands: nines are equally far apart, as in HDR plots."""
    return -math.log10(max(1 - level / 100, 1e-5))


def percentile_curves(title: str, curves: Mapping[str, Mapping[str, int]]) -> str:
    """Draw latency over percentile, both logarithmic; keys of a curve are `p50`, `p99.9`."""
    values = [value for curve in curves.values() for key, value in curve.items() if key != "p0"]
    if not values:
        return ""
    first, last, ticks = _log_axis(min(values), max(values))
    right = WIDTH - RIGHT - 60

    def x_of(level: float) -> float:
        return MARGIN + _place_of(level) / 5 * (right - MARGIN)

    def y_of(ns: float) -> float:
        return HEIGHT - FOOT - (math.log10(max(ns, 1)) - first) / (last - first) * (HEIGHT - FOOT - 16)

    body: list[str] = []
    for tick in ticks:
        y = y_of(tick)
        body += [_line(f"M{MARGIN} {y:.1f}H{right}", "#d0d7de"), _text(MARGIN - 6, y + 4, _time(tick), "end")]
    for level in (0, 50, 90, 99, 99.9, 99.99, 99.999):
        x = x_of(level)
        body.append(_line(f"M{x:.1f} 16V{HEIGHT - FOOT}", "#eaeef2"))
        body.append(_text(x, HEIGHT - FOOT + 16, f"{level:g} %", "middle"))
    for row, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[row % len(COLOURS)]
        levels = sorted((float(key[1:]), value) for key, value in curve.items() if key != "p100")
        line = " ".join(f"{x_of(level):.1f},{y_of(value):.1f}" for level, value in levels)
        body += [_curve(line, colour, name), _key(row, right + 16, colour, name)]
    return _frame(WIDTH, HEIGHT, body, title)


def scaling(title: str, series: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> str:
    """Draw a value over a count (logarithmic): flat is good. The value's axis begins at 0."""
    points = [point for line in series.values() for point in line]
    if not points:
        return ""
    top = max(value for _, value in points) * 1.15 or 1.0
    last = max(math.log10(max(count for count, _ in points)), 1)
    right = WIDTH - RIGHT - 60

    def spot(count: float, value: float) -> tuple[float, float]:
        x = MARGIN + math.log10(max(count, 1)) / last * (right - MARGIN - 20)
        return x, HEIGHT - FOOT - value / top * (HEIGHT - FOOT - 16)

    body = [_line(f"M{MARGIN} 16V{HEIGHT - FOOT}H{right}", "#8c959f")]
    for share in (0.0, 0.5, 1.0):
        _, y = spot(1, top * share)
        body += [_line(f"M{MARGIN} {y:.1f}H{right}", "#eaeef2"), _text(MARGIN - 6, y + 4, f"{top * share:.3g}", "end")]
    for count in sorted({count for count, _ in points}):
        body.append(_text(spot(count, 0)[0], HEIGHT - FOOT + 16, f"{count:g}", "middle"))
    body.append(_text(MARGIN, 12, unit))
    for row, (name, line) in enumerate(series.items()):
        colour, spots = COLOURS[row % len(COLOURS)], [spot(*point) for point in line]
        body.append(_curve(" ".join(f"{x:.1f},{y:.1f}" for x, y in spots), colour, name))
        for (x, y), (count, value) in zip(spots, line, strict=True):
            title_of = f"<title>{count:g}: {value:.4g}</title>"
            body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}">{title_of}</circle>')
        body.append(_key(row, right + 16, colour, name))
    return _frame(WIDTH, HEIGHT, body, title)
