"""Which messages are traced: so many a second, whatever the rate of their stream.

    batches     | t . . . . . . . t . . . . . . . t      a fast stream: one of thousands
                | t   t   t   t                          a slow one: every one

A trace costs some microseconds: of a stream that is fast, one in a fixed number would be its p99, and one in so many
tells little of a stream that is slow. So after each trace the distance to the next is set anew, from how long the last
one took to come; `overdue`, asked now and then, finds a stream that has become slow since.

Thread: that of its handlers.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DISTANCE_MAX", "INTERVAL_NS", "Sampling"]

INTERVAL_NS: Final = 4_000_000
"""From one trace to the next: 250 a second, which is 0.1 % of a core."""
DISTANCE_MAX: Final = 4096
"""Batches between two traces at most."""
GROWTH: Final = 8
"""How many times further the next trace may be than the last: a burst is no rate yet."""


class Sampling:
    """How many batches lie between two traces of one stream."""

    __slots__ = ("_at_ns", "_distance", "_traced")

    def __init__(self) -> None:
        self._at_ns = 0
        self._distance = 1
        self._traced = False

    def after(self, now_ns: int) -> int:
        """Note a trace at `now_ns` (monotonic) and return in how many batches the next one is: 1, the very next."""
        took, self._at_ns, self._traced = now_ns - self._at_ns, now_ns, True
        wanted = self._distance * INTERVAL_NS // max(1, took)
        self._distance = max(1, min(wanted, self._distance * GROWTH, DISTANCE_MAX))
        return self._distance

    def overdue(self) -> bool:
        """Return whether nothing was traced since this was asked last: then the next batch is to be."""
        overdue, self._traced = not self._traced, False
        if overdue:
            self._distance = 1
        return overdue
