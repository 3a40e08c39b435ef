"""What a test asks and tells of a running session: to come to rest, and that the clock of its handlers was moved.

Thread: any but one of the session's own. Deadlines are real time.
"""

from __future__ import annotations

import time

from actorbus.actors.shell import ask
from actorbus.actors.supervisor import MoveClock, SessionSupervisor, Settle

__all__ = ["Steering"]

MARGIN_S = 60.0


class Steering:
    """Steers one session, through its supervisor. For a clock given by `SessionParts.handler_clock`."""

    def __init__(self, supervisor: SessionSupervisor) -> None:
        self._supervisor = supervisor

    def settle(self, *, timeout_ns: int) -> bool:
        """Wait until all this session published to itself has been handled, and what that made handlers publish.

        Returns False when it was not within `timeout_ns`.

        Raises:
            ClosedError: the session's supervisor has stopped.
        """
        deadline_ns = time.monotonic_ns() + timeout_ns
        return bool(ask(self._supervisor, Settle(deadline_ns), timeout_ns / 1e9 + MARGIN_S))

    def clock_moved(self) -> None:
        """Fire the timers that are due and wake the sources, after the clock was moved.

        Raises:
            ClosedError: the session's supervisor has stopped.
        """
        _ = ask(self._supervisor, MoveClock(), MARGIN_S)

    def next_due_ns(self) -> int | None:
        """Return when, on the clock that is moved, a timer or a sleeping source is due next; None: nothing is."""
        return self._supervisor.session.clockwork.next_due_ns()

    def sources_wait(self, now_ns: int) -> bool:
        """Return whether every source has ended, or sleeps beyond `now_ns` on the clock that is moved."""
        return self._supervisor.session.clockwork.sources_wait(now_ns)
