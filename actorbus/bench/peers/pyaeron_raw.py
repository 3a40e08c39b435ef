"""pyaeron: exclusive publications and polled subscriptions, as its README uses them. Bodies are bytes."""

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
from actorbus.bench.peers.handles import CountingSink, Handle, Taken
from actorbus.bench.peers.native_floor import NativeSource, frames_of
from actorbus.bench.peers.pyaeron_trips import CONNECT_S, answer, ask, ask_alone, client
from actorbus.bench.words import TURN, Latencies, Words

__all__ = [
    "ABOUT",
    "PACKAGE",
    "OneSender",
    "OwnSource",
    "PolledSink",
    "alone",
    "at_rest",
    "ping",
    "pong",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = (
    "C extension over the same Aeron library; keeps the GIL; bytes only: no frame, types, gap check, handlers, "
    "supervision. The fastest way from Python to Aeron."
)
PACKAGE = "pyaeron"
BATCH = 256
BLOCK = 64


class PolledSink(CountingSink):
    """Polls one subscription with a callback."""

    def __init__(self, case: Case, handled: tuple[Handle, Taken] | None = None) -> None:
        super().__init__(case, handled)
        self._client = client(case)
        self._subscription: Any = self._client.add_subscription(case.channel, case.stream_id)

    def take(self, seconds: float) -> None:
        """Poll for so long; the clock is read once in 16 polls."""
        poll, handle, clock = self._subscription.poll, self._handle, time.perf_counter
        until = clock() + seconds
        while clock() < until:
            for _ in range(16):
                poll(handle, BATCH)

    def close(self) -> None:
        """Close subscription and client."""
        self._subscription.close()
        self._client.close()


class OwnSource:
    """`offer` in a loop, again when refused."""

    def __init__(self, case: Case, frames: list[bytes] | None = None) -> None:
        self._client = client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        self._chunks = itertools.cycle(list(itertools.batched(frames or frames_of(case), BLOCK)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        offer, view, sent = self._publication.offer, words.view, 0
        for chunk in self._chunks:
            for frame in chunk:
                while not offer(frame):
                    pass
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


class OneSender:
    """`offer(encode(message))`."""

    def __init__(self, case: Case) -> None:
        self._client = client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        self._publication.await_connected(CONNECT_S)
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: object) -> None:
        """Send one, again when refused."""
        body, offer = self._encode(message), self._publication.offer
        while not offer(body):
            pass

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


def source(case: Case) -> NativeSource | OwnSource:
    """Open the writing side."""
    return OwnSource(case) if case.own_publish else NativeSource(case, frames_of(case))


def sink(case: Case) -> PolledSink:
    """Open the reading side."""
    return PolledSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def _same(body: bytes) -> bytes:
    return body


def _question(number: int) -> bytes:
    return number.to_bytes(32, "little")


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of numbered payloads; an answer that differs raises."""
    return ask(case, warm_s, seconds, _question, _same)


def pong(case: Case, words: Words) -> None:
    """Send every body back as it came."""
    answer(case, words, _same)


def alone(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Ask and answer in one loop."""
    return ask_alone(case, warm_s, seconds, _question, _same, _same)


@contextlib.contextmanager
def at_rest(case: Case) -> Generator[None]:
    """Run publisher, polling subscriber and media driver in this process; nobody sends after the first messages."""
    pyaeron: Any = importlib.import_module("pyaeron")
    over, taken = threading.Event(), handles.Bodies(32)
    with (
        pyaeron.MediaDriver(dir=f"{case.place}/pyaeron", threading="shared"),
        pyaeron.Aeron(dir=f"{case.place}/pyaeron") as aeron,
        aeron.add_subscription(case.channel, 1) as subscription,
        aeron.add_exclusive_publication(case.channel, 1) as publication,
    ):

        def listen() -> None:
            idle, poll = pyaeron.IdleStrategy.backoff().idle, subscription.poll
            while not over.is_set():
                idle(poll(taken.take, BATCH))

        listener = threading.Thread(target=listen)
        listener.start()
        publication.await_connected(CONNECT_S)
        for number in range(2000):
            while not publication.offer(number.to_bytes(32, "little")):
                pass
        try:
            yield
        finally:
            over.set()
            listener.join()


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    ways: dict[str, tuple[object, ...]] = {
        "turns": (OwnSource if case.own_publish else NativeSource, PolledSink, *handles.shown(case)),
        "trips": (ask, answer),
        "ticks": (OneSender, PolledSink, *handles.shown(case)),
        "alone": (ask_alone,),
        "rest": (at_rest,),
    }
    return ways[way]
