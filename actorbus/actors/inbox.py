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
from typing import Any, NamedTuple

from actorbus.errors import ClosedError, MailboxFull
from actorbus.ffi import Event

__all__ = ["CONTROL_LIMIT", "DataEntry", "Inbox", "InboxStatistics"]

CONTROL_LIMIT = 4_096
"""Control entries an inbox holds at the most: far above any burst of ours, so reaching it shows an actor that hangs."""


class DataEntry(NamedTuple):
    """A batch on its way to a handler of another thread."""

    batch: object
    messages: int
    bytes: int


class InboxStatistics(NamedTuple):
    """What an inbox holds now, and what it refused since it was made."""

    control: int
    entries: int
    messages: int
    bytes: int
    dropped: int


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
        self._closed = False

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
        self.event.bump()

    def offer_data(self, entry: DataEntry) -> bool:
        """Add a batch; False when it does not fit now (the caller keeps it). Any thread.

        An empty data lane takes any one batch, so that a batch above the bound cannot wait for ever.

        Raises:
            ClosedError: the actor is ending or has ended.
        """
        with self._lock:
            if self._closed:
                raise ClosedError("the actor has stopped: it takes no more messages")
            over = self._messages + entry.messages > self._messages_max or self._bytes + entry.bytes > self._bytes_max
            if over and self._data:
                return False
            self._data.append(entry)
            self._messages += entry.messages
            self._bytes += entry.bytes
        self.event.bump()
        return True

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
            return entry

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
