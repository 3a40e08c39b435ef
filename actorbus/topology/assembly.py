"""From a plan to what the actors run: codecs are chosen, drivers described, the order of stopping worked out."""

from __future__ import annotations

import graphlib
from collections.abc import Callable

from actorbus.actors import (
    HandlerPart,
    MailboxPart,
    PollerPart,
    RestartPolicy,
    SessionParts,
    SourcePart,
    StreamPart,
)
from actorbus.clock import Clock, SystemClock
from actorbus.codec import FormatId, format_named
from actorbus.dispatch import Policy
from actorbus.errors import InternalError
from actorbus.ffi import SPIN_PASSES, Idle
from actorbus.journal import QuarantineBook
from actorbus.limits import TYPE_ID_RAW
from actorbus.message import is_message_class, type_id_of, version_of
from actorbus.message.layout import fixed_layout_of
from actorbus.topology.plan import HandlerPlan, IdlePlan, Plan, StreamPlan
from actorbus.topology.recordings import recorder_part
from actorbus.topology.redriving import recordings_of
from actorbus.topology.subscribing import followed_part
from actorbus.transport import Driver, EmbeddedDriver, ExternalDriver, LocalBus, LocalDriver, ProcessDriver

__all__ = ["idle_of", "session_parts", "stop_levels", "stream_part"]

CONNECT_TIMEOUT_NS = 5_000_000_000
STOP_TIMEOUT_NS = 5_000_000_000
"""Deadlines of start and stop: reliability B10 promises a drain within 5 s."""


def session_parts(
    plan: Plan, clock: Clock | None = None, *, handler_clock: Clock | None = None, bus: LocalBus | None = None
) -> SessionParts:
    """Return what the session supervisor needs to run this plan; `bus`: what mode none meets others on."""
    fed = [handler for handler in plan.handlers if handler.start is None and handler.is_fed]
    handled = {stream for handler in fed for stream in handler.streams}
    return SessionParts(
        name=plan.name,
        make_driver=_driver_of(plan, bus),
        clock=clock or SystemClock(),
        streams={name: stream_part(stream) for name, stream in plan.streams.items()},
        pollers=tuple(
            PollerPart(poller.name, streams, poller.cpu, idle_of(poller.idle))
            for poller in plan.pollers
            if (streams := tuple(name for name in poller.streams if name in handled))
        )
        + tuple(
            PollerPart(handler.name, handler.streams if handler.is_fed else (), None, idle_of(plan.idle), handler.name)
            for handler in plan.handlers
            if handler.start is not None or not handler.is_fed
        ),
        handlers=tuple(_handler_part(handler, plan) for handler in plan.handlers),
        sources=tuple(SourcePart(source.name, source.cls, source.options, source.stream) for source in plan.sources),
        statistics=plan.observability.statistics,
        connect_timeout_ns=CONNECT_TIMEOUT_NS,
        stop_timeout_ns=STOP_TIMEOUT_NS,
        handler_clock=handler_clock,
        restarts=RestartPolicy(
            plan.supervision.max_restarts,
            plan.supervision.within_ns,
            plan.supervision.backoff_initial_ns,
            plan.supervision.backoff_max_ns,
        ),
        recorders=tuple(recorder_part(recorder, plan, idle_of(plan.idle, spins=False)) for recorder in plan.recorders),
        quarantine=QuarantineBook(recordings_of(plan), clock),
    )


def idle_of(plan: IdlePlan, *, spins: bool = True) -> Idle:
    """Return the native idle strategy of a plan; without `spins` for a thread that never spins with the GIL kept."""
    return Idle(
        plan.kind,
        max_spins=plan.max_spins,
        max_yields=plan.max_yields,
        min_park_ns=plan.min_park_ns,
        max_park_ns=plan.max_park_ns,
        rest_park_ns=plan.rest_park_ns,
        spin_passes=SPIN_PASSES if spins else 0,
    )


def _driver_of(plan: Plan, bus: LocalBus | None) -> Callable[[], Driver]:
    mode, directory, settings = plan.driver.mode, plan.driver.directory, plan.driver.settings
    if mode == "external":
        if directory is None:
            raise InternalError("an external driver was planned without a directory")
        return lambda: ExternalDriver(directory)
    if mode == "none":
        return lambda: LocalDriver(bus)
    kind = ProcessDriver if mode == "process" else EmbeddedDriver
    return lambda: kind(directory, settings)


def stream_part(plan: StreamPlan) -> StreamPart:
    """Return the actors' view of a stream: its types by id, its encoder, how to decode it."""
    form = format_named(plan.format)
    types: dict[int, type] = {}
    versions: dict[int, int] = {}
    for cls in plan.types:
        if is_message_class(cls):
            types[type_id_of(cls)], versions[type_id_of(cls)] = cls, version_of(cls)
        else:
            types[TYPE_ID_RAW], versions[TYPE_ID_RAW] = cls, 0
    back_pressure, back_pressure_ns = plan.back_pressure
    not_connected, not_connected_ns = plan.not_connected
    return StreamPart(
        name=plan.name,
        channel=plan.channel,
        stream_id=plan.stream_id,
        types=types,
        versions=versions,
        format_id=form.id,
        framed=plan.frame,
        encode=form.encoder(tuple(types.values())),
        decoding=form.decoding,
        gather=plan.gather,
        layouts=tuple(map(fixed_layout_of, types.values())) if form.id == FormatId.STRUCT else (),
        policy=Policy(back_pressure, back_pressure_ns, not_connected, not_connected_ns, plan.conflate_key),
    )


def _handler_part(plan: HandlerPlan, topology: Plan) -> HandlerPart:
    return HandlerPart(
        plan.name,
        plan.cls,
        plan.options,
        plan.streams,
        plan.priority,
        plan.order,
        plan.on_error,
        plan.publishes,
        None if plan.mailbox is None else MailboxPart(*plan.mailbox),
        plan.after,
        None if plan.start is None or not plan.is_fed else followed_part(topology, plan),
        plan.is_fed,
    )


def stop_levels(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Return the handlers in the order they stop: those that feed others first, level by level.

    A handler that publishes in its `on_stop` (a last bar, a summary) still reaches the handlers behind it. Handlers
    of a feedback loop have no such order: they stop together, in the reverse order of the file.
    """
    feeds = {
        handler.name: {
            other.name
            for other in plan.handlers
            if other.name != handler.name and set(handler.publishes.values()) & set(other.streams)
        }
        for handler in plan.handlers
    }
    order = graphlib.TopologicalSorter({name: set() for name in feeds})
    for name, fed in feeds.items():
        for other in fed:
            order.add(other, name)
    try:
        order.prepare()
    except graphlib.CycleError:
        return (tuple(reversed(list(feeds))),) if feeds else ()
    levels: list[tuple[str, ...]] = []
    places = {handler.name: handler.order for handler in plan.handlers}
    while order.is_active():
        level = sorted(order.get_ready(), key=lambda name: -places[name])
        levels.append(tuple(level))
        order.done(*level)
    return tuple(levels)
