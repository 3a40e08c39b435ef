"""A poller that spins goes the way of a message every few microseconds, without one.

    spin ---- 20 µs ---- rehearse ---- 20 µs ---- rehearse ---- a message: its way is in the caches

Spinning itself is a few lines of code: after some hundred microseconds without a message, what the next one needs (the
interpreter, the decoder, the dispatcher) has left the core's caches, and that message takes several times as long
(docs/performance.md, *Messages far apart*). Who gave a poller `idle: busy_spin` gave it a core: this is what it is for.
A rehearsal handles no message, calls no handler and counts nothing.

Thread: the poller's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from actorbus.clock import Clock
from actorbus.ffi import TIMED_OUT, Idle

__all__ = ["EVERY_NS", "Rehearses", "Rehearsing", "Stepped", "Steps", "Waiter", "waiter_for"]

EVERY_NS: Final = 20_000
"""From one rehearsal to the next: one takes a microsecond, in which nobody looks at the streams."""


class Waiter(Protocol):
    """Waits on the poller's streams and its event at once; made by `actorbus.ffi`."""

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        """Return the number of a stream that has a batch, or a negative for woken or timed out. Without the GIL."""
        ...

    def ready(self, start: int) -> int:
        """Return the number of the first stream from `start` on that has a batch; a negative for none. No waiting."""
        ...

    def pause(self, number: int, paused: bool) -> None:
        """Leave a stream (by its place in the poller) out of the waiting, or take it in again."""
        ...

    def service(self) -> None:
        """Service the images of paused streams: for a poller that is busy with the others and does not wait."""
        ...

    def stir(self) -> None:
        """Hear that there was work: a wait that timed out is not gone on with."""
        ...


class Steps(Protocol):
    """Has a step that is made anew when handlers come and go: it is asked for each time."""

    @property
    def step(self) -> Callable[[], int]:
        """Take one batch to its handlers; returns how much was done."""
        ...


class Stepped:
    """A step that stays the same."""

    __slots__ = ("_step",)

    def __init__(self, step: Callable[[], int]) -> None:
        self._step = step

    @property
    def step(self) -> Callable[[], int]:
        """It."""
        return self._step


class Rehearses(Protocol):
    """Who may be asked to rehearse; must not take long nor raise."""

    def rehearse(self) -> None: ...


class Rehearsing:
    """A waiter that lets its poller rehearse while it waits."""

    def __init__(self, waiter: Waiter, now_ns: Callable[[], int], rehearse: Callable[[], None]) -> None:
        """Wait as `waiter` does; `now_ns` is the clock of deadlines."""
        self._wait = waiter.wait
        self._now_ns = now_ns
        self._rehearse = rehearse
        self.ready = waiter.ready
        self.pause = waiter.pause
        self.service = waiter.service
        self.stir = waiter.stir

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        """Return as the waiter's own `wait` does."""
        wait, now_ns = self._wait, self._now_ns
        while True:
            soon = now_ns() + EVERY_NS
            if deadline_ns is not None and deadline_ns <= soon:
                return wait(seen, deadline_ns)
            found = wait(seen, soon)
            if found != TIMED_OUT:
                return found
            self._rehearse()


def waiter_for(poller: Rehearses, idle: Idle, waiter: Waiter, clock: Clock) -> Waiter:
    """Return what a poller waits with: of one that spins, a waiter that lets it rehearse."""
    return Rehearsing(waiter, clock.monotonic_ns, poller.rehearse) if idle.kind == "busy_spin" else waiter
