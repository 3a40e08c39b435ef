"""Letting what is on its way arrive, before anything is stopped and between the levels of a stop.

A round: send what waits to be conflated; let every poller read all that this node has published to itself, and send
its outbox; let the mailboxes run empty. Rounds go on until one changed nothing, since handlers publish while they are
drained. Everything here ends at a deadline; what it cuts off is told by the caller.

Thread: the session supervisor's.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from actorbus.actors.endpoints import Endpoints
from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.poller import Drain, EndHandlers, PollerActor
from actorbus.actors.shell import ask
from actorbus.clock import Clock
from actorbus.errors import ActorBusError

__all__ = ["ASK_MARGIN_S", "Draining"]

ASK_MARGIN_S = 5.0
"""Seconds an actor may take to answer beyond the deadline of what it was asked to do."""
FLUSH_NAP_S = 0.001


class Draining:
    """Drains one session until `deadline_ns` (monotonic)."""

    def __init__(
        self,
        endpoints: Endpoints,
        pollers: Sequence[PollerActor],
        mailboxes: Mailboxes,
        clock: Clock,
        deadline_ns: int,
    ) -> None:
        self._endpoints = endpoints
        self._pollers = pollers
        self._mailboxes = mailboxes
        self._clock = clock
        self._deadline_ns = deadline_ns

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, (self._deadline_ns - self._clock.monotonic_ns()) / 1e9)

    @property
    def _patience_s(self) -> float:
        return self.left_s + ASK_MARGIN_S

    def run(self) -> bool:
        """Drain; False when the deadline cut it off."""
        while True:
            if not self._flush():
                return False
            targets = self._endpoints.drain_targets()
            pollers = [poller for poller in self._pollers if poller in targets or poller.outbox]
            if not pollers:
                return self._mailboxes.empty(self._deadline_ns)
            for poller in pollers:
                order = Drain(tuple(targets.get(poller, ())), self._deadline_ns)
                if not ask(poller, order, self._patience_s):
                    return False
            if not self._mailboxes.empty(self._deadline_ns):
                return False
            if self._endpoints.drain_targets() == targets and not any(poller.outbox for poller in self._pollers):
                return True

    def _flush(self) -> bool:
        """Send what waits to be conflated; False when there was no room for all of it before the deadline."""
        while not self._endpoints.flush():
            if self._clock.monotonic_ns() >= self._deadline_ns:
                return False
            time.sleep(FLUSH_NAP_S)
        return True

    def end_handlers(self, levels: Sequence[Sequence[str]]) -> bool:
        """Stop handlers level by level, draining after each, so that a last word is still handled."""
        clean = self.run()
        for level in levels:
            for poller in self._pollers:
                ask(poller, EndHandlers(tuple(level)), self._patience_s)
            clean &= self._mailboxes.finish(level, self._deadline_ns)
            clean &= self.run()
        return clean

    def give_up(self) -> None:
        """Count what still waits in outboxes and conflating publishers as dropped; say the publishers' last word."""
        for poller in self._pollers:
            with contextlib.suppress(ActorBusError):  # the last word of the streams is said all the same
                ask(poller, poller.outbox.give_up, self._patience_s)
        self._endpoints.give_up()
        self._endpoints.farewell()
