"""Waiting: the event word, poll sets and idle strategies (architecture D1, native/ab_wait.h).

There is one way to wait: until the event moved, or a stream has a batch, or the deadline passed; without the GIL.

Thread: `Event.bump` and `Event.value` any; waiting usually one thread an event. A PollSet belongs to its poller's
thread. Deadlines are CLOCK_MONOTONIC nanoseconds (`time.monotonic_ns()`); None waits for ever.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Literal, Protocol

from actorbus.errors import ClosedError, InvalidValue, NativeError, OutOfMemory, UsageError
from actorbus.ffi.native import ffi, lib

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import ab_event, ab_idle, ab_poll_set

__all__ = ["NO_DEADLINE", "TIMED_OUT", "WAKE", "Event", "Idle", "PollSet", "Subscribed", "Waiter"]

NO_DEADLINE: Final = 2**63 - 1
WAKE: Final = lib.AB_WAKE
"""What a wait answers when the event moved."""
TIMED_OUT: Final = lib.AB_TIMED_OUT
"""What a wait answers at its deadline."""

MAIN_SLICE_NS: Final = 100_000_000
"""Python's signal handlers run in the main thread between bytecodes only.

A wait there comes up for air this often (P21).
"""

SPIN_PASSES: Final = 1000
"""Looks at streams with the GIL kept before it is let go: so many passes over one, a tenth of them over ten.

Beside CPU-bound threads, letting go after one costs a switch interval.
"""


class Subscribed(Protocol):
    """What a poll set takes: anything with a native subscription handle."""

    @property
    def handle(self) -> int: ...


class Idle:
    """What a wait does while there is nothing to do.

    `busy_spin` never gives the core away; `yield` gives it to whoever is ready after every empty pass; `backoff`
    spins, then yields, then parks for doubling times; `sleep` parks for the same time always. Immutable.
    """

    __slots__ = ("kind", "native", "spin_passes")

    def __init__(
        self,
        kind: Literal["busy_spin", "yield", "backoff", "sleep"],
        *,
        max_spins: int = 100,
        max_yields: int = 20,
        min_park_ns: int = 50_000,
        max_park_ns: int = 1_000_000,
        rest_park_ns: int | None = None,
        spin_passes: int = SPIN_PASSES,
    ) -> None:
        """Make a strategy.

        Args:
            kind: one of the four.
            max_spins: empty passes before backoff yields.
            max_yields: yields before backoff parks.
            min_park_ns: first park of backoff.
            max_park_ns: longest park; every park of sleep. A publisher of another process waits as long to be heard.
            rest_park_ns: a park once nothing came for 200 ms; None: max_park_ns.
            spin_passes: looks at streams with the GIL kept before a wait begins (not for sleep).
        """
        kinds = {
            "busy_spin": lib.AB_IDLE_BUSY_SPIN,
            "yield": lib.AB_IDLE_YIELD,
            "backoff": lib.AB_IDLE_BACKOFF,
            "sleep": lib.AB_IDLE_SLEEP,
        }
        if kind not in kinds:
            raise InvalidValue(f"idle {kind!r} is not one of {', '.join(kinds)}")
        if not 0 < min_park_ns <= max_park_ns:
            raise InvalidValue(
                f"idle parks must satisfy 0 < min_park_ns ({min_park_ns}) <= max_park_ns ({max_park_ns})"
            )
        if rest_park_ns is not None and rest_park_ns < max_park_ns:
            raise InvalidValue(f"idle parks must satisfy max_park_ns ({max_park_ns}) <= rest_park_ns ({rest_park_ns})")
        self.kind: str = kind
        self.spin_passes: int = 0 if kind == "sleep" else spin_passes
        self.native: ab_idle = ffi.new("ab_idle *")
        self.native.kind = kinds[kind]
        self.native.max_spins = max_spins
        self.native.max_yields = max_yields
        self.native.min_park_ns = min_park_ns
        self.native.max_park_ns = max_park_ns
        self.native.rest_park_ns = rest_park_ns or 0

    @classmethod
    def backoff(cls) -> Idle:
        """Return the default: spin, yield, then parks of 50 µs to 1 ms."""
        return cls("backoff")

    def __repr__(self) -> str:
        return f"Idle({self.kind!r})"


class Event:
    """A 32-bit word that only grows: whoever has news bumps it, whoever waits sleeps until it moved.

    Freed with the object; publications that wake it keep their own count.
    """

    __slots__ = ("native",)

    def __init__(self) -> None:
        native = lib.ab_event_create()
        if not native:
            raise OutOfMemory("no memory for an event")
        self.native: ab_event = native

    @property
    def value(self) -> int:
        """The word now. Read it before looking for work; a wait with it then misses no bump."""
        return lib.ab_event_word(self.native)

    def bump(self) -> None:
        """Move the word and wake who waits."""
        lib.ab_event_bump(self.native)

    def wait(self, seen: int, deadline_ns: int | None = None, /) -> bool:
        """Wait until the word is not `seen`. True when it moved, False at the deadline."""
        deadline = NO_DEADLINE if deadline_ns is None else deadline_ns
        if threading.current_thread() is not threading.main_thread():
            return lib.ab_event_wait(self.native, seen, ffi.NULL, deadline) == WAKE
        while True:
            until = min(deadline, time.monotonic_ns() + MAIN_SLICE_NS)
            if lib.ab_event_wait(self.native, seen, ffi.NULL, until) == WAKE:
                return True
            if until == deadline:
                return False

    def __del__(self) -> None:
        native = getattr(self, "native", None)
        if native is not None:
            lib.ab_event_release(native)


class PollSet:
    """The subscriptions of one poller. Numbers of streams are given in the order of adding and never change."""

    __slots__ = ("_native", "_subscriptions")

    def __init__(self) -> None:
        native = lib.ab_poll_set_create()
        if not native:
            raise OutOfMemory("no memory for a poll set")
        self._native: ab_poll_set | None = native
        self._subscriptions: list[Subscribed] = []

    @property
    def native(self) -> ab_poll_set:
        """The native set.

        Raises:
            ClosedError: after close().
        """
        if self._native is None:
            raise ClosedError("the poll set is closed")
        return self._native

    def add(self, subscription: Subscribed) -> int:
        """Add a subscription and return its number."""
        number = lib.ab_poll_set_add(self.native, subscription.handle)
        if number == lib.AB_STALE:
            raise ClosedError("the subscription is closed")
        if number < 0:
            raise OutOfMemory(f"a poll set holds no more than it has ({len(self._subscriptions)} subscriptions)")
        self._subscriptions.append(subscription)
        return number

    def pause(self, number: int, paused: bool) -> None:
        """Stop or go on polling a stream; a paused one's images are still serviced."""
        if lib.ab_poll_set_pause(self.native, number, int(paused)) != lib.AB_OK:
            raise UsageError(f"stream number {number} is not in the poll set (it has {len(self._subscriptions)})")

    def service(self) -> None:
        """Service the images of paused streams, for who is too busy to wait (trap P15)."""
        lib.ab_poll_set_service(self.native)

    def waiter(self, event: Event, idle: Idle) -> Waiter:
        """Return the wait on this set and `event` together."""
        return Waiter(event, self, idle)

    def close(self) -> None:
        """Free the set; its subscriptions stay open. No waiter of it may be inside. Again does nothing."""
        native, self._native = self._native, None
        if native is not None:
            lib.ab_poll_set_free(native)


