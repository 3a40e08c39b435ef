"""A parcel: decoded messages on their way to a handler of another thread, with where each came from.

    poller: port.copy() -> Origin (one copy a batch, shared)     mailbox: Parcel(origin, messages, places)

A port's batch is gone at its next poll, so what a handler's `Meta` and the quarantine may ask later is copied once: the
batch's bytes and its records, packed by native code (`PollPort.copy`). Nothing is unpacked before somebody asks.

Immutable once made, but for `rejected`; any thread.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from actorbus.dispatch.meta import Record

__all__ = ["PLACE", "RECORD", "Origin", "Parcel", "Refused", "place_at", "record_at", "records_of"]

RECORD = struct.Struct("<iIqQqIHHIIq")
"""session, index, position, sequence, publish_time_ns, publisher, type_id, version, offset, length, receive_time_ns."""

PLACE = struct.Struct("<qq")
"""Sequence in the recording (-1: it came live), position in it."""

Refused = tuple[int, int, int, int, int, int, int, str, bytes]
"""What `PollPort.put` takes: session, position, index, sequence, type_id, version, reason, error, body."""


def records_of(packed: bytes) -> Iterator[Record]:
    """Yield where each message of a batch came from, of what `Port.packed` returned."""
    return map(_record, RECORD.iter_unpack(packed))


def record_at(packed: bytes, place: int) -> Record:
    """Return where the message at a place of a batch came from, of what `Port.packed` returned."""
    return _record(RECORD.unpack_from(packed, place * RECORD.size))


def place_at(places: bytes | None, place: int) -> tuple[int, int] | None:
    """Return what the message at a place of a batch was in the recording, of what `Port.places` returned."""
    if places is None:
        return None
    sequence, position = PLACE.unpack_from(places, place * PLACE.size)
    return None if sequence < 0 else (sequence, position)


def _record(fields: tuple[int, ...]) -> Record:
    session, index, position, sequence, published, publisher, type_id, version, _, _, received = fields
    return (session, position, index, sequence, publisher, published, received, type_id, version)


class Copies(Protocol):
    """What an origin needs of a port."""

    def copy(self) -> tuple[bytes, bytes]: ...


class Origin:
    """Where the messages of one batch came from. `number` counts the batches of a poller, over all its streams."""

    __slots__ = ("_bytes", "_records", "count", "number", "rejected", "size", "stream")

    def __init__(self, stream: str, number: int, port: Copies) -> None:
        self.stream = stream
        self.number = number
        self._bytes, self._records = port.copy()
        self.count = len(self._records) // RECORD.size
        self.size = len(self._bytes)
        self.rejected: set[int] = set()
        """Places that are in the quarantine. The poller's thread."""

    def record(self, place: int) -> Record:
        """Return the record of the message at a place of the batch."""
        return record_at(self._records, place)

    def body(self, place: int) -> bytes:
        """Return the body of the message at a place of the batch, as received."""
        offset, length = RECORD.unpack_from(self._records, place * RECORD.size)[8:10]
        return self._bytes[offset : offset + length]

    def refused(self, place: int, reason: int, error: str) -> Refused:
        """Return the quarantine entry of a message."""
        session, position, index, sequence, _, _, _, type_id, version = self.record(place)
        return (session, position, index, sequence, type_id, version, reason, error, self.body(place))


class Parcel:
    """Some messages of one batch, in order. `places` are theirs in the batch; None: the whole batch."""

    __slots__ = ("messages", "origin", "places")

    def __init__(self, origin: Origin, messages: Sequence[object], places: Sequence[int] | None = None) -> None:
        self.origin = origin
        self.messages = messages
        self.places = places

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def size(self) -> int:
        """About how many bytes of the batch these messages are: its bytes, shared out evenly."""
        return self.origin.size * len(self.messages) // (self.origin.count or 1)

    def place(self, index: int) -> int:
        """Return the place, in the batch, of message `index` of this parcel."""
        return index if self.places is None else self.places[index]

    def record(self, index: int) -> Record:
        """Return where message `index` of this parcel came from."""
        return self.origin.record(index if self.places is None else self.places[index])

    def refused(self, index: int, reason: int, error: str) -> Refused:
        """Return the quarantine entry of message `index`."""
        return self.origin.refused(self.place(index), reason, error)

    def part(self, start: int, stop: int) -> Parcel:
        """Return messages `start` to `stop` - 1 as a parcel of their own."""
        if start <= 0 and stop >= len(self.messages):
            return self
        places = range(start, stop) if self.places is None else self.places[start:stop]
        return Parcel(self.origin, self.messages[start:stop], places)

    def keep(self, wanted: Callable[[int, object], bool]) -> Parcel:
        """Return the messages for which `wanted(index, message)` is true."""
        kept = [index for index, message in enumerate(self.messages) if wanted(index, message)]
        if len(kept) == len(self.messages):
            return self
        return Parcel(self.origin, [self.messages[index] for index in kept], [self.place(index) for index in kept])
