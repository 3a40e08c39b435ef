"""The connection to a media driver, and the owner of everything opened through it.

Guarantees
* connect() looks at the driver's CnC file before Aeron does, so a missing, stale, truncated or foreign one is a
  typed error within the deadline, not an endless wait (trap P13).
* close() closes its children first, newest first, waits for Aeron to have done so, then itself; also at interpreter
  exit (D13). An add that waits in another thread gives up.
* A lost driver makes the client useless for good (`is_lost`); it must be closed and a new one connected.
Thread: any. Deadlines are CLOCK_MONOTONIC nanoseconds; None means 5 s from now, for connect 4 s.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from actorbus.errors import ActorBusError, ClosedError
from actorbus.ffi import ClientHandle, CounterHandle, Event, PublicationHandle, SubscriptionHandle, load
from actorbus.message import FixedLayout
from actorbus.transport.cnc import DRIVER_TIMEOUT_MS, wait_for_driver
from actorbus.transport.driver import CLOSE_TIMEOUT_S, LOOK_TIMEOUT_S, deadline_in
from actorbus.transport.exits import forget, remember
from actorbus.transport.publication import Publication
from actorbus.transport.subscription import Subscription

__all__ = ["Client", "Counter"]

TIMEOUT_S: Final = 5.0
CONDUCTOR_IDLE_NS: Final = 8_000_000
"""How long Aeron's client thread sleeps between two looks (Aeron.

16 ms). An add or close takes about one such sleep.
"""


class Counter:
    """A counter of ours in the driver's counters file; made by `Client.add_counter`. Thread: any."""

    def __init__(self, client: Client, handle: CounterHandle, label: str) -> None:
        self._client = client
        self._handle = handle
        self.label: str = label
        self.id: int = handle.id

    def set(self, value: int) -> None:
        """Store a value."""
        self._handle.set(value)

    def close(self, deadline_ns: int | None = None) -> None:
        """Close it and wait until Aeron has. Again does nothing."""
        self._client.forget(self)
        self._handle.close(deadline_in(CLOSE_TIMEOUT_S) if deadline_ns is None else deadline_ns)


type Child = Publication | Subscription | Counter


