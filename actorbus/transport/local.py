"""The in-process transport (`driver: {mode: none}`): a bus of memory with the face of the real thing.

    LocalDriver ── holds ── LocalBus ── LocalMeeting for each (channel, stream id)
         └─ LocalClient       publications and subscriptions that meet there

Guarantees
* Messages go through the same native code as with Aeron, from the frame to the batch; what differs is in
  native/ab_local.h. tests/conformance holds what must not.
* A driver has a bus of its own; two nodes of one process talk when their drivers are given one bus.
* No Aeron library, no file, no thread, no shared memory. Nothing leaves the process.
Thread: any.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self, override

from actorbus.channel import Channel
from actorbus.errors import ClosedError, UsageError
from actorbus.ffi.local import (
    LocalClientHandle,
    LocalMeeting,
    LocalPublicationHandle,
    LocalSubscriptionHandle,
)
from actorbus.transport.client import Client, Counter
from actorbus.transport.driver import Driver
from actorbus.transport.exits import remember

__all__ = ["LocalBus", "LocalClient", "LocalDriver", "connect"]

TERM_LENGTH: Final = 64 * 1024
"""Of a channel that does not say its own: Aeron's smallest, which is plenty in memory."""
WHERE: Final = ("endpoint", "control", "session-id", "interface")
"""Parameters that tell two channels apart."""
DIRECTORY: Final = Path("in-process")
"""What stands where a driver's directory stands; nothing is ever there."""


class LocalBus:
    """Where local clients meet: by channel and stream id, within this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._meetings: dict[tuple[object, ...], LocalMeeting] = {}
        self._sessions = 0
        self._closed = False
        self._pid = os.getpid()

    def meeting(self, channel: str, stream_id: int) -> LocalMeeting:
        """Return where a channel and stream id meet, made the first time with the channel's term length.

        Raises:
            InvalidValue: it is no channel. ClosedError: the bus is closed. OutOfMemory.
        """
        parsed = Channel.parse(channel)
        place = (parsed.media, *(parsed.parameters.get(name) for name in WHERE), stream_id)
        with self._lock:
            if self._closed:
                raise ClosedError("the in-process bus is closed", where=f"{channel} stream {stream_id}")
            found = self._meetings.get(place)
            if found is None:
                found = LocalMeeting(int(parsed.term_length or TERM_LENGTH), f"{channel} stream {stream_id}")
                self._meetings[place] = found
            return found

    def next_session(self) -> int:
        """Return a session id that no publication of this bus had."""
        with self._lock:
            self._sessions += 1
            return self._sessions

    def close(self) -> None:
        """Give up its meetings; open ends keep theirs. Again does nothing."""
        with self._lock:
            self._closed = True
            meetings = list(self._meetings.values())
            self._meetings.clear()
        if self._pid == os.getpid():  # a forked child may not touch its parent's locks
            for meeting in meetings:
                meeting.release()


class LocalClient(Client):
    """A client of a bus in this process; made by `LocalDriver.connect`."""

    has_counters: bool = False

    def __init__(self, bus: LocalBus, name: str = "actorbus") -> None:
        super().__init__(LocalClientHandle(f"in-process client {name!r}"), DIRECTORY, name)
        self._bus = bus
        remember(self)

    @override
    def open_publication(self, channel: str, stream_id: int, deadline_ns: int) -> LocalPublicationHandle:
        meeting = self._bus.meeting(channel, stream_id)
        return LocalPublicationHandle.open(meeting, self._bus.next_session(), stream_id)

    @override
    def open_subscription(self, channel: str, stream_id: int, deadline_ns: int) -> LocalSubscriptionHandle:
        return LocalSubscriptionHandle.open(self._bus.meeting(channel, stream_id))

    @override
    def add_counter(self, label: str, *, type_id: int, key: bytes = b"", deadline_ns: int | None = None) -> Counter:
        """Refuse: counters are in a media driver's file.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"there is no driver to hold counter {label!r}: mode none is in-process",
            hint="use driver mode embedded, process or external",
        )


class LocalDriver:
    """Stands where a media driver stands: holds the bus."""

    def __init__(self, bus: LocalBus | None = None) -> None:
        """Make a driver, not yet started.

        Args:
            bus: one that others use too, which stays theirs; None: its own.
        """
        self._own = bus is None
        self.bus: LocalBus = bus if bus is not None else LocalBus()
        self._state = "new"

    @property
    def directory(self) -> Path:
        """A name, not a place: there are no files."""
        return DIRECTORY

    @property
    def is_alive(self) -> bool:
        """Whether it was started and not closed."""
        return self._state == "started"

    def start(self) -> None:
        """Make clients welcome.

        Raises:
            ClosedError: it was started before.
        """
        if self._state != "new":
            raise ClosedError(f"the in-process driver was {self._state} before", hint="make a new one")
        self._state = "started"

    def connect(self, name: str = "actorbus") -> LocalClient:
        """Return a client of the bus.

        Raises:
            ClosedError: the driver is not started, or closed.
        """
        if self._state != "started":
            raise ClosedError(f"the in-process driver is {self._state}", hint="start() it first")
        return LocalClient(self.bus, name)

    def close(self) -> None:
        """Close the bus when it is its own. Again does nothing."""
        self._state = "closed"
        if self._own:
            self.bus.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(driver: Driver, name: str) -> Client:
    """Connect to a started driver, wherever it runs.

    Raises:
        As `Client.connect` and `LocalDriver.connect`.
    """
    if isinstance(driver, LocalDriver):
        return driver.connect(name)
    return Client.connect(driver.directory, name=name)
