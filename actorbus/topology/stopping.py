"""A flag that a signal handler may set, and the signal handlers that set it.

`threading.Event.set` takes a lock, and so does its `wait`: a handler that runs in the main thread between two bytecodes
of `wait` finds the lock taken by the very thread it interrupted, and the process hangs. Setting this flag is one store.
"""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Protocol, cast, final

__all__ = ["Signals", "StopFlag", "Stoppable"]

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


@final
class Signals:
    """SIGTERM and SIGINT, taken over for a while. Only the main thread can; on another it does nothing."""

    def __init__(self) -> None:
        self._before: dict[int, object] = {}

    def take(self, flag: StopFlag) -> None:
        """Let both set `flag`, until they are given back."""
        if threading.current_thread() is not threading.main_thread():
            return

        def ask_stop(_number: int, _frame: FrameType | None) -> None:
            flag.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, ask_stop)

    def give_back(self) -> None:
        """Put back the handlers that were there before."""
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._before.items():
                signal.signal(number, cast("signal.Handlers", handler))
        self._before.clear()
