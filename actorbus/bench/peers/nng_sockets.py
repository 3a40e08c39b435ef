"""pynng: Push0/Pull0 for throughput, Pair0 for round trips, with the calls its examples show; ipc, or loopback TCP."""

from __future__ import annotations

import importlib
import itertools
import socket
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
    "OneSender",
    "PullSink",
    "PushSource",
    "ping",
    "pong",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = (
    "nng over a Unix socket or TCP through cffi; every message passes threads of its own; bytes only; no driver needed."
)
PACKAGE = "pynng"
TIMEOUT_MS = 20
CONNECT_MS = 20_000
BATCH = 64


def _nng() -> Any:
    return importlib.import_module("pynng")


def _place(case: Case) -> str:
    """Return where this side listens, told to the other one."""
    address = f"ipc://{case.place}/nng{case.lane}"
    if case.tcp:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    tell_address(case, address)
    return address


class PushSource:
    """Sends; a send that waits too long is made again."""

    def __init__(self, case: Case) -> None:
        self._socket = _nng().Push0(dial=address_of(case), block_on_dial=True, send_timeout=TIMEOUT_MS)
        self._chunks = itertools.cycle(list(itertools.batched(frames_of(case), BATCH)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        send, view, late, sent = self._socket.send, words.view, _nng().Timeout, 0
        for chunk in self._chunks:
            for frame in chunk:
                while True:
                    try:
                        send(frame)
                        break
                    except late:
                        continue
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class PullSink(CountingSink):
    """Receives and handles."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._socket = _nng().Pull0(listen=_place(case), recv_timeout=TIMEOUT_MS)

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        recv, handle, late = self._socket.recv, self._handle, _nng().Timeout
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            try:
                for _ in range(BATCH):
                    handle(recv())
            except late:
                continue

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class OneSender:
    """`send(encode(message))`."""

    def __init__(self, case: Case) -> None:
        self._socket = _nng().Push0(dial=address_of(case), block_on_dial=True, send_timeout=CONNECT_MS)
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
    with _nng().Pair0(dial=address_of(case), block_on_dial=True, recv_timeout=CONNECT_MS) as pair:
        return round_trips(pair.send, pair.recv, warm_s, seconds)


def pong(case: Case, words: Words) -> None:
    """Send back what comes."""
    nng = _nng()
    with nng.Pair0(listen=_place(case), recv_timeout=TIMEOUT_MS) as pair:
        ready(words)
        while words[TURN] >= 0:
            try:
                pair.send(pair.recv())
            except nng.Timeout:
                continue


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (PushSource, PullSink, *handles.shown(case)),
        "trips": (ping, round_trips, pong),
        "ticks": (OneSender, PullSink, *handles.shown(case)),
    }
    return ways[way]
