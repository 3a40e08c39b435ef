"""How far a run is: one line on a terminal, by how long each scenario is expected to take, not by how many there are.

    bench  [####........] 34%  about 21 min left  latency: ipc, pyzmq, run 2 of 3

What is measured now is cut at the right end of the screen, never a word in front of it. In a pipe nothing is written.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final, TextIO

from actorbus.cli.progress import WIPE, is_shown

__all__ = ["Shown", "line_of"]

BAR: Final = 12
NEARLY: Final = 0.98
"""A scenario that takes longer than expected stays here until it is done."""


class Shown:
    """The line. One thread."""

    def __init__(
        self,
        expected: Mapping[str, float],
        *,
        screen: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what will run, and about how many seconds each.

        Args:
            expected: seconds by scenario.
            screen: where it is shown; stderr by default.
            clock: the time, in seconds.
        """
        shown = sys.stderr if screen is None else screen
        self._screen = shown if is_shown(shown) else None
        self._expected, self._clock = dict(expected), clock
        self._total = sum(expected.values()) or 1.0
        self._done = 0.0
        self._name, self._since, self._pace = "", clock(), 1.0

    def begin(self, name: str) -> None:
        """Note which scenario runs."""
        self._name, self._since = name, self._clock()
        self.tell("")

    def tell(self, what: str) -> None:
        """Show what is measured now."""
        if self._screen is not None:
            columns = shutil.get_terminal_size().columns
            words = f"{self._name}: {what}" if what else self._name
            self._screen.write(WIPE + line_of(*self.state(), words)[: columns - 1])
            self._screen.flush()

    def state(self) -> tuple[float, float]:
        """Return the share that is done, and about how many seconds are left."""
        expected = self._expected.get(self._name, 0.0)
        here = min((self._clock() - self._since) / self._pace, expected * NEARLY)
        return (self._done + here) / self._total, (self._total - self._done - here) * self._pace

    def end(self) -> None:
        """Note that the scenario is done; the next ones are expected to take as much longer or shorter as this one."""
        expected, took = self._expected.get(self._name, 0.0), self._clock() - self._since
        if expected:
            share = expected / self._total
            self._pace += (took / expected - self._pace) * min(1.0, 3 * share)
        self._done += expected
        self.wipe()

    def wipe(self) -> None:
        """Take the line off the screen."""
        if self._screen is not None:
            self._screen.write(WIPE)
            self._screen.flush()


def line_of(share: float, left_s: float, words: str) -> str:
    """Return the line. Pure."""
    filled = min(int(share * BAR), BAR)
    bar = f"[{'#' * filled}{'.' * (BAR - filled)}]"
    left = f"about {left_s / 60:.0f} min left" if left_s >= 90 else f"about {max(left_s, 0):.0f} s left"
    clean = "".join(character if character.isprintable() else "?" for character in words)
    return f"bench  {bar} {min(share, 1.0):4.0%}  {left}  {clean}"
