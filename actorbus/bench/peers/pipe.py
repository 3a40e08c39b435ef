"""multiprocessing.connection: the Connection objects (a Unix socket) that multiprocessing.Pipe() gives; no pickle."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener

from actorbus.bench.case import Case
from actorbus.bench.peers.pyaeron_raw import frames_of, read_first
from actorbus.bench.peers.pyaeron_typed import typed_handle
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import typed_bodies

__all__ = ["ABOUT", "PACKAGE", "PipeSink", "PipeSource", "ping", "pong", "sink", "source"]

ABOUT = "Standard library; two system calls a message; one writer, one reader; nothing to install."
PACKAGE = ""
CONNECT_S = 20.0
POLL_S = 0.005
BATCH = 256


def _path(case: Case) -> str:
    return f"{case.place}/pipe{case.lane}"


def _connect(case: Case) -> Connection:
    deadline = time.monotonic() + CONNECT_S
    while True:
        try:
            return Client(_path(case))
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class PipeSource:
    """Sends; the socket's buffer makes it wait, so the reader drains until the writer's turn has ended."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._connection: Connection | None = None
        frames = frames_of(case) if case.size else typed_bodies()
        self._chunks = [(frames * (BATCH // len(frames) + 1))[at : at + BATCH] for at in range(0, len(frames), BATCH)]

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        if self._connection is None:
            self._connection = _connect(self._case)
        send, view, sent = self._connection.send_bytes, words.view, 0
        while True:
            for chunk in self._chunks:  # always whole: the reader takes as many without looking
                for frame in chunk:
                    send(frame)
                sent += BATCH
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


class PipeSink:
    """Receives and handles while something is there."""

    def __init__(self, case: Case, handle: Callable[..., None], seen: list[int]) -> None:
        self._listener = Listener(_path(case))
        self._connection: Connection | None = None
        self._handle, self._seen = handle, seen

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        if self._connection is None:
            self._connection = self._listener.accept()
        poll, recv, handle = self._connection.poll, self._connection.recv_bytes, self._handle
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if poll(POLL_S):
                for _ in range(BATCH):
                    handle(recv())

    @property
    def count(self) -> int:
        """Messages handled."""
        return self._seen[0]

    def close(self) -> None:
        """Close connection and listener."""
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


def source(case: Case) -> PipeSource:
    """Open the writing side."""
    return PipeSource(case)


def sink(case: Case) -> PipeSink:
    """Open the reading side."""
    return PipeSink(case, *(read_first(case) if case.size else typed_handle()))


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes."""
    found, clock = Latencies(), time.perf_counter_ns
    with _connect(case) as connection:
        began = start = clock()
        warm, until, number = began + int(warm_s * 1e9), began + int((warm_s + seconds) * 1e9), 0
        while start < until:
            number += 1
            start = clock()
            connection.send_bytes(number.to_bytes(32, "little"))
            body = connection.recv_bytes()
            took = clock() - start
            if int.from_bytes(body[:8], "little") != number:
                raise ValueError(f"asked {number}, was answered {body[:8]!r}")
            if start > warm:
                found.record(took)
    return found


def pong(case: Case, words: Words) -> None:
    """Send back what comes, until the asker has gone."""
    with Listener(_path(case)) as listener:
        ready(words)
        with listener.accept() as connection:
            while words[TURN] >= 0:
                try:
                    connection.send_bytes(connection.recv_bytes())
                except EOFError:
                    return
