"""pynng: Push0/Pull0 for throughput and Pair0 for round trips over ipc, with the calls its examples show."""

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

ABOUT = "nng over a Unix socket through cffi; every message passes threads of its own; bytes only; no driver needed."
PACKAGE = "pynng"
TIMEOUT_MS = 20
CONNECT_MS = 20_000


def _nng() -> Any:
    return importlib.import_module("pynng")


class PushSource:
    """Sends; a send that waits too long looks whether it is still its turn."""

    def __init__(self, case: Case) -> None:
        self._socket = _nng().Push0(dial=f"ipc://{case.place}/nng", block_on_dial=True, send_timeout=TIMEOUT_MS)
        self._frames = frames_of(case) if case.size else typed_bodies()

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        send, view, late, sent = self._socket.send, words.view, _nng().Timeout, 0
        while True:
            for frame in self._frames:
                try:
                    send(frame)
                    sent += 1
                except late:
                    pass
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class PullSink:
    """Receives and handles."""

    def __init__(self, case: Case, handle: Callable[..., None], seen: list[int]) -> None:
        self._socket = _nng().Pull0(listen=f"ipc://{case.place}/nng", recv_timeout=TIMEOUT_MS)
        self._handle, self._seen = handle, seen

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        recv, handle, late = self._socket.recv, self._handle, _nng().Timeout
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            try:
                handle(recv())
            except late:
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
    found, clock = Latencies(), time.perf_counter_ns
    with _nng().Pair0(dial=f"ipc://{case.place}/nng", block_on_dial=True, recv_timeout=CONNECT_MS) as socket:
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
    return found


def pong(case: Case, words: Words) -> None:
    """Send back what comes."""
    nng = _nng()
    with nng.Pair0(listen=f"ipc://{case.place}/nng", recv_timeout=TIMEOUT_MS) as socket:
        ready(words)
        while words[TURN] >= 0:
            try:
                socket.send(socket.recv())
            except nng.Timeout:
                continue
