"""multiprocessing.connection: the Connection objects that multiprocessing.Pipe() gives (a Unix socket); no pickle.

Over loopback TCP where a case says so: the same objects of `Listener` and `Client` with an address.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import threading
import time
from collections.abc import Generator
from multiprocessing.connection import Client, Connection, Listener

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import handles
from actorbus.bench.peers.asking import address_of, round_trips, tell_address
from actorbus.bench.peers.handles import CountingSink
from actorbus.bench.peers.native_floor import frames_of
from actorbus.bench.side import ready
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import count_of

__all__ = [
    "ABOUT",
    "PACKAGE",
    "OneSender",
    "PipeSink",
    "PipeSource",
    "at_rest",
    "ping",
    "pong",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = "Standard library; two system calls a message; one writer, one reader; nothing to install."
PACKAGE = ""
POLL_S = 0.005
BATCH = 256


def _chunk_of(case: Case) -> int:
    """Return the messages of a chunk, which both sides know: a look whether something is there costs 20 µs."""
    return 1 if case.form == "ticks" else min(BATCH, count_of(case.size))


def _listen(case: Case) -> Listener:
    listener = Listener(("127.0.0.1", 0) if case.tcp else f"{case.place}/pipe{case.lane}", backlog=1)
    tell_address(case, repr(listener.address))
    return listener


def _connect(case: Case) -> Connection:
    return Client(ast.literal_eval(address_of(case)))


class PipeSource:
    """Sends; the socket's buffer makes it wait, so the reader drains until the writer's turn has ended."""

    def __init__(self, case: Case) -> None:
        self._connection = _connect(case)
        self._chunks = itertools.cycle(list(itertools.batched(frames_of(case), _chunk_of(case))))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends; chunks are whole, as the reader takes so many without looking."""
        send, view, sent = self._connection.send_bytes, words.view, 0
        for chunk in self._chunks:
            for frame in chunk:
                send(frame)
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class PipeSink(CountingSink):
    """Receives and handles while something is there."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._listener = _listen(case)
        self._connection: Connection | None = None
        self._chunk = _chunk_of(case)

    def take(self, seconds: float) -> None:
        """Receive for so long."""
        if self._connection is None:
            self._connection = self._listener.accept()
        poll, recv, handle, chunk = self._connection.poll, self._connection.recv_bytes, self._handle, self._chunk
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if poll(POLL_S):
                for _ in range(chunk):
                    handle(recv())

    def close(self) -> None:
        """Close connection and listener."""
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


class OneSender:
    """`send_bytes(encode(message))`."""

    def __init__(self, case: Case) -> None:
        self._connection = _connect(case)
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: object) -> None:
        """Send one."""
        self._connection.send_bytes(self._encode(message))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def source(case: Case) -> PipeSource:
    """Open the writing side."""
    return PipeSource(case)


def sink(case: Case) -> PipeSink:
    """Open the reading side."""
    return PipeSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of 32 bytes."""
    with _connect(case) as connection:
        return round_trips(connection.send_bytes, connection.recv_bytes, warm_s, seconds)


def pong(case: Case, words: Words) -> None:
    """Send back what comes, until the asker has gone."""
    with _listen(case) as listener:
        ready(words)
        with listener.accept() as connection:
            while words[TURN] >= 0:
                try:
                    connection.send_bytes(connection.recv_bytes())
                except EOFError:
                    return


@contextlib.contextmanager
def at_rest(case: Case) -> Generator[None]:
    """Hold both ends in this process, a thread waiting in `recv_bytes`."""
    taken = handles.Bodies(32)
    with _listen(case) as listener:

        def listen() -> None:
            with listener.accept() as connection, contextlib.suppress(EOFError):
                while True:
                    taken.take(connection.recv_bytes())

        listener_thread = threading.Thread(target=listen)
        listener_thread.start()
        with _connect(case) as connection:
            for number in range(2000):
                connection.send_bytes(number.to_bytes(32, "little"))
            yield
        listener_thread.join()


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (PipeSource, PipeSink, *handles.shown(case)),
        "trips": (ping, round_trips, pong),
        "ticks": (OneSender, PipeSink, *handles.shown(case)),
        "rest": (at_rest,),
    }
    return ways[way]
