"""pyaeron + msgspec: what one writes by hand for typed messages on pyaeron: a union decoder, a table of methods."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import handles
from actorbus.bench.peers.handles import Handle, Methods
from actorbus.bench.peers.native_floor import NativeSource
from actorbus.bench.peers.pyaeron_raw import OneSender, PolledSink, at_rest
from actorbus.bench.peers.pyaeron_trips import CONNECT_S, answer, ask, ask_alone, client
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import SYMBOL, Fill, Ping, Quote, typed_bodies, typed_messages

__all__ = [
    "ABOUT",
    "PACKAGE",
    "Offering",
    "QueueSink",
    "TypedSource",
    "alone",
    "at_rest",
    "ping",
    "pong",
    "publishing",
    "ran",
    "sender",
    "sink",
    "source",
]

ABOUT = (
    "pyaeron with a msgspec decoder and a table of methods, written by hand: types, but no frame, no gap check, no "
    "quarantine, no supervision, no statistics."
)
PACKAGE = "pyaeron"
BLOCK = 64
DIFFERENT = 4096


class TypedSource:
    """`offer(encode(message))` in a loop."""

    def __init__(self, case: Case) -> None:
        self._client = client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        self._chunks = itertools.cycle(list(itertools.batched(typed_messages(DIFFERENT), BLOCK)))

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        offer, encode, view, sent = self._publication.offer, msgspec.msgpack.Encoder().encode, words.view, 0
        for chunk in self._chunks:
            for message in chunk:
                body = encode(message)
                while not offer(body):
                    pass
            sent += len(chunk)
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


class QueueSink(PolledSink):
    """Polls, decodes, and hands over by a queue to a thread that calls the methods."""

    def __init__(self, case: Case) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        handle, methods = self._handing_over()
        super().__init__(case, (handle, methods))
        self._worker = threading.Thread(target=self._work, args=(methods,))
        self._worker.start()

    def _handing_over(self) -> tuple[Handle, Methods]:
        decode, put, size = msgspec.msgpack.Decoder(Quote | Fill).decode, self._queue.put, self._queue.qsize

        def handle(buffer: bytes, header: object = None) -> None:
            put(decode(buffer))
            while size() > QUEUED_MAX:  # the queue has no bound
                threading.Event().wait(0.0005)

        return handle, Methods()

    def _work(self, methods: Methods) -> None:
        get = self._queue.get
        table: dict[type, Callable[[Any], None]] = {Quote: methods.quote, Fill: methods.fill}
        while (message := get()) is not None:
            table[type(message)](message)

    def close(self) -> None:
        """End the thread, close subscription and client."""
        self._queue.put(None)
        self._worker.join()
        super().close()


QUEUED_MAX = 10_000


class Offering:
    """`publish` measured: `offer(encode(message))`, and its parts alone, on a publication of its own."""

    def __init__(self, case: Case, part: str) -> None:
        self._client = client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        self._publication.await_connected(CONNECT_S)
        self._encode, self._offer = msgspec.msgpack.Encoder().encode, self._publication.offer
        self.block: Callable[[Sequence[Any]], object] = {
            "": self.one_by_one, "offer": self.offer_alone, "encode": self.encode_alone,
        }[part]  # fmt: skip
        self.sends = part != "encode"
        self.refused = 0
        """How many offers Aeron refused so far: a turn in which one was is not counted."""

    def prepared(self, block: Sequence[Any]) -> Sequence[Any]:
        """Return what a block is made of: messages, or bodies where the encode is not measured."""
        return [self._encode(message) for message in block] if self.block == self.offer_alone else list(block)

    def one_by_one(self, messages: Sequence[Any]) -> None:
        """Encode and offer each."""
        encode, offer = self._encode, self._offer
        for message in messages:
            while not offer(encode(message)):
                self.refused += 1

    def offer_alone(self, bodies: Sequence[bytes]) -> None:
        """Offer each body."""
        offer = self._offer
        for body in bodies:
            while not offer(body):
                self.refused += 1

    def encode_alone(self, messages: Sequence[Any]) -> None:
        """Encode each; nothing goes out."""
        encode = self._encode
        for message in messages:
            encode(message)

    def one(self, message: Any) -> None:
        """Publish one."""
        while not self._offer(self._encode(message)):
            self.refused += 1

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


def publishing(case: Case, part: str) -> Offering:
    """Open what `publish` is measured with; `part`: of the ways it knows, empty for message by message."""
    return Offering(case, part)


def source(case: Case) -> NativeSource | TypedSource:
    """Open the writing side."""
    return TypedSource(case) if case.own_publish else NativeSource(case, typed_bodies())


def sink(case: Case) -> PolledSink:
    """Open the reading side."""
    return QueueSink(case) if case.dispatch != "inline" else PolledSink(case)


def sender(case: Case) -> OneSender:
    """Open a sender of single messages."""
    return OneSender(case)


def _codec() -> tuple[Callable[[int], bytes], Callable[[bytes], object], Callable[[bytes], bytes]]:
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Ping).decode
    return (lambda number: encode(Ping(number, SYMBOL))), decode, (lambda body: encode(decode(body)))


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of typed messages: build, encode, offer, poll, decode."""
    question, decode, _ = _codec()
    return ask(case, warm_s, seconds, question, decode)


def pong(case: Case, words: Words) -> None:
    """Decode, encode, send back."""
    answer(case, words, _codec()[2])


def alone(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Ask and answer in one loop."""
    return ask_alone(case, warm_s, seconds, *_codec())


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    writes = TypedSource if case.own_publish else NativeSource
    reads = QueueSink if case.dispatch != "inline" else PolledSink
    ways: dict[str, tuple[object, ...]] = {
        "turns": (writes, reads, *handles.shown(case)),
        "trips": (ask, answer, _codec),
        "ticks": (OneSender, PolledSink, *handles.shown(case)),
        "alone": (ask_alone, _codec),
        "publish": (Offering,),
        "rest": (at_rest,),
    }
    return ways[way]
