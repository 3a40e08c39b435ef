"""Hosting a handler's object: how it is made, and how often it may be made again (D4, reliability A11).

An actor is a shell around the object: a restart replaces the object; thread, inbox and reference stay.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from actorbus.actors.timers import OneTimer, Timers
from actorbus.clock import Clock
from actorbus.dispatch import ActorRestarted, Handler, HandlerState, Latency, OutputPort
from actorbus.dispatch.meta import Record
from actorbus.dispatch.redrive import OneMessage, handing
from actorbus.dispatch.state import Keep, describe, nowhere
from actorbus.errors import ActorBusError, HandlerFailed

__all__ = ["Cells", "HandlerSetup", "RestartPolicy", "Restarts", "make_handler", "redrive", "restart_event"]

OUT = "the handler is stopped, or pauses before its restart"
"""What a redrive answers then."""
NO_MESSAGE: Record = (0, 0, 0, 0, 0, 0, 0, 0, 0)


class Cells(Protocol):
    """A block of counters in the statistics file."""

    def __setitem__(self, cell: int, value: int, /) -> None: ...


class HandlerSetup(NamedTuple):
    """One handler to make on its thread. `outputs` maps its output names to what they are wired to."""

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
    keep: Keep = nowhere
    """Keeps the addresses of messages it raised on."""


class RestartPolicy(NamedTuple):
    """The topology's `supervision`, in nanoseconds: at most `max_restarts` within `within_ns`, with growing pauses."""

    max_restarts: int = 5
    within_ns: int = 60_000_000_000
    initial_ns: int = 100_000_000
    max_ns: int = 5_000_000_000


class Restarts:
    """The restart budget of one handler."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._times: deque[int] = deque()

    def next(self, now_ns: int) -> int | None:
        """Take one restart: the pause before it, or None when the budget is used up. The pause doubles with each."""
        policy = self._policy
        while self._times and now_ns - self._times[0] >= policy.within_ns:
            self._times.popleft()
        if len(self._times) >= policy.max_restarts:
            return None
        pause = min(policy.max_ns, policy.initial_ns << min(len(self._times), 62))
        self._times.append(now_ns)
        return pause


class _Context:
    """What a handler is given before its `__init__` runs (dispatch.handler.HandlerContext)."""

    def __init__(self, name: str, clock: Clock, timers: Timers) -> None:
        self.name = name
        self.clock = clock
        self.log = logging.getLogger(f"actorbus.handlers.{name}")
        self._timers = timers

    def start_timer(self, after_ns: int, every_ns: int | None, callback: Callable[[], None]) -> OneTimer:
        return self._timers.add(self.name, self.clock.monotonic_ns() + after_ns, every_ns, callback)


def new_state(setup: HandlerSetup) -> HandlerState:
    """Return the counters of a handler that is to be made."""
    log = logging.getLogger(f"actorbus.handlers.{setup.name}")
    return HandlerState(setup.name, setup.on_error, setup.latency, log, setup.keep)


def make_handler(setup: HandlerSetup, clock: Clock, timers: Timers) -> Handler:
    """Make, wire and start a handler, on its thread.

    Raises:
        HandlerFailed: its `__init__` or `on_start` raised. Or what they raised, if that is one of our errors.
    """
    handler = setup.cls.__new__(setup.cls)
    # Not through __dict__: an object whose dictionary was once asked for keeps its attributes in it from then on, and a
    # method that stores two of them takes 80 ns longer.
    for name, value in {"_context": _Context(setup.name, clock, timers), **setup.outputs}.items():
        object.__setattr__(handler, name, value)
    try:
        handler.__init__(**setup.options)  # in two steps, so that __init__ has its clock
        handler.on_start()
    except ActorBusError as error:  # it says by itself whose fault it is: a wrong option is the topology's
        error.where = error.where or f"handler {setup.name!r}"
        raise
    except BaseException as error:
        raise HandlerFailed(
            f"handler {setup.name!r} ({setup.cls.__qualname__}) could not start: {describe(error)}"
        ) from error
    return handler


def redrive(state: HandlerState, handler: Handler | None, one: OneMessage) -> str | None:
    """Hand a message again to a handler with plain methods; returns None, or what it raised: counted, no policy."""
    if handler is None or state.stopped or state.away:
        return OUT
    try:
        with handing(handler, one):
            return None
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises is the answer
        state.raised(error, f"on a redriven message of stream {one.stream!r}")
        return describe(error)


def restart_event(
    state: HandlerState, error: BaseException, stream: str, record: Record | None, pause_ns: int | None, now_ns: int
) -> ActorRestarted:
    """Return what is told of a restart, or (no pause) of the end of the budget."""
    session, position, index, sequence = (record or NO_MESSAGE)[:4]
    return ActorRestarted(
        stream=stream,
        session=session,
        time_ns=now_ns,
        handler=state.name,
        position=position,
        index=index,
        sequence=sequence,
        cause=describe(error),
        decision="stop" if pause_ns is None else "restart",
        restarts=state.restarts,
        delay_ns=pause_ns or 0,
    )
