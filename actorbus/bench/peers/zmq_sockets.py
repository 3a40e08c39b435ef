"""pyzmq: PUSH/PULL over ipc for throughput, REQ/REP for round trips, as its own performance scripts do."""

from __future__ import annotations

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

__all__ = ["ABOUT", "PACKAGE", "PullSink", "PushSource", "ping", "pong", "sink", "source"]

ABOUT = (
    "libzmq over a Unix socket; threads of its own that pinning squeezes onto the process's core; bytes only, "
    "unbounded retry is the user's; works between machines without a driver."
)
PACKAGE = "pyzmq"
ZERO_COPY_FROM = 65_536
BATCH = 256


def _socket(kind: str, place: str, *, bind: bool, timeout_ms: int = 100) -> Any:
    zmq: Any = importlib.import_module("zmq")
    socket = zmq.Context.instance().socket(getattr(zmq, kind))
    socket.linger = 0
    socket.rcvtimeo = timeout_ms
    (socket.bind if bind else socket.connect)(f"ipc://{place}/zmq")
    return socket


class PushSource:
    """Sends without waiting; again when the queue is full."""

    def __init__(self, case: Case) -> None:
        self._socket = _socket("PUSH", case.place, bind=False)
        self._frames = frames_of(case) if case.size else typed_bodies()

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        zmq: Any = importlib.import_module("zmq")
        send, view, again, sent = self._socket.send, words.view, zmq.Again, 0
        copy = len(self._frames[0]) < ZERO_COPY_FROM
        while True:
            for frame in self._frames:
                while True:
                    try:
                        send(frame, zmq.NOBLOCK, copy=copy)
                        break
                    except again:
                        if view[TURN] != turn:
                            return sent
                sent += 1
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class PullSink:
    """Receives and handles, 256 between two looks at the clock."""

    def __init__(self, case: Case, handle: Callable[..., None], seen: list[int]) -> None:
        self._socket = _socket("PULL", case.place, bind=True, timeout_ms=5)
        self._handle, self._seen = handle, seen
        self._copy = case.size < ZERO_COPY_FROM

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        recv, handle, copy = self._socket.recv, self._handle, self._copy
        again: Any = importlib.import_module("zmq").Again
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            try:
                for _ in range(BATCH):
                    body = recv(copy=copy)
                    handle(body if copy else body.buffer)
            except again:
                continue

    @property
    def count(self) -> int:
        """Messages handled."""
        return self._seen[0]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def source(case: Case) -> PushSource:
    """Open the writing side."""
    return PushSource(case)


def sink(case: Case) -> PullSink:
    """Open the reading side."""
    return PullSink(case, *(read_first(case) if case.size else typed_handle()))


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes."""
    socket, found, clock = _socket("REQ", case.place, bind=False, timeout_ms=5000), Latencies(), time.perf_counter_ns
    began = start = clock()
    warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
    while start < until:
        number += 1
        start = clock()
        socket.send(number.to_bytes(32, "little"))
        body = socket.recv()
        took = clock() - start
        if int.from_bytes(body[:8], "little") != number:
            raise ValueError(f"asked {number}, was answered {body[:8]!r}")
        if start > warm:
            found.record(took)
    socket.close()
    return found


def pong(case: Case, words: Words) -> None:
    """Send back what comes."""
    again: Any = importlib.import_module("zmq").Again
    socket = _socket("REP", case.place, bind=True)
    ready(words)
    while words[TURN] >= 0:
        try:
            socket.send(socket.recv())
        except again:
            continue
    socket.close()
