"""Thin owners of native handles: the driver and the client; what is opened through a client is in resources.py.

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
from collections.abc import Callable
from typing import TYPE_CHECKING

from actorbus.errors import ActorBusError, ClosedError, InternalError
from actorbus.ffi.failure import error_text, failure, new_error
from actorbus.ffi.native import lib

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import CData, ab_error

__all__ = [
    "ClientHandle",
    "DriverHandle",
    "Handle",
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
            raise self._failure(error)

    def _failure(self, error: ab_error) -> ActorBusError:
        """Return what a close that failed raises."""
        return failure(error, where=self.where)


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
