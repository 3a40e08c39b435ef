"""A thread of pure Python work beside what is measured: what an application's own computation does to us.

It never gives the GIL away by itself; CPython takes it after a switch interval. A thread cannot be taken out of a
process, so this one waits natively while it is not wanted: the same pair of processes has turns with and without it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator

__all__ = ["BusyThread"]

STEPS = 1000
"""Between two looks whether it is still wanted: some 100 µs."""


class BusyThread:
    """The thread; made when it is first wanted."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def working(self, wanted: bool = True) -> Generator[None]:
        """Let it work meanwhile, if it is wanted."""
        if wanted:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._wanted.set()
        try:
            yield
        finally:
            self._wanted.clear()

    def _work(self) -> None:
        number, wanted = 0, self._wanted
        while True:
            wanted.wait()
            while wanted.is_set():
                for step in range(STEPS):
                    number = (number * 1_103_515_245 + step) & 0x7FFFFFFF
