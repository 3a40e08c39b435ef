"""What lives by the handlers' clock in a session: timers and sources, for who moves that clock by hand.

Thread: `moved` the session supervisor's; the questions any, as snapshots.
"""

from __future__ import annotations

from collections.abc import Sequence

from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.poller import PollerActor
from actorbus.actors.shell import ask
from actorbus.actors.source import PublisherActor

__all__ = ["Clockwork"]

ASK_S = 5.0


class Clockwork:
    """The pollers, mailboxes and sources of a session, which may grow while it runs."""

    def __init__(self, pollers: Sequence[PollerActor], mailboxes: Mailboxes, sources: Sequence[PublisherActor]) -> None:
        self._pollers = pollers
        self._mailboxes = mailboxes
        self._sources = sources

    def moved(self) -> None:
        """Fire what is due, each on its own thread, and wait until it has fired; wake the sources.

        Raises:
            InternalError: a handler's thread did not answer within 5 s.
        """
        for poller in self._pollers:
            ask(poller, poller.clock_moved, ASK_S)
        self._mailboxes.clock_moved()
        for source in self._sources:
            source.inbox.event.bump()

    def next_due_ns(self) -> int | None:
        """Return when a timer or a sleeping source is due next; None: nothing is."""
        dues = [poller.next_due_ns for poller in self._pollers] + [source.sleeping_until_ns for source in self._sources]
        dues.append(self._mailboxes.next_due_ns())
        return min((due for due in dues if due is not None), default=None)

    def sources_wait(self, now_ns: int) -> bool:
        """Whether every source has ended or sleeps beyond `now_ns`."""
        return all(source.ended or (source.sleeping_until_ns or now_ns) > now_ns for source in self._sources)
