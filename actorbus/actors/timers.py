"""Timers of one thread: a heap ordered by when they are due. Not thread-safe on purpose: the owner's thread only.

A tick that comes late is not made up for: the next one is due one interval after the last *due* time that has passed,
so ticks keep their phase and never pile up.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

__all__ = ["OneTimer", "Timers"]


class OneTimer:
    """A timer in the heap; `cancel` takes effect at once and costs nothing until it would have been due."""

    __slots__ = ("_active", "callback", "due_ns", "every_ns", "owner")

    def __init__(self, owner: str, due_ns: int, every_ns: int | None, callback: Callable[[], None]) -> None:
        self.owner = owner
        self.due_ns = due_ns
        self.every_ns = every_ns
        self.callback = callback
        self._active = True

    @property
    def active(self) -> bool:
        """True while it will still fire."""
        return self._active

    def cancel(self) -> None:
        """Never fire again."""
        self._active = False


class Timers:
    """The heap. `next_due_ns` is the deadline the thread may sleep to."""

    def __init__(self, failed: Callable[[str, BaseException], None]) -> None:
        self._heap: list[tuple[int, int, OneTimer]] = []
        self._numbers = itertools.count()
        self._failed = failed
        self.next_due_ns: int | None = None

    def add(self, owner: str, due_ns: int, every_ns: int | None, callback: Callable[[], None]) -> OneTimer:
        """Add a timer due at a monotonic time, then every `every_ns` if given."""
        timer = OneTimer(owner, due_ns, every_ns, callback)
        self._push(timer)
        return timer

    def _push(self, timer: OneTimer) -> None:
        heapq.heappush(self._heap, (timer.due_ns, next(self._numbers), timer))
        self.next_due_ns = self._heap[0][0]

    def fire(self, now_ns: int) -> int:
        """Fire what is due; returns how many fired. What a callback raises is reported under its owner's name."""
        fired = 0
        heap = self._heap
        while heap and heap[0][0] <= now_ns:
            _, _, timer = heapq.heappop(heap)
            if not timer.active:
                continue
            fired += 1
            if timer.every_ns is None:
                timer.cancel()
            else:
                late = (now_ns - timer.due_ns) // timer.every_ns
                timer.due_ns += (late + 1) * timer.every_ns
                self._push(timer)
            try:
                timer.callback()
            except BaseException as error:  # noqa: BLE001 - a raising timer is counted like a raising handler
                self._failed(timer.owner, error)
        self.next_due_ns = heap[0][0] if heap else None
        return fired

    def cancel_owner(self, owner: str) -> None:
        """Cancel every timer of one owner: its handler stopped."""
        for _, _, timer in self._heap:
            if timer.owner == owner:
                timer.cancel()
