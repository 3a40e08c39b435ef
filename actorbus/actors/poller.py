"""The poller: one thread that polls its streams and hands what comes to their inline handlers.

Its life: control entries without waiting, one pass over its streams, timers; and when nothing was done, `wait` on the
streams and its event together (D1). It never waits for a handler or a publication (D14), and it is the only thread that
touches its subscriptions and handlers. A stream gets one batch a pass, so a busy one cannot starve the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from actorbus.actors.shell import Report, Shell
from actorbus.actors.timers import OneTimer, Timers
from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch import (
    Handler,
    HandlerState,
    Latency,
    OutputPort,
    Port,
    Route,
    StreamDispatcher,
    StreamEvent,
)
from actorbus.errors import ActorBusError, HandlerFailed, InternalError
from actorbus.ffi.system import pin_thread

__all__ = ["Drain", "EndHandlers", "HandlerSetup", "PollerActor", "StreamSetup", "Waiter"]

FLUSH_NS = 250_000_000
"""How often handler counters go to the statistics file: 4 Hz (D9)."""

BUSY_PASSES = 64
"""Busy passes between two looks at the clock for timers: at 256 messages a pass, some milliseconds."""


class Waiter(Protocol):
    """Waits on the poller's streams and its event at once; made by `actorbus.ffi`."""

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        """Return the number of a stream that has a batch, or a negative for woken or timed out. Without the GIL."""
        ...


class Cells(Protocol):
    """A block of counters in the statistics file."""

    def __setitem__(self, cell: int, value: int, /) -> None: ...


class StreamSetup(NamedTuple):
    """One subscription of a poller."""

    name: str
    port: Port
    decoding: Decoding
    types: Mapping[int, type]


class HandlerSetup(NamedTuple):
    """One handler to make on the poller's thread. `outputs` maps its output names to what they are wired to."""

    name: str
    cls: type[Handler]
    options: Mapping[str, object]
    streams: tuple[str, ...]
    priority: int
    order: int
    on_error: str
    outputs: Mapping[str, OutputPort]
    latency: Latency
    cells: Cells


class Drain(NamedTuple):
    """Poll on until each (stream, session) was read up to its position, or the monotonic deadline passed."""

    targets: tuple[tuple[str, int, int], ...]
    deadline_ns: int


class EndHandlers(NamedTuple):
    """Run `on_stop` of these handlers, and give them nothing more: the first part of an orderly stop."""

    names: tuple[str, ...]


class _Context:
    """What a handler is given before its `__init__` runs (dispatch.handler.HandlerContext)."""

    def __init__(self, name: str, clock: Clock, timers: Timers) -> None:
        self.name = name
        self.clock = clock
        self.log = logging.getLogger(f"actorbus.handlers.{name}")
        self._timers = timers

    def start_timer(self, after_ns: int, every_ns: int | None, callback: Callable[[], None]) -> OneTimer:
        return self._timers.add(self.name, self.clock.monotonic_ns() + after_ns, every_ns, callback)


