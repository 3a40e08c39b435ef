"""Subscriptions that begin with a recording: Aeron's with a replay in front, or one that reads the recording alone.

Thread: the session supervisor's opens and closes; the port belongs to who polls it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence, Sized
from typing import TYPE_CHECKING, Protocol

from actorbus.actors.parts import ConsumerPort, HandlerPart, PollerPart, ReplayPart, StreamPart
from actorbus.actors.rehearsal import Stepped, Steps
from actorbus.dispatch import BatchHandler, ColumnHandler, Handler, HandlerState, Port
from actorbus.errors import ActorBusError, RecordingError
from actorbus.ffi import FollowHandle, PollPort, ReplayOrder, attach_replay, make_poll_port, replay_state
from actorbus.metrics import CounterBlock
from actorbus.recording import NOW, Place

if TYPE_CHECKING:
    from actorbus.actors.endpoints import Endpoints

__all__ = ["FollowedSubscription", "Following", "Opened", "is_on", "open_replayed"]

log = logging.getLogger("actorbus.actors")
ONE_MESSAGE = (1, 65_536)
"""Batches of a handler that resumes: its place is stored after each message; and of one that restarts behind one."""


def is_on(part: HandlerPart, poller: PollerPart) -> bool:
    """Whether a poller runs a handler: its own, or any other of its streams."""
    if not part.is_fed:
        return part.name == poller.handler
    own = part.name if part.replay is not None else ""
    return own == poller.handler and bool(set(part.streams) & set(poller.streams))


class Opened(Protocol):
    """An open subscription, live or not."""

    @property
    def handle(self) -> int: ...
    @property
    def port(self) -> Port: ...
    def close(self) -> None: ...


class FollowedSubscription:
    """A subscription whose messages come from a recording alone, as it grows. No driver has a part in it."""

    def __init__(
        self,
        part: StreamPart,
        taken: Sequence[type],
        counters: CounterBlock | None = None,
        batch: tuple[int, int] | None = None,
    ) -> None:
        wanted = set(taken)
        self._handle = FollowHandle.open(f"recording of stream {part.name}")
        try:
            self._handle.configure(
                framed=part.framed,
                format_id=part.format_id,
                types=[(type_id, part.versions[type_id], cls in wanted) for type_id, cls in part.types.items()],
                counters=None if counters is None else counters.address,
                layouts=part.layouts,
                batch=batch,
            )
            self.port: PollPort = make_poll_port(self._handle.handle)
            """What its poller takes batches from."""
        except BaseException:
            self.close()
            raise

    @property
    def handle(self) -> int:
        """The native handle, for a poll set."""
        return self._handle.handle

    def close(self) -> None:
        """Close it. Its poller's thread must be done with it; again does nothing."""
        self._handle.close(0)


def open_replayed(
    endpoints: Endpoints,
    name: str,
    taken: Sequence[type],
    counters: CounterBlock,
    replay: ReplayPart | None,
    batch: tuple[int, int] | None = None,
) -> Opened:
    """Open a subscription that takes these types of a stream, with what is to be replayed first (None: nothing).

    Raises:
        RecordingError: what is wrong with the recording, or with the place in it. As `Client.add_subscription`.
    """
    if replay is None:
        return endpoints.subscribe(name, taken, counters, batch)
    tape = replay.find()
    join = replay.end is None
    subscription: Opened = (
        endpoints.subscribe(name, taken, counters, batch)
        if join
        else FollowedSubscription(endpoints[name].part, taken, counters, batch)
    )
    try:
        order = ReplayOrder(tape.directory, tape.numbers, replay.start, replay.end, replay.speed, join)
        attach_replay(subscription.handle, order)
    except BaseException:
        subscription.close()
        raise
    return subscription


