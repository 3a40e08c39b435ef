"""The clock of a test: it stands still, and what it makes due happens while it is advanced.

Handlers, their timers and sources live by it. Deadlines of waiting threads (`within`, back pressure, start and stop)
are real time: a test never hangs because its clock stands.
Thread: the test's moves it, any reads it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, final

from actorbus.clock import ManualClock
from actorbus.units import duration_ns

__all__ = ["START_TIME_NS", "BusClock"]

START_TIME_NS: Final = 1_704_067_200_000_000_000
"""2024-01-01 00:00 UTC: tests begin at the same moment always."""
START_MONOTONIC_NS: Final = 10**18
"""Beyond any machine's up-time, so that a thread which waits for it natively waits to be woken."""


@final
class BusClock:
    """Reads as a `Clock`; `advance` moves it and returns when all that became due was done."""

    def __init__(self, time_ns: int, advance_by_ns: Callable[[int], None]) -> None:
        """Make one.

        Args:
            time_ns: the time of day it begins at, nanoseconds since the epoch.
            advance_by_ns: moves it by so many nanoseconds, step by step, through `set_forward`; the bus does.
        """
        self._manual = ManualClock(time_ns, START_MONOTONIC_NS)
        self._advance_by_ns = advance_by_ns

    def monotonic_ns(self) -> int:
        """Return the nanoseconds of deadlines and timers; only differences mean something."""
        return self._manual.monotonic_ns()

    def time_ns(self) -> int:
        """Return the time of day, nanoseconds since 1970-01-01 UTC."""
        return self._manual.time_ns()

    def advance(self, by: str | float | dt.timedelta) -> None:
        """Move forward by `"1s"`, seconds or a timedelta, stopping at each timer and source that is due on the way.

        A timer of every second fires ten times in ten seconds, each at its own time; what handlers and sources publish
        at one stop is handled before the next.

        Raises:
            InvalidValue: it is no duration. AssertionError: the bus did not come to rest by its deadline.
        """
        self._advance_by_ns(duration_ns(by))

    def step_time_ns(self, time_ns: int) -> None:
        """Set the time of day alone, also backwards, as an administrator would. Nothing becomes due by it.

        Raises:
            InvalidValue: `time_ns` (nanoseconds since the epoch) is negative.
        """
        self._manual.step_time_ns(time_ns)

    def set_forward(self, monotonic_ns: int) -> None:
        """Jump to `monotonic_ns` nanoseconds, without anything being told. For the bus; tests use `advance`."""
        left = max(0, monotonic_ns - self._manual.monotonic_ns())
        self._manual.advance(dt.timedelta(seconds=left // 10**9))
        self._manual.advance(f"{left % 10**9}ns")

    def __repr__(self) -> str:
        return f"BusClock(time_ns={self.time_ns()})"
