"""A flag that a signal handler may set.

`threading.Event.set` takes a lock, and so does its `wait`: a handler that runs in the main thread between two bytecodes
of `wait` finds the lock taken by the very thread it interrupted, and the process hangs. Setting this flag is one store.
"""

from __future__ import annotations

import time
from typing import Protocol, final

__all__ = ["StopFlag", "Stoppable"]

LOOK_S = 0.01
"""How often a wait looks: a stop is heard within it."""


class Stoppable(Protocol):
    """What a wait looks at: a `StopFlag`, or a `threading.Event` that no signal handler sets."""

    def is_set(self) -> bool:
        """Whether it is time to stop."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is, or `timeout` seconds; returns `is_set()`."""
        ...


@final
class StopFlag:
    """Set once, by a signal handler or any thread; looked at by the thread that waits."""

    __slots__ = ("_set",)

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        """Ask to stop. Takes no lock: safe in a signal handler."""
        self._set = True

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or `timeout` seconds; returns whether it is."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._set:
            left = LOOK_S if deadline is None else min(LOOK_S, deadline - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
        return self._set
