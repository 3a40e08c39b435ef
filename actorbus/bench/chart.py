"""Three kinds of drawing as inline SVG, without a library: bars, percentile curves, scaling curves. Pure functions.

Every mark has a title, so that a reader can point at it. What an axis shows is written at it; a spread is a thin line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from actorbus.bench.axes import DASHES, axis, class_of, cut, drawing, line, shape, text, width_of
from actorbus.bench.digest import UNITS, amount

__all__ = ["Bar", "Point", "bars", "percentile_curves", "scaling"]

WIDTH, BAR, GAP = 900, 22, 8
LABEL_MAX, FIGURE = 360, 210
HEIGHT, MARGIN, FOOT, HEAD = 340, 78, 46, 18
KEY_MAX = 330
NINES = 5
"""99.999 % is where the axis of percentiles ends."""


class Bar(NamedTuple):
    """One system's figure."""

    name: str
    low: float
    middle: float
    high: float


class Point(NamedTuple):
    """One figure of a curve."""

    many: float
    low: float
    middle: float
    high: float


def bars(title: str, metric: str, values: Sequence[Bar]) -> str:
    """Draw one bar a system, from the lowest to the highest value a thin line."""
    if not values:
        return ""
    left = min(max(width_of(bar.name) for bar in values) + 14, LABEL_MAX)
    right, height = WIDTH - FIGURE, HEAD + len(values) * (BAR + GAP)
    lowest = min(bar.low for bar in values)
    scale = axis(lowest, max(bar.high for bar in values), left, right, metric)
    body: list[str] = []
    for value, words in scale.ticks:
        x = scale.place(value)
        body += [line(f"M{x:.1f} {HEAD - 6}V{height}"), text(x, height + 16, words, "middle", "soft")]
    start = scale.place(scale.ticks[0][0] if scale.logarithmic else 0.0)
    for row, bar in enumerate(values):
        y = HEAD + row * (BAR + GAP)
        middle, end = y + BAR / 2, scale.place(bar.middle)
        span = f"{amount(metric, bar.low)} to {amount(metric, bar.high)}" if bar.low != bar.high else ""
        where = f'x="{min(start, end):.1f}" y="{y}" width="{max(abs(end - start), 1):.1f}" height="{BAR}" rx="2"'
        body += [
            text(left - 8, middle + 4, cut(bar.name, left - 10), "end"),
            shape("rect", where, f"fill {class_of(bar.name)}", f"{bar.name}: {amount(metric, bar.middle)} ({span})"),
            line(f"M{scale.place(bar.low):.1f} {middle}H{scale.place(bar.high):.1f}", "fg"),
            text(right + 10, middle + 4, amount(metric, bar.middle)),
            text(right + 78, middle + 4, span, "start", "soft"),
        ]
    kind = ", logarithmic" if scale.logarithmic else ""
    words = f"{UNITS.get(metric, metric)}{kind}; median, and from the lowest to the highest"
    body.append(text(left, height + 34, words, "start", "soft"))
    return drawing(WIDTH, height + 42, body, title)


def _dashes(names: Sequence[str]) -> dict[str, str]:
    """Return the dash pattern of each name: variants of one system differ."""
    seen: dict[str, int] = {}
    found: dict[str, str] = {}
    for name in names:
        number = seen.get(class_of(name), 0)
        seen[class_of(name)] = number + 1
        found[name] = DASHES[number % len(DASHES)]
    return found


def _key(names: Sequence[str], x: float) -> list[str]:
    body: list[str] = []
    for row, (name, dashes) in enumerate(_dashes(names).items()):
        y = HEAD + 8 + row * 19
        where = f'd="M{x:.1f} {y}h22" stroke-dasharray="{dashes}"'
        body += [shape("path", where, f"line {class_of(name)}", name), text(x + 29, y + 4, cut(name, WIDTH - x - 32))]
    return body


def _right(names: Sequence[str]) -> float:
    """Return where a plot ends, so that the names beside it are whole."""
    return WIDTH - min(max(width_of(name) for name in names) + 44, KEY_MAX)


def _place_of(level: float) -> float:
    """Return where a percentile stands, 0 to NINES: nines are equally far apart, as in HDR plots."""
    return -math.log10(max(1 - level / 100, 10.0**-NINES))


