"""Our receiving path cut off after each stage, fed as always: where the nanoseconds of a message go.

stage:poll      frames to a batch: poll, frame, gap check, walk, copy; nobody decodes
stage:msgspec   and one list decode a batch, msgspec's
stage:list      and one list decode a batch, by the native list reader that a node takes for such messages
stage:loop      that, and a plain Python loop that calls the same two methods: the floor of the typed handler
actorbus        and all the rest: the node, its supervision, counters, error handling
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import msgspec

from actorbus.bench.case import Case, Source
from actorbus.bench.handlers import Sink
from actorbus.bench.peers import ours
from actorbus.bench.words import Latencies
from actorbus.bench.work import FILL_ID, QUOTE_ID, Fill, Quote
from actorbus.ffi.lists import make_list_reader
from actorbus.ffi.ports import PollPort
from actorbus.transport import Client

__all__ = ["ABOUT", "FLOOR", "PACKAGE", "STAGES", "StageSink", "ran", "sink", "source"]

ABOUT = "Our own path, cut off after a stage: the floor of the typed handler, part by part."
PACKAGE = ""
FLOOR = "stage:loop"
"""Poll, list decode and a plain loop: what the typed handler is measured against."""
STAGES = ("stage:poll", "stage:msgspec", "stage:list", FLOOR)
NOTICES = -1
MSGPACK = 1


class StageSink:
    """Polls the native port and does as much with a batch as its stage says."""

    wrong = 0
    found = Latencies()

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
        port = self._port
        decode = cast("Callable[[PollPort], list[object]]", msgspec.msgpack.Decoder(list[Quote | Fill]).decode)
        if stage in ("stage:list", FLOOR):
            decode = make_list_reader([Quote, Fill], decode)
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

        if stage == "stage:poll":
            return None
        return loop if stage == FLOOR else only_decode

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


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what a stage does."""
    return (StageSink,)
