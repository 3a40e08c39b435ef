"""actorbus: a node made from a topology, its handlers on its poller's thread, its publishers as users get them."""

from __future__ import annotations

import threading
import time

from actorbus.bench import topologies
from actorbus.bench.case import Case, Sink, Source
from actorbus.bench.fixed import columns_of, fixed_frames
from actorbus.bench.floor import SEQUENCE_AT
from actorbus.bench.peers.pyaeron_raw import NativeSource, frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import STOP, TURN, Latencies, Words
from actorbus.bench.work import (
    FILL_ID,
    QUOTE_ID,
    Asker,
    Counting,
    framed,
    last_made,
    typed_bodies,
    typed_message,
)
from actorbus.errors import Refused
from actorbus.limits import TYPE_ID_RAW
from actorbus.topology.node import Node

__all__ = ["ABOUT", "PACKAGE", "NodeSink", "ping", "pong", "sink", "source"]

ABOUT = (
    "Typed handlers in order of priority from a topology; our frame with sequence, gap check, checked bodies, "
    "quarantine, supervision, statistics: all on, as by default."
)
PACKAGE = ""
COLUMNS = 16_384
"""Records of an array: as many as the typed lanes have different messages."""


class NodeSink:
    """A node whose handler counts; the main thread only waits."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.reader(case))
        self._node.open()
        self._handler: Counting = last_made()
        self._pause = threading.Event()

    def take(self, seconds: float) -> None:
        """Let the poller's thread work for so long."""
        self._pause.wait(seconds)

    @property
    def count(self) -> int:
        """Messages the handler took."""
        return self._handler.count

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


class NodeSource:
    """`publish(message)` in a loop, in a node of its own."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.writer(case)).open()
        self._publisher = self._node.publisher("main")
        messages: list[object] = [*frames_of(case)] if case.size else [typed_message(number) for number in range(4096)]
        self._chunks = [messages[at : at + 64] for at in range(0, len(messages), 64)]

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends. The topology's policy is `raise`: what is refused is tried again."""
        publish, view, sent = self._publisher.publish, words.view, 0
        while True:
            for chunk in self._chunks:
                for message in chunk:
                    while True:
                        try:
                            publish(message)
                            break
                        except Refused:
                            if view[TURN] != turn:
                                return sent
                sent += len(chunk)
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Close the node."""
        self._node.close(drain=False)


class ColumnSource:
    """`publish_columns(array)` in a loop, in a node of its own."""

    def __init__(self, case: Case) -> None:
        self._node = Node.from_dict(topologies.writer(case)).open()
        self._publisher = self._node.publisher("main")
        self._columns = columns_of(COLUMNS)

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


def source(case: Case) -> Source:
    """Open the writing side."""
    if case.form == "columns":
        return ColumnSource(case)
    if case.form:
        return NativeSource(case, [*fixed_frames()], numbered_at=SEQUENCE_AT)
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


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips between two handlers, each on a poller that spins."""
    pause = threading.Event()
    with Node.from_dict(topologies.asker(case)):
        asker = last_made()
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
