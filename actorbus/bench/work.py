"""The work of a case: messages and bodies that differ, the same for every system.

typed   three `Quote` to one `Fill`, msgpack arrays of 40 bytes and more, decoded as a union; the method for the type
        keeps one number and counts
bytes   N random bytes, a power of two of different bodies; the reader compares every byte of every body with what
        must come now, so that a body that is lost, torn or doubled is counted as wrong
"""

from __future__ import annotations

import random
from typing import Final, cast

import msgspec

import actorbus as ab
from actorbus.codec.frame import Frame, pack
from actorbus.message.base import MessageMeta

__all__ = [
    "FILL_ID",
    "FRAMES",
    "QUOTE_ID",
    "SYMBOL",
    "Fill",
    "Ping",
    "Quote",
    "Tick",
    "bodies_of",
    "count_of",
    "framed",
    "kind_class",
    "typed_bodies",
    "typed_message",
    "typed_messages",
]

QUOTE_ID, FILL_ID, PING_ID, TICK_ID, KIND_ID = 5001, 5002, 5003, 5004, 5100
FRAMES: Final = 16_384
"""Different messages before they come round again: 0.6 MB, more than a core's own cache."""
SYMBOL: Final = "EURUSD.SPOT"
SYMBOLS: Final = tuple(f"EURUSD.{number:04}" for number in range(64))
"""Those of the typed messages, in turn: a reader that keeps texts it met must not meet one alone."""


class Quote(ab.Message, type_id=QUOTE_ID, version=1):
    """Five fields, as a price update has."""

    seq: int
    symbol: str
    bid: int
    ask: int
    ts: int


class Fill(ab.Message, type_id=FILL_ID, version=1):
    """Five fields, as a trade has."""

    seq: int
    symbol: str
    price: int
    quantity: int
    side: int


class Ping(ab.Message, type_id=PING_ID, version=1):
    """What goes round."""

    n: int
    text: str


class Tick(ab.Message, type_id=TICK_ID, version=1):
    """A message with the moment it was due, CLOCK_MONOTONIC ns."""

    n: int
    due_ns: int


def typed_message(number: int) -> Quote | Fill:
    """Return message `number`: three quotes, then a fill."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    if number % 4 == 3:
        return Fill(number, symbol, 1_085_000 + number, 250_000_000_000, 1)
    return Quote(number, symbol, 1_085_000 + number, 1_085_100 + number, 1_700_000_000_000_000_000 + number)


def typed_bodies(count: int = FRAMES) -> list[bytes]:
    """Return encoded messages."""
    return [msgspec.msgpack.encode(typed_message(number)) for number in range(count)]


def typed_messages(count: int) -> list[Quote | Fill]:
    """Return so many messages, all different."""
    return [typed_message(number) for number in range(count)]


def bodies_of(size: int) -> list[bytes]:
    """Return bodies of `size` random bytes, the same in every process: a power of two of them, 4 MiB, 64 at least."""
    make = random.Random(size)  # noqa: S311 - not a secret: both sides make the same
    return [make.randbytes(size) for _ in range(count_of(size))]


def count_of(size: int) -> int:
    """Return how many different bodies of a size there are; 0 is for typed messages."""
    return max(64, min(FRAMES, 1 << ((4 << 20) // size).bit_length() - 1)) if size else FRAMES


def framed(body: bytes, *, type_id: int, sequence: int, publisher: int = 77, format_id: int = 1) -> bytes:
    """Return a message with our 32 bytes in front, as a publisher of ours sends it."""
    head = Frame(
        format=format_id, type_id=type_id, publisher=publisher, sequence=sequence, bodies=(body,), schema_version=1
    )
    return pack(head)


_kinds: dict[int, type[Quote]] = {}


def kind_class(number: int) -> type[Quote]:
    """Return message class `number` of a family laid out as a quote: kinds that merely exist beside those sent."""
    if number not in _kinds:
        name = f"Kind{number}"
        made = MessageMeta(name, (Quote,), {"__module__": __name__}, type_id=KIND_ID + number, version=1)
        _kinds[number] = cast("type[Quote]", made)
    return _kinds[number]
