"""A handler of `dispatch: mailbox`: a thread of its own, fed by its streams' poller (D4, D6, D14).

    poller's thread: Post.post(parcel) --> data lane, by overflow policy --> handler's thread: MailDispatcher.run
                     Post holds the stream (block) <-- half empty: relieve --+
                     quarantine of the port       <-- reject_soon -----------+

Guarantees:
* Messages of a stream come in order, one at a time, and never before the handlers in `after` have handled their batch.
* What is not handled is counted: `dropped` (the overflow policy), `dead_letters` (the handler was out for good).
* The poller never waits here: `block` lets the batch in hand in, and pauses the stream until half of the mailbox is
  free.

Thread: its own; the counters any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from actorbus.actors.hosting import (
    HandlerSetup,
    RestartPolicy,
    Restarts,
    make_handler,
    new_state,
    redrive,
    restart_event,
)
from actorbus.actors.inbox import DataEntry
from actorbus.actors.shell import Report, Shell
from actorbus.actors.timers import Timers
from actorbus.clock import Clock
from actorbus.dispatch import Handler, HandlerState, Parcel, StreamEvent
from actorbus.dispatch.mailed import MailDispatcher
from actorbus.dispatch.meta import Record
from actorbus.dispatch.redrive import OneMessage
from actorbus.dispatch.state import describe
from actorbus.errors import HandlerFailed
from actorbus.metrics import HandlerCounter

if TYPE_CHECKING:
    from actorbus.actors.mailbox_post import Post

__all__ = ["Empty", "Finish", "MailboxActor", "MailboxSetup"]

STRIDE_MAX, STRIDE_NS = 256, 2_000_000
"""Messages handled between two looks at the control lane: as many as take about 2 ms, so that a slow handler stops."""


class MailboxSetup(NamedTuple):
    """A handler and its mailbox. `types` are those of each of its streams; `key` is for conflate."""

    handler: HandlerSetup
    types: Mapping[str, tuple[type, ...]]
    messages: int
    bytes: int
    overflow: str
    key: str | None
    restarts: RestartPolicy


class Empty(NamedTuple):
    """Answer True once the mailbox is empty, or False at the monotonic deadline."""

    deadline_ns: int


class Finish(NamedTuple):
    """The same, then run the handler's `on_stop` and give it nothing more; what is left is counted as dropped."""

    deadline_ns: int


