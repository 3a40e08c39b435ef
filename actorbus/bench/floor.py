"""The floor in Python's hands: native flood, count, ping and pong through the same Aeron library (native/ab_floor.h).

Frames are handed over once, as one block; after that nothing of Python runs in the loop, and the GIL is free.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from actorbus.bench.words import TURN, Latencies, Words
from actorbus.errors import BrokenError
from actorbus.ffi.native import ffi, lib
from actorbus.transport import Client, Publication, Subscription

__all__ = ["Drained", "Flood", "add_publication", "add_subscription", "checksum_ns", "drain", "ping", "pong"]

SEQUENCE_AT = 16
"""Where our frame has its sequence."""
NS = 1_000_000_000


class Drained(NamedTuple):
    """What a count-only subscriber saw."""

    messages: int
    bytes: int
    checksum: int


def add_publication(client: Client, channel: str, stream_id: int) -> Publication:
    """Open a publication whose bodies go out as they are."""
    return client.add_publication(channel, stream_id, frame=False, format=0, publisher=1, types=[(1, 1)])


def add_subscription(client: Client, channel: str, stream_id: int) -> Subscription:
    """Open a subscription that takes bodies as they are."""
    return client.add_subscription(channel, stream_id, frame=False, format=0, types=[(1, 1, True)])


class Flood:
    """Offers the same frames round and round, each numbered anew."""

    def __init__(
        self,
        publication: Publication,
        frames: Sequence[bytes],
        *,
        numbered_at: int = -1,
        messages_each: int = 1,
        yields: bool = False,
    ) -> None:
        """Take the frames over.

        Args:
            publication: from `add_publication`.
            frames: what is sent.
            numbered_at: where a running number is written (SEQUENCE_AT for our frame), -1: nowhere.
            messages_each: how many messages a frame holds, and so how far its number moves.
            yields: give the core away after a refused offer, where there are more threads than cores.
        """
        self._publication = publication
        self._block = b"".join(frames)
        self._lengths = ffi.new("uint32_t[]", [len(frame) for frame in frames])
        self._count = len(frames)
        self._numbered_at = numbered_at
        self._each = messages_each
        self._yields = yields
        self._number = ffi.new("uint64_t *")

    def flood(self, words: Words, turn: int) -> int:
        """Offer until the TURN is not `turn`; returns how many messages were accepted.

        Raises:
            BrokenError: Aeron refused for good.
        """
        done = ffi.new("ab_floor_count *")
        code = lib.ab_floor_flood_wait(
            self._publication.handle, self._block, self._lengths, self._count, self._numbered_at, self._each,
            self._number, words.address(TURN), turn, self._yields, done,
        )  # fmt: skip
        _check(code, "flood")
        return done.messages * self._each


def drain(subscription: Subscription, words: Words, turn: int, seconds: float) -> Drained:
    """Count what comes for so long while the TURN is `turn`."""
    done = ffi.new("ab_floor_count *")
    deadline = time.monotonic_ns() + int(seconds * NS)
    _check(lib.ab_floor_drain_wait(subscription.handle, words.address(TURN), turn, deadline, done), "drain")
    return Drained(done.messages, done.bytes, done.checksum)


def ping(out: Publication, back: Subscription, size: int, warm_s: float, seconds: float) -> Latencies:
    """Make round trips one after the other; those of the first `warm_s` are not recorded."""
    found = Latencies()
    now = time.monotonic_ns()
    warm = now + int(warm_s * NS)
    code = lib.ab_floor_ping_wait(out.handle, back.handle, size, warm, warm + int(seconds * NS), found.memory)
    _check(code, "ping")
    return found


def pong(back: Publication, there: Subscription, words: Words, turn: int) -> None:
    """Send back what comes while the TURN is `turn`."""
    _check(lib.ab_floor_pong_wait(back.handle, there.handle, words.address(TURN), turn), "pong")


def checksum_ns(size: int, records: int) -> float:
    """Return what the checksums of one journal record of `size` bytes (0 to 4096) cost by themselves, nanoseconds."""
    total = lib.ab_floor_checksum_wait(size, records, ffi.new("uint32_t *"))
    if total < 0:
        raise BrokenError(f"no checksums of {records} records of {size} bytes", hint="0 to 4096 bytes")
    return total / records


def _check(code: int, what: str) -> None:
    if code != lib.AB_OK:
        raise BrokenError(f"the native {what} ended with code {code}", hint="look at the driver's error log")
