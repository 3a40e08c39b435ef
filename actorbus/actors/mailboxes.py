"""The handlers of `dispatch: mailbox` of a session: made, linked by `after`, started, emptied and ended together.

Thread: the session supervisor's; `is_idle` and `next_due_ns` any.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection

from actorbus.actors.mailbox_async import AsyncMailboxActor
from actorbus.actors.mailbox_handler import Empty, Finish, MailboxActor, MailboxSetup
from actorbus.actors.mailbox_post import Post
from actorbus.actors.poller import MailSetup, PollerActor
from actorbus.actors.shell import Report, ask, join, launch
from actorbus.clock import Clock
from actorbus.dispatch import MailRoute, StreamEvent, is_async
from actorbus.errors import InternalError

__all__ = ["Mailboxes"]

MARGIN_S = 5.0


class Mailboxes:
    """All mailbox handlers of a session, by name."""

    def __init__(
        self,
        clock: Clock,
        *,
        report: Report,
        on_event: Callable[[StreamEvent], None],
        handler_clock: Clock | None = None,
    ) -> None:
        self._clock = clock
        self._report = report
        self._on_event = on_event
        self._handler_clock = handler_clock
        self._actors: dict[str, MailboxActor] = {}
        self._after: dict[str, tuple[str, ...]] = {}

    def add(self, setup: MailboxSetup, after: tuple[str, ...], poller: PollerActor) -> MailSetup:
        """Make the actor of a handler, not yet started; returns the poller's end of it."""
        handler = setup.handler
        kind = AsyncMailboxActor if is_async(handler.cls) else MailboxActor
        actor = kind(
            setup, self._clock, report=self._report, on_event=self._on_event, handler_clock=self._handler_clock
        )
        self._actors[handler.name] = actor
        self._after[handler.name] = after
        post = Post(actor, poller)
        route = MailRoute(handler.name, handler.cls, handler.priority, handler.order, after, post)
        return MailSetup(route, handler.streams)

    def find(self, name: str) -> MailboxActor | None:
        """Return the actor of a handler, None when it has no mailbox. Any thread."""
        return self._actors.get(name)

    def start(self) -> None:
        """Link those that wait for each other and start all that have not been: before their pollers."""
        for name, actor in self._actors.items():
            actor.leads = [self._actors[lead] for lead in self._after[name] if lead in self._actors]
            actor.followers = [other for follower, other in self._actors.items() if name in self._after[follower]]
        for actor in self._actors.values():
            if actor.thread is None:
                launch(actor)

    @property
    def is_idle(self) -> bool:
        """Whether no mailbox holds anything and no handler is at work. Any thread."""
        return all(actor.is_idle for actor in list(self._actors.values()))

    def empty(self, deadline_ns: int) -> bool:
        """Wait until every mailbox is empty; False when one was not before the deadline."""
        answers = [self._ask(actor, Empty(deadline_ns), deadline_ns) for actor in self._actors.values()]
        return all(answers)

    def finish(self, names: Collection[str], deadline_ns: int) -> bool:
        """End these handlers, each when its mailbox is empty, or at the deadline; False when one was cut off."""
        chosen = [actor for name, actor in self._actors.items() if name in names]
        answers = [self._ask(actor, Finish(deadline_ns), deadline_ns) for actor in chosen]
        return all(answers)

    def _ask(self, actor: MailboxActor, message: object, deadline_ns: int) -> bool:
        left_s = max(0.0, (deadline_ns - self._clock.monotonic_ns()) / 1e9)
        try:
            return bool(ask(actor, message, left_s + MARGIN_S))
        except InternalError as error:  # its handler does not come back: told, and the others still end in order
            self._report(actor.name, error)
            return False

    def flush(self) -> None:
        """Write the counters of all to the statistics file."""
        for actor in self._actors.values():
            actor.flush()

    def clock_moved(self) -> None:
        """Fire what is due on a handlers' clock that somebody else moves, each on its own thread."""
        for actor in self._actors.values():
            ask(actor, actor.clock_moved, MARGIN_S)

    def next_due_ns(self) -> int | None:
        """Return when, on the handlers' clock, a timer is due next. Any thread, a snapshot."""
        dues = [actor.next_due_ns for actor in list(self._actors.values())]
        return min((due for due in dues if due is not None), default=None)

    def end(self) -> None:
        """Stop all threads; what still waits is counted as dropped. Again does nothing."""
        for actor in self._actors.values():
            actor.request_stop()
        for actor in self._actors.values():
            join(actor, MARGIN_S)
        with contextlib.suppress(ValueError):
            self.flush()
