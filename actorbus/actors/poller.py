"""The poller: one thread that polls its streams and hands what comes to their inline handlers.

Its life: control entries without waiting, one pass over its streams, timers; and when nothing was done, `wait` on the
streams and its event together (D1). It never waits for a handler or a publication (D14), and it is the only thread that
touches its subscriptions and handlers. A stream gets one batch a pass, so a busy one cannot starve the others.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, override

from actorbus.actors.hosting import Cells, HandlerSetup, RestartPolicy
from actorbus.actors.inline import InlineHandlers
from actorbus.actors.outbox import Outbox
from actorbus.actors.rehearsal import Steps, Waiter
from actorbus.actors.replays import Following
from actorbus.actors.shell import Report
from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch import (
    FixedDispatcher,
    MailRoute,
    Origin,
    Port,
    Route,
    StreamDispatcher,
    StreamEvent,
)
from actorbus.dispatch.state import Keep, nowhere
from actorbus.errors import InternalError
from actorbus.ffi.system import pin_thread

__all__ = ["Cells", "Drain", "EndHandlers", "HandlerSetup", "MailSetup", "PollerActor", "StreamSetup", "Waiter"]

OUT: Final = "its handler is out"
"""Why a recording is not read on: its only handler is stopped, or pauses before its restart."""
FLUSH_NS = 250_000_000
"""How often handler counters go to the statistics file: 4 Hz (D9)."""

BUSY_PASSES = 64
"""Busy passes between two looks at the clock for timers: at 256 messages a pass, some milliseconds."""
FEW = 16
"""A batch of fewer messages says that they come apart: the next one is waited for, not looked for."""


class StreamSetup(NamedTuple):
    """One subscription of a poller."""

    name: str
    port: Port
    decoding: Decoding
    types: Mapping[int, type]
    following: Following | None = None
    """A recording, in place of Aeron: read by this poller's only handler."""


class MailSetup(NamedTuple):
    """One handler with a mailbox, and the streams of this poller that feed it."""

    route: MailRoute
    streams: tuple[str, ...]


class Drain(NamedTuple):
    """Poll on until each (stream, session) was read up to its position, or the monotonic deadline passed."""

    targets: tuple[tuple[str, int, int], ...]
    deadline_ns: int


class EndHandlers(NamedTuple):
    """Run `on_stop` of these handlers, and give them nothing more: the first part of an orderly stop."""

    names: tuple[str, ...]


