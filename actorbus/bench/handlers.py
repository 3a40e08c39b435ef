"""The handlers of our own cases. They do what the peers' callbacks do (peers/handles.py), line by line.

Every handler counts; a case's node makes one of the class, and the case finds it by `last_made`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Protocol

import actorbus as ab
from actorbus.bench.words import Latencies
from actorbus.bench.work import SYMBOL, Fill, Ping, Quote, Tick, bodies_of

__all__ = [
    "Answerer",
    "Arrival",
    "Asker",
    "BatchSink",
    "Counting",
    "FillSink",
    "QuoteSink",
    "Sink",
    "TickSink",
    "bystander",
    "byte_sink",
    "last_made",
    "remember",
]


class Counting(Protocol):
    """What the bench reads of a handler."""

    count: int
    """Messages taken."""
    last: int
    """The number kept of the last one."""


_made: list[Counting] = []


def remember(handler: Counting) -> None:
    """Note a handler that was made, for `last_made`."""
    _made.append(handler)


def last_made(kind: type | None = None) -> Counting:
    """Return the newest handler of this process, of a class if one is given: the one that a node made."""
    return next(made for made in reversed(_made) if kind is None or isinstance(made, kind))


class Sink(ab.Handler):
    """Keeps one number and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        _made.append(self)

    @ab.on(Quote)
    def quote(self, m: Quote) -> None:
        """Take a quote."""
        self.last = m.bid
        self.count += 1

    @ab.on(Fill)
    def fill(self, m: Fill) -> None:
        """Take a fill."""
        self.last = m.price
        self.count += 1


class BatchSink(ab.BatchHandler[Quote | Fill]):
    """Takes them many at a time; reads one number of each, as the methods of `Sink` do.

    The type is compared, as the peers' tables do: `isinstance` costs 100 ns where it is false (docs/performance.md).
    """

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        _made.append(self)

    def on_batch(self, messages: Sequence[Quote | Fill], meta: ab.BatchMeta, /) -> None:
        """Take a batch."""
        assert len(meta) == len(messages)
        last = 0
        for m in messages:
            if type(m) is Quote:
                last = m.bid
            elif type(m) is Fill:
                last = m.price
        self.last = last
        self.count += len(messages)


class QuoteSink(ab.Handler):
    """The half of `Sink` that takes quotes."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        _made.append(self)

    @ab.on(Quote)
    def quote(self, m: Quote) -> None:
        """Take a quote."""
        self.last = m.bid
        self.count += 1


class FillSink(ab.Handler):
    """The half of `Sink` that takes fills, once its gate is open."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self.gate = threading.Event()
        _made.append(self)

    @ab.on(Fill)
    def fill(self, m: Fill) -> None:
        """Take a fill."""
        self.gate.wait()
        self.last = m.price
        self.count += 1


def byte_sink(size: int) -> type[ab.Handler]:
    """Return a handler class that compares every body of `size` bytes with what must come."""
    bodies = bodies_of(size)
    mask = len(bodies) - 1

    class ByteSink(ab.Handler):
        """Reads all of every body and counts."""

        def __init__(self) -> None:
            self.count = 0
            self.wrong = 0
            self.last = 0
            _made.append(self)

        @ab.on(bytes)
        def body(self, m: bytes) -> None:
            """Take a body."""
            count = self.count
            if not bodies[count & mask].startswith(m):
                self.wrong += 1
            self.count = count + 1

    return ByteSink


class Asker(ab.Handler):
    """Sends a ping, waits for its echo on the poller's thread, sends the next."""

    out = ab.Output(Ping)

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self.done = threading.Event()
        self.found = Latencies()
        self._sent_ns = 0
        self._warm_ns = self._until_ns = 0
        _made.append(self)

    def on_start(self) -> None:
        """Look for the other side until it answers: what is sent before it is there is refused."""
        self.every("20ms", self._look)

    def begin(self, warm_s: float, seconds: float) -> None:
        """Ask for so long. From the main thread."""
        self._warm_ns = time.monotonic_ns() + int(warm_s * 1e9)
        self._until_ns = self._warm_ns + int(seconds * 1e9)

    def _look(self) -> None:
        if self._until_ns and not self.last:
            with contextlib.suppress(ab.Refused):
                self._send()

    def _send(self) -> None:
        self._sent_ns = time.monotonic_ns()
        self.out.publish(Ping(self.count, SYMBOL))

    @ab.on(Ping)
    def echo(self, m: Ping) -> None:
        """Record, ask again."""
        now = time.monotonic_ns()
        if m.n != self.count or self.done.is_set():
            return  # an answer to a question that was asked twice while the other side came up
        self.last = 1
        self.count += 1
        if self._sent_ns > self._warm_ns:
            self.found.record(now - self._sent_ns)
        if now > self._until_ns:
            self.done.set()
            return
        self._send()


class Answerer(ab.Handler):
    """Sends every ping back."""

    back = ab.Output(Ping)

    @ab.on(Ping)
    def ping(self, m: Ping) -> None:
        """Publish what came."""
        self.back.publish(m)


class TickSink(ab.Handler):
    """Records how long after its due time a tick came: a stall is charged to every tick it delayed."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self.found = Latencies()
        _made.append(self)

    @ab.on(Tick)
    def tick(self, m: Tick) -> None:
        """Record; ticks of the warm-up have number -1."""
        self.count += 1
        if m.n >= 0:
            self.found.record(time.monotonic_ns() - m.due_ns)


class Arrival(ab.Handler):
    """Records how long ago the poll took its message."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self.found = Latencies()
        _made.append(self)

    @ab.on(Tick)
    def tick(self, m: Tick, meta: ab.Meta) -> None:
        """Record; ticks of the warm-up have number -1."""
        now = time.time_ns()
        self.count += 1
        if m.n >= 0:
            self.found.record(now - meta.receive_time_ns)


def bystander(message_type: type[ab.Message]) -> type[ab.Handler]:
    """Return a handler class that takes a type nobody sends."""

    class Bystander(ab.Handler):
        """Merely exists."""

        @ab.on(message_type)
        def never(self, m: ab.Message) -> None:
            """Take nothing."""

    return Bystander
