"""Thin owners of native handles: driver, client, publication, subscription, counter.

Each maps one to one onto native/ab_driver.h and native/ab_client.h, with errors raised. No policy, no order between
them: that is `actorbus.transport`'s.

Rules
* A handle closes once. Step 1 makes it stale with the GIL kept, step 2 waits without it (native/ab_client.h). A
  second close does nothing; a close that was interrupted between the steps is finished by the next.
* After close every method raises ClosedError.
* Any thread, except where a method says otherwise. Deadlines are CLOCK_MONOTONIC nanoseconds.
* Nothing is closed by the garbage collector: the order matters too much (trap P23).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from actorbus.errors import ClosedError, InternalError
from actorbus.ffi.failure import error_text, failure, new_error
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.waiting import Event

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import CData, ab_error

__all__ = [
    "ClientHandle",
    "CounterHandle",
    "DriverHandle",
    "Handle",
    "PublicationHandle",
    "PublicationInfo",
    "SubscriptionHandle",
    "open_handles",
    "printed_lines",
]

type Retire = Callable[[int], CData]
type CloseWait = Callable[[CData, int, int, ab_error], int]


def open_handles() -> int:
    """Return how many native handles are open in this process, of all kinds."""
    return lib.ab_slot_count(lib.AB_KIND_NONE)


def printed_lines() -> list[str]:
    """Take what Aeron wanted to print in this process since the last call."""
    lines: list[str] = []
    error = new_error()
    while lib.ab_printed_take(error):
        lines.append(error_text(error))
    return lines


class Handle:
    """An open native object, known by its slot and generation."""

    __slots__ = ("_retired", "handle", "where")
    noun = "handle"

    def __init__(self, handle: int, where: str) -> None:
        self.handle = handle
        self.where = where
        self._retired: CData | None = None

    def _stale(self) -> ClosedError:
        return ClosedError(f"the {self.noun} is closed", where=self.where)

    def _known(self, result: int) -> int:
        """Return a native answer, or raise for a stale handle."""
        if result == lib.AB_STALE:
            raise self._stale()
        return result

    def _configured(self, result: int, what: str) -> None:
        if self._known(result) != lib.AB_OK:
            raise InternalError(f"a {self.noun} does not take {what} (code {result})", where=self.where)

    def _close(self, retire: Retire, close_wait: CloseWait, deadline_ns: int) -> None:
        if self._retired is None:
            retired = retire(self.handle)
            if not retired:
                return
            self._retired = retired
        error = new_error()
        result = close_wait(self._retired, self.handle, deadline_ns, error)
        if result != lib.AB_TIMED_OUT:  # then a user is inside and nothing was done: the next close goes on here
            self._retired = None
        if result != lib.AB_OK:
            raise failure(error, where=self.where)


class DriverHandle(Handle):
    """A media driver inside this process."""

    __slots__ = ()
    noun = "media driver"

    @classmethod
    def open(cls, *, inherit_environment: bool = False) -> DriverHandle:
        """Make a driver, not yet started. AERON_* variables count only when asked."""
        error = new_error()
        handle = lib.ab_driver_open(int(inherit_environment), error)
        if handle == 0:
            raise failure(error)
        return cls(handle, "media driver")

    def set(self, name: str, value: int | str | bool) -> None:
        """Set one thing before the start; `name` as in Aeron's driver context setters."""
        error = new_error()
        number, text = (0, value.encode()) if isinstance(value, str) else (int(value), b"")
        if lib.ab_driver_set(self.handle, name.encode(), number, text, error) != lib.AB_OK:
            raise failure(error, where=f"{name}={value}")

    def start(self, *, remove_directory: bool) -> None:
        """Start its threads. The directory given is erased by Aeron first: check it before."""
        error = new_error()
        if lib.ab_driver_start_wait(self.handle, int(remove_directory), error) != lib.AB_OK:
            raise failure(error, where=self.where)

    def close(self, deadline_ns: int) -> None:
        """Stop the threads and free the driver. Clients of it must be closed before."""
        self._close(lib.ab_driver_retire, lib.ab_driver_close_wait, deadline_ns)


