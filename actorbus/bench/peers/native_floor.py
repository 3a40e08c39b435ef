"""The floor: the same Aeron library in C, no Python in the loop. No system can be faster on this transport."""

from __future__ import annotations

import time

from actorbus.bench import floor
from actorbus.bench.case import Case
from actorbus.bench.peers.pyaeron_raw import NativeSource, frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.transport import Client

__all__ = ["ABOUT", "PACKAGE", "CountingSink", "ping", "pong", "sink", "source"]

ABOUT = "Our own C through the same Aeron library: counts, adds up eight bytes; nothing is decoded, nobody is called."
PACKAGE = ""
PING_SIZE = 32


class CountingSink:
    """A native count-only subscriber."""

    def __init__(self, case: Case, words: Words | None = None) -> None:
        self._client = Client.connect(case.directory, name="bench-floor")
        self._subscription = floor.add_subscription(self._client, case.channel, case.stream_id)
        self._words = Words.of(case.place) if words is None else words
        self._count = 0

    def take(self, seconds: float) -> None:
        """Count for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._count += floor.drain(self._subscription, self._words, self._words[TURN], left).messages

    @property
    def count(self) -> int:
        """Messages counted."""
        return self._count

    def close(self) -> None:
        """Close subscription and client."""
        self._client.close()


def source(case: Case) -> NativeSource:
    """Open the writing side."""
    return NativeSource(case, frames_of(case), numbered_at=0)


def sink(case: Case) -> CountingSink:
    """Open the reading side."""
    return CountingSink(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make native round trips."""
    with Client.connect(case.directory, name="bench-ping") as client:
        out = floor.add_publication(client, case.channel, case.stream_id)
        back = floor.add_subscription(client, case.channel, case.stream_id + 1)
        out.wait_connected(time.monotonic_ns() + 20_000_000_000)
        return floor.ping(out, back, PING_SIZE, warm_s, seconds)


def pong(case: Case, words: Words) -> None:
    """Answer natively."""
    with Client.connect(case.directory, name="bench-pong") as client:
        there = floor.add_subscription(client, case.channel, case.stream_id)
        back = floor.add_publication(client, case.channel, case.stream_id + 1)
        ready(words)
        while (turn := words[TURN]) >= 0:
            floor.pong(back, there, words, turn)
