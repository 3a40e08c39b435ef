"""pyzmq: PUSH/PULL for throughput, REQ/REP for round trips, as its own performance scripts do; ipc, or loopback TCP.

Sends block (SNDTIMEO): a loop that tries again without waiting takes the core from libzmq's own thread. Zero copy from
64 KiB, its own threshold.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import threading
import time
from collections.abc import Generator
from typing import Any

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import handles
from actorbus.bench.peers.asking import address_of, round_trips, tell_address
from actorbus.bench.peers.handles import CountingSink
from actorbus.bench.peers.native_floor import frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words

__all__ = [
    "ABOUT",
    "PACKAGE",
    "OneSender",
    "PullSink",
    "PushSource",
    "at_rest",
    "ping",
    "pong",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = (
    "libzmq over a Unix socket or TCP; threads of its own that pinning squeezes onto the process's core; bytes only; "
    "waits when its queue is full; works between machines without a driver."
)
PACKAGE = "pyzmq"
ZERO_COPY_FROM = 65_536
BATCH = 256
TIMEOUT_MS = 20
ANSWER_MS = 5000


def _socket(kind: str, case: Case, *, bind: bool, timeout_ms: int = TIMEOUT_MS) -> Any:
    zmq: Any = importlib.import_module("zmq")
    socket = zmq.Context.instance().socket(getattr(zmq, kind))
    socket.linger = 0
    socket.rcvtimeo = socket.sndtimeo = timeout_ms
    if bind:
        socket.bind("tcp://127.0.0.1:*" if case.tcp else f"ipc://{case.place}/zmq{case.lane}")
        tell_address(case, socket.last_endpoint.rstrip(b"\0").decode())
    else:
        socket.connect(address_of(case))
    return socket


class PushSource:
    """Sends, and waits when the queue is full."""

    def __init__(self, case: Case) -> None:
        self._socket = _socket("PUSH", case, bind=False)
        self._chunks = itertools.cycle(list(itertools.batched(frames_of(case), BATCH)))
        self._copy = case.size < ZERO_COPY_FROM

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        send, view, copy, sent = self._socket.send, words.view, self._copy, 0
        again: Any = importlib.import_module("zmq").Again
        for chunk in self._chunks:
            for frame in chunk:
                while True:
                    try:
                        send(frame, copy=copy)
                        break
                    except again:
                        continue
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class PullSink(CountingSink):
    """Receives and handles, 256 between two looks at the clock."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._socket = _socket("PULL", case, bind=True, timeout_ms=5)
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

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class OneSender:
    """`send(encode(message))`."""

    def __init__(self, case: Case) -> None:
        self._socket = _socket("PUSH", case, bind=False, timeout_ms=ANSWER_MS)
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: object) -> None:
        """Send one."""
        self._socket.send(self._encode(message))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def source(case: Case) -> PushSource:
    """Open the writing side."""
    return PushSource(case)


def sink(case: Case) -> PullSink:
    """Open the reading side."""
    return PullSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes."""
    socket = _socket("REQ", case, bind=False, timeout_ms=ANSWER_MS)
    with contextlib.closing(socket):
        return round_trips(socket.send, socket.recv, warm_s, seconds)


def pong(case: Case, words: Words) -> None:
    """Send back what comes."""
    again: Any = importlib.import_module("zmq").Again
    socket = _socket("REP", case, bind=True, timeout_ms=100)
    with contextlib.closing(socket):
        ready(words)
        while words[TURN] >= 0:
            try:
                socket.send(socket.recv())
            except again:
                continue


@contextlib.contextmanager
def at_rest(case: Case) -> Generator[None]:
    """Hold both sockets in this process, a thread waiting in `recv`."""
    zmq: Any = importlib.import_module("zmq")
    over, taken = threading.Event(), handles.Bodies(32)
    pull = _socket("PULL", case, bind=True, timeout_ms=1000)
    push = _socket("PUSH", case, bind=False, timeout_ms=ANSWER_MS)

    def listen() -> None:
        while not over.is_set():
            with contextlib.suppress(zmq.Again):
                taken.take(pull.recv())

    listener = threading.Thread(target=listen)
    listener.start()
    for number in range(2000):
        push.send(number.to_bytes(32, "little"))
    try:
        yield
    finally:
        over.set()
        listener.join()
        push.close()
        pull.close()


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (PushSource, PullSink, *handles.shown(case)),
        "trips": (ping, round_trips, pong),
        "ticks": (OneSender, PullSink, *handles.shown(case)),
        "rest": (at_rest,),
    }
    return ways[way]