class ClientHandle(Handle):
    """A connection to a media driver."""

    __slots__ = ()
    noun = "Aeron client"

    @classmethod
    def open(
        cls,
        directory: str | os.PathLike[str],
        name: str,
        *,
        driver_timeout_ms: int,
        idle_ns: int,
        inherit_environment: bool = False,
    ) -> ClientHandle:
        """Make a client, not yet connected.

        Args:
            directory: the driver's.
            name: shown in the driver's counters, at most 100 bytes.
            driver_timeout_ms: without a sign of the driver for so long it is taken for dead.
            idle_ns: how long Aeron's conductor thread sleeps between two looks.
            inherit_environment: whether AERON_* variables count.
        """
        error = new_error()
        handle = lib.ab_client_open(
            os.fsencode(directory),
            name.encode()[:100],
            driver_timeout_ms,
            idle_ns,
            int(inherit_environment),
            error,
        )
        if handle == 0:
            raise failure(error, where=os.fspath(directory))
        return cls(handle, os.fspath(directory))

    def connect(self) -> None:
        """Connect and start the conductor.

        Look at the driver's CnC file before: Aeron's wait for a broken one has no end.
        """
        error = new_error()
        if lib.ab_client_connect_wait(self.handle, error) != lib.AB_OK:
            raise failure(error, where=self.where)

    @property
    def id(self) -> int:
        """Aeron's id of this client."""
        return self._known(lib.ab_client_id(self.handle))

    @property
    def is_lost(self) -> bool:
        """Whether Aeron closed it for good: the driver went away."""
        return bool(self._known(lib.ab_client_is_lost(self.handle)))

    def take_errors(self) -> list[tuple[int, str]]:
        """Take what Aeron reported on its own threads: (number, text), oldest first."""
        found: list[tuple[int, str]] = []
        error = new_error()
        while self._known(lib.ab_client_error_take(self.handle, error)):
            found.append((error.errcode, error_text(error)))
        return found

    def drain(self) -> None:
        """Refuse new children from now on; an add that waits gives up. Does nothing when closed."""
        lib.ab_client_drain(self.handle)

    def close(self, deadline_ns: int) -> None:
        """Close the connection. Its children must be closed before."""
        children = lib.ab_client_children(self.handle)
        if children > 0:
            raise InternalError(f"the Aeron client has {children} open children", where=self.where)
        self._close(lib.ab_client_retire, lib.ab_client_close_wait, deadline_ns)


class PublicationInfo(NamedTuple):
    """What does not change while a publication is open. Lengths are Aeron's, our frame included."""

    registration_id: int
    max_possible_position: int
    term_buffer_length: int
    max_message_length: int
    max_payload_length: int
    stream_id: int
    session_id: int
    initial_term_id: int
    publication_limit_counter_id: int
    channel_status_indicator_id: int


class PublicationHandle(Handle):
    """An exclusive publication: offers through it come from one thread at a time."""

    __slots__ = ()
    noun = "publication"

    @classmethod
    def add(cls, client: ClientHandle, channel: str, stream_id: int, deadline_ns: int) -> PublicationHandle:
        """Add one; waits for the driver's answer."""
        error = new_error()
        where = f"{channel} stream {stream_id}"
        handle = lib.ab_publication_add_wait(client.handle, channel.encode(), stream_id, deadline_ns, error)
        if handle == 0:
            raise failure(error, where=where)
        return cls(handle, where)

    def configure(
        self,
        *,
        framed: bool,
        format_id: int,
        publisher: int,
        sequence: int,
        types: Sequence[tuple[int, int]],
        counters: int | None,
        wake: Event | None,
    ) -> None:
        """Say what is sent.

        Frame, format, publisher id, next sequence, (type id, version)s; where to count; whom to wake.
        """
        table = ffi.new("ab_type[]", [(type_id, version, 0) for type_id, version in types])
        result = lib.ab_publication_configure(
            self.handle,
            int(framed),
            format_id,
            publisher,
            sequence,
            table,
            len(types),
            _counters(counters),
            ffi.NULL if wake is None else wake.native,
        )
        self._configured(result, f"framed={framed} format={format_id} publisher={publisher} types={list(types)}")

    def info(self) -> PublicationInfo:
        """Return its constants."""
        info = ffi.new("ab_publication_info *")
        if self._known(lib.ab_publication_info_get(self.handle, info)) != lib.AB_OK:
            raise InternalError("Aeron has no constants of a publication that is open", where=self.where)
        return PublicationInfo(*(int(getattr(info, name)) for name in PublicationInfo._fields))

    def state(self) -> tuple[int, int]:
        """Return the next sequence and the largest body, in bytes."""
        sequence, length = ffi.new("uint64_t *"), ffi.new("size_t *")
        self._known(lib.ab_publication_state(self.handle, sequence, length))
        return sequence[0], length[0]

    def last_error(self) -> str:
        """Return the text of the last AB_FAILED of an offer."""
        error = new_error()
        self._known(lib.ab_publication_error(self.handle, error))
        return error_text(error)

    @property
    def is_connected(self) -> bool:
        """Whether somebody subscribes."""
        return bool(self._known(lib.ab_publication_is_connected(self.handle)))

    @property
    def position(self) -> int:
        """Bytes of the stream so far; negative (AB_CLOSED) when Aeron closed it."""
        return self._known(lib.ab_publication_position(self.handle))

    @property
    def position_limit(self) -> int:
        """Up to where subscribers let it go on; negative (AB_CLOSED) when Aeron closed it."""
        return self._known(lib.ab_publication_position_limit(self.handle))

    @property
    def channel_status(self) -> int:
        """1 active, -1 the channel broke, anything else: on its way."""
        return self._known(lib.ab_publication_channel_status(self.handle))

    def close(self, deadline_ns: int) -> None:
        """Close it and wait until Aeron has."""
        self._close(lib.ab_publication_retire, lib.ab_publication_close_wait, deadline_ns)


