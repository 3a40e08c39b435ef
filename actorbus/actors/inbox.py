"""The inbox of an actor: bounded, two lanes, counted (D4).

    tell/ask --> control lane -----+
                                   +--> get()   control first, then data
    offer_data --> data lane ------+

Guarantees:
* Control entries are never dropped: beyond `CONTROL_LIMIT` of them `put` raises `MailboxFull`.
* The data lane is bounded by messages *and* bytes; what does not fit is refused or dropped by the overflow policy, and
  counted. An entry is a batch: it counts as its messages and bytes.
* Once `close` returned, nothing is accepted any more, and `close` returned all that was still inside.
* A `put` wakes the actor through its event (D1); the event is bumped after the entry is in, so no wake-up is lost.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from actorbus.errors import ClosedError, MailboxFull
from actorbus.ffi import Event

__all__ = ["CONTROL_LIMIT", "DataEntry", "Inbox", "InboxStatistics", "MakeRoom"]

CONTROL_LIMIT = 4_096
"""Control entries an inbox holds at the most: far above any burst of ours, so reaching it shows an actor that hangs."""


class DataEntry(NamedTuple):
    """A batch on its way to a handler of another thread."""

    batch: object
    messages: int
    bytes: int
    number: int = -1
    """Of the poller's batch the messages are from; -1 for an event."""


class InboxStatistics(NamedTuple):
    """What an inbox holds now, and what it refused since it was made."""

    control: int
    entries: int
    messages: int
    bytes: int
    dropped: int


MakeRoom = Callable[[deque[DataEntry], int, int], tuple[int, int]]
"""Takes the data lane, and how many messages and bytes are too many; drops in place, returns what it dropped."""


class Inbox:
    """A two-lane inbox. `put`, `get` and `empty` are what Pykka asks of one."""

    def __init__(self, event: Event, *, messages_max: int = 65_536, bytes_max: int = 64 << 20) -> None:
        self.event = event
        self._lock = threading.Lock()
        self._control: deque[Any] = deque()
        self._data: deque[DataEntry] = deque()
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._messages = 0
        self._bytes = 0
        self._dropped = 0
        self._current: DataEntry | None = None
        self._closed = False
        self.listener: Callable[[], None] | None = None
        """Told after the event, by whoever put something: for an owner that waits on something else (asyncio)."""

    def bound(self, messages_max: int, bytes_max: int) -> None:
        """Set the bounds of the data lane, before the first entry."""
        self._messages_max = messages_max
        self._bytes_max = bytes_max

    def _wake(self) -> None:
        self.event.bump()
        if self.listener is not None:
            self.listener()

    def put(self, envelope: Any) -> None:
        """Add a control entry. Any thread.

        Raises:
            ClosedError: the actor is ending or has ended.
            MailboxFull: `CONTROL_LIMIT` control entries wait already.
        """
        with self._lock:
            if self._closed:
                raise ClosedError("the actor has stopped: it takes no more messages")
            if len(self._control) >= CONTROL_LIMIT:
                raise MailboxFull(
                    f"{CONTROL_LIMIT} control messages wait already: the actor hangs or is told faster than it acts"
                )
            self._control.append(envelope)
        self._wake()

    def offer_data(self, entry: DataEntry) -> bool:
        """Add a batch; False when it does not fit now (the caller keeps it). Any thread.

        An empty data lane takes any one batch, so that a batch above the bound cannot wait for ever.

        Raises:
            ClosedError: the actor is ending or has ended.
        """
        with self._lock:
            self._check_open()
            over = self._messages + entry.messages > self._messages_max or self._bytes + entry.bytes > self._bytes_max
            if over and self._data:
                return False
            self._append(entry)
        self._wake()
        return True

    def force_data(self, entry: DataEntry) -> bool:
        """Add a batch in any case; False when the lane is full now (the caller brings no more until `half_empty`).

        Raises:
            ClosedError: the actor is ending or has ended.
        """
        with self._lock:
            self._check_open()
            self._append(entry)
            full = self._messages >= self._messages_max or self._bytes >= self._bytes_max
        self._wake()
        return not full

    def squeeze_data(self, entry: DataEntry, make_room: MakeRoom) -> int:
        """Add a batch and let `make_room` drop what is too much then; returns the messages dropped.

        Raises:
            ClosedError: the actor is ending or has ended.
        """
        dropped = 0
        with self._lock:
            self._check_open()
            self._append(entry)
            over, over_bytes = self._messages - self._messages_max, self._bytes - self._bytes_max
            if over > 0 or over_bytes > 0:
                dropped, dropped_bytes = make_room(self._data, over, over_bytes)
                self._messages -= dropped
                self._bytes -= dropped_bytes
                self._dropped += dropped
        self._wake()
        return dropped

    def room(self) -> tuple[int, int]:
        """Return how many messages and bytes fit now. It only grows, for who alone puts."""
        with self._lock:
            return max(0, self._messages_max - self._messages), max(0, self._bytes_max - self._bytes)

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("the actor has stopped: it takes no more messages")

    def _append(self, entry: DataEntry) -> None:
        self._data.append(entry)
        self._messages += entry.messages
        self._bytes += entry.bytes

    def take_control(self) -> Any | None:
        """Take the oldest control entry, or None. The actor's thread."""
        if not self._control:  # a deque's length is read in one step: no lock on the poller's way
            return None
        with self._lock:
            return self._control.popleft() if self._control else None

    def take_data(self) -> DataEntry | None:
        """Take the oldest batch, or None. The consumer's thread."""
        if not self._data:
            return None
        with self._lock:
            if not self._data:
                return None
            entry = self._data.popleft()
            self._messages -= entry.messages
            self._bytes -= entry.bytes
            self._current = entry
            return entry

    def data_done(self) -> None:
        """Say that the batch taken last is handled. The consumer's thread."""
        self._current = None

    def is_past(self, number: int) -> bool:
        """Whether batch `number`, and those before it, are handled or never will be. Any thread."""
        with self._lock:
            current = self._current
            if current is not None and -1 < current.number <= number:
                return False
            head = next((entry.number for entry in self._data if entry.number >= 0), number + 1)
            return head > number

    @property
    def has_data(self) -> bool:
        """Whether a batch waits, or is being handled."""
        return bool(self._data) or self._current is not None

    def get(self) -> Any:
        """Take the oldest control entry, waiting for one. The actor's thread, without the GIL while it waits."""
        while True:
            seen = self.event.value
            entry = self.take_control()
            if entry is not None:
                return entry
            self.event.wait(seen)

    def empty(self) -> bool:
        """True when no control entry waits."""
        return not self._control

    @property
    def half_empty(self) -> bool:
        """True when at most half of the data bound is used: a paused stream may go on (D14)."""
        return self._messages <= self._messages_max // 2 and self._bytes <= self._bytes_max // 2

    def drop_data(self) -> int:
        """Throw away what waits in the data lane; returns the messages, which are counted as dropped."""
        with self._lock:
            dropped = self._messages
            self._data.clear()
            self._messages = self._bytes = 0
            self._dropped += dropped
            return dropped

    def close(self) -> tuple[list[Any], int]:
        """Accept nothing more; returns the control entries left over, and how many data messages were."""
        with self._lock:
            self._closed = True
            left = list(self._control)
            self._control.clear()
            messages = self._messages
        return left, messages

    def statistics(self) -> InboxStatistics:
        """Return what it holds and what it dropped."""
        with self._lock:
            return InboxStatistics(len(self._control), len(self._data), self._messages, self._bytes, self._dropped)
