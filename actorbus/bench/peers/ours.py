"""actorbus: a node made from a topology, its handlers on its poller's thread, its publishers as users get them."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

from actorbus.bench import fixed, handlers, topologies
from actorbus.bench.case import Case, Sink, Source
from actorbus.bench.floor import SEQUENCE_AT
from actorbus.bench.handlers import Answerer, Asker, TickSink, last_made
from actorbus.bench.peers.native_floor import NativeSource, frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import STOP, TURN, Latencies, Words
from actorbus.bench.work import FILL_ID, QUOTE_ID, framed, typed_bodies, typed_messages
from actorbus.errors import NotConnected, Refused
from actorbus.limits import TYPE_ID_RAW
from actorbus.topology.node import Node

__all__ = [
    "ABOUT",
    "PACKAGE",
    "ColumnSource",
    "NodeSink",
    "NodeSource",
    "OneSender",
    "Publishing",
    "alone",
    "at_rest",
    "ping",
    "pong",
    "publishing",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = (
    "Typed handlers in order of priority from a topology; our frame with sequence, gap check, checked bodies, "
    "quarantine, supervision, statistics: all on, as by default."
)
PACKAGE = ""
COLUMNS = 16_384
"""Records of an array: as many as the typed lanes have different messages."""
DIFFERENT, BLOCK = 4096, 64


class NodeSink:
    """A node whose handler counts; the main thread only waits."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.reader(case))
        self._node.open()
        self._handlers = [last_made()] if case.form != "ticks" else [last_made(TickSink)]
        self._pause = threading.Event()

    def take(self, seconds: float) -> None:
        """Let the poller's thread work for so long."""
        self._pause.wait(seconds)

    @property
    def count(self) -> int:
        """Messages the handler took."""
        return self._handlers[0].count

    @property
    def wrong(self) -> int:
        """Bodies that were not what was sent, as the handler saw them."""
        return getattr(self._handlers[0], "wrong", 0)

    @property
    def found(self) -> Latencies:
        """How late ticks came."""
        made = self._handlers[0]
        assert isinstance(made, TickSink)
        return made.found

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


class NodeSource:
    """`publish(message)` in a loop, in a node of its own."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.writer(case)).open()
        self._publisher = self._node.publisher("main")
        messages: Sequence[object] = frames_of(case) if case.size else typed_messages(DIFFERENT)
        self._chunks = itertools.cycle(list(itertools.batched(messages, BLOCK)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends. The topology's policy is `raise`: what is refused is tried again."""
        publish, view, sent = self._publisher.publish, words.view, 0
        for chunk in self._chunks:
            for message in chunk:
                while True:
                    try:
                        publish(message)
                        break
                    except Refused:
                        continue
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


class ColumnSource:
    """`publish_columns(array)` in a loop, in a node of its own."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.writer(case)).open()
        self._publisher = self._node.publisher("main")
        self._columns = fixed.columns_of(COLUMNS)

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends. The policy is `raise`; how many of an array went is in the error's note."""
        publish, view, columns, sent = self._publisher.publish_columns, words.view, self._columns, 0
        while view[TURN] == turn:
            try:
                sent += publish(columns)
            except Refused as refused:
                sent += int(refused.__notes__[0].split()[0])
        return sent

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