class PollerActor(Shell):
    """Polls some streams and runs their inline handlers."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        report: Report,
    ) -> None:
        super().__init__(f"poller-{name}", report)
        self._streams: Sequence[StreamSetup] = ()
        self._setups: Sequence[HandlerSetup] = ()
        self._clock = clock
        self._waiter: Waiter | None = None
        self._on_event: Callable[[StreamEvent], None] = lambda _event: None
        self._enter_thread: Callable[[], None] = lambda: None
        self._cpu: int | None = None
        self._timers = Timers(self._timer_failed)
        self._handlers: list[tuple[HandlerSetup, Handler, HandlerState]] = []
        self._dispatchers: dict[str, StreamDispatcher] = {}
        self._states: dict[str, HandlerState] = {}

    def assemble(
        self,
        streams: Sequence[StreamSetup],
        handlers: Sequence[HandlerSetup],
        waiter: Waiter,
        *,
        on_event: Callable[[StreamEvent], None],
        enter_thread: Callable[[], None],
        cpu: int | None = None,
    ) -> None:
        """Give it what it runs, before its start: in two steps, as publications want its event to wake it."""
        self._streams = streams
        self._setups = handlers
        self._waiter = waiter
        self._on_event = on_event
        self._enter_thread = enter_thread
        self._cpu = cpu

    # -- start and stop ----------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Make the handlers on this thread, wire and start them, in the order of the file."""
        self._enter_thread()
        if self._cpu is not None:
            pin_thread(self._cpu)
        try:
            for setup in self._setups:
                self._make(setup)
        except BaseException:
            self._stop_handlers()
            raise
        for stream in self._streams:
            routes = [
                Route(setup.name, handler, setup.priority, setup.order)
                for setup, handler, _ in self._handlers
                if stream.name in setup.streams
            ]
            self._dispatchers[stream.name] = StreamDispatcher(
                stream.name,
                stream.port,
                stream.decoding,
                stream.types,
                routes,
                self._states,
                self._clock,
                on_stopped=self._handler_stopped,
                on_event=self._on_event,
            )
        self._timers.add("", self._clock.monotonic_ns() + FLUSH_NS, FLUSH_NS, self.flush)

    def _make(self, setup: HandlerSetup) -> None:
        context = _Context(setup.name, self._clock, self._timers)
        handler = setup.cls.__new__(setup.cls)
        handler.__dict__["_context"] = context
        handler.__dict__.update(setup.outputs)
        state = HandlerState(setup.name, setup.on_error, setup.latency, context.log)
        try:
            handler.__init__(**setup.options)  # in two steps, so that __init__ has its clock
            handler.on_start()
        except ActorBusError as error:  # it says by itself whose fault it is: a wrong option is the topology's
            error.where = error.where or f"handler {setup.name!r}"
            raise
        except BaseException as error:
            raise HandlerFailed(
                f"handler {setup.name!r} ({setup.cls.__qualname__}) could not start: {type(error).__name__}: {error}"
            ) from error
        self._states[setup.name] = state
        self._handlers.append((setup, handler, state))

    def on_stop(self) -> None:
        """Stop the handlers, last started first, and write the last counters."""
        self._stop_handlers()
        self.flush()

    def _stop_handlers(self) -> None:
        for setup, handler, state in reversed(self._handlers):
            if not state.stopped:
                self._end_handler(setup.name, handler)

    def _end_handler(self, name: str, handler: Handler) -> None:
        self._timers.cancel_owner(name)
        try:
            handler.on_stop()
        except BaseException as error:  # noqa: BLE001 - the others still get their on_stop
            self._states[name].errors += 1
            self.failed(error)

    def _end_handlers(self, names: tuple[str, ...]) -> None:
        for setup, handler, state in self._handlers:
            if setup.name in names and not state.stopped:
                state.stopped = True
                for stream in setup.streams:
                    if stream in self._dispatchers:
                        self._dispatchers[stream].rebuild()
                self._end_handler(setup.name, handler)

    def _handler_stopped(self, name: str, handler: Handler, error: BaseException) -> None:
        self._end_handler(name, handler)
        self.failed(
            HandlerFailed(f"handler {name!r} was stopped by its on_error policy: {type(error).__name__}: {error}")
        )

    def _timer_failed(self, owner: str, error: BaseException) -> None:
        state = self._states.get(owner)
        if state is None:
            self.failed(error)
            return
        state.errors += 1
        state.log.error("a timer of %s raised %s: %s", owner, type(error).__name__, error, exc_info=error)

    # -- life --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Poll until stopped (inv_poller_never_waits_with_gil: all waiting is in the native waiter)."""
        steps = [dispatcher.step for dispatcher in self._dispatchers.values()]
        inbox, stopped, event, timers = self.inbox, self.actor_stopped, self.inbox.event, self._timers
        wait, now_ns = self._wait, self._clock.monotonic_ns
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
                while True:
                    worked = 0
                    for step in steps:
                        worked += step()
                    if not worked:
                        break
                    busy += 1
                    if busy >= BUSY_PASSES or not inbox.empty():
                        break
                if busy:
                    busy = 0
                    if timers.next_due_ns is not None:
                        timers.fire(now_ns())
                    continue
                if wait(seen, timers.next_due_ns) < 0 and timers.next_due_ns is not None:
                    timers.fire(now_ns())
            except BaseException as error:  # noqa: BLE001 - an error of ours is reported; the poller goes on
                self.failed(error)

    def _wait(self, seen: int, deadline_ns: int | None) -> int:
        if self._waiter is None:
            raise InternalError(f"{self.name} was started before it was assembled")
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
        """Poll until every target is read; True when all were before the deadline."""
        ports = {stream.name: stream.port for stream in self._streams}
        while True:
            worked = sum(dispatcher.step() for dispatcher in self._dispatchers.values())
            left = [target for target in order.targets if ports[target[0]].session_position(target[1]) < target[2]]
            if not left and not worked:
                return True
            now = self._clock.monotonic_ns()
            if now >= order.deadline_ns:
                return False
            if not worked:
                self._wait(self.inbox.event.value, min(now + 1_000_000, order.deadline_ns))

    # -- what it counted ---------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write the handlers' counters to the statistics file. The poller's thread."""
        for setup, _, state in self._handlers:
            setup.cells[0] = self._messages(setup)
            setup.cells[1] = state.errors
            setup.cells[2] = state.restarts

    def _messages(self, setup: HandlerSetup) -> int:
        return sum(
            self._dispatchers[stream].messages().get(setup.name, 0)
            for stream in setup.streams
            if stream in self._dispatchers
        )

    def samples(self) -> list[tuple[str, int, list[str]]]:
        """Return the traced messages of all its streams. Through a control call, on the poller's thread."""
        return [sample for dispatcher in self._dispatchers.values() for sample in dispatcher.samples()]
