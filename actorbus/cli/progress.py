"""How far long work is: one line on stderr that is drawn over itself, with rate and time left, on a terminal only.

    with progress("verify", total=records, unit="records") as work:
        for record in ...:
            work.advance()              # cheap: the line is drawn ten times a second at most
            work.tell("segment 3")      # what is being done now

* In a pipe, with `TERM=dumb` and where stderr is closed nothing is written: `advance` only counts.
* The line is wiped when the work ends, also by an error or Ctrl-C: what is left on the screen is the verb's result.
* Its text fits the terminal's width, so it never scrolls. It has no colours (`NO_COLOR` has nothing to turn off) and
  does not hide the cursor: a process that is killed leaves a usable terminal.
* One thread. click's bar was refused: it shows no rate, wraps in a narrow terminal, prints its label in a pipe.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator, Mapping
from typing import Final, TextIO

__all__ = ["Progress", "is_shown", "line_of", "progress"]

DRAW_EVERY_NS: Final = 100_000_000
RATE_AFTER_NS: Final = 500_000_000
"""Sooner, a rate is a guess."""
BAR_WIDTH: Final = 24
WIPE: Final = "\r\x1b[K"
"""Back to the line's begin, and erase it (ECMA-48 EL): every terminal that is not dumb knows it."""


class Progress:
    """The state of one piece of work. Made by `progress`; one thread."""

    def __init__(
        self, label: str, total: int | None, unit: str, screen: TextIO | None, clock_ns: Callable[[], int]
    ) -> None:
        self.label = label
        self.total = total
        """Steps in all; None: not known. May be set later, once it is."""
        self.done = 0
        """Steps so far."""
        self._unit = unit
        self._detail = ""
        self._screen = screen
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._drawn_ns = self._began_ns - DRAW_EVERY_NS

    def advance(self, steps: int = 1) -> None:
        """Note that so many more steps are done."""
        self.done += steps
        if self._screen is not None:
            self._draw(self._screen)

    def tell(self, detail: str) -> None:
        """Show what is being done now, at once."""
        self._detail = detail
        self._drawn_ns = self._clock_ns() - DRAW_EVERY_NS
        if self._screen is not None:
            self._draw(self._screen)

    def wipe(self) -> None:
        """Take the line off the screen: before the verb prints something, and at the end."""
        if self._screen is not None:
            self._screen.write(WIPE)
            self._screen.flush()

    def _draw(self, screen: TextIO) -> None:
        now_ns = self._clock_ns()
        if now_ns - self._drawn_ns < DRAW_EVERY_NS:
            return
        self._drawn_ns = now_ns
        columns = shutil.get_terminal_size().columns
        text = line_of(self.label, self.done, self.total, self._unit, now_ns - self._began_ns, self._detail)
        screen.write(WIPE + text[: columns - 1])  # one less: a full line would move the cursor to the next
        screen.flush()


@contextlib.contextmanager
def progress(
    label: str,
    total: int | None = None,
    *,
    unit: str = "",
    screen: TextIO | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Generator[Progress]:
    """Show the progress of what is done inside.

    Args:
        label: what is done: the verb, a file.
        total: steps in all, None when it is not known: then there is a rate, and no bar or time left.
        unit: what a step is, in the plural: `records`, `bytes`.
        screen: where it is shown; stderr by default.
        clock_ns: the time, in ns.
    """
    shown = sys.stderr if screen is None else screen
    work = Progress(label, total, unit, shown if is_shown(shown) else None, clock_ns)
    try:
        work.tell("")
        yield work
    finally:
        work.wipe()


def is_shown(screen: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a line may be drawn over itself there: on a terminal that is not dumb."""
    given = os.environ if environment is None else environment
    return not screen.closed and screen.isatty() and given.get("TERM") != "dumb"


def line_of(label: str, done: int, total: int | None, unit: str, elapsed_ns: int, detail: str) -> str:
    """Return the line: label, bar and percent (with a total), steps, rate, time left, detail. Pure."""
    parts = [label]
    if total:
        share = min(done / total, 1.0)
        filled = int(share * BAR_WIDTH)
        parts.append(f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%}")
        parts.append(f"{done:,}/{total:,} {unit}".rstrip())
    elif done:
        parts.append(f"{done:,} {unit}".rstrip())
    if done and elapsed_ns >= RATE_AFTER_NS:
        rate = done * 1e9 / elapsed_ns
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if total and done < total:
            parts.append(f"{_duration((total - done) / rate)} left")
    if detail:
        parts.append("".join(character if character.isprintable() else "?" for character in detail))
    return "  ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
