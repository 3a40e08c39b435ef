"""What drawings share: SVG marks, axes with round ticks, and one colour a system. Pure functions.

Colours are classes (`s0`, `s1`, ... and `fg`, `grid`, `soft`): the page's style gives them a value in light and dark.
A system has the same one in every drawing; what follows a comma in a name is a variant of it, told apart by dashes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from actorbus.bench.digest import amount
from actorbus.bench.peers import PEERS, RECORDERS

__all__ = [
    "DASHES",
    "Axis",
    "axis",
    "class_of",
    "cut",
    "drawing",
    "line",
    "shape",
    "style",
    "text",
    "width_of",
]

LIGHT = ("#1f6feb", "#6e7781", "#d4570a", "#1a7f37", "#0a8a8a", "#8a6d00", "#8250df", "#cf222e", "#bf3989", "#7d4e24",
         "#0b7fab", "#5f8f00", "#4b4fd1", "#a0522d")  # fmt: skip
DARK = ("#6cb6ff", "#a2abb5", "#f69d50", "#57ab5a", "#40c8c8", "#d9b44a", "#c297ff", "#ff7b72", "#f692ce", "#d2a679",
        "#56c8f0", "#a9d35a", "#9aa0ff", "#e0956b")  # fmt: skip
ORDER = (*PEERS, *RECORDERS)
DASHES = ("", "7 4", "2 3", "10 3 2 3", "5 2", "1 4")
LOG_FROM = 20.0
"""From this ratio of the largest to the smallest value on an axis is logarithmic: a linear one would hide the small."""
GLYPH = 6.6
"""Width of a letter at 12 px, on average."""


def class_of(name: str) -> str:
    """Return the class of a system's colour; of what is no system (a disk, a clock, a stage) the floor's."""
    base = name.partition(",")[0].partition(" (")[0]
    return f"s{ORDER.index(base) if base in ORDER else ORDER.index('floor')}"


def style() -> str:
    """Return the colours, in light and in dark."""

    def values(colours: Sequence[str]) -> str:
        return "".join(f"--s{number}:{colour};" for number, colour in enumerate(colours))

    classes = "".join(f".s{number}{{--c:var(--s{number})}}" for number in range(len(LIGHT)))
    return (
        f":root{{{values(LIGHT)}}}@media(prefers-color-scheme:dark){{:root{{{values(DARK)}}}}}{classes}"
        ".fill{fill:var(--c)}.line{stroke:var(--c);fill:none;stroke-width:2}.grid{stroke:var(--grid)}"
        ".fg{stroke:var(--fg)}text{fill:var(--fg)}.soft{fill:var(--soft)}"
    )


def drawing(width: float, height: float, body: Sequence[str], title: str) -> str:
    """Return an SVG."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
    words = f"<title>{escape(title)}</title>"
    return f'{head} font-family="system-ui,sans-serif" font-size="12">{words}{"".join(body)}</svg>'


def text(x: float, y: float, words: str, anchor: str = "start", name: str = "") -> str:
    """Return words at a place."""
    kind = f' class="{name}"' if name else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'


def line(path: str, name: str = "grid") -> str:
    """Return a thin line."""
    return f'<path d="{path}" class="{name}" fill="none"/>'


def shape(kind: str, attributes: str, name: str, title: str) -> str:
    """Return a mark that a reader can point at."""
    return f'<{kind} {attributes} class="{name}"><title>{escape(title)}</title></{kind}>'


def width_of(words: str) -> float:
    """Return about how wide words are, px."""
    return len(words) * GLYPH


def cut(words: str, width: float) -> str:
    """Return words that fit into a width, with dots where they were cut."""
    most = max(int(width / GLYPH), 4)
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


class Axis(NamedTuple):
    """From values to places."""

    place: Callable[[float], float]
    """Returns px."""
    ticks: list[tuple[float, str]]
    """Values, and their words."""
    logarithmic: bool


def axis(
    low: float,
    high: float,
    begin: float,
    end: float,
    metric: str,
    *,
    logarithmic: bool | None = None,
    words: Callable[[str, float], str] = amount,
) -> Axis:
    """Return an axis for values from `low` to `high`, from px `begin` to `end`; it may run backwards.

    Args:
        low: the smallest value.
        high: the largest one.
        begin: where the axis begins.
        end: where it ends.
        metric: whose unit the words of ticks have.
        logarithmic: None: when the values are far enough apart.
        words: of a tick.
    """
    high = max(high, low)
    wanted = low > 0 and high / low >= LOG_FROM if logarithmic is None else logarithmic and high > 0
    if wanted:
        low = low if low > 0 else high / 1000
        first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        last = max(last, first + 1)

        def place(value: float) -> float:
            return begin + (math.log10(max(value, 10.0**first)) - first) / (last - first) * (end - begin)

        values = [10.0**power for power in range(first, last + 1)]
        return Axis(place, [(value, words(metric, value)) for value in values], True)
    bottom = min(low, 0.0)
    step = _step((high - bottom) or 1.0)
    least, most = math.floor(bottom / step), math.ceil((high - 1e-12) / step)
    most = max(most, least + 1)

    def straight(value: float) -> float:
        return begin + (value - least * step) / ((most - least) * step) * (end - begin)

    values = [number * step for number in range(least, most + 1)]
    return Axis(straight, [(value, words(metric, value)) for value in values], False)


def _step(reach: float) -> float:
    """Return 1, 2 or 5 times a power of ten that divides a reach into 3 to 6 parts."""
    power = 10.0 ** math.floor(math.log10(reach / 5))
    return next(power * factor for factor in (1, 2, 5, 10) if reach / (power * factor) <= 6)
