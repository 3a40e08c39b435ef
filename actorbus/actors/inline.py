"""The inline handlers of a poller: made, restarted, stopped and counted on the poller's thread.

A handler that raised under `on_error: restart` is out for its pause, then replaced by a new object; what comes for it
meanwhile is a dead letter, since the poller waits for nobody (D14).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from actorbus.actors.hosting import (
    NO_MESSAGE,
    HandlerSetup,
    RestartPolicy,
    Restarts,
    make_handler,
    new_state,
    redrive,
    restart_event,
)
from actorbus.actors.shell import Report, Shell
from actorbus.actors.timers import Timers
from actorbus.clock import Clock
from actorbus.dispatch import Handler, HandlerState, StreamDispatcher, StreamEvent
from actorbus.dispatch.meta import Record
from actorbus.dispatch.redrive import OneMessage
from actorbus.dispatch.state import describe
from actorbus.errors import ActorBusError, HandlerFailed
from actorbus.metrics import HandlerCounter

__all__ = ["InlineHandlers"]


class InlineHandlers(Shell):
    """Hosts handlers on its own thread; the poller below it polls for them."""

    def __init__(self, name: str, clock: Clock, *, report: Report, handler_clock: Clock | None = None) -> None:
        super().__init__(name, report)
        self._clock = clock
        self._on_event: Callable[[StreamEvent], None] = lambda _event: None
        self._timers = Timers(self._timer_failed)
        self._handler_clock = clock if handler_clock is None else handler_clock
        self._handler_timers = self._timers if handler_clock is None else Timers(self._timer_failed)
        self._restart_policy = RestartPolicy()
        self._restarts: dict[str, Restarts] = {}
        self._handlers: list[tuple[HandlerSetup, Handler, HandlerState]] = []
        self._dispatchers: dict[str, StreamDispatcher] = {}
        self._states: dict[str, HandlerState] = {}

    def _make(self, setup: HandlerSetup) -> None:
        handler = make_handler(setup, self._handler_clock, self._handler_timers)
        state = new_state(setup)
        self._states[setup.name] = state
        self._handlers.append((setup, handler, state))

    def _stop_handlers(self) -> None:
        for setup, handler, state in reversed(self._handlers):
            if not state.stopped and not state.away:
                self._end_handler(setup.name, handler)

    def _end_handler(self, name: str, handler: Handler | None) -> None:
        """Run its `on_stop`. None: the object is gone already, between two restarts."""
        self._handler_timers.cancel_owner(name)
        try:
            if handler is not None:
                handler.on_stop()
        except BaseException as error:  # noqa: BLE001 - the others still get their on_stop
            self._states[name].errors += 1
            self.failed(error)

    def _end_handlers(self, names: tuple[str, ...]) -> None:
        for setup, handler, state in self._handlers:
            if setup.name in names and not state.stopped:
                state.stopped = True
                self._leave_streams(setup.name)
                if not state.away:  # one that pauses before its restart has ended already
                    self._end_handler(setup.name, handler)

    def _handler_stopped(self, name: str, handler: Handler | None, error: BaseException) -> None:
        self._leave_streams(name)
        self._end_handler(name, handler)
        self.failed(HandlerFailed(f"handler {name!r} was stopped by its on_error policy: {describe(error)}"))

    def _leave_streams(self, name: str) -> None:
        """Let no stream call a handler any more that is out."""
        for setup, _, _ in self._handlers:
            for stream in setup.streams if setup.name == name else ():
                if stream in self._dispatchers:
                    self._dispatchers[stream].rebuild()

    def _handler_raised(
        self, name: str, handler: Handler | None, error: BaseException, stream: str, record: Record
    ) -> None:
        """Restart a handler after a pause, or stop it when its budget is used up. It is out already."""
        state = self._states[name]
        now = self._clock.monotonic_ns()
        pause = self._restarts.setdefault(name, Restarts(self._restart_policy)).next(now)
        state.restarts += pause is not None
        self._on_event(restart_event(state, error, stream, record, pause, self._clock.time_ns()))
        if pause is None:
            state.away = False
            state.stopped = state.failed = True
            self._handler_stopped(name, handler, error)
            return
        self._leave_streams(name)
        self._end_handler(name, handler)
        self._timers.add("", now + pause, None, lambda: self._come_back(name))

    def _come_back(self, name: str) -> None:
        """Put a new object in the place of a handler that raised."""
        place = next(number for number, (setup, _, _) in enumerate(self._handlers) if setup.name == name)
        setup, _, state = self._handlers[place]
        if state.stopped:
            return
        try:
            handler = make_handler(setup, self._handler_clock, self._handler_timers)
        except BaseException as error:  # noqa: BLE001 - a handler that cannot start again is one more failure
            state.errors += 1
            self._handler_raised(name, None, error, "", NO_MESSAGE)
            return
        self._handlers[place] = (setup, handler, state)
        state.away = False
        for stream in setup.streams:
            if stream in self._dispatchers:
                self._dispatchers[stream].restore(name, handler)

    def _timer_failed(self, owner: str, error: BaseException) -> None:
        state = self._states.get(owner)
        if state is None:
            self.failed(error)
            return
        state.errors += 1
        state.log.error("a timer of %s raised %s: %s", owner, type(error).__name__, error, exc_info=error)

    def _not_sent(self, owner: str | None, error: ActorBusError) -> None:
        """Settle a message of a handler that left the outbox unsent, by the handler's `on_error`."""
        found = next((each for each in self._handlers if each[0].name == owner), None)
        if found is None:
            self.failed(error)
            return
        setup, handler, state = found
        state.raised(error, "after its publish")
        if state.stopped or state.away:
            return
        if state.on_error == "restart":
            state.away = True
            self._handler_raised(setup.name, handler, error, "", NO_MESSAGE)
        elif state.on_error == "stop":
            state.stopped = state.failed = True
            self._handler_stopped(setup.name, handler, error)

    # -- messages that are handed again ------------------------------------------------------------------------------

    def has_handler(self, name: str) -> bool:
        """Whether a handler of this name runs here. Any thread."""
        return name in self._states

    def redrive(self, name: str, one: OneMessage) -> str | None:
        """Hand a message again to a handler: None, or what it raised. The poller's thread, through a call."""
        for setup, handler, state in self._handlers:
            if setup.name == name:
                return redrive(state, handler, one)
        return None

    # -- what they counted -------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write the handlers' counters to the statistics file. The poller's thread."""
        messages: Counter[str] = Counter()
        dead: Counter[str] = Counter()
        for dispatcher in self._dispatchers.values():
            dispatcher.trace_soon()
            messages.update(dispatcher.messages())  # adds
            dead.update(dispatcher.dead_letters())
        for setup, _, state in self._handlers:
            name = setup.name
            setup.cells[HandlerCounter.MESSAGES] = messages[name]
            setup.cells[HandlerCounter.ERRORS] = state.errors
            setup.cells[HandlerCounter.RESTARTS] = state.restarts
            setup.cells[HandlerCounter.DEAD_LETTERS] = dead[name]