class OneSender:
    """`publish(message)`; until somebody is connected messages are refused."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.tick_writer(case)).open()
        self._publisher = self._node.publisher("main")

    def send(self, message: Any) -> None:
        """Send one."""
        with contextlib.suppress(NotConnected):
            self._publisher.publish(message)

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


class Publishing:
    """`publish` measured: one by one, or a list by one call, on a publication of its own; policies as by default."""

    sends = True

    def __init__(self, case: Case, part: str) -> None:
        self._node = Node.from_dict(topologies.writer(case, waits=True)).open()
        self._publisher = self._node.publisher("main")
        self.one: Callable[[Any], object] = self._publisher.publish
        self.block: Callable[[Sequence[Any]], object] = self.many if part == "many" else self.one_by_one

    def prepared(self, block: Sequence[Any]) -> Sequence[Any]:
        """Return what a block is made of: a list of messages."""
        return list(block)

    def one_by_one(self, messages: Sequence[Any]) -> None:
        """Publish each."""
        publish = self._publisher.publish
        for message in messages:
            publish(message)

    def many(self, messages: Sequence[Any]) -> None:
        """Publish all by one call."""
        self._publisher.publish_many(messages)

    @property
    def refused(self) -> int:
        """How many offers Aeron refused so far: a turn in which one was is not counted."""
        return self._node.stats().streams["main"].back_pressured

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


def publishing(case: Case, part: str) -> Publishing:
    """Open what `publish` is measured with; `part`: of the ways it knows, empty for message by message."""
    return Publishing(case, part)


def source(case: Case) -> Source:
    """Open the writing side."""
    if case.form == "columns":
        return ColumnSource(case)
    if case.form:
        return NativeSource(case, [*fixed.fixed_frames()], numbered_at=SEQUENCE_AT)
    if case.own_publish:
        return NodeSource(case)
    if case.size:
        bodies = [framed(body, type_id=TYPE_ID_RAW, sequence=0, format_id=0) for body in frames_of(case)]
    else:
        ids = (QUOTE_ID, QUOTE_ID, QUOTE_ID, FILL_ID)
        bodies = [framed(body, type_id=ids[n % 4], sequence=0) for n, body in enumerate(typed_bodies())]
    return NativeSource(case, bodies, numbered_at=SEQUENCE_AT)


def sink(case: Case) -> Sink:
    """Open the reading side."""
    return NodeSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips between two handlers, each on the poller of a node of its own."""
    return _trips(topologies.asker(case), warm_s, seconds)


def alone(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips between two handlers of one node, on one poller over both streams."""
    return _trips(topologies.asker_and_answerer(case), warm_s, seconds)


def _trips(topology: topologies.Mapping, warm_s: float, seconds: float) -> Latencies:
    pause = threading.Event()
    with Node.from_dict(topology):
        asker = last_made(Asker)
        assert isinstance(asker, Asker)
        asker.begin(warm_s, seconds)
        deadline = time.monotonic() + warm_s + seconds + 30
        while not asker.done.is_set() and time.monotonic() < deadline:
            pause.wait(0.02)
        if not asker.done.is_set():
            raise TimeoutError(f"no answer to question {asker.count}")
        return asker.found


def pong(case: Case, words: Words) -> None:
    """Answer from a handler."""
    pause = threading.Event()
    with Node.from_dict(topologies.answerer(case)):
        ready(words)
        while words[TURN] != STOP:
            pause.wait(0.02)


@contextlib.contextmanager
def at_rest(case: Case) -> Generator[None]:
    """Run a node with its embedded driver, a handler and a publisher a stream; nobody sends after the first ones."""
    node = Node.from_dict(topologies.at_rest(case))
    with node:
        for number in range(case.streams):
            publish = node.publisher(f"s{number}").publish
            for message in typed_messages(2000 // case.streams):
                publish(message)
        yield


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    writes = NodeSource if case.own_publish else ColumnSource if case.form == "columns" else NativeSource
    reads: tuple[object, ...] = (handlers.Sink,)
    if case.form:
        reads = (fixed.ColumnSink if case.form == "columns" else fixed.FixedSink,)
    elif case.size:
        reads = (handlers.byte_sink,)
    elif case.batch:
        reads = (handlers.BatchSink,)
    ways: dict[str, tuple[object, ...]] = {
        "turns": (writes, topologies.reader, NodeSink, *reads),
        "trips": (topologies.asker, Asker, topologies.answerer, Answerer),
        "ticks": (OneSender, topologies.tick_reader, TickSink),
        "alone": (topologies.asker_and_answerer, Asker, Answerer),
        "publish": (Publishing,),
        "rest": (topologies.at_rest, at_rest),
    }
    return ways[way]
