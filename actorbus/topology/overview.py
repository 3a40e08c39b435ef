"""A plan as one record to look at: who runs on which thread and CPU, which stream goes where, memory and ports.

Pure: takes a `Plan`, starts nothing, looks at no machine. `actorbus plan` prints it as table, Mermaid or JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from actorbus.channel import Channel
from actorbus.topology.planned import HandlerPlan, Plan

__all__ = ["ActorView", "DriverView", "MemoryView", "Overview", "PortView", "StreamView", "ThreadView", "overview"]

DRIVER_THREADS = {
    "shared": ("all",),
    "shared_network": ("conductor", "network"),
    "dedicated": ("conductor", "sender", "receiver"),
}
PORTS = ("endpoint", "control")


class DriverView(msgspec.Struct, frozen=True):
    """The media driver."""

    mode: str
    directory: str | None
    threading: str


class ActorView(msgspec.Struct, frozen=True):
    """One actor of the user's or of ours."""

    name: str
    kind: Literal["poller", "handler", "source", "supervisor"]
    thread: str
    reads: tuple[str, ...] = ()
    """Streams."""
    writes: tuple[str, ...] = ()
    cls: str = msgspec.field(default="", name="class")
    priority: int | None = None


class ThreadView(msgspec.Struct, frozen=True):
    """One thread of this process; those of an external or process driver are not here."""

    name: str
    owner: Literal["actorbus", "aeron"]
    cpu: int | None = None
    idle: str = ""
    """What it does without work: busy_spin, yield, backoff, sleep; empty: it is woken."""


class StreamView(msgspec.Struct, frozen=True):
    """One stream, who writes it here and who reads it here, in the order in which they get a message."""

    name: str
    channel: str
    stream_id: int
    messages: tuple[str, ...]
    format: str
    term_length: int
    max_message: int
    poller: str | None
    writers: tuple[str, ...]
    readers: tuple[str, ...]


class MemoryView(msgspec.Struct, frozen=True):
    """One summand of the shared memory."""

    what: str
    bytes: int


class PortView(msgspec.Struct, frozen=True):
    """A UDP address of a stream."""

    address: str
    stream: str
    role: str


class Overview(msgspec.Struct, frozen=True):
    """Everything a plan says, for people and tools."""

    name: str
    profile: str
    driver: DriverView
    actors: tuple[ActorView, ...]
    threads: tuple[ThreadView, ...]
    streams: tuple[StreamView, ...]
    memory: tuple[MemoryView, ...]
    memory_bytes: int
    ports: tuple[PortView, ...]


def overview(plan: Plan, *, profile: str = "") -> Overview:
    """Return the overview of a plan; `profile` is the name the topology gives it."""
    return Overview(
        name=plan.name,
        profile=profile,
        driver=DriverView(plan.driver.mode, plan.driver.directory, plan.driver.threading),
        actors=tuple(_actors(plan)),
        threads=tuple(_threads(plan)),
        streams=tuple(_streams(plan)),
        memory=tuple(MemoryView(line.what, line.bytes) for line in plan.memory.lines),
        memory_bytes=plan.memory.total,
        ports=tuple(_ports(plan)),
    )


def in_order(plan: Plan, stream: str) -> list[HandlerPlan]:
    """Return the handlers of a stream in the order in which they get a message: priority, then place in the file."""
    handlers = [handler for handler in plan.handlers if stream in handler.streams]
    return sorted(handlers, key=lambda handler: (-handler.priority, handler.order))


def _poller_of(plan: Plan, stream: str) -> str | None:
    return next((poller.name for poller in plan.pollers if stream in poller.streams), None)


def _thread_of(plan: Plan, handler: HandlerPlan) -> str:
    if handler.dispatch != "inline":
        return f"handler-{handler.name}"
    return f"poller-{_poller_of(plan, handler.streams[0])}"


def _actors(plan: Plan) -> Iterator[ActorView]:
    for source in plan.sources:
        cls = f"{source.cls.__module__}:{source.cls.__qualname__}"
        yield ActorView(source.name, "source", f"source-{source.name}", writes=(source.stream,), cls=cls)
    for poller in _active_pollers(plan):
        yield ActorView(poller, "poller", f"poller-{poller}", reads=_polled(plan, poller))
    seen: set[str] = set()
    for stream in plan.streams:
        for handler in in_order(plan, stream):
            if handler.name in seen:
                continue
            seen.add(handler.name)
            yield ActorView(
                handler.name,
                "handler",
                _thread_of(plan, handler),
                reads=handler.streams,
                writes=tuple(handler.publishes.values()),
                cls=f"{handler.cls.__module__}:{handler.cls.__qualname__}",
                priority=handler.priority,
            )
    yield ActorView("session", "supervisor", f"supervisor-{plan.name}")


def _polled(plan: Plan, poller: str) -> tuple[str, ...]:
    handled = {stream for handler in plan.handlers for stream in handler.streams}
    found = next(one for one in plan.pollers if one.name == poller)
    return tuple(stream for stream in found.streams if stream in handled)


def _active_pollers(plan: Plan) -> list[str]:
    """Return the pollers that get a thread: those with a stream that somebody here handles."""
    return [poller.name for poller in plan.pollers if _polled(plan, poller.name)]


def _threads(plan: Plan) -> Iterator[ThreadView]:
    active = _active_pollers(plan)
    for poller in plan.pollers:
        if poller.name in active:
            yield ThreadView(f"poller-{poller.name}", "actorbus", poller.cpu, poller.idle.kind)
    for handler in plan.handlers:
        if handler.dispatch == "mailbox":
            yield ThreadView(f"handler-{handler.name}", "actorbus")
    for source in plan.sources:
        yield ThreadView(f"source-{source.name}", "actorbus")
    yield ThreadView(f"supervisor-{plan.name}", "actorbus")
    if plan.driver.mode == "none":
        return
    yield ThreadView("client conductor", "aeron", idle="sleep")
    if plan.driver.mode == "embedded":
        for name in DRIVER_THREADS.get(plan.driver.threading, ()):
            yield ThreadView(f"driver {name}", "aeron", idle=plan.profile.driver.idle)


def _streams(plan: Plan) -> Iterator[StreamView]:
    for stream in plan.streams.values():
        sources = [source.name for source in plan.sources if source.stream == stream.name]
        outputs = [handler.name for handler in plan.handlers if stream.name in handler.publishes.values()]
        yield StreamView(
            name=stream.name,
            channel=stream.channel,
            stream_id=stream.stream_id,
            messages=tuple(cls.__name__ for cls in stream.types),
            format=stream.format,
            term_length=stream.term_length,
            max_message=stream.max_message_length,
            poller=_poller_of(plan, stream.name),
            writers=(*sources, *outputs),
            readers=tuple(handler.name for handler in in_order(plan, stream.name)),
        )


def _ports(plan: Plan) -> Iterator[PortView]:
    for stream in plan.streams.values():
        parameters = Channel.parse(stream.channel).parameters
        for role in PORTS:
            if role in parameters:
                yield PortView(str(parameters[role]), stream.name, role)
