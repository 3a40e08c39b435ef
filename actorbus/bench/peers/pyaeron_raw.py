"""pyaeron: exclusive publications and polled subscriptions, as its README uses them. Bodies are bytes."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from actorbus.bench.case import Case
from actorbus.bench.floor import Flood, add_publication
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import raw_bodies
from actorbus.transport import Client

__all__ = ["ABOUT", "PACKAGE", "NativeSource", "PolledSink", "ping", "pong", "sink", "source"]

ABOUT = (
    "C extension over the same Aeron library; keeps the GIL; bytes only: no frame, types, gap check, handlers, "
    "supervision. The fastest way from Python to Aeron."
)
PACKAGE = "pyaeron"
BATCH = 256
CONNECT_S = 20
BLOCK = 64


def client(case: Case) -> Any:
    """Connect to the case's driver."""
    return importlib.import_module("pyaeron").Aeron(dir=case.directory)


def read_first(case: Case) -> tuple[Callable[..., None], list[int]]:
    """Return a callback that looks at one byte and counts, and where it counts."""
    seen = [0, 0]

    def handle(buffer: bytes, header: object = None) -> None:
        seen[1] = memoryview(buffer)[0]
        seen[0] += 1

    return handle, seen


class PolledSink:
    """Polls one subscription with a callback."""

    def __init__(self, case: Case, handle: Callable[..., None], seen: list[int]) -> None:
        self._client = client(case)
        self._subscription: Any = self._client.add_subscription(case.channel, case.stream_id)
        self._handle = handle
        self._seen = seen

    def take(self, seconds: float) -> None:
        """Poll for so long; the clock is read once in 16 polls."""
        poll, handle, clock = self._subscription.poll, self._handle, time.perf_counter
        until = clock() + seconds
        while clock() < until:
            for _ in range(16):
                poll(handle, BATCH)

    @property
    def count(self) -> int:
        """Messages handled."""
        return self._seen[0]

    def close(self) -> None:
        """Close subscription and client."""
        self._subscription.close()
        self._client.close()


class NativeSource:
    """The native flood: the writer is never the slow side, and is the same for every system on Aeron."""

    def __init__(self, case: Case, frames: list[bytes], numbered_at: int = -1, *, yields: bool = False) -> None:
        self._client = Client.connect(case.directory, name="bench-writer")
        publication = add_publication(self._client, case.channel, case.stream_id)
        self._flood = Flood(publication, frames, numbered_at=numbered_at, yields=yields)

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        return self._flood.flood(words, turn)

    def close(self) -> None:
        """Close publication and client."""
        self._client.close()


class OwnSource:
    """`offer` in a loop, again when refused."""

    def __init__(self, case: Case, frames: list[bytes]) -> None:
        self._client = client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        self._chunks = [frames[at : at + BLOCK] for at in range(0, len(frames), BLOCK)]

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        offer, view, sent = self._publication.offer, words.view, 0
        while True:
            for chunk in self._chunks:
                for frame in chunk:
                    while not offer(frame):
                        if view[TURN] != turn:
                            return sent
                sent += len(chunk)
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


def frames_of(case: Case) -> list[bytes]:
    """Return bodies of the case's size: 4 MiB of them at most, at least 64."""
    size = case.size or 40
    return raw_bodies(size, max(BLOCK, min(16_384, (4 << 20) // size)))


def source(case: Case) -> NativeSource | OwnSource:
    """Open the writing side."""
    return OwnSource(case, frames_of(case)) if case.own_publish else NativeSource(case, frames_of(case), numbered_at=0)


def sink(case: Case) -> PolledSink:
    """Open the reading side."""
    return PolledSink(case, *read_first(case))


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of numbered payloads; an answer that differs raises."""
    return ask(
        case, words, warm_s, seconds, lambda number: number.to_bytes(32, "little"), lambda body: memoryview(body)[0]
    )


def ask(
    case: Case,
    words: Words,
    warm_s: float,
    seconds: float,
    encode: Callable[[int], bytes],
    read: Callable[[bytes], int],
) -> Latencies:
    """Make round trips: encode, offer, poll until the answer, read it."""
    clock, found = time.perf_counter_ns, Latencies()
    with (
        client(case) as aeron,
        aeron.add_subscription(case.channel, case.stream_id + 1) as replies,
        aeron.add_exclusive_publication(case.channel, case.stream_id) as publication,
    ):
        publication.await_connected(CONNECT_S)
        replies.await_connected(CONNECT_S)
        offer, poll, record, last = publication.offer, replies.poll, found.record, [0]

        def reply(buffer: bytes, header: object = None) -> None:
            last[0] = read(buffer)

        began = clock()
        warm, until, number, start = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0, began
        while start < until:
            number = (number + 1) & 0x7F
            start = clock()
            body = encode(number)
            while not offer(body):
                pass
            while not poll(reply, 1):
                pass
            took = clock() - start
            if last[0] != number:
                raise ValueError(f"asked {number}, was answered {last[0]}")
            if start > warm:
                record(took)
    return found


def pong(case: Case, words: Words) -> None:
    """Send every body back as it came."""
    answer(case, words, lambda body: body)


def answer(case: Case, words: Words, echo: Callable[[bytes], bytes]) -> None:
    """Answer until told to stop."""
    with (
        client(case) as aeron,
        aeron.add_subscription(case.channel, case.stream_id) as subscription,
        aeron.add_exclusive_publication(case.channel, case.stream_id + 1) as publication,
    ):
        offer, poll, view = publication.offer, subscription.poll, words.view

        def reply(buffer: bytes, header: object = None) -> None:
            body = echo(buffer)
            while not offer(body):
                if view[TURN] < 0:
                    return

        ready(words)
        while view[TURN] >= 0:
            for _ in range(1000):
                poll(reply, 1)
