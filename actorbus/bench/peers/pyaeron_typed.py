"""pyaeron + msgspec: what one writes by hand for typed messages on pyaeron: a union decoder, a table of methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.peers import pyaeron_raw as raw
from actorbus.bench.peers.pyaeron_raw import NativeSource, PolledSink
from actorbus.bench.words import TURN, Latencies, Words
from actorbus.bench.work import SYMBOL, Fill, Ping, Quote, typed_bodies, typed_message

__all__ = ["ABOUT", "PACKAGE", "ping", "pong", "sink", "source", "typed_handle"]

ABOUT = (
    "pyaeron with a msgspec decoder and a table of methods, written by hand: types, but no frame, no gap check, no "
    "quarantine, no supervision, no statistics."
)
PACKAGE = "pyaeron"


def typed_handle() -> tuple[Callable[..., None], list[int]]:
    """Return the callback that every peer without types of its own uses, and where it counts."""
    seen = [0, 0]
    decode = msgspec.msgpack.Decoder(Quote | Fill).decode

    class Methods:
        """The same two methods as our handler has."""

        def __init__(self) -> None:
            self.last = 0

        def quote(self, m: Quote) -> None:
            self.last = m.bid
            seen[0] += 1

        def fill(self, m: Fill) -> None:
            self.last = m.price
            seen[0] += 1

    methods = Methods()
    table: dict[type, Callable[[Any], None]] = {Quote: methods.quote, Fill: methods.fill}

    def handle(buffer: bytes, header: object = None) -> None:
        message = decode(buffer)
        table[type(message)](message)

    return handle, seen


def source(case: Case) -> NativeSource | TypedSource:
    """Open the writing side."""
    return TypedSource(case) if case.own_publish else NativeSource(case, typed_bodies())


class TypedSource:
    """`offer(encode(message))` in a loop."""

    def __init__(self, case: Case) -> None:
        self._client = raw.client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        messages = [typed_message(number) for number in range(4096)]
        self._chunks = [messages[at : at + 64] for at in range(0, len(messages), 64)]

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        offer, encode, view, sent = self._publication.offer, msgspec.msgpack.Encoder().encode, words.view, 0
        while True:
            for chunk in self._chunks:
                for message in chunk:
                    body = encode(message)
                    while not offer(body):
                        if view[TURN] != turn:
                            return sent
                sent += len(chunk)
                if view[TURN] != turn:
                    return sent

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


def sink(case: Case) -> PolledSink:
    """Open the reading side."""
    return PolledSink(case, *typed_handle())


def ping(case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
    """Make round trips of typed messages: build, encode, offer, poll, decode."""
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Ping).decode
    return raw.ask(
        case, words, warm_s, seconds, lambda number: encode(Ping(number, SYMBOL)), lambda body: decode(body).n
    )


def pong(case: Case, words: Words) -> None:
    """Decode, encode, send back."""
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Ping).decode
    raw.answer(case, words, lambda body: encode(decode(body)))
