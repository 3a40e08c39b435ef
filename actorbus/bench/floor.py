"""The floor in Python's hands: flood, read, round trips, ticks through the same Aeron library (native/ab_floor.h).

Frames are handed over once, as one block; after that nothing of Python runs in the loop, and the GIL is free.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

from actorbus.bench.words import TURN, Latencies, Words
from actorbus.errors import BrokenError
from actorbus.ffi import journal
from actorbus.ffi.native import ffi, lib
from actorbus.transport import Client, Publication, Subscription

__all__ = [
    "HEAD",
    "OURS",
    "SEQUENCE_AT",
    "WHOLE",
    "Drained",
    "Flood",
    "add_publication",
    "add_subscription",
    "checksum_ns",
    "drain",
    "hear",
    "ping",
    "pong",
    "slow_disk",
    "slow_sync_ms",
    "tick",
]

HEAD: Final = lib.AB_FLOOR_HEAD
"""Read the first word of each message."""
WHOLE: Final = lib.AB_FLOOR_WHOLE
"""Read all of each message."""
OURS: Final = lib.AB_FLOOR_OURS
"""Count as many messages as a frame of ours says."""

SEQUENCE_AT = 16
"""Where our frame has its sequence."""
NS = 1_000_000_000


class Drained(NamedTuple):
    """What a native subscriber saw."""

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


def drain(
    subscription: Subscription, words: Words, turn: int, seconds: float, *, skip: int = 0, record: int = HEAD
) -> Drained:
    """Read and count what comes for so long while the TURN is `turn`.

    Args:
        subscription: from `add_subscription`.
        words: of the case.
        turn: ends when the word says another one.
        seconds: at most.
        skip: bytes in front of what is read.
        record: HEAD, WHOLE, OURS, or the length of records that are messages each.
    """
    done = ffi.new("ab_floor_count *")
    deadline = time.monotonic_ns() + int(seconds * NS)
    code = lib.ab_floor_drain_wait(subscription.handle, words.address(TURN), turn, deadline, skip, record, done)
    _check(code, "drain")
    return Drained(done.messages, done.bytes, done.checksum)


def ping(
    out: Publication,
    back: Subscription,
    size: int,
    warm_s: float,
    seconds: float,
    own: tuple[Publication, Subscription] | None = None,
) -> Latencies:
    """Make round trips one after the other; those of the first `warm_s` are not recorded.

    `own`: where this thread sends answers, and takes questions, itself; None: another process does.
    """
    found = Latencies()
    now = time.monotonic_ns()
    warm = now + int(warm_s * NS)
    answers, questions = (own[0].handle, own[1].handle) if own else (0, 0)
    code = lib.ab_floor_ping_wait(
        out.handle, back.handle, answers, questions, size, warm, warm + int(seconds * NS), found.memory
    )
    _check(code, "ping")
    return found


def pong(back: Publication, there: Subscription, words: Words, turn: int) -> None:
    """Send back what comes while the TURN is `turn`."""
    _check(lib.ab_floor_pong_wait(back.handle, there.handle, words.address(TURN), turn), "pong")


def tick(out: Publication, rate: int, warm_s: float, seconds: float) -> int:
    """Send ticks at a rate, those of the first `warm_s` with the number -1; returns how many others went out."""
    sent, now = ffi.new("int64_t *"), time.monotonic_ns()
    warm = now + int(warm_s * NS)
    _check(lib.ab_floor_tick_wait(out.handle, NS // rate, warm, warm + int(seconds * NS), sent), "tick")
    return sent[0]


def hear(ticks: Subscription, words: Words, turn: int, seconds: float, found: Latencies) -> int:
    """Record how late ticks come for so long while the TURN is `turn`; returns how many came."""
    done = ffi.new("ab_floor_count *")
    deadline = time.monotonic_ns() + int(seconds * NS)
    _check(lib.ab_floor_hear_wait(ticks.handle, words.address(TURN), turn, deadline, found.memory, done), "hear")
    return done.messages


def checksum_ns(size: int, records: int) -> float:
    """Return what the checksums of one journal record of `size` bytes (0 to 4096) cost by themselves, nanoseconds."""
    total = lib.ab_floor_checksum_wait(size, records, ffi.new("uint32_t *"))
    if total < 0:
        raise BrokenError(f"no checksums of {records} records of {size} bytes", hint="0 to 4096 bytes")
    return total / records


@contextlib.contextmanager
def slow_disk(sync_s: float) -> Generator[None]:
    """Let journals that this process opens meanwhile have a disk whose fdatasync takes so long, and nothing else."""
    sync_ns = int(sync_s * NS)

    class Slow:
        """The native functions, with another way to open a journal."""

        def __getattr__(self, name: str) -> object:
            return getattr(lib, name)

        def ab_journal_port_open_wait(self, options: Any, opened: Any, error: Any) -> int:
            return lib.ab_floor_slow_disk_open_wait(options, opened, error, sync_ns)

    border: Any = journal
    border.lib = Slow()
    try:
        yield
    finally:
        border.lib = lib


def slow_sync_ms() -> float:
    """Return what a fdatasync of such disks took in this process, the mean; 0.0: there was none."""
    syncs = ffi.new("int64_t *")
    spent = lib.ab_floor_slow_disk_spent(syncs)
    return spent / syncs[0] / 1e6 if syncs[0] else 0.0


def _check(code: int, what: str) -> None:
    if code != lib.AB_OK:
        raise BrokenError(f"the native {what} ended with code {code}", hint="look at the driver's error log")