class PollerActor(InlineHandlers):
    """Polls some streams and runs their inline handlers."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        report: Report,
        handler_clock: Clock | None = None,
    ) -> None:
        super().__init__(f"poller-{name}", clock, report=report, handler_clock=handler_clock)
        self._streams: Sequence[StreamSetup] = ()
        self._followings: Sequence[Following] = ()
        self._setups: Sequence[HandlerSetup] = ()
        self._mails: Sequence[MailSetup] = ()
        self._waiter: Waiter | None = None
        self._enter_thread: Callable[[], None] = lambda: None
        self._cpu: int | None = None
        self._keep: Keep = nowhere
        self._numbers: dict[str, int] = {}
        self._steps: list[tuple[str, Steps]] = []
        self._rehearsed: Iterator[StreamDispatcher] = iter(())
        self._held: dict[str, set[object]] = {}
        self._news: deque[Callable[[], None]] = deque()
        self.outbox = Outbox(clock, hold=self.hold, release=self.release, failed=self._not_sent)

    def assemble(
        self,
        streams: Sequence[StreamSetup],
        handlers: Sequence[HandlerSetup],
        waiter: Waiter,
        *,
        on_event: Callable[[StreamEvent], None],
        enter_thread: Callable[[], None],
        cpu: int | None = None,
        outbox_holds: Mapping[str, frozenset[str]] | None = None,
        mails: Sequence[MailSetup] = (),
        restarts: RestartPolicy | None = None,
        keep: Keep = nowhere,
    ) -> None:
        """Give it what it runs, before its start: in two steps, as publications want its event to wake it."""
        self.outbox.holds = outbox_holds or {}
        self._streams = streams
        self._followings = [stream.following for stream in streams if stream.following is not None]
        self._numbers = {stream.name: number for number, stream in enumerate(streams)}
        self._setups = handlers
        self._waiter = waiter
        self._on_event = on_event
        self._enter_thread = enter_thread
        self._cpu = cpu
        self._mails = mails
        self._restart_policy = restarts or self._restart_policy
        self._keep = keep

    # -- start and stop ----------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Make the handlers on this thread, wire and start them, in the order of the file."""
        self._enter_thread()
        if self._cpu is not None:
            pin_thread(self._cpu)
        try:
            for setup in self._setups:
                self._make(setup)
            for following in self._followings:
                following.begin(self._handlers[0][1])
        except BaseException:
            self._stop_handlers()
            for following in self._followings:
                following.close()
            raise
        numbers = itertools.count()
        for stream in self._streams:
            routes = [
                Route(setup.name, handler, setup.priority, setup.order)
                for setup, handler, _ in self._handlers
                if stream.name in setup.streams
            ]
            make = StreamDispatcher if stream.decoding.reader is None else FixedDispatcher
            self._dispatchers[stream.name] = make(
                stream.name,
                stream.port,
                stream.decoding,
                stream.types,
                routes,
                self._states,
                self._clock,
                on_stopped=self._handler_stopped,
                on_event=self._on_event,
                on_restart=self._handler_raised,
                mails=[mail.route for mail in self._mails if stream.name in mail.streams],
                numbers=numbers,
                keep=self._keep,
            )
        self._steps = [(stream.name, self._step_of(stream)) for stream in self._streams]
        self._rehearsed = itertools.cycle(self._dispatchers.values())
        self._timers.add("", self._clock.monotonic_ns() + FLUSH_NS, FLUSH_NS, self.flush)

    def _step_of(self, stream: StreamSetup) -> Steps:
        dispatcher = self._dispatchers[stream.name]
        if stream.following is None:
            return dispatcher
        return stream.following.stepped(dispatcher, self._handlers[0][2])

    @override
    def _leave_streams(self, name: str) -> None:
        super()._leave_streams(name)
        for stream in self._streams:
            if stream.following is not None:  # it stays where it is: nothing of a recording is missed by a pause
                self.hold(stream.name, OUT)

    @override
    def _come_back(self, name: str) -> None:
        super()._come_back(name)
        if not (self._states[name].away or self._states[name].stopped):
            for stream in self._streams:
                self.release(stream.name, OUT)

    def on_stop(self) -> None:
        """Stop the handlers, last started first, and write the last counters."""
        self._take_news()
        self._stop_handlers()
        for following in self._followings:
            following.close()
        self.outbox.give_up()
        self.flush()

    # -- holding streams (D14) ---------------------------------------------------------------------------------------

    def hold(self, stream: str, reason: object) -> None:
        """Stop polling a stream until this reason is released; its images are still serviced, others go on (D14).

        The messages wait in Aeron's term buffer, so the stream's publishers meet back pressure. Several may hold one
        stream: it is polled when nobody does. `reason` is any hashable value that names the holder, such as
        `("mailbox", handler)` or `("outbox", stream)`; holding twice with one reason is holding once. The batch being
        dispatched is finished. A stream this poller does not have is ignored. The poller's thread alone.
        """
        number = self._numbers.get(stream)
        if number is None:
            return
        holders = self._held.setdefault(stream, set())
        if not holders and self._waiter is not None:
            self._waiter.pause(number, True)
        holders.add(reason)

    def release(self, stream: str, reason: object) -> None:
        """End one hold; the stream is polled again when it was the last. Not held: nothing. The poller's thread."""
        holders = self._held.get(stream)
        if holders is None:
            return
        holders.discard(reason)
        if not holders:
            del self._held[stream]
            if self._waiter is not None:
                self._waiter.pause(self._numbers[stream], False)

    def release_soon(self, stream: str, reason: object) -> None:
        """Ask for `release` from any other thread: done before the poller's next pass, which this wakes."""
        self.call_soon(lambda: self.release(stream, reason))

    def reject_soon(self, stream: str, origin: Origin, place: int, why: str) -> None:
        """Put a message that was handed over into its stream's quarantine. Any thread."""
        self.call_soon(lambda: self._dispatchers[stream].reject_parcel(origin, place, why))

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have something done on the poller's thread before its next pass. Any thread."""
        self._news.append(function)
        self.inbox.event.bump()

    @property
    def held(self) -> frozenset[str]:
        """The streams somebody holds now. A snapshot, any thread."""
        return frozenset(list(self._held))

    def _take_news(self) -> None:
        while self._news:
            self._news.popleft()()

    def _pass(self) -> int:
        """Give every stream nobody holds one step; returns how much was done.

        Of several streams only those that have something are stepped: which, is asked natively, and of held ones not.
        """
        worked = 0
        steps = self._steps
        if len(steps) == 1:
            name, only = steps[0]
            if name not in self._held:
                worked = only.step()
        elif self._waiter is not None:
            ready = self._waiter.ready
            number = ready(0)
            while number >= 0:
                worked += steps[number][1].step()
                number = ready(number + 1)  # a step may hold the streams behind it
        if self.outbox.waiting:
            worked += self.outbox.flush()
            for following in self._followings:
                following.settle()
        return worked

    # -- life --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Poll until stopped (inv_poller_never_waits_with_gil: all waiting is in the native waiter)."""
        inbox, stopped, event, timers = self.inbox, self.actor_stopped, self.inbox.event, self._timers
        answer, now_ns, news, one_pass = self._answer, self._clock.monotonic_ns, self._news, self._pass
        busy = 0
        while True:
            seen = event.value
            entry = inbox.take_control()
            if entry is not None:
                self.obey(entry)
                if stopped.is_set():
                    return
                continue
            try:
                if news:
                    self._take_news()
                while one_pass():
                    busy += 1
                    if busy >= BUSY_PASSES or not inbox.empty():
                        break
                if busy:
                    busy = 0
                    if self._waiter is not None:
                        self._waiter.stir()
                        if self._held:
                            self._waiter.service()
                    timers.fire(now_ns())
                    continue
                answer(seen)
                timers.fire(now_ns())
            except BaseException as error:  # noqa: BLE001 - an error of ours is reported; the poller goes on
                self.failed(error)

    def _answer(self, seen: int) -> None:
        """Wait, and answer what comes, one wait after the other as long as it comes apart.

        Nothing else is looked at in between: an event that moved ends the wait at once.
        """
        wait, steps, timers, outbox = self._wait, self._steps, self._timers, self.outbox
        for _ in range(BUSY_PASSES):
            ready = wait(seen, timers.next_due_ns)
            if ready < 0 or steps[ready][1].step() >= FEW or outbox.waiting:
                break

    def rehearse(self) -> None:
        """Let the next of its streams go the way of a message. The poller's thread."""
        dispatcher = next(self._rehearsed, None)
        if dispatcher is not None:
            dispatcher.rehearse()

    def _wait(self, seen: int, deadline_ns: int | None) -> int:
        if self._waiter is None:
            raise InternalError(f"{self.name} was started before it was assembled")
        if self.outbox.waiting:  # nobody wakes us when there is room again
            soon = self._clock.monotonic_ns() + self.outbox.nap_ns
            deadline_ns = soon if deadline_ns is None else min(soon, deadline_ns)
        return self._waiter.wait(seen, deadline_ns)

    def on_receive(self, message: object) -> object:
        """Obey `Drain` and calls."""
        if isinstance(message, Drain):
            return self._drain(message)
        if isinstance(message, EndHandlers):
            return self._end_handlers(message.names)
        if callable(message):
            return message()
        raise TypeError(f"a poller does not know {message!r}")

    def _drain(self, order: Drain) -> bool:
        """Poll until every target is read and the outbox is empty; True when all was before the deadline."""
        ports = {stream.name: stream.port for stream in self._streams}
        while True:
            self._take_news()
            worked = self._pass()
            left = [target for target in order.targets if ports[target[0]].session_position(target[1]) < target[2]]
            if not left and not worked and not self.outbox:
                return True
            now = self._clock.monotonic_ns()
            if now >= order.deadline_ns:
                return False
            if not worked:
                self._wait(self.inbox.event.value, min(now + 1_000_000, order.deadline_ns))

    # -- a clock that is moved by hand -------------------------------------------------------------------------------

    @property
    def next_due_ns(self) -> int | None:
        """When a handler's timer is due, on the handlers' clock; None when there is none. Any thread, a snapshot."""
        return self._handler_timers.next_due_ns

    def clock_moved(self) -> None:
        """Fire the timers due on a handlers' clock that somebody else moves. The poller's thread, through a call."""
        self._handler_timers.fire(self._handler_clock.monotonic_ns())

    # -- what it counted ---------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Do what others asked for, then write the handlers' counters to the statistics file. The poller's thread."""
        self._take_news()
        super().flush()
        for following in self._followings:
            following.sync()

    def samples(self) -> list[tuple[str, int, list[str]]]:
        """Return the traced messages of all its streams. Through a control call, on the poller's thread."""
        return [sample for dispatcher in self._dispatchers.values() for sample in dispatcher.samples()]
