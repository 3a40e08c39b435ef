"""The native sink of a recorder: what a subscription gets goes into a journal (native/ab_record.h).

Thread: the one that polls the subscription; `counts` is a copy of numbers that thread writes.
"""

from __future__ import annotations

from typing import NamedTuple

from actorbus.errors import ClosedError, InvalidValue, OutOfMemory
from actorbus.ffi.marks import Marks, follow_marks, repeated_of
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.waiting import Subscribed

__all__ = ["RecordCounts", "RecordSink"]


class RecordCounts(NamedTuple):
    """What a sink did since it was first attached."""

    records: int = 0
    """Given to the journal."""
    bytes: int = 0
    """Bytes of those, our frame included."""
    shed: int = 0
    """Messages left out by policy."""
    held: int = 0
    """Times a message was left in the term buffer for want of room, or of an open recording."""
    too_large: int = 0
    """Messages longer than a record may be: left out."""
    longest_ns: int = 0
    """The longest time between two passes, nanoseconds."""
    words: int = 0
    """Of the records of streams without our frame: those that are a publisher's Hello, Beat or Bye."""
    repeated: int = 0
    """Messages that came again after a restart and were left out: the recording has them."""


class RecordSink:
    """The recording end of one subscription."""

    __slots__ = ("_subscription",)

    def __init__(self, subscription: Subscribed) -> None:
        self._subscription = subscription

    def attach(self, journal: int, stream: int, *, framed: bool, shed: bool, patience_ns: int) -> None:
        """From now on messages go to a journal; again: to another one, or to none (0: they wait, or are shed).

        Args:
            journal: native handle of a journal open for writing, or 0.
            stream: the stream's number in the recording's table, 0 to 65535.
            framed: messages begin with our frame: Hello, Beat and Bye are not recorded.
            shed: leave messages out, counted, when there is no room; else they wait in the term buffer.
            patience_ns: with `shed`, after an absence longer than this what has piled up is left out.

        Raises:
            ClosedError: the subscription is closed. InvalidValue: a number out of range. OutOfMemory.
        """
        policy = lib.AB_RECORD_SHED if shed else lib.AB_RECORD_HOLD
        code = lib.ab_subscription_record(self._subscription.handle, journal, stream, int(framed), policy, patience_ns)
        if code == lib.AB_STALE:
            raise ClosedError("the subscription is closed")
        if code == lib.AB_NO_MEMORY:
            raise OutOfMemory("no memory for a recorder's sink")
        if code != lib.AB_OK:
            raise InvalidValue(
                f"stream number {stream} or patience {patience_ns} ns is out of range",
                hint="0 to 65535, and not negative",
            )

    def counts(self) -> RecordCounts:
        """Return what it did; zeros when nothing was attached or the subscription is closed."""
        counts = ffi.new("ab_record_counts *")
        if lib.ab_subscription_recorded(self._subscription.handle, counts) != lib.AB_OK:
            return RecordCounts()
        numbers = (
            counts.records,
            counts.bytes,
            counts.shed,
            counts.held,
            counts.too_large,
            counts.longest_ns,
            counts.words,
        )
        return RecordCounts(*numbers, self.repeated)

    @property
    def handle(self) -> int:
        """The native handle of its subscription."""
        return self._subscription.handle

    def follow(self, marks: Marks | None, stream: int, *, framed: bool) -> None:
        """Mark its sessions from now on, and leave out what their marks have; works for a port's messages too."""
        follow_marks(self._subscription, marks, stream, framed=framed)

    @property
    def repeated(self) -> int:
        """Messages left out because a mark has them."""
        return repeated_of(self._subscription)