def percentile_curves(title: str, metric: str, curves: Mapping[str, Mapping[str, int]]) -> str:
    """Draw latency over percentile, both logarithmic; keys of a curve are `p0`, `p50`, `p99.9`."""
    values = [value for curve in curves.values() for key, value in curve.items() if key != "p100"]
    if not values:
        return ""
    names = list(curves)
    right, height = _right(names), max(HEIGHT, HEAD + 30 + 19 * len(names))
    bottom = height - FOOT
    scale = axis(max(min(values), 1), max(*values, 10), bottom, HEAD, metric, logarithmic=True)

    def x_of(level: float) -> float:
        return MARGIN + _place_of(level) / NINES * (right - MARGIN - 16)

    body: list[str] = []
    for value, words in scale.ticks:
        y = scale.place(value)
        body += [line(f"M{MARGIN} {y:.1f}H{right - 10:.1f}"), text(MARGIN - 8, y + 4, words, "end", "soft")]
    for level in (50, 90, 99, 99.9, 99.99, 99.999):
        x = x_of(level)
        body += [line(f"M{x:.1f} {HEAD}V{bottom}"), text(x, bottom + 17, f"{level:g} %", "middle", "soft")]
    dashes = _dashes(names)
    for name, curve in curves.items():
        levels = sorted((float(key[1:]), value) for key, value in curve.items() if key != "p100")
        points = " ".join(f"{x_of(level):.1f},{scale.place(value):.1f}" for level, value in levels)
        told = f"{name}: p50 {amount(metric, curve['p50'])}, p99 {amount(metric, curve['p99'])}"
        body.append(
            shape("polyline", f'points="{points}" stroke-dasharray="{dashes[name]}"', f"line {class_of(name)}", told)
        )
    words = f"so many per cent are not above: {UNITS.get(metric, metric)}, both axes logarithmic"
    body.append(text(MARGIN, bottom + 36, words, "start", "soft"))
    return drawing(WIDTH, height, [*body, *_key(names, right + 6)], title)


def scaling(title: str, metric: str, counted: str, series: Mapping[str, Sequence[Point]]) -> str:
    """Draw a value, from 0 on, over a count (logarithmic); flat is good. Thin lines: lowest to highest.

    Args:
        title: of the drawing.
        metric: whose unit the values have.
        counted: what there are so many of.
        series: the points of each curve.
    """
    points = [point for curve in series.values() for point in curve]
    if not points:
        return ""
    names = list(series)
    right, bottom = _right(names), HEIGHT - FOOT
    scale = axis(0.0, max(point.high for point in points), bottom, HEAD, metric, logarithmic=False)
    counts = sorted({point.many for point in points})
    across = axis(counts[0], max(counts[-1], counts[0] * 10), MARGIN + 20, right - 24, "", logarithmic=True)
    body: list[str] = []
    for value, words in scale.ticks:
        y = scale.place(value)
        body += [line(f"M{MARGIN} {y:.1f}H{right - 10:.1f}"), text(MARGIN - 8, y + 4, words, "end", "soft")]
    body += [text(across.place(count), bottom + 17, f"{count:g}", "middle", "soft") for count in counts]
    dashes = _dashes(names)
    for name, curve in series.items():
        places = [(across.place(point.many), point) for point in curve]
        kind = class_of(name)
        path = " ".join(f"{x:.1f},{scale.place(point.middle):.1f}" for x, point in places)
        body.append(shape("polyline", f'points="{path}" stroke-dasharray="{dashes[name]}"', f"line {kind}", name))
        for x, point in places:
            y, told = scale.place(point.middle), f"{name}, {point.many:g}: {amount(metric, point.middle)}"
            body += [
                line(f"M{x:.1f} {scale.place(point.low):.1f}V{scale.place(point.high):.1f}", "fg"),
                shape("circle", f'cx="{x:.1f}" cy="{y:.1f}" r="4"', f"fill {kind}", told),
                text(x + 7, y - 7, amount(metric, point.middle)),
            ]
    words = f"{UNITS.get(metric, metric)} over {counted}; median, and from the lowest to the highest"
    body.append(text(MARGIN, bottom + 36, words, "start", "soft"))
    return drawing(WIDTH, HEIGHT, [*body, *_key(names, right + 6)], title)
