"""The work of a case: messages, bodies that differ in every message, and handlers that read them.

Every system does the same: three `Quote` to one `Fill`, msgpack arrays of 40 bytes and more, decoded as a union; the
method for the type keeps one number and counts. Raw cases have N bytes whose first eight are a running number, which
the reader adds up.
"""

from __future__ import annotations

import contextlib
import struct
import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol, cast

import msgspec

import actorbus as ab
from actorbus.bench.words import Latencies
from actorbus.codec.frame import Frame, pack
from actorbus.message.base import MessageMeta

__all__ = [
    "FILL_ID",
    "FRAMES",
    "QUOTE_ID",
    "SYMBOL",
    "Answerer",
    "Asker",
    "BatchSink",
    "ByteSink",
    "Counting",
    "Fill",
    "Ping",
    "Quote",
    "Sink",
    "Tick",
    "TickSink",
    "bystander",
    "framed",
    "kind_class",
    "last_made",
    "raw_bodies",
    "remember",
    "typed_bodies",
    "typed_message",
]

QUOTE_ID, FILL_ID, PING_ID, TICK_ID, KIND_ID = 5001, 5002, 5003, 5004, 5100
FRAMES: Final = 16_384
"""Different messages before they come round again: 0.6 MB, more than a core's own cache."""
SYMBOL: Final = "EURUSD.SPOT"
SYMBOLS: Final = tuple(f"EURUSD.{number:04}" for number in range(64))
"""Those of the typed messages, in turn: a reader that keeps texts it met must not meet one alone."""


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


class Quote(ab.Message, type_id=QUOTE_ID, version=1):
    """Five fields, as a price update has."""

    seq: int
    symbol: str
    bid: int
    ask: int
    ts: int


class Fill(ab.Message, type_id=FILL_ID, version=1):
    """Five fields, as a trade has."""

    seq: int
    symbol: str
    price: int
    quantity: int
    side: int


class Ping(ab.Message, type_id=PING_ID, version=1):
    """What goes round."""

    n: int
    text: str


class Tick(ab.Message, type_id=TICK_ID, version=1):
    """A message with the moment it was due, CLOCK_MONOTONIC ns."""

    n: int
    due_ns: int


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


class ByteSink(ab.Handler):
    """Looks at one byte of every body and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        _made.append(self)

    @ab.on(bytes)
    def body(self, m: bytes) -> None:
        """Take a body."""
        self.last = m[0]
        self.count += 1


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


def bystander(message_type: type[ab.Message]) -> type[ab.Handler]:
    """Return a handler class that takes a type nobody sends."""

    class Bystander(ab.Handler):
        """Merely exists."""

        @ab.on(message_type)
        def never(self, m: ab.Message) -> None:
            """Take nothing."""

    return Bystander


def last_made() -> Counting:
    """Return the newest handler of this process: the one that a node made of its class."""
    return _made[-1]


def typed_message(number: int) -> Quote | Fill:
    """Return message `number`: three quotes, then a fill."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    if number % 4 == 3:
        return Fill(number, symbol, 1_085_000 + number, 250_000_000_000, 1)
    return Quote(number, symbol, 1_085_000 + number, 1_085_100 + number, 1_700_000_000_000_000_000 + number)


def typed_bodies(count: int = FRAMES) -> list[bytes]:
    """Return encoded messages."""
    return [msgspec.msgpack.encode(typed_message(number)) for number in range(count)]


def raw_bodies(size: int, count: int) -> list[bytes]:
    """Return bodies of `size` bytes (8 and more), numbered."""
    return [struct.pack("<Q", number).ljust(size, b"\x5a") for number in range(count)]


def framed(body: bytes, *, type_id: int, sequence: int, publisher: int = 77, format_id: int = 1) -> bytes:
    """Return a message with our 32 bytes in front, as a publisher of ours sends it."""
    head = Frame(
        format=format_id, type_id=type_id, publisher=publisher, sequence=sequence, bodies=(body,), schema_version=1
    )
    return pack(head)


_kinds: dict[int, type[Quote]] = {}


def kind_class(number: int) -> type[Quote]:
    """Return message class `number` of a family laid out as a quote: kinds that merely exist beside those sent."""
    if number not in _kinds:
        name = f"Kind{number}"
        made = MessageMeta(name, (Quote,), {"__module__": __name__}, type_id=KIND_ID + number, version=1)
        _kinds[number] = cast("type[Quote]", made)
    return _kinds[number]
