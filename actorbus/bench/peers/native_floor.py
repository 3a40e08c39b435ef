"""The floor: the same Aeron library in C, no Python in the loop.

It says what the transport does with messages of this shape, one an Aeron message unless the lane says `batch frames`.
Who packs several messages into one Aeron message can be faster than the lane that does not.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from actorbus.bench import floor
from actorbus.bench.case import Case
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import bodies_of, typed_bodies
from actorbus.transport import Client

__all__ = [
    "ABOUT",
    "PACKAGE",
    "NativeSource",
    "ReadingSink",
    "alone",
    "frames_of",
    "ping",
    "pong",
    "ran",
    "sink",
    "source",
    "tick",
]

ABOUT = "Our own C through the same Aeron library: reads as much of a message as the others; no decode, no handler."
PACKAGE = ""
PING_SIZE = 32
CONNECT_NS = 20_000_000_000
RECORD = 48
"""Bytes of a record of the columns lanes."""
RECORDS = 28
"""Of them in a batch frame of one fragment: (1,408 - 32 of Aeron's header - 32 of ours) / 48."""
FRAME_HEADER = 32


class NativeSource:
    """The native flood: the writer is never the slow side, and is the same for every system on Aeron."""

    def __init__(
        self, case: Case, frames: Sequence[bytes], *, numbered_at: int = -1, each: int = 1, yields: bool = False
    ) -> None:
        self._client = Client.connect(case.directory, name="bench-writer")
        publication = floor.add_publication(self._client, case.channel, case.stream_id)
        self._flood = floor.Flood(publication, frames, numbered_at=numbered_at, messages_each=each, yields=yields)

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        return self._flood.flood(words, turn)

    def close(self) -> None:
        """Close publication and client."""
        self._client.close()


class ReadingSink:
    """A native subscriber that reads and counts."""

    wrong = 0

    def __init__(self, case: Case, words: Words | None = None) -> None:
        self._client = Client.connect(case.directory, name="bench-floor")
        self._subscription = floor.add_subscription(self._client, case.channel, case.stream_id)
        self._words = Words.of(case.place) if words is None else words
        self._size, self._ticks = case.size, case.form == "ticks"
        self._skip, self._record = 0, floor.WHOLE if case.size else floor.HEAD
        if case.form == "columns":
            self._skip, self._record = FRAME_HEADER if case.frames else 0, RECORD
        self._messages = self._bytes = 0
        self.found = Latencies()

    def take(self, seconds: float) -> None:
        """Read and count for so long."""
        words, until = self._words, time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            turn = words[TURN]
            if self._ticks:
                self._messages += floor.hear(self._subscription, words, turn, left, self.found)
                continue
            drained = floor.drain(self._subscription, words, turn, left, skip=self._skip, record=self._record)
            self._messages += drained.messages
            self._bytes += drained.bytes

    @property
    def count(self) -> int:
        """Messages counted; a body of several fragments is one."""
        return self._bytes // self._size if self._size else self._messages

    def close(self) -> None:
        """Close subscription and client."""
        self._client.close()


def frames_of(case: Case) -> list[bytes]:
    """Return what a lane without frames of ours sends."""
    return bodies_of(case.size) if case.size else typed_bodies()


def source(case: Case) -> NativeSource:
    """Open the writing side."""
    if case.form == "columns":
        made = [number.to_bytes(8, "little") * (RECORD // 8) for number in range(16_384)]
        if not case.frames:
            return NativeSource(case, made)
        batches = [FRAME_HEADER * b"\0" + b"".join(batch) for batch in itertools.batched(made, RECORDS)]
        return NativeSource(case, batches[:-1], each=RECORDS)
    return NativeSource(case, frames_of(case))


def sink(case: Case) -> ReadingSink:
    """Open the reading side."""
    return ReadingSink(case)


def tick(case: Case, words: Words, rate: int, warm_s: float, seconds: float) -> int:
    """Keep a rate natively, once the other side has had the first tick; returns how many were sent that count."""
    with Client.connect(case.directory, name="bench-ticks") as client:
        out = floor.add_publication(client, case.channel, case.stream_id)
        out.wait_connected(time.monotonic_ns() + CONNECT_NS)
        while not words.arrived:
            floor.tick(out, 1000, 1.0, -0.9)  # a tenth of a second, all of it before a warm-up would end
        sent = floor.tick(out, rate, warm_s, seconds)
        words.wait_done(sent)
        return sent


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make native round trips."""
    with Client.connect(case.directory, name="bench-ping") as client:
        out = floor.add_publication(client, case.channel, case.stream_id)
        back = floor.add_subscription(client, case.channel, case.stream_id + 1)
        out.wait_connected(time.monotonic_ns() + CONNECT_NS)
        return floor.ping(out, back, PING_SIZE, warm_s, seconds)


def pong(case: Case, words: Words) -> None:
    """Answer natively."""
    with Client.connect(case.directory, name="bench-pong") as client:
        there = floor.add_subscription(client, case.channel, case.stream_id)
        back = floor.add_publication(client, case.channel, case.stream_id + 1)
        ready(words)
        while (turn := words[TURN]) >= 0:
            floor.pong(back, there, words, turn)


def alone(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Ask and answer natively in one thread."""
    with Client.connect(case.directory, name="bench-alone") as client:
        there = floor.add_subscription(client, case.channel, case.stream_id)
        back = floor.add_subscription(client, case.channel, case.stream_id + 1)
        out = floor.add_publication(client, case.channel, case.stream_id)
        answers = floor.add_publication(client, case.channel, case.stream_id + 1)
        for each in (out, answers):
            each.wait_connected(time.monotonic_ns() + CONNECT_NS)
        return floor.ping(out, back, PING_SIZE, warm_s, seconds, own=(answers, there))


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case; its loops are in native/ab_floor.c and ab_floor_trips.c."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (NativeSource, ReadingSink, source),
        "trips": (ping, pong),
        "ticks": (tick, ReadingSink),
        "alone": (alone,),
    }
    return ways[way]
