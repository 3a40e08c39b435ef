"""Media drivers: inside this process, in a child process of ours, or already there.

    EmbeddedDriver   threads of this process         dies with it; the cheapest
    ProcessDriver    a child of this process          outlives a crash of our Python for a moment, never our process
    ExternalDriver   somebody else's                  only looked at

Rules
* start() returns when clients can connect, or raises within its deadline and leaves nothing behind. close() stops
  it and removes its directory; again does nothing. Clients are closed before their driver.
* Directories: see directory.py. A driver is used once: start, close.
* Thread: one at a time; close also at interpreter exit (exits.py). A forked child can close nothing of its parent's.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, override, runtime_checkable

from actorbus.errors import ActorBusError, ClosedError, InvalidValue, UsageError
from actorbus.ffi import DriverHandle, load, printed_lines
from actorbus.transport import directory as folders
from actorbus.transport.cnc import Pulse, read_cnc, wait_for_driver
from actorbus.transport.exits import forget, remember
from actorbus.transport.settings import DriverSettings

__all__ = ["Driver", "EmbeddedDriver", "ExternalDriver", "OwnDriver", "deadline_in"]

START_TIMEOUT_S: Final = 10.0
LOOK_TIMEOUT_S: Final = 4.0
"""How long a driver that is not ours may take to appear; with what follows an error comes within 5 s."""
CLOSE_TIMEOUT_S: Final = 5.0


def deadline_in(seconds: float) -> int:
    """Return the CLOCK_MONOTONIC time in so many seconds, in nanoseconds."""
    return time.monotonic_ns() + round(seconds * 1e9)


@runtime_checkable
class Driver(Protocol):
    """A media driver, wherever it runs."""

    @property
    def directory(self) -> Path:
        """Where clients connect."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it serves, as far as its files and processes tell. Never waits."""
        ...

    def start(self) -> None:
        """Start it, or make sure it is there."""
        ...

    def close(self) -> None:
        """Stop it when it is ours."""
        ...


class OwnDriver:
    """What the two kinds that we start have in common: the directory, and the order of start and close."""

    def __init__(self, directory: str | os.PathLike[str] | None, settings: DriverSettings | None) -> None:
        """Make a driver, not yet started.

        Args:
            directory: where; None: a new one in our private folder in shared memory.
            settings: None: those for a laptop.
        """
        self.settings: DriverSettings = settings if settings is not None else DriverSettings.laptop()
        self._given: Path | None = None if directory is None else Path(directory)
        self._directory: Path | None = None
        self._state: str = "new"
        self._pid: int = os.getpid()
        self.notes: list[str] = []
        """What Aeron had to say while it started: buffers the operating system would not give, say."""

    @property
    def directory(self) -> Path:
        """Where clients connect.

        Raises:
            UsageError: a default directory gets its name when the driver starts.
        """
        found = self._directory if self._directory is not None else self._given
        if found is None:
            raise UsageError("the media driver has no directory yet", hint="start() it first")
        return found

    def start(self) -> None:
        """Start it and wait until clients can connect.

        Raises:
            DirectoryRefused: a driver must not have that directory.
            EnvironmentFault: no memory, no permission, no library, or it did not come up in 10 s.
            InvalidValue: Aeron refuses a setting.
        """
        if self._state != "new":
            raise ClosedError(f"the media driver was {self._state} before", hint="make a new one")
        deadline_ns = deadline_in(START_TIMEOUT_S)
        if self._given is None:
            self._directory = folders.new_default_directory()
        else:
            folders.prepare(self._given)
            self._directory = self._given
        self._state = "started"
        remember(self)
        try:
            self._launch(self._directory, deadline_ns)
            wait_for_driver(self._directory, deadline_ns)
        except BaseException:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._state == "started" and self._runs()

    def close(self) -> None:
        """Stop it and remove its directory. Again does nothing."""
        if self._state != "started":
            self._state = "closed"
            return
        if self._pid != os.getpid():
            return  # a forked child: the driver is its parent's
        deadline_ns = deadline_in(CLOSE_TIMEOUT_S)
        try:
            self._end(deadline_ns)
        finally:
            self._state = "closed"
            forget(self)
            if self._directory is not None:
                folders.release(self._directory)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _launch(self, directory: Path, deadline_ns: int) -> None:
        raise NotImplementedError

    def _runs(self) -> bool:
        raise NotImplementedError

    def _end(self, deadline_ns: int) -> None:
        raise NotImplementedError


class EmbeddedDriver(OwnDriver):
    """A media driver on threads of this process."""

    def __init__(self, directory: str | os.PathLike[str] | None = None, settings: DriverSettings | None = None) -> None:
        super().__init__(directory, settings)
        self._handle: DriverHandle | None = None
        self._pulse = Pulse()
        if self.settings.environment:
            raise InvalidValue(
                f"environment {sorted(self.settings.environment)} is for a driver process (mode process)",
                hint="an embedded driver would need it in this process's own environment",
            )

    @override
    def _launch(self, directory: Path, deadline_ns: int) -> None:
        load()
        handle = DriverHandle.open(inherit_environment=self.settings.inherit_environment)
        self._handle = handle
        handle.set("dir", os.fspath(directory))
        for name, value in self.settings.driver_settings():
            handle.set(name, value)
        handle.start(remove_directory=True)
        self.notes = printed_lines()

    @override
    def _runs(self) -> bool:
        cnc = read_cnc(self.directory)
        return cnc is not None and cnc.problem is None and self._pulse.beats(cnc.heartbeat_ms, time.monotonic_ns())

    @override
    def _end(self, deadline_ns: int) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close(deadline_ns)


class ExternalDriver:
    """A media driver that somebody else runs: looked at, never started, stopped or removed."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        """Point at a driver by its directory."""
        self._directory = Path(directory)

    @property
    def directory(self) -> Path:
        """Where clients connect."""
        return self._directory

    @property
    def is_alive(self) -> bool:
        """Whether its heartbeat is young."""
        try:
            cnc = read_cnc(self._directory)
        except ActorBusError:
            return False
        return cnc is not None and cnc.is_active(time.time_ns() // 1_000_000)

    def start(self) -> None:
        """Make sure that it is there.

        Raises:
            DriverUnavailable: it is not, after 4 s; the text says what was found.
            PermissionRefused: it is another user's.
        """
        wait_for_driver(self._directory, deadline_in(LOOK_TIMEOUT_S))

    def close(self) -> None:
        """Do nothing: it is not ours."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
