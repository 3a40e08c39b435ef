"""What peers without handlers of their own do with a message: the same, line by line, as our handlers do.

typed    decode a union, find the method for the type, keep one number, count        (handlers.Sink)
bytes    compare every byte with what must come, count                               (handlers.byte_sink)
ticks    decode, record how late it came                                             (handlers.TickSink)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.words import Latencies
from actorbus.bench.work import Fill, Quote, Tick, bodies_of

__all__ = [
    "Bodies",
    "CountingSink",
    "Handle",
    "Late",
    "Methods",
    "Taken",
    "handle_of",
    "shown",
    "typed",
    "typed_to_many",
]

type Handle = Callable[..., None]


class Taken(Protocol):
    """What counts."""

    count: int
    wrong: int


class Methods:
    """The same two methods as our handler has."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.last = 0

    def quote(self, m: Quote) -> None:
        """Take a quote."""
        self.last = m.bid
        self.count += 1

    def fill(self, m: Fill) -> None:
        """Take a fill."""
        self.last = m.price
        self.count += 1


def typed() -> tuple[Handle, Methods]:
    """Return a callback that decodes and dispatches, and who counts."""
    decode, methods = msgspec.msgpack.Decoder(Quote | Fill).decode, Methods()
    table: dict[type, Callable[[Any], None]] = {Quote: methods.quote, Fill: methods.fill}

    def handle(buffer: bytes, header: object = None) -> None:
        message = decode(buffer)
        table[type(message)](message)

    return handle, methods


def typed_to_many(count: int) -> tuple[Handle, Methods]:
    """Return a callback that gives each message to so many handlers, one after the other; the last one counts."""
    decode, handlers = msgspec.msgpack.Decoder(Quote | Fill).decode, [Methods() for _ in range(count)]
    table: dict[type, list[Callable[[Any], None]]] = {
        Quote: [each.quote for each in handlers],
        Fill: [each.fill for each in handlers],
    }

    def handle(buffer: bytes, header: object = None) -> None:
        message = decode(buffer)
        for method in table[type(message)]:
            method(message)

    return handle, handlers[-1]


class Bodies:
    """Reads all of every body: compares it with what must come."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self.wrong = 0
        self._bodies = bodies_of(size)
        self._mask = len(self._bodies) - 1

    def take(self, buffer: Any, header: object = None) -> None:  # noqa: ARG002 - what polls give
        """Take a body: bytes, or a view."""
        count = self.count
        if not self._bodies[count & self._mask].startswith(buffer):
            self.wrong += 1
        self.count = count + 1


class Late:
    """Records how late ticks come; those of the warm-up have the number -1."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.found = Latencies()
        self._decode = msgspec.msgpack.Decoder(Tick).decode

    def take(self, buffer: Any, header: object = None) -> None:  # noqa: ARG002 - what polls give
        """Decode and record."""
        message = self._decode(buffer)
        self.count += 1
        if message.n >= 0:
            self.found.record(time.monotonic_ns() - message.due_ns)


def handle_of(case: Case) -> tuple[Handle, Taken]:
    """Return the callback of a case, and who counts."""
    if case.form == "ticks":
        late = Late()
        return late.take, late
    if case.size:
        bodies = Bodies(case.size)
        return bodies.take, bodies
    return typed_to_many(case.handlers) if case.handlers > 1 else typed()


def shown(case: Case) -> tuple[object, ...]:
    """Return the callback of a case for the report."""
    if case.form == "ticks":
        return (Late,)
    if case.size:
        return (Bodies,)
    return (typed_to_many if case.handlers > 1 else typed, Methods)


class CountingSink:
    """What the sinks of peers share: a callback, and who counts."""

    def __init__(self, case: Case, handled: tuple[Handle, Taken] | None = None) -> None:
        self._handle, self._taken = handled or handle_of(case)

    @property
    def count(self) -> int:
        """Messages handled."""
        return self._taken.count

    @property
    def wrong(self) -> int:
        """Bodies that were not what was sent."""
        return self._taken.wrong

    @property
    def found(self) -> Latencies:
        """How late ticks came."""
        assert isinstance(self._taken, Late)
        return self._taken.found
