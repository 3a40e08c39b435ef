"""SIGTERM and Ctrl-C for commands that run: the first asks to stop and drain, the second Ctrl-C ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["StopSignals"]


class StopSignals:
    """While entered, SIGTERM and SIGINT set `event` instead of ending the process. Main thread only."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.number: int | None = None
        """The first signal that came, or None."""
        self._before: dict[int, Any] = {}

    @property
    def interrupted(self) -> bool:
        """Whether the first signal was Ctrl-C."""
        return self.number == signal.SIGINT

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is None:
            self.number = number
        self.event.set()