class Client:
    """An open connection; made by `Client.connect`."""

    has_counters: bool = True
    """Whether there is a driver that keeps a counters file."""

    def __init__(self, handle: ClientHandle, directory: Path, name: str) -> None:
        self._handle = handle
        self._children: dict[int, Child] = {}
        self._adding = threading.Lock()
        self._closing = False
        self._pid = os.getpid()
        self.directory: Path = directory
        self.name: str = name

    @classmethod
    def connect(
        cls,
        directory: str | os.PathLike[str],
        *,
        name: str = "actorbus",
        deadline_ns: int | None = None,
        driver_timeout_ms: int = DRIVER_TIMEOUT_MS,
        conductor_idle_ns: int = CONDUCTOR_IDLE_NS,
        inherit_environment: bool = False,
    ) -> Client:
        """Connect to the driver that serves `directory`.

        Args:
            directory: the driver's.
            name: shown in the driver's counters.
            deadline_ns: give up then.
            driver_timeout_ms: without a sign of the driver for so long, the client is lost.
            conductor_idle_ns: how long Aeron's client thread sleeps between two looks.
            inherit_environment: whether AERON_* variables count.

        Raises:
            DriverUnavailable: no living driver serves it, or its CnC file is stale, truncated or of another version.
            PermissionRefused: it is another user's.
            LibraryMissing: there is no Aeron library.
        """
        load()
        deadline = deadline_in(LOOK_TIMEOUT_S) if deadline_ns is None else deadline_ns
        wait_for_driver(directory, deadline, timeout_ms=driver_timeout_ms)
        handle = ClientHandle.open(
            directory,
            name,
            driver_timeout_ms=driver_timeout_ms,
            idle_ns=conductor_idle_ns,
            inherit_environment=inherit_environment,
        )
        try:
            handle.connect()
        except BaseException:
            handle.close(deadline_in(CLOSE_TIMEOUT_S))
            raise
        client = cls(handle, Path(directory), name)
        remember(client)
        return client

    @property
    def id(self) -> int:
        """Aeron's id of this client."""
        return self._handle.id

    @property
    def is_lost(self) -> bool:
        """Whether the driver went away: nothing opened through this client works any more."""
        return self._handle.is_lost

    @property
    def children(self) -> int:
        """How many publications, subscriptions and counters are open."""
        return len(self._children)

    def take_errors(self) -> list[tuple[int, str]]:
        """Take what Aeron reported on its own threads since the last call: (number, text), oldest first."""
        return self._handle.take_errors()

    def add_publication(
        self,
        channel: str,
        stream_id: int,
        *,
        frame: bool,
        format: int,  # noqa: A002 - the wire format's word
        publisher: int,
        types: Sequence[tuple[int, int]],
        sequence: int = 0,
        counters: int | None = None,
        wake: Event | None = None,
        layouts: Sequence[FixedLayout] = (),
        gather: tuple[int, int, int] | None = None,
        news: Event | None = None,
        deadline_ns: int | None = None,
    ) -> Publication:
        """Open an exclusive publication.

        Args:
            channel: a full Aeron URI.
            stream_id: the stream in it.
            frame: whether our 32-byte frame goes in front.
            format: 0 raw, 1 msgpack, 2 JSON, 4 struct (the frame's format byte).
            publisher: random id of this publisher start, not 0; kept over a reconnect.
            types: (type id, version) of what it may send.
            sequence: of the first message; kept over a reconnect.
            counters: address of 16 int64 to count in (native/ab_counters.h), None: its own.
            wake: event of this node's poller of the stream.
            layouts: of the types, for format struct.
            gather: most messages and bytes of a batch frame, and its linger in nanoseconds; None: no batch frames.
            news: event of who looks after the linger.
            deadline_ns: give up then.

        Raises:
            InvalidValue: Aeron refuses the channel.
            EnvironmentFault: no memory for its log, no permission.
            DriverLost: the driver does not answer.
            ClosedError: the client is closed or closing.
        """

        def open_one(deadline: int) -> Publication:
            handle = self.open_publication(channel, stream_id, deadline)
            try:
                handle.configure(
                    framed=frame,
                    format_id=format,
                    publisher=publisher,
                    sequence=sequence,
                    types=types,
                    counters=counters,
                    wake=wake,
                    layouts=layouts,
                )
                if gather is not None:
                    handle.gather(*gather, news)
                return Publication(self, handle, channel, framed=frame, publisher=publisher)
            except BaseException:
                handle.close(deadline_in(CLOSE_TIMEOUT_S))
                raise

        return self._add(open_one, deadline_ns)

    def add_subscription(
        self,
        channel: str,
        stream_id: int,
        *,
        frame: bool,
        format: int,  # noqa: A002 - the wire format's word
        types: Sequence[tuple[int, int, bool]],
        counters: int | None = None,
        layouts: Sequence[FixedLayout] = (),
        batch: tuple[int, int] | None = None,
        deadline_ns: int | None = None,
    ) -> Subscription:
        """Open a subscription.

        Args:
            channel: a full Aeron URI.
            stream_id: the stream in it.
            frame: whether our 32-byte frame is expected.
            format: 0 raw, 1 msgpack, 2 JSON, 4 struct.
            types: (type id, version, wanted) of what the stream declares; wanted: some handler takes it.
            counters: address of 16 int64 to count in (native/ab_counters.h), None: its own.
            layouts: of the types, for format struct.
            batch: messages and bytes one batch takes; None: 256 and 64 KiB.
            deadline_ns: give up then.

        Raises:
            InvalidValue: Aeron refuses the channel.
            AddressInUse: another socket has the port.
            EnvironmentFault, DriverLost, ClosedError: as for add_publication.
        """

        def open_one(deadline: int) -> Subscription:
            handle = self.open_subscription(channel, stream_id, deadline)
            try:
                handle.configure(
                    framed=frame, format_id=format, types=types, counters=counters, layouts=layouts, batch=batch
                )
                return Subscription(self, handle, channel, stream_id)
            except BaseException:
                handle.close(deadline_in(CLOSE_TIMEOUT_S))
                raise

        return self._add(open_one, deadline_ns)

    def open_publication(self, channel: str, stream_id: int, deadline_ns: int) -> PublicationHandle:
        """Open the native end of a publication. Subclasses say where; `add_publication` is what callers use."""
        return PublicationHandle.add(self._handle, channel, stream_id, deadline_ns)

    def open_subscription(self, channel: str, stream_id: int, deadline_ns: int) -> SubscriptionHandle:
        """Open the native end of a subscription. Subclasses say where; `add_subscription` is what callers use."""
        return SubscriptionHandle.add(self._handle, channel, stream_id, deadline_ns)

    def add_counter(self, label: str, *, type_id: int, key: bytes = b"", deadline_ns: int | None = None) -> Counter:
        """Open a counter in the driver's counters file.

        Args:
            label: what AeronStat shows.
            type_id: 1000 and above are applications'.
            key: at most 112 bytes, for programs.
            deadline_ns: give up then.
        """
        return self._add(
            lambda deadline: Counter(self, CounterHandle.add(self._handle, type_id, label, deadline, key=key), label),
            deadline_ns,
        )

    def _add[C: (Publication, Subscription, Counter)](self, open_one: Callable[[int], C], deadline_ns: int | None) -> C:
        deadline = deadline_in(TIMEOUT_S) if deadline_ns is None else deadline_ns
        with self._adding:
            if self._closing:
                raise ClosedError(f"the Aeron client {self.name!r} is closed", where=str(self.directory))
            child = open_one(deadline)
            self._children[id(child)] = child
            return child

    def forget(self, child: Child) -> None:
        """Note that a child is being closed: its close() calls this."""
        self._children.pop(id(child), None)

    def close(self, deadline_ns: int | None = None) -> None:
        """Close the children, newest first, then the connection. Again does nothing; finishes one that failed.

        Raises:
            BrokenError: something could not be closed in time; everything else was.
        """
        if self._pid != os.getpid():
            return  # a forked child: its handles are stale, the connection is its parent's
        deadline = deadline_in(CLOSE_TIMEOUT_S) if deadline_ns is None else deadline_ns
        self._closing = True
        self._handle.drain()
        first: ActorBusError | None = None
        with self._adding:  # an add in another thread has given up by now
            for child in reversed(list(self._children.values())):
                try:
                    child.close(deadline)
                except ActorBusError as error:
                    first = first or error
        try:
            self._handle.close(deadline)
        except ActorBusError as error:
            raise first or error from error
        forget(self)
        if first is not None:
            raise first

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({str(self.directory)!r}, name={self.name!r}, children={self.children})"
