"""Where a message came from: read on demand, for the message that is being handled, and for nothing else.

One `Meta` object serves a whole stream. It costs nothing per message: it knows the batch's list iterator, and which
message is being handled follows from how many are left in it. After the batch it is closed, so that a handler which
kept it gets a `StaleError` instead of another message's address. `copy()` is what to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from actorbus.errors import StaleError

__all__ = ["BatchMeta", "Countdown", "Meta", "MetaCopy", "Record", "Standing", "copy_of"]

Record = tuple[int, int, int, int, int, int, int, int, int]
"""(session, position, index, sequence, publisher, publish_time_ns, receive_time_ns, type_id, version)."""


class Countdown(Protocol):
    """An iterator that tells how many are left."""

    def __length_hint__(self) -> int: ...


class Standing:
    """Where a dispatcher stands in its batch. Its own object, so that a batch costs some stores here and no call."""

    __slots__ = ("at", "batches", "count", "left", "messages", "until_trace")

    def __init__(self) -> None:
        self.left: Countdown | None = None
        """The iterator of the batch; None between batches."""
        self.count = 0
        """How many messages the batch had."""
        self.messages: Sequence[object] = ()
        """The batch; empty between batches: its memory serves the next one, two in turn miss the cache."""
        self.at: int | None = None
        """The place in `messages` of the one being handled; None: `left` tells."""
        self.batches = 0
        """How many were handled."""
        self.until_trace = 1
        """In how many batches a message is traced; the first one is."""


class MetaCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A `Meta` to keep: the same fields, as values.

    `stream` is its name in the topology; `session`, `position` (bytes, just after the frame) and `index` the address;
    `sequence` the running number from 0 of the `publisher` with that random id; `publish_time_ns` and `receive_time_ns`
    nanoseconds since the epoch; `type_id` and `version` what the publisher wrote. `recorded` is sequence and position
    in the recording it was replayed from, None when it came live: `ab.Position(meta.recorded[1])` goes on behind it.
    """

    stream: str
    session: int
    position: int
    index: int
    sequence: int
    publisher: int
    publish_time_ns: int
    receive_time_ns: int
    type_id: int
    version: int
    recorded: tuple[int, int] | None = None


