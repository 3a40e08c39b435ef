"""iceoryx2: byte slices over its publish-subscribe service, polled; no overflow: the publisher retries when it is full.

Small samples are copied out (`ctypes.string_at`), which is quicker here than its memory view; large ones are viewed.
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import time
from typing import Any

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import handles
from actorbus.bench.peers.handles import CountingSink
from actorbus.bench.peers.native_floor import frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words

__all__ = [
    "ABOUT",
    "PACKAGE",
    "OneSender",
    "SampleSink",
    "SampleSource",
    "ping",
    "pong",
    "ran",
    "sender",
    "sink",
    "source",
]

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
    """Return a publisher that waits, in its own way, when the queue is full."""
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
        frames = frames_of(case)
        self._chunks = itertools.cycle(list(itertools.batched(frames, BATCH)))
        self._kept = _service(case, "there")
        self._publisher = _publisher(self._kept[1], max(map(len, frames)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        loan, copy, view, sent = self._publisher.loan_slice_uninit, ctypes.memmove, words.view, 0
        for chunk in self._chunks:
            for frame in chunk:
                sample = loan(len(frame))
                copy(sample.payload_ptr, frame, len(frame))
                sample.assume_init().send()
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Let go of publisher and service."""
        del self._publisher, self._kept


class SampleSink(CountingSink):
    """Receives and handles."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._kept = _service(case, "there")
        self._subscriber = self._kept[1].subscriber_builder().create()
        self._viewed = case.size >= VIEWED_FROM

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        receive, handle, viewed, copied = self._subscriber.receive, self._handle, self._viewed, ctypes.string_at
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for _ in range(BATCH):
                if (sample := receive()) is None:
                    break
                if viewed:
                    handle(sample.payload().as_memory_view())
                else:
                    handle(copied(sample.payload_ptr, sample.header.number_of_elements))

    def close(self) -> None:
        """Let go of subscriber and service."""
        del self._subscriber, self._kept


class OneSender:
    """Encodes, loans, copies, sends."""

    def __init__(self, case: Case) -> None:
        self._kept = _service(case, "there")
        self._publisher = _publisher(self._kept[1], 64)
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: object) -> None:
        """Send one."""
        _send(self._publisher, self._encode(message))

    def close(self) -> None:
        """Let go of publisher and service."""
        del self._publisher, self._kept


def source(case: Case) -> SampleSource:
    """Open the writing side."""
    return SampleSource(case)


def sink(case: Case) -> SampleSink:
    """Open the reading side."""
    return SampleSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes.

    Raises:
        TimeoutError: an answer is 2 s late.
        ValueError: the answer to another question.
    """
    found, clock = Latencies(), time.perf_counter_ns
    back, there = _service(case, "back"), _service(case, "there")
    receive, publisher = back[1].subscriber_builder().create().receive, _publisher(there[1], 32)
    began = start = clock()
    warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
    while start < until:
        number += 1
        start = clock()
        question = number.to_bytes(32, "little")
        _send(publisher, question)
        while (sample := receive()) is None:
            if clock() - start > 2_000_000_000:
                raise TimeoutError(f"question {number} was not answered")
        right = ctypes.string_at(sample.payload_ptr, sample.header.number_of_elements) == question
        took = clock() - start
        if not right:
            raise ValueError(f"question {number} got the answer to another")
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


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (SampleSource, SampleSink, *handles.shown(case)),
        "trips": (ping, pong, _send),
        "ticks": (OneSender, _send, SampleSink, *handles.shown(case)),
    }
    return ways[way]
