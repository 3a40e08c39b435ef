"""What is counted: the slots of a counter block, by kind of owner, and frozen records of them.

Rules of this file:

* The numbers are those of native/ab_counters.h (a test compares them) and of statistics files: only ever append.
* The records have the names of ``actorbus run --summary json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, Self

import msgspec

__all__ = [
    "HANDLER",
    "RECORDER",
    "STREAM",
    "HandlerCounter",
    "HandlerCounters",
    "RecorderCounter",
    "RecorderCounters",
    "StreamCounter",
    "StreamCounters",
]

STREAM: Final = "stream"
"""Group of the blocks that are indexed by ``StreamCounter``."""
HANDLER: Final = "handler"
"""Group of the blocks that are indexed by ``HandlerCounter``, and of the handlers' latency histograms."""

RECORDER: Final = "recorder"
"""Group of the blocks that are indexed by ``RecorderCounter``."""


class StreamCounter(IntEnum):
    """Slots of a stream's block, in messages unless it says bytes. Native code writes them: publication and poller."""

    PUBLISHED = 0
    PUBLISHED_BYTES = 1
    DROPPED = 2
    BACK_PRESSURED = 3
    NOT_CONNECTED = 4
    RECEIVED = 5
    RECEIVED_BYTES = 6
    GAPS = 7
    MISSING = 8
    INVALID_FRAMES = 9
    MALFORMED = 10
    UNKNOWN_TYPE = 11
    UNWANTED = 12
    QUARANTINED = 13


class StreamCounters(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of one stream at one moment; several numbers are not one instant."""

    published: int = 0
    """Messages Aeron accepted."""
    received: int = 0
    """Messages handed over in a batch."""
    bytes: int = 0
    """Body bytes received."""
    gaps: int = 0
    """Holes seen in publishers' sequences."""
    dropped: int = 0
    """Messages given up by policy; each used up a sequence number."""
    back_pressured: int = 0
    """Messages that met back pressure, once each."""
    missing: int = 0
    """Messages in the holes."""
    invalid_frames: int = 0
    """Frames of Aeron dropped before ours was read."""
    malformed: int = 0
    """Our frame, or the body, is not what it says it is."""
    unknown_type: int = 0
    """Of a type the stream does not declare."""
    unwanted: int = 0
    """Of a declared type no handler here takes."""
    quarantined: int = 0
    """Entries ever put into the quarantine."""
    published_bytes: int = 0
    """Body bytes Aeron accepted."""
    not_connected: int = 0
    """Messages that found nobody connected, once each."""

    @classmethod
    def from_block(cls, numbers: Sequence[int]) -> Self:
        """Return the record of a block's 16 numbers."""
        return cls(
            published=numbers[StreamCounter.PUBLISHED],
            received=numbers[StreamCounter.RECEIVED],
            bytes=numbers[StreamCounter.RECEIVED_BYTES],
            gaps=numbers[StreamCounter.GAPS],
            dropped=numbers[StreamCounter.DROPPED],
            back_pressured=numbers[StreamCounter.BACK_PRESSURED],
            missing=numbers[StreamCounter.MISSING],
            invalid_frames=numbers[StreamCounter.INVALID_FRAMES],
            malformed=numbers[StreamCounter.MALFORMED],
            unknown_type=numbers[StreamCounter.UNKNOWN_TYPE],
            unwanted=numbers[StreamCounter.UNWANTED],
            quarantined=numbers[StreamCounter.QUARANTINED],
            published_bytes=numbers[StreamCounter.PUBLISHED_BYTES],
            not_connected=numbers[StreamCounter.NOT_CONNECTED],
        )


class HandlerCounter(IntEnum):
    """Slots of a handler's block. Written by the thread that runs the handler."""

    MESSAGES = 0
    ERRORS = 1
    RESTARTS = 2
    DROPPED = 3
    DEAD_LETTERS = 4


class HandlerCounters(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of one handler at one moment."""

    messages: int = 0
    errors: int = 0
    restarts: int = 0
    dropped: int = 0
    """Messages given up by the overflow policy of its mailbox, or cut off by the deadline of a stop."""
    dead_letters: int = 0
    """Messages that came for it while it was out because of an error, or that its full mailbox refused."""

    @classmethod
    def from_block(cls, numbers: Sequence[int]) -> Self:
        """Return the record of a block's 16 numbers."""
        return cls(
            messages=numbers[HandlerCounter.MESSAGES],
            errors=numbers[HandlerCounter.ERRORS],
            restarts=numbers[HandlerCounter.RESTARTS],
            dropped=numbers[HandlerCounter.DROPPED],
            dead_letters=numbers[HandlerCounter.DEAD_LETTERS],
        )


class RecorderCounter(IntEnum):
    """Slots of a recorder's block. Written by the recorder's thread, ten times a second."""

    RECORDS = 0
    BYTES = 1
    APPENDED = 2
    WRITTEN = 3
    DURABLE = 4
    SHED = 5
    HELD = 6
    FAULTS = 7
    RESTARTS = 8
    REPEATED = 9
    LOST = 10
    UNPURGED = 11
    WORDS = 12


class RecorderCounters(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of one recorder at one moment; positions are those of its recording."""

    records: int = 0
    """Messages recorded in this run, batch frames as one."""
    bytes: int = 0
    """Bytes of those, our frame included."""
    appended_position: int = 0
    """End of what the recorder took."""
    written_position: int = 0
    """End of what the operating system has: it survives the process."""
    durable_position: int = 0
    """End of what is on the disk: it survives a power loss."""
    shed: int = 0
    """Messages left out because the disk could not follow (`on_slow: shed`), or longer than a record may be."""
    held: int = 0
    """Times a message was left in the term buffer for want of room."""
    faults: int = 0
    """Writes and syncs that failed."""
    restarts: int = 0
    """Times the recording was resumed after one."""
    repeated: int = 0
    """Messages that came again from a living publisher after a restart, and were left out: the recording has them."""
    lost: int = 0
    """Messages counted in `records` that the recording could not keep after a failed write."""
    unpurged: int = 0
    """Looks at the retention that failed: nothing was removed then."""
    words: int = 0
    """Of `records`, those of streams without our frame that are a publisher's Hello, Beat or Bye: no message moved."""

    @classmethod
    def from_block(cls, numbers: Sequence[int]) -> Self:
        """Return the record of a block's 16 numbers."""
        return cls(
            records=numbers[RecorderCounter.RECORDS],
            bytes=numbers[RecorderCounter.BYTES],
            appended_position=numbers[RecorderCounter.APPENDED],
            written_position=numbers[RecorderCounter.WRITTEN],
            durable_position=numbers[RecorderCounter.DURABLE],
            shed=numbers[RecorderCounter.SHED],
            held=numbers[RecorderCounter.HELD],
            faults=numbers[RecorderCounter.FAULTS],
            restarts=numbers[RecorderCounter.RESTARTS],
            repeated=numbers[RecorderCounter.REPEATED],
            lost=numbers[RecorderCounter.LOST],
            unpurged=numbers[RecorderCounter.UNPURGED],
            words=numbers[RecorderCounter.WORDS],
        )
