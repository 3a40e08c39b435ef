"""Looks at what a session stands on: the client of the media driver, and the wall clock.

Why the wall clock: Aeron's client and driver tell each other that they live by times of day in the CnC file, so a step
of the clock looks like silence. Forward by more than the client's or driver's timeout (10 s each, as Aeron ships them)
it makes them give one another up; backward it hides that the other one died until the clock has caught up. Deadlines
of ours are monotonic and do not move. A step is therefore told when it happens, and again where it ended the client.

Thread: the session supervisor's.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from actorbus.clock import Clock
from actorbus.errors import DriverLost

__all__ = ["STEP_NS", "ClientSeen", "Watch"]

log = logging.getLogger("actorbus.watch")
STEP_NS: Final = 1_000_000_000
"""A difference of the two clocks that changes by more than this between two looks is a step, not drift (trap P5)."""
TOLD_NS: Final = 60_000_000_000
"""A step so long ago has nothing to do with a client that is lost now."""


class ClientSeen(Protocol):
    """What is looked at."""

    @property
    def is_lost(self) -> bool:
        """Whether the connection to the driver is gone for good."""
        ...

    def take_errors(self) -> Sequence[tuple[int, str]]:
        """Return what the client reported since the last time: code and text."""
        ...


class Watch:
    """One session's."""

    def __init__(self, client: ClientSeen, directory: str, clock: Clock) -> None:
        self._client = client
        self._directory = directory
        self._clock = clock
        self._difference = clock.time_ns() - clock.monotonic_ns()
        self._step_ns = 0
        self._stepped_at: int | None = None
        self.steps = 0
        """Steps of the wall clock seen."""
        self.is_lost = False
        """The driver's loss has been told."""

    def look(self) -> None:
        """Look once: four times a second.

        Raises:
            DriverLost: once, when the connection to the driver is gone.
        """
        now = self._clock.monotonic_ns()
        difference = self._clock.time_ns() - now
        step, self._difference = difference - self._difference, difference
        if abs(step) > STEP_NS:
            self.steps += 1
            self._step_ns, self._stepped_at = step, now
            log.warning(
                "the wall clock stepped by %+.1f s: Aeron's liveness goes by it; slew the clock instead", step / 1e9
            )
        if self._client.is_lost and not self.is_lost:
            self.is_lost = True
            raise self._lost(now)

    def _lost(self, now_ns: int) -> DriverLost:
        told = "; ".join(text.strip().splitlines()[0] for _, text in self._client.take_errors() if text.strip())
        why, hint = told or "it stopped answering", "restart the node when a driver is there again"
        if self._stepped_at is not None and now_ns - self._stepped_at < TOLD_NS:
            why = f"the wall clock stepped by {self._step_ns / 1e9:+.1f} s, and Aeron's liveness goes by it; {why}"
            hint = "restart the node, and let the time service slew the clock instead of stepping it"
        return DriverLost("the connection to the media driver is lost", where=self._directory, why=why, hint=hint)