class Following:
    """What one handler reads of a recording, and where it is. Its poller's thread, but for the making.

    `begin` finds the place: what the handler's `resume_position()` says (it stores its place with its effects), else
    where its consumer file is, else the start. Behind each message the place is stored: a kill leaves the last message
    handled, or the one before it. What it published counts: while some waits in the outbox, the place is stored
    when that is sent. `sync`, called now and then, makes it survive a power loss too, and notes that what is for
    others was read, so that retention does not wait for who has read all.
    """

    def __init__(
        self,
        name: str,
        part: ReplayPart,
        stream: StreamPart,
        cls: type[Handler],
        taken: Sequence[type],
        on_error: str,
        unsent: Sized = (),
        counters: CounterBlock | None = None,
    ) -> None:
        """Make it, not begun. `unsent` is the poller's outbox, `counters` what it reads is counted in."""
        self.name = name
        self.counters = counters
        self._part = part
        self._unsent = unsent
        alone = part.consumer is not None or on_error == "restart"
        whole = not alone or issubclass(cls, BatchHandler | ColumnHandler)
        self.subscription = FollowedSubscription(stream, taken, counters, None if whole else ONE_MESSAGE)
        self._consumer: ConsumerPort | None = None
        self._state: HandlerState | None = None
        self._own = False
        self._due: int = -1
        self._stored: int = -1
        self._synced: int = -1
        self.moved = 0
        """Messages and notices that were taken from the recording so far. Any thread reads it."""

    def begin(self, handler: Handler) -> None:
        """Open the recording at the handler's place.

        Raises:
            RecordingError: what is wrong with it, or with the place in it.
        """
        part = self._part
        tape = part.find()
        start = NOW if part.start.is_live else part.start
        try:
            if part.consumer is not None:
                self._consumer = part.consumer()
                start = self._place_of(handler, self._consumer, start)
            to_end = start is not part.start
            order = ReplayOrder(tape.directory, tape.numbers, start, None, part.speed, join=False, to_end=to_end)
            attach_replay(self.subscription.handle, order)
            place = replay_state(self.subscription.handle, self.name).position
            if start.kind == "position" and place < start.value:
                log.warning(
                    "handler %s had handled up to position %d, and the recording %s ends at %d: what was between is"
                    " lost, it goes on there",
                    *(self.name, start.value, tape.directory, place),
                )
            self._store(place)
        except BaseException:
            self.close()
            raise

    @property
    def problem(self) -> ActorBusError:
        """Why it cannot go on."""
        error = replay_state(self.subscription.handle, self.name).error
        return error or RecordingError("the replay stopped", where=f"handler {self.name!r}")

    def _place_of(self, handler: Handler, consumer: ConsumerPort, start: Place) -> Place:
        asked: Callable[[], int | None] | None = getattr(handler, "resume_position", None)
        self._own = asked is not None
        own = None if asked is None else asked()
        if own is not None:
            return Place("position", int(own))
        return start if consumer.is_new else Place("position", int(consumer.position))

    def stepped(self, dispatcher: Steps, state: HandlerState) -> Steps:
        """Return the dispatcher's steps, with the place stored behind each.

        Nothing is read while the handler is stopped or pauses before its restart. The place stays before a message
        that stopped it.
        """
        self._state = state

        def one() -> int:
            if state.stopped or state.away:
                return 0
            done = dispatcher.step()
            self.moved += done
            if done > 0 and self._consumer is not None and not state.stopped:
                self._handled(done)
            return done

        return Stepped(one)

    def _handled(self, count: int) -> None:
        try:
            recorded = self.subscription.port.recorded(count - 1)
        except IndexError:  # they were notices
            return
        if recorded is not None:
            self._due = recorded[1]
            if not self._unsent:
                self._store(self._due)

    def settle(self) -> None:
        """Store the place of what was handled, if all that was published is sent. After the outbox was emptied."""
        if self._due > self._stored and not self._failed and not self._unsent:
            self._store(self._due)

    @property
    def _failed(self) -> bool:
        return self._state is not None and self._state.failed

    def _store(self, position: int) -> None:
        if self._consumer is not None and position != self._stored:
            self._consumer.store(position)
            self._stored = self._due = position

    def _pass_over(self) -> None:
        """Note that what was read is behind us, when nothing of it waits: the place moves over records of others.

        Not where the handler has a place of its own: what is behind that one must stay.
        """
        state = self._state
        if self._own or self._unsent or state is None or state.stopped or state.away:
            return
        read = replay_state(self.subscription.handle, self.name)
        if read.phase == "replay" and not read.pending and read.position > max(self._stored, self._due):
            self._store(read.position)

    def sync(self) -> None:
        """Make the place durable, if it moved. Between two batches."""
        consumer = self._consumer
        if consumer is None:
            return
        self.settle()
        self._pass_over()
        if self._stored != self._synced:
            self._synced = self._stored
            consumer.sync()

    def close(self) -> None:
        """Sync, and let go of the place. May be repeated."""
        self.settle()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
