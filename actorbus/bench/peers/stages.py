"""Our receiving path cut off after each stage, fed as always: where the nanoseconds of a message go.

stage:poll      frames to a batch: poll, frame, gap check, walk, copy; nobody decodes
stage:decode    and one list decode a batch, msgspec's (the node builds plain messages natively)
stage:loop      and a plain Python loop that calls the same two methods: the floor of the typed handler
actorbus        and all the rest: the node, its supervision, counters, error handling
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from actorbus.bench.case import Case, Source
from actorbus.bench.peers import ours
from actorbus.bench.words import Latencies, Words
from actorbus.bench.work import FILL_ID, QUOTE_ID, Fill, Quote, Sink
from actorbus.transport import Client

__all__ = ["ABOUT", "PACKAGE", "STAGES", "StageSink", "ping", "pong", "sink", "source"]

ABOUT = "Our own path, cut off after a stage: the floor of the typed handler, part by part."
PACKAGE = ""
STAGES = ("stage:poll", "stage:decode", "stage:loop")
NOTICES = -1
MSGPACK = 1


class StageSink:
    """Polls the native port and does as much with a batch as its stage says."""

    def __init__(self, case: Case) -> None:
        self._client = Client.connect(case.directory, name="bench-stage")
        types = [(QUOTE_ID, 1, True), (FILL_ID, 1, True)]
        subscription = self._client.add_subscription(
            case.channel, case.stream_id, frame=True, format=MSGPACK, types=types
        )
        self._port = subscription.port
        self._count = 0
        self._handle = self._work(case.system)

    def _work(self, stage: str) -> Callable[[], None] | None:
        port, decode = self._port, msgspec.msgpack.Decoder(list[Quote | Fill]).decode
        methods = Sink()
        quote, fill = methods.quote, methods.fill

        def only_decode() -> None:
            decode(port)

        def loop() -> None:
            for message in decode(port):
                if type(message) is Quote:
                    quote(message)
                elif type(message) is Fill:
                    fill(message)

        return {"stage:decode": only_decode, "stage:loop": loop}.get(stage)

    def take(self, seconds: float) -> None:
        """Work for so long; the clock is read once in 16 batches."""
        poll, handle, clock, taken = self._port.poll, self._handle, time.perf_counter, 0
        until = clock() + seconds
        while clock() < until:
            for _ in range(16):
                count = poll()
                if count > 0:
                    taken += count
                    if handle is not None:
                        handle()
                elif count == NOTICES:
                    self._port.notices()
        self._count += taken

    @property
    def count(self) -> int:
        """Messages taken."""
        return self._count

    def close(self) -> None:
        """Close subscription and client."""
        self._client.close()


def source(case: Case) -> Source:
    """Open the same writing side as ours."""
    return ours.source(case)


def sink(case: Case) -> StageSink:
    """Open the reading side."""
    return StageSink(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Not for stages."""
    raise NotImplementedError("a stage only takes")


def pong(case: Case, words: Words) -> None:
    """Not for stages."""
    raise NotImplementedError("a stage only takes")
