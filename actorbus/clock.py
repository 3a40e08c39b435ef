"""Where time comes from.

Rules of this file:

* Nobody below the shells reads ``time`` directly: whoever needs time is given a ``Clock``, so that tests own it.
* ``monotonic_ns`` never goes back and is the only one to compute deadlines with; ``time_ns`` is what is written into
  messages and may step when an administrator sets the clock.
* Units: nanoseconds, as int. ``SystemClock`` agrees with native code: CLOCK_MONOTONIC and CLOCK_REALTIME.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol, final, override, runtime_checkable

from actorbus.errors import InvalidValue
from actorbus.units import duration_ns

__all__ = ["Clock", "ManualClock", "SystemClock"]


@runtime_checkable
class Clock(Protocol):
    """Reads time. Any thread may call it."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some fixed moment; never goes back."""
        ...

    def time_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        ...


@final
class SystemClock:
    """The machine's clocks. Any thread may read them."""

    __slots__: tuple[str, ...] = ()

    def monotonic_ns(self) -> int:
        """Return CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()

    def time_ns(self) -> int:
        """Return CLOCK_REALTIME in nanoseconds since the epoch."""
        return time.time_ns()

    @override
    def __repr__(self) -> str:
        return "SystemClock()"


@final
class ManualClock:
    """A clock that stands still until told: for tests and replays. One thread moves it, any thread reads it.

    Args:
        time_ns: what ``time_ns()`` says at first, nanoseconds since the epoch.
        monotonic_ns: what ``monotonic_ns()`` says at first.
    """

    __slots__: tuple[str, ...] = ("_monotonic_ns", "_time_ns")

    def __init__(self, time_ns: int = 0, monotonic_ns: int = 0) -> None:
        self._time_ns = time_ns
        self._monotonic_ns = monotonic_ns

    def monotonic_ns(self) -> int:
        """Return the nanoseconds advanced so far, from the first value on."""
        return self._monotonic_ns

    def time_ns(self) -> int:
        """Return the time of day last set or advanced to, nanoseconds since the epoch."""
        return self._time_ns

    def advance(self, by: str | float | dt.timedelta) -> None:
        """Move both readings forward by ``"1s"``, seconds, or a timedelta.

        Raises:
            InvalidValue: ``by`` is no duration (a negative one is none).
        """
        step_ns = duration_ns(by)
        self._monotonic_ns += step_ns
        self._time_ns += step_ns

    def step_time_ns(self, time_ns: int) -> None:
        """Set the time of day alone, also backwards, as an administrator would; ``monotonic_ns`` does not move.

        Raises:
            InvalidValue: ``time_ns`` (nanoseconds since the epoch) is negative.
        """
        if time_ns < 0:
            raise InvalidValue(f"time_ns {time_ns} is before the epoch", hint="give nanoseconds since 1970, 0 or more")
        self._time_ns = time_ns

    @override
    def __repr__(self) -> str:
        return f"ManualClock(time_ns={self._time_ns}, monotonic_ns={self._monotonic_ns})"
