"""Eclipse Zenoh: two peers over loopback TCP, blocking congestion control, a callback subscriber, as its own examples.

Messages are handed over on a thread of Zenoh's: a sink counts what that thread took while it was its turn. Its
shared-memory transport is on by default and takes messages of 3 KiB and more by itself.
"""

from __future__ import annotations

import importlib
import itertools
import json
import socket
import threading
import time
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
    "CallbackSink",
    "OneSender",
    "PutSource",
    "ping",
    "pong",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = (
    "Discovery, routing and storage over TCP, UDP, QUIC or shared memory; threads of its own that pinning squeezes "
    "onto the process's core; bytes only; blocks when told to."
)
PACKAGE = "eclipse-zenoh"
BATCH = 64
MATCH_S = 10.0


def _session(case: Case, *, listens: bool = False) -> Any:
    zenoh: Any = importlib.import_module("zenoh")
    if listens:
        with socket.create_server(("127.0.0.1", 0)) as free:
            tell_address(case, f"tcp/127.0.0.1:{free.getsockname()[1]}")
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("listen/endpoints", "[]")
    config.insert_json5("listen/endpoints" if listens else "connect/endpoints", json.dumps([address_of(case)]))
    return zenoh.open(config)


def _publisher(session: Any, key: str, *, express: bool = False, waits: bool = True) -> Any:
    """Return a publisher that blocks; `express`: it does not wait for more to send along, as Zenoh's ping example."""
    control: Any = importlib.import_module("zenoh").CongestionControl.BLOCK
    made = session.declare_publisher(key, congestion_control=control, express=express)
    patience = time.monotonic() + MATCH_S
    while waits and not made.matching_status and time.monotonic() < patience:
        time.sleep(0.001)
    return made


class PutSource:
    """Puts, and blocks when Zenoh's queues are full."""

    def __init__(self, case: Case) -> None:
        zenoh: Any = importlib.import_module("zenoh")
        self._session = _session(case)
        self._put = _publisher(self._session, "bench/there").put
        payloads: list[Any] = [zenoh.ZBytes(frame) for frame in frames_of(case)]
        self._chunks = itertools.cycle(list(itertools.batched(payloads, BATCH)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        put, view, sent = self._put, words.view, 0
        for chunk in self._chunks:
            for payload in chunk:
                put(payload)
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close the session."""
        self._session.close()


class CallbackSink(CountingSink):
    """A callback handles; `take` only lets time pass."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        handle = self._handle
        self._session = _session(case, listens=True)
        self._pause = threading.Event()

        def take(sample: Any) -> None:
            handle(sample.payload.to_bytes())

        self._kept = self._session.declare_subscriber("bench/there", take)

    def take(self, seconds: float) -> None:
        """Let Zenoh's thread work for so long."""
        self._pause.wait(seconds)

    def close(self) -> None:
        """Close subscriber and session."""
        self._kept.undeclare()
        self._session.close()


class OneSender:
    """`put(encode(message))`, express."""

    def __init__(self, case: Case) -> None:
        self._session = _session(case)
        self._put = _publisher(self._session, "bench/there", express=True).put
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: object) -> None:
        """Send one."""
        self._put(self._encode(message))

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def source(case: Case) -> PutSource:
    """Open the writing side."""
    return PutSource(case)


def sink(case: Case) -> CallbackSink:
    """Open the reading side."""
    return CallbackSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes."""
    with _session(case) as session:
        replies = session.declare_subscriber("bench/back")
        put = _publisher(session, "bench/there", express=True).put

        def recv() -> bytes:
            return replies.recv().payload.to_bytes()

        return round_trips(put, recv, warm_s, seconds)


def pong(case: Case, words: Words) -> None:
    """Send back what comes, from Zenoh's thread."""
    with _session(case, listens=True) as session:
        answers = _publisher(session, "bench/back", express=True, waits=False)

        def back(sample: Any) -> None:
            answers.put(sample.payload)

        kept = session.declare_subscriber("bench/there", back)
        ready(words)
        while words[TURN] >= 0:
            time.sleep(0.01)
        kept.undeclare()


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (PutSource, CallbackSink, _publisher, *handles.shown(case)),
        "trips": (ping, round_trips, pong, _publisher),
        "ticks": (OneSender, CallbackSink, _publisher, *handles.shown(case)),
    }
    return ways[way]
