"""SIGTERM and Ctrl-C for commands that run: the first asks to stop and drain, the second Ctrl-C ends at once."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Generator
from types import FrameType, TracebackType
from typing import Any, Self

from actorbus.topology.stopping import StopFlag

__all__ = ["StopAsked", "StopSignals"]


class StopAsked(BaseException):
    """A signal came while nothing but an exception could end what was waited for."""


class StopSignals:
    """While entered, SIGTERM and SIGINT set `event` instead of ending the process. Main thread only."""

    def __init__(self) -> None:
        self.event = StopFlag()
        self.number: int | None = None
        """The first signal that came, or None."""
        self._before: dict[int, Any] = {}
        self._raises = False

    @property
    def interrupted(self) -> bool:
        """Whether the first signal was Ctrl-C."""
        return self.number == signal.SIGINT

    def check(self) -> None:
        """Raise StopAsked when a signal has come."""
        if self.event.is_set():
            raise StopAsked

    @contextlib.contextmanager
    def raising(self) -> Generator[None]:
        """While entered, the first signal raises StopAsked in the main thread too: for a start that waits."""
        self._raises = True
        try:
            self.check()
            yield
        finally:
            self._raises = False

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
        if self._raises:
            self._raises = False
            raise StopAsked
