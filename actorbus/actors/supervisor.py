"""The session supervisor: the actor that owns a node's session and is told what happens to its parts.

Its mailbox gets `Open`, `Close`, `OpenPublisher` and `OpenSubscriber` (asked by the node, with deadlines), failures of
children, and ends of sources. Four times a second it says beats and keeps the statistics file's heartbeat (D9).
What broke is kept: `failures` for the summary, `fatal` for the exit code.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from actorbus.actors.looking import look
from actorbus.actors.parts import HandlerPart, Look, PollerPart, ReplayPart, SessionParts, StreamPart
from actorbus.actors.session import Session
from actorbus.actors.shell import Shell, ask
from actorbus.dispatch import StreamEvent
from actorbus.errors import ActorBusError, AskCycle, InternalError

__all__ = [
    "AddPoller",
    "AddStream",
    "Close",
    "Flush",
    "MoveClock",
    "Open",
    "OpenPublisher",
    "OpenSubscriber",
    "SessionSupervisor",
    "Settle",
]

log = logging.getLogger("actorbus.supervisor")
TICK_NS = 250_000_000
FLUSH_NS = 2_000_000
"""While messages wait to be conflated, the supervisor looks so often whether there is room."""
FLUSH_TIMEOUT_S = 60.0
"""For the supervisor to write counters: it may be opening or closing something, each with deadlines of its own."""
EVENTS_KEPT = 1_000
"""Events kept for the summary: the newest; all are counted."""


class Open(NamedTuple):
    """Open the session."""


class Close(NamedTuple):
    """Close it, draining first or at once."""

    drain: bool


class OpenPublisher(NamedTuple):
    """Open the publisher of a stream."""

    stream: str


class OpenSubscriber(NamedTuple):
    """Open a subscriber of a stream for these types."""

    stream: str
    types: tuple[type, ...]
    replay: ReplayPart | None = None


class AddStream(NamedTuple):
    """Make a stream known to a running session."""

    part: StreamPart


class AddPoller(NamedTuple):
    """Start a poller with its handlers in a running session."""

    poller: PollerPart
    handlers: tuple[HandlerPart, ...]


class Settle(NamedTuple):
    """Wait until all that was published has been handled; answers whether it was before the deadline (real time)."""

    deadline_ns: int


class MoveClock(NamedTuple):
    """Tell timers and sources that the handlers' clock was moved; answered when the timers due have fired."""


class Flush(NamedTuple):
    """Write the counters of mailboxes and recorders to the statistics file."""


class SessionSupervisor(Shell):
    """Owns the session: opens, ticks and closes it on its own thread."""

    def __init__(
        self,
        parts: SessionParts,
        stop_levels: tuple[tuple[str, ...], ...],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        super().__init__(f"supervisor-{parts.name}", self._child_failed)
        self._parts = parts
        self._levels = stop_levels
        self._on_failure = on_failure
        self.session = Session(
            parts,
            report=self._child_failed,
            on_event=self._keep_event,
            finished=self._finished,
            news=self.inbox.event,
        )
        self.events: deque[StreamEvent] = deque(maxlen=EVENTS_KEPT)
        self.event_count = 0
        self.failure_count = 0
        self._lock = threading.Lock()
        self._sources_left = {source.name for source in parts.sources}
        self._open = False

    @property
    def sources_finished(self) -> bool:
        """True when every source has ended (also when there is none)."""
        return not self._sources_left

    def look(self) -> Look:
        """Return what the pollers hold, and have all counters written; once it closes, what they held last. Any thread.

        Raises:
            ClosedError: the supervisor died.
        """
        if self._open:
            self.session.last = look(self.session.inside(), self.session.last)
            with contextlib.suppress(AskCycle):  # of a handler that the supervisor waits for: it is closing
                ask(self, Flush(), FLUSH_TIMEOUT_S)
        return self.session.last

    def run(self) -> None:
        """Take control entries; tick four times a second while the session is open."""
        inbox, clock = self.inbox, self._parts.clock
        due = clock.monotonic_ns() + TICK_NS
        while not self.actor_stopped.is_set():
            seen = inbox.event.value
            entry = inbox.take_control()
            if entry is not None:
                self.obey(entry)
                continue
            now = clock.monotonic_ns()
            if now >= due:
                due = now + TICK_NS
                if self._open:
                    try:
                        self.session.tick()
                    except BaseException as error:  # noqa: BLE001 - told once a tick at the most; the session lives on
                        self._child_failed(self.name, error)
            until = due
            try:
                settled, lingers = self.session.tend(now)
                until = min(due, due if settled else now + FLUSH_NS, lingers or due)
            except BaseException as error:  # noqa: BLE001 - as for a tick
                self._child_failed(self.name, error)
            inbox.event.wait(seen, until)

    def on_stop(self) -> None:
        """Close what is still open: whoever asked for the open gave up waiting just as it was done."""
        if self._open:
            self._open = False
            self.session.close((), drain=False)

    def on_receive(self, message: object) -> object:
        """Obey the node."""
        match message:
            case Open():
                self.session.open()
                self._open = True
                return None
            case Close(drain):
                self._open = False
                return self.session.close(self._levels, drain=drain)
            case Flush():
                return self.session.flush() if self._open else None
            case AddStream(part):
                return self.session.add_streams([part])
            case AddPoller(poller, handlers):
                return self.session.add_pollers([poller], handlers)
            case Settle(deadline_ns):
                return self.session.settle(deadline_ns)
            case MoveClock():
                return self.session.clockwork.moved()
            case OpenPublisher(stream):
                return self.session.endpoints.publisher(stream)
            case OpenSubscriber(stream, types, replay):
                return self.session.subscribe(stream, types, replay)
            case _:
                raise InternalError(f"the session supervisor does not know {message!r}")

    # -- what children tell, from their own threads ------------------------------------------------------------------

    def _finished(self, source: str) -> None:
        with self._lock:
            self._sources_left.discard(source)

    def _keep_event(self, event: StreamEvent) -> None:
        with self._lock:
            self.event_count += 1
            self.events.append(event)

    def _child_failed(self, name: str, error: BaseException) -> None:
        with self._lock:
            self.failure_count += 1
            first = self.failure_count == 1
        expected = isinstance(error, ActorBusError) and error.__cause__ is None
        log.error("%s: %s", name, error, exc_info=None if expected else error)
        if first:
            self._on_failure(error)