class SubscriptionHandle(Handle):
    """A subscription: its images are looked at by its poller's thread alone."""

    __slots__ = ()
    noun = "subscription"

    @classmethod
    def add(cls, client: ClientHandle, channel: str, stream_id: int, deadline_ns: int) -> SubscriptionHandle:
        """Add one; waits for the driver's answer."""
        error = new_error()
        where = f"{channel} stream {stream_id}"
        handle = lib.ab_subscription_add_wait(client.handle, channel.encode(), stream_id, deadline_ns, error)
        if handle == 0:
            raise failure(error, where=where)
        return cls(handle, where)

    def configure(
        self, *, framed: bool, format_id: int, types: Sequence[tuple[int, int, bool]], counters: int | None
    ) -> None:
        """Say what is expected: frame, format, (type id, version, wanted)s; where to count."""
        table = ffi.new("ab_type[]", [(type_id, version, int(wanted)) for type_id, version, wanted in types])
        result = lib.ab_subscription_configure(
            self.handle, int(framed), format_id, table, len(types), _counters(counters)
        )
        self._configured(result, f"framed={framed} format={format_id} types={list(types)}")

    @property
    def is_connected(self) -> bool:
        """Whether it has an image. The poller's thread alone may ask."""
        return bool(self._known(lib.ab_subscription_is_connected(self.handle)))

    @property
    def image_count(self) -> int:
        """How many publications it reads. The poller's thread alone may ask."""
        return self._known(lib.ab_subscription_image_count(self.handle))

    @property
    def channel_status(self) -> int:
        """1 active, -1 the channel broke, anything else: on its way."""
        return self._known(lib.ab_subscription_channel_status(self.handle))

    @property
    def endpoint(self) -> str | None:
        """The address a UDP subscription is bound to (`host:port`), which tells a port asked for as 0.

        None while unbound.
        """
        text = ffi.new("char[]", 128)
        length = self._known(lib.ab_subscription_endpoint(self.handle, text, 128))
        return ffi.string(text).decode() if length > 0 else None

    def close(self, deadline_ns: int) -> None:
        """Close it and wait until Aeron has. Its poller's thread must be done with it."""
        self._close(lib.ab_subscription_retire, lib.ab_subscription_close_wait, deadline_ns)


class CounterHandle(Handle):
    """A counter in the driver's counters file."""

    __slots__ = ()
    noun = "counter"

    @classmethod
    def add(
        cls, client: ClientHandle, type_id: int, label: str, deadline_ns: int, *, key: bytes = b""
    ) -> CounterHandle:
        """Add one: `label` is what AeronStat shows, `key` at most 112 bytes for programs."""
        error = new_error()
        text = label.encode()
        handle = lib.ab_counter_add_wait(client.handle, type_id, key, len(key), text, len(text), deadline_ns, error)
        if handle == 0:
            raise failure(error, where=f"counter {label!r}")
        return cls(handle, f"counter {label!r}")

    @property
    def id(self) -> int:
        """Its place in the counters file."""
        return self._known(lib.ab_counter_id(self.handle))

    def set(self, value: int) -> None:
        """Store a value, visible to every reader of the counters file."""
        self._known(lib.ab_counter_set(self.handle, value))

    def close(self, deadline_ns: int) -> None:
        """Close it and wait until Aeron has."""
        self._close(lib.ab_counter_retire, lib.ab_counter_close_wait, deadline_ns)


def _counters(address: int | None) -> CData:
    return ffi.NULL if address is None else ffi.cast("int64_t *", address)