class Waiter:
    """Waits on a poller's streams and its event at once."""

    __slots__ = ("_event", "_idle", "_set")

    def __init__(self, event: Event, poll_set: PollSet, idle: Idle) -> None:
        self._event = event
        self._set = poll_set
        self._idle = idle

    def pause(self, number: int, paused: bool) -> None:
        """Stop or go on polling a stream of the set."""
        self._set.pause(number, paused)

    def service(self) -> None:
        """Service the images of paused streams, for who is too busy to wait."""
        self._set.service()

    def stir(self) -> None:
        """Say that there was work which no wait answered: the next one begins anew, after a timeout too."""
        lib.ab_poll_set_stir(self._set.native)

    def ready(self, start: int) -> int:
        """Return the number of the first stream from `start` on that has a batch or notices; below 0: none of them.

        For a pass without waiting, the GIL kept: a stream with nothing costs some ns, all of it native. One that fails
        is passed over; `wait` raises for it.
        """
        return lib.ab_poll_set_next(self._set.native, start)

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        """Return the number of a stream that has a batch or notices, or WAKE or TIMED_OUT.

        Spins with the GIL kept first, then lets it go (inv_poller_never_waits_with_gil).

        Raises:
            NativeError: Aeron's poll failed.
        """
        poll_set = self._set.native
        deadline = NO_DEADLINE if deadline_ns is None else deadline_ns
        result = TIMED_OUT
        if self._idle.spin_passes:
            result = lib.ab_spin(self._event.native, seen, poll_set, self._idle.spin_passes)
        if result == TIMED_OUT:
            result = lib.ab_wait(self._event.native, seen, poll_set, self._idle.native, deadline)
        if result >= 0 or result in (WAKE, TIMED_OUT):
            return result
        number = lib.ab_poll_set_failed(poll_set)
        if result == lib.AB_INVALID:
            raise UsageError(
                f"stream number {number} cannot be polled",
                why="a view of its last batch is still held",
                hint="release memoryviews of a PollPort before the next poll",
            )
        raise NativeError(f"polling stream number {number} failed", errcode=result)