class MailboxActor(Shell):
    """Runs one handler on the messages of its mailbox."""

    def __init__(
        self,
        setup: MailboxSetup,
        clock: Clock,
        *,
        report: Report,
        on_event: Callable[[StreamEvent], None],
        handler_clock: Clock | None = None,
    ) -> None:
        super().__init__(f"handler-{setup.handler.name}", report)
        self.setup = setup
        self.inbox.bound(setup.messages, setup.bytes)
        self.state: HandlerState = new_state(setup.handler)
        self.dead_letters = 0
        self.cut = 0
        """Messages a stop deadline cut off. Counted as dropped."""
        self.post: Post | None = None
        self.leads: Sequence[MailboxActor] = ()
        """The mailboxes that must have handled a batch before this one starts it."""
        self.followers: Sequence[MailboxActor] = ()
        self._clock = clock
        self._on_event = on_event
        self._timers = Timers(self._timer_failed)
        self._handler_clock = clock if handler_clock is None else handler_clock
        self._handler_timers = self._timers if handler_clock is None else Timers(self._timer_failed)
        self._restarts = Restarts(setup.restarts)
        self._handler: Handler | None = None
        self._dispatcher = MailDispatcher(self.state, setup.types, clock, failed=self._failed)
        self._half: tuple[DataEntry, int] | None = None
        self._stride = 1
        self._goals: list[tuple[int, bool, Any]] = []

    # -- start, restart, end -----------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Make the handler on this thread."""
        self._host()

    def _host(self) -> None:
        self._handler = make_handler(self.setup.handler, self._handler_clock, self._handler_timers)
        self._dispatcher.host(self._handler)

    def on_stop(self) -> None:
        """End the handler if it was not ended before, and answer who still waits."""
        self._end_handler()
        self._count_rest()
        for _, _, reply in self._goals:
            if reply is not None:
                reply.set(False)
        self._goals.clear()

    def _end_handler(self) -> None:
        handler, self._handler = self._handler, None
        self.state.stopped = True
        self._handler_timers.cancel_owner(self.state.name)
        if handler is not None:
            self._run_on_stop(handler)

    def _run_on_stop(self, handler: Handler) -> None:
        try:
            handler.on_stop()
        except BaseException as error:  # noqa: BLE001 - counted and told; the actor goes on
            self.state.errors += 1
            self.failed(error)

    def _failed(self, parcel: Parcel, index: int, error: BaseException) -> None:
        """Apply `on_error` to what the handler raised on a message."""
        match self.state.on_error:
            case "quarantine" if self.post is not None:
                self.state.kept(parcel.origin.stream, parcel.record(index), None, error)
                self.post.reject_soon(parcel, index, f"{self.state.name}: {describe(error)}")
            case "restart":
                self._restart(error, parcel.origin.stream, parcel.record(index))
            case "stop":
                self._give_up(error)
            case _:
                pass

    def _restart(self, error: BaseException, stream: str, record: Record | None) -> None:
        """Pause, then replace the handler's object; or give up when the budget is used up."""
        now = self._clock.monotonic_ns()
        pause = self._restarts.next(now)
        self.state.restarts += pause is not None
        self._on_event(restart_event(self.state, error, stream, record, pause, self._clock.time_ns()))
        if pause is None:
            self._give_up(error)
            return
        self.state.away = True
        self._handler_timers.cancel_owner(self.state.name)
        self._timers.add("", now + pause, None, self._come_back)

    def _come_back(self) -> None:
        if self._handler is not None:
            self._run_on_stop(self._handler)
            self._handler = None
        try:
            self._host()
        except BaseException as error:  # noqa: BLE001 - a handler that cannot start again is one more failure
            self.state.errors += 1
            self._restart(error, "", None)
            return
        self.state.away = False

    def _give_up(self, error: BaseException) -> None:
        self.state.away = False
        self.state.failed = True
        self._end_handler()
        name = self.state.name
        self.failed(HandlerFailed(f"handler {name!r} was stopped by its on_error policy: {describe(error)}"))

    def overflowed(self, error: BaseException) -> None:
        """Stop because the mailbox was full: `overflow: raise` with `on_error: stop`. A control call."""
        if not self.state.stopped:
            self._give_up(error)

    def _timer_failed(self, owner: str, error: BaseException) -> None:
        if not owner:
            self.failed(error)
            return
        self.state.raised(error, "in a timer")

    # -- life --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Take control entries first, then messages, then timers; wait when there is nothing. Until stopped."""
        event = self.inbox.event
        while True:
            seen = event.value
            if self._obey_one():
                if self.actor_stopped.is_set():
                    return
                continue
            worked = False
            try:
                worked = self._turn()
                worked |= self._fire()  # a handler that came back has its mailbox to look into
            except BaseException as error:  # noqa: BLE001 - an error of ours is reported; the actor goes on
                self.failed(error)
            if not self._reach_goals() and not worked:
                event.wait(seen, self._next_due_ns())

    def _obey_one(self) -> bool:
        envelope = self.inbox.take_control()
        if envelope is None:
            return False
        if isinstance(envelope.message, (Empty, Finish)):
            ends = isinstance(envelope.message, Finish)
            self._goals.append((envelope.message.deadline_ns, ends, envelope.reply_to))
        else:
            self.obey(envelope)
        return True

    def on_receive(self, message: object) -> object:
        """Obey calls."""
        if callable(message):
            return message()
        raise TypeError(f"a mailbox handler does not know {message!r}")

    def _next(self) -> tuple[DataEntry, int] | None:
        """Return what to handle next and from where, if it may start now."""
        state = self.state
        if state.stopped:
            self._count_rest()
            return None
        if state.away:
            return None
        if self._half is None:
            entry = self.inbox.take_data()
            if entry is None:
                return None
            self._half = (entry, 0)
            if self.post is not None:
                self.post.relieve()
        entry, at = self._half
        if not at and not all(lead.inbox.is_past(entry.number) for lead in self.leads):
            return None
        return self._half

    def _turn(self) -> bool:
        """Handle one entry, or what is left of one; False when there was nothing to do."""
        found = self._next()
        if found is None:
            return False
        entry, at = found
        if isinstance(entry.batch, Parcel):
            began = self._clock.monotonic_ns()
            self._came_to(entry, self._dispatcher.run(entry.batch, at, at + self._stride))
            took = self._clock.monotonic_ns() - began
            self._stride = min(STRIDE_MAX, self._stride * 2) if took < STRIDE_NS else max(1, self._stride // 4)
        else:
            self._tell(entry)
        return True

    def _tell(self, entry: DataEntry) -> None:
        if isinstance(entry.batch, StreamEvent):
            self._dispatcher.event(entry.batch)
        self._came_to(entry, entry.messages)

    def _came_to(self, entry: DataEntry, at: int) -> None:
        if at < entry.messages:
            self._half = (entry, at)
            return
        self._half = None
        self.inbox.data_done()
        for follower in self.followers:
            follower.wake()

    def wake(self) -> None:
        """Look again whether a batch may start. Any thread."""
        self.inbox.event.bump()

    def _count_rest(self) -> None:
        """Count what will never be handled: as dead letters when the handler failed, else as dropped."""
        rest = self.inbox.drop_data()
        if self._half is not None:
            entry, at = self._half
            rest += entry.messages - at
            self._half = None
            self.inbox.data_done()
        if self.state.failed:
            self.dead_letters += rest
        else:
            self.cut += rest
        if self.post is not None:
            self.post.relieve()
        if rest:
            for follower in self.followers:
                follower.wake()

    def _fire(self) -> bool:
        """Fire what is due; True when something was."""
        return self._timers.next_due_ns is not None and self._timers.fire(self._clock.monotonic_ns()) > 0

    def _next_due_ns(self) -> int | None:
        dues = [deadline for deadline, _, _ in self._goals]
        if self._timers.next_due_ns is not None:
            dues.append(self._timers.next_due_ns)
        return min(dues, default=None)

    def _reach_goals(self) -> bool:
        """Answer those who wait for an empty mailbox; True when one was answered."""
        if not self._goals:
            return False
        empty = self.is_idle
        now = self._clock.monotonic_ns()
        reached = [goal for goal in self._goals if empty or now >= goal[0]]
        for goal in reached:
            self._goals.remove(goal)
            _, ends, reply = goal
            if ends:
                self._end_handler()
                self._count_rest()
            if reply is not None:
                reply.set(empty)
        return bool(reached)

    def redrive(self, one: OneMessage, done: Future[str | None]) -> None:
        """Hand a message again to the handler; `done` gets None, or what it raised. Its own thread, through a call."""
        done.set_result(redrive(self.state, self._handler, one))

    # -- a clock that is moved by hand -------------------------------------------------------------------------------

    @property
    def next_due_ns(self) -> int | None:
        """When a timer of the handler is due, on the handlers' clock; None when there is none. Any thread."""
        return self._handler_timers.next_due_ns

    def clock_moved(self) -> None:
        """Fire the timers due on a handlers' clock that somebody else moves. Its own thread, through a call."""
        self._handler_timers.fire(self._handler_clock.monotonic_ns())

    # -- what it counted ---------------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits in the mailbox and nothing is being handled. Any thread."""
        return not self.inbox.has_data

    @property
    def handled(self) -> int:
        """Messages given to the handler so far, raising ones included. Any thread."""
        return self._dispatcher.handled

    def flush(self) -> None:
        """Write the counters to the statistics file. One thread: the session supervisor's."""
        cells, state, post = self.setup.handler.cells, self.state, self.post
        self._dispatcher.trace_soon()
        cells[HandlerCounter.MESSAGES] = self.handled
        cells[HandlerCounter.ERRORS] = state.errors + (post.refused if post is not None else 0)
        cells[HandlerCounter.RESTARTS] = state.restarts
        cells[HandlerCounter.DROPPED] = self.cut + (post.dropped if post is not None else 0)
        cells[HandlerCounter.DEAD_LETTERS] = self.dead_letters + (post.dead_letters if post is not None else 0)
