"""iceoryx2: byte slices over its publish-subscribe service, polled; no overflow: the publisher retries when it is full.

Small samples are copied out (`ctypes.string_at`), which is quicker here than its memory view; large ones are viewed.
"""

from __future__ import annotations

import ctypes
import importlib
import time
from collections.abc import Callable
from typing import Any

from actorbus.bench.case import Case
from actorbus.bench.peers.pyaeron_raw import frames_of, read_first
from actorbus.bench.peers.pyaeron_typed import typed_handle
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import typed_bodies

__all__ = ["ABOUT", "PACKAGE", "SampleSink", "SampleSource", "ping", "pong", "sink", "source"]

ABOUT = "Zero-copy shared memory without a driver, one machine only; 2 to 5 µs a message in Python whatever the size."
PACKAGE = "iceoryx2"
QUEUE, VIEWED_FROM, BATCH = 512, 4096, 64


def _module() -> Any:
    found: Any = importlib.import_module("iceoryx2")
    found.set_log_level(found.LogLevel.Fatal)
    return found


def _service(case: Case, way: str) -> tuple[Any, Any]:
    """Return node and service; both must be kept."""
    iox = _module()
    node = iox.NodeBuilder.new().create(iox.ServiceType.Ipc)
    name = iox.ServiceName.new(f"bench{case.place}/{case.lane}/{way}")
    builder = node.service_builder(name).publish_subscribe(iox.Slice[ctypes.c_uint8])
    return node, builder.enable_safe_overflow(False).subscriber_max_buffer_size(QUEUE).open_or_create()


def _publisher(service: Any, size: int) -> Any:
    """Return a publisher that answers at once when the queue is full."""
    iox = _module()
    strategy = iox.BackpressureStrategy.RetryUntilDelivered
    return service.publisher_builder().initial_max_slice_len(size).backpressure_strategy(strategy).create()


def _send(publisher: Any, body: bytes) -> None:
    sample = publisher.loan_slice_uninit(len(body))
    ctypes.memmove(sample.payload_ptr, body, len(body))
    sample.assume_init().send()


class SampleSource:
    """Loans, copies, sends; the reader drains until the writer's turn has ended."""

    def __init__(self, case: Case) -> None:
        self._frames = frames_of(case) if case.size else typed_bodies()
        self._kept = _service(case, "there")
        self._publisher = _publisher(self._kept[1], max(map(len, self._frames)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        publisher, view, sent = self._publisher, words.view, 0
        while True:
            for frame in self._frames:
                _send(publisher, frame)
                sent += 1
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Let go of publisher and service."""
        del self._publisher, self._kept


class SampleSink:
    """Receives and handles."""

    def __init__(self, case: Case, handle: Callable[..., None], seen: list[int]) -> None:
        self._kept = _service(case, "there")
        self._subscriber = self._kept[1].subscriber_builder().create()
        self._handle, self._seen, self._viewed = handle, seen, case.size >= VIEWED_FROM

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        receive, handle, viewed = self._subscriber.receive, self._handle, self._viewed
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for _ in range(BATCH):
                if (sample := receive()) is None:
                    break
                if viewed:
                    handle(sample.payload().as_memory_view().cast("B"))
                else:
                    handle(ctypes.string_at(sample.payload_ptr, sample.header.number_of_elements))

    @property
    def count(self) -> int:
        """Messages handled."""
        return self._seen[0]

    def close(self) -> None:
        """Let go of subscriber and service."""
        del self._subscriber, self._kept


def source(case: Case) -> SampleSource:
    """Open the writing side."""
    return SampleSource(case)


def sink(case: Case) -> SampleSink:
    """Open the reading side."""
    return SampleSink(case, *(read_first(case) if case.size else typed_handle()))


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes."""
    found, clock = Latencies(), time.perf_counter_ns
    back, there = _service(case, "back"), _service(case, "there")
    receive, publisher = back[1].subscriber_builder().create().receive, _publisher(there[1], 32)
    began = start = clock()
    warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
    while start < until:
        number += 1
        start = clock()
        _send(publisher, number.to_bytes(32, "little"))
        while (sample := receive()) is None:
            if clock() - start > 2_000_000_000:
                raise TimeoutError(f"question {number} was not answered")
        answer = int.from_bytes(ctypes.string_at(sample.payload_ptr, 8), "little")
        took = clock() - start
        if answer != number:
            raise ValueError(f"asked {number}, was answered {answer}")
        if start > warm:
            found.record(took)
    return found


def pong(case: Case, words: Words) -> None:
    """Send back what comes."""
    there, back = _service(case, "there"), _service(case, "back")
    receive, publisher = there[1].subscriber_builder().create().receive, _publisher(back[1], 32)
    ready(words)
    while words[TURN] >= 0:
        for _ in range(100):
            if (sample := receive()) is not None:
                _send(publisher, ctypes.string_at(sample.payload_ptr, sample.header.number_of_elements))
