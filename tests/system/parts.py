"""Sources and handlers of the system tests: payloads that carry their own number and checksum, and their checker.

A payload is `u64 number, u32 crc32 of the rest, filler`. The filler differs in every message, so that a body delivered
under another's number cannot pass. What the checker saw it writes to a JSON file at its end.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import actorbus as ab

HEAD = struct.Struct("<QI")


def payload(number: int, size: int) -> bytes:
    """Return payload `number` of `size` bytes (12 at the least)."""
    filler = (number * 2654435761 % 2**32).to_bytes(4, "little") * (size // 4 + 1)
    filler = filler[: size - HEAD.size]
    return HEAD.pack(number, zlib.crc32(filler, number & 0xFFFFFFFF)) + filler


def number_of(body: bytes) -> int:
    """Return a payload's number, or -1 when its checksum is wrong."""
    number, checksum = HEAD.unpack_from(body)
    return number if zlib.crc32(memoryview(body)[HEAD.size :], number & 0xFFFFFFFF) == checksum else -1


class Counting(ab.Source[bytes]):
    """Yields payloads 0 to `count` - 1."""

    def __init__(self, *, count: int, size: int) -> None:
        self.count = count
        self.size = size

    def produce(self) -> Iterator[bytes]:
        for number in range(self.count):
            yield payload(number, self.size)


class Checker(ab.Handler):
    """Checks that payloads come whole, in order, none missing; writes what it saw to `report`."""

    def __init__(self, *, report: str) -> None:
        self.report = report
        self.expected = 0
        self.received = 0
        self.wrong = 0
        self.first_wrong = ""
        self.bytes = 0

    @ab.on(bytes)
    def body(self, body: bytes) -> None:
        number = number_of(body)
        if number != self.expected:
            self.wrong += 1
            self.first_wrong = self.first_wrong or f"got {number} where {self.expected} was due"
        self.expected = number + 1
        self.received += 1
        self.bytes += len(body)

    def on_stop(self) -> None:
        Path(self.report).write_text(
            json.dumps(
                {
                    "received": self.received,
                    "wrong": self.wrong,
                    "first_wrong": self.first_wrong,
                    "next": self.expected,
                    "bytes": self.bytes,
                }
            )
        )


class Pacing(ab.Source[bytes]):
    """Yields payloads from 0 on, one each `every_ns` by the monotonic clock, until it is stopped."""

    def __init__(self, *, every_ns: int, size: int) -> None:
        self.every_ns = every_ns
        self.size = size

    def produce(self) -> Iterator[bytes]:
        number, due = 0, self.clock.monotonic_ns()
        while self.clock.sleep_until_ns(due):
            yield payload(number, self.size)
            number += 1
            due += self.every_ns


class Watching(Checker):
    """A checker that may join late, and tells what it saw while it goes: five times a second."""

    def __init__(self, *, report: str) -> None:
        super().__init__(report=report)
        self.expected = -1

    def on_start(self) -> None:
        self.every("200ms", self.on_stop)

    @ab.on(bytes)
    def body(self, body: bytes) -> None:
        if self.expected < 0:
            self.expected = number_of(body)
        super().body(body)