class Meta:
    """The address and times of the message being handled. Valid during the call; raises `StaleError` when stale.

    `session`, `position` and `index` are the message's address: Aeron's session id, the stream position after the
    frame, and the place inside a batch frame. `sequence` counts the publisher's messages from 0. Times are
    nanoseconds since the epoch: when it was published, and when its batch was received. On `frame: none` streams
    there is no publisher, sequence or publish time: they read 0.

    Thread: the handler's. Made by the dispatcher, one a stream, with a function `record` that reads a message's fields.

    Raises:
        StaleError: from every read, when the message has been handled.
    """

    __slots__ = ("_record", "_recorded", "_standing", "stream")

    def __init__(
        self,
        stream: str,
        record: Callable[[int], Record],
        recorded: Callable[[int], tuple[int, int] | None] = lambda _place: None,
        standing: Standing | None = None,
    ) -> None:
        """Made by the dispatcher, once a stream.

        Args:
            stream: its name in the topology.
            record: from a place in the batch to where that message came from.
            recorded: from a place to the message's sequence and position in a recording, None for one that came live.
            standing: where the dispatcher stands, when it says so there and not by `open` and `close`.
        """
        self.stream = stream
        self._record = record
        self._recorded = recorded
        self._standing = Standing() if standing is None else standing

    def open(self, left: Countdown, count: int, record: Callable[[int], Record] | None = None) -> None:
        """Begin a batch of `count` messages whose iterator is `left`. The dispatcher's; not for handlers.

        `record` takes the place of the function given when it was made: a parcel brings its own.
        """
        if record is not None:
            self._record = record
        self._standing.count = count
        self._standing.left = left

    def close(self) -> None:
        """End the batch: from here on every read raises."""
        self._standing.left = None

    def place(self) -> int:
        """Return the index, in the current batch, of the message being handled."""
        left = self._standing.left
        if left is None:
            raise StaleError(
                f"a Meta of stream {self.stream!r} was read after its message was handled; keep meta.copy() instead"
            )
        return self._standing.count - left.__length_hint__() - 1

    def record(self) -> Record:
        """Return all fields but the stream's name at once."""
        return self._record(self.place())

    @property
    def recorded(self) -> tuple[int, int] | None:
        """Sequence and position in the recording the message was replayed from; None when it came live.

        `ab.Position(meta.recorded[1])` goes on behind it: a handler with `resume: true` that stores it together with
        what the message did, and gives it back from its method `resume_position()`, handles each message exactly once.
        """
        return self._recorded(self.place())

    @property
    def session(self) -> int:
        """Aeron's session id of the publication."""
        return self.record()[0]

    @property
    def position(self) -> int:
        """The stream position just after the message's frame, in bytes."""
        return self.record()[1]

    @property
    def index(self) -> int:
        """The place of the message inside its frame: 0 but for batch frames."""
        return self.record()[2]

    @property
    def sequence(self) -> int:
        """The publisher's running number of the message, from 0."""
        return self.record()[3]

    @property
    def publisher(self) -> int:
        """The publisher's random id, kept over its reconnects."""
        return self.record()[4]

    @property
    def publish_time_ns(self) -> int:
        """When it was published, by the publisher's clock: nanoseconds since the epoch."""
        return self.record()[5]

    @property
    def receive_time_ns(self) -> int:
        """When its batch was taken from Aeron: nanoseconds since the epoch."""
        return self.record()[6]

    @property
    def type_id(self) -> int:
        """The id of the message's type."""
        return self.record()[7]

    @property
    def version(self) -> int:
        """The schema version the publisher wrote."""
        return self.record()[8]

    def copy(self) -> MetaCopy:
        """Return the fields as an object that stays valid."""
        place = self.place()
        return copy_of(self.stream, self._record(place), self._recorded(place))


def copy_of(stream: str, record: Record, recorded: tuple[int, int] | None = None) -> MetaCopy:
    """Return a record of a stream as an object that stays valid."""
    session, position, index, sequence, publisher, published, received, type_id, version = record
    return MetaCopy(
        stream=stream,
        session=session,
        position=position,
        index=index,
        sequence=sequence,
        publisher=publisher,
        publish_time_ns=published,
        receive_time_ns=received,
        type_id=type_id,
        version=version,
        recorded=recorded,
    )


class BatchMeta:
    """Where the messages of a batch came from: `meta[i]` is that of message `i`. Valid during the call.

    `len(meta)` is the number of messages. After the call every read raises `StaleError`; keep `meta[i]`, it is a copy.
    Thread: the handler's. Made by the dispatcher for `count` messages of `stream`; `record` reads the fields of one,
    `recorded` what it was in a recording.
    """

    __slots__ = ("_count", "_record", "_recorded", "stream")

    def __init__(
        self,
        stream: str,
        record: Callable[[int], Record],
        count: int,
        recorded: Callable[[int], tuple[int, int] | None] = lambda _place: None,
    ) -> None:
        self.stream = stream
        self._recorded = recorded
        self._record: Callable[[int], Record] | None = record
        self._count = count

    def close(self) -> None:
        """End the call: from here on every read raises. The dispatcher's; not for handlers."""
        self._record = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> MetaCopy:
        if not -self._count <= index < self._count:
            raise IndexError(f"message {index} of a batch of {self._count}")
        if self._record is None:
            raise StaleError(
                f"a BatchMeta of stream {self.stream!r} was read after its batch was handled; keep meta[i] instead"
            )
        place = index % self._count
        return copy_of(self.stream, self._record(place), self._recorded(place))

    def __iter__(self) -> Iterator[MetaCopy]:
        return (self[index] for index in range(self._count))
