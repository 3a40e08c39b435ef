"""Reads the head of a driver's CnC file: who serves this directory, and is it alive?

Aeron's client maps the file and waits for a broken one without end (trap P13), and mapping a file that is cut short
ends in SIGBUS. So we look first, with plain reads, and only then let Aeron connect. Nothing here needs Aeron or
changes anything.

The layout, restated from Aeron 1.53 (little endian; file `cnc.dat`):

    0   i32 version (0.2.0 is 512; 0 while the driver still writes)
    4   i32 lengths of: to driver, to clients, counter metadata, counter values, error log (5 of them)
    24  i64 client liveness timeout, ns
    32  i64 start time, ms since 1970
    40  i64 process id of the driver
    48  i32 page size
    128 the buffers, in the order of their lengths; the last 768 bytes of the first are its trailer, and 640 bytes into
        that is the driver's heartbeat: i64 ms since 1970, 0 before the first, -1 after an orderly end

Clock: heartbeats are wall clock, as Aeron writes them (finding 4): a step of the clock makes them look young or old.
Who looks again and again takes a `Pulse`: a heartbeat that moves is alive, whatever its value says.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actorbus.errors import DriverUnavailable, PermissionRefused

__all__ = ["CNC_FILE", "DRIVER_TIMEOUT_MS", "Cnc", "Pulse", "read_cnc", "wait_for_driver"]

CNC_FILE: Final = "cnc.dat"
DRIVER_TIMEOUT_MS: Final = 10_000
"""Aeron's default: a driver without heartbeat for so long is dead."""

_HEAD: Final = struct.Struct("<6i3qi")
_HEAD_LENGTH: Final = 128
_TRAILER_LENGTH: Final = 768
_HEARTBEAT_OFFSET: Final = 640
_MAJOR: Final = 0
_LOOK_EVERY_S: Final = 0.005
_RESTART_NS: Final = 1_000_000_000
"""A driver that ended or died does not come back by itself; one that is being restarted gets this long."""


@dataclass(frozen=True, slots=True)
class Cnc:
    """What the file said at one moment."""

    path: Path
    version: tuple[int, int, int]
    pid: int
    start_ms: int
    heartbeat_ms: int
    """0 before the first, -1 after an orderly end."""
    client_liveness_ns: int
    problem: str | None
    """Why no client may connect: not written yet, cut short, another version; None when it is whole."""

    def age_ms(self, now_ms: int) -> int:
        """Return how old the last heartbeat is; a clock that stepped back makes it 0."""
        return max(0, now_ms - self.heartbeat_ms)

    def is_active(self, now_ms: int, timeout_ms: int = DRIVER_TIMEOUT_MS) -> bool:
        """Whether a driver may still serve this directory, by its heartbeat alone."""
        return self.problem is None and self.heartbeat_ms > 0 and self.age_ms(now_ms) <= timeout_ms


class Pulse:
    """Tells by looks at a heartbeat whether it beats: it moved within the timeout, by the monotonic clock."""

    __slots__: tuple[str, ...] = ("_last", "_since_ns", "_timeout_ns")

    def __init__(self, timeout_ms: int = DRIVER_TIMEOUT_MS) -> None:
        self._timeout_ns = timeout_ms * 1_000_000
        self._last = 0
        self._since_ns = 0

    def beats(self, heartbeat_ms: int, now_ns: int) -> bool:
        """Take a look: the heartbeat as it is, and the monotonic clock. An orderly end (-1) does not beat."""
        if heartbeat_ms != self._last:
            self._last, self._since_ns = heartbeat_ms, now_ns
        return heartbeat_ms > 0 and now_ns - self._since_ns <= self._timeout_ns


def read_cnc(directory: str | os.PathLike[str]) -> Cnc | None:
    """Return what the directory's CnC file says; None when there is none.

    Raises:
        PermissionRefused: we may not read it.
    """
    path = Path(directory) / CNC_FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PermissionRefused(
            f"the media driver's file {path} cannot be read",
            why=str(error),
            hint="run as the user who started the driver",
        ) from error
    try:
        return _parse(path, descriptor)
    finally:
        os.close(descriptor)


def _parse(path: Path, descriptor: int) -> Cnc:
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, _HEAD.size, 0)
    if size < _HEAD_LENGTH or len(head) < _HEAD.size:
        return _broken(path, f"it is cut short: {size} bytes, its head alone has {_HEAD_LENGTH}")
    version, *lengths, liveness, start, pid, _page = _HEAD.unpack(head)
    if version == 0:
        return _broken(path, "its driver has not finished writing it")
    numbers = (version >> 16 & 0xFF, version >> 8 & 0xFF, version & 0xFF)
    if numbers[0] != _MAJOR:
        text = ".".join(map(str, numbers))
        return _broken(
            path, f"it has layout version {text}, known is {_MAJOR}.x: an Aeron this version does not speak to"
        )
    wanted = _HEAD_LENGTH + sum(lengths)
    problem = None
    if min(lengths) < 0 or lengths[0] < _TRAILER_LENGTH:
        problem = f"its lengths make no sense: {lengths}"
    elif size < wanted:
        problem = f"it is cut short: {size} bytes of {wanted}"
    heartbeat = 0
    if problem is None:
        raw = os.pread(descriptor, 8, _HEAD_LENGTH + lengths[0] - _TRAILER_LENGTH + _HEARTBEAT_OFFSET)
        heartbeat = int.from_bytes(raw, "little", signed=True)
    return Cnc(path, numbers, pid, start, heartbeat, liveness, problem)


def _broken(path: Path, problem: str) -> Cnc:
    return Cnc(path, (0, 0, 0), 0, 0, 0, 0, problem)


def pid_exists(pid: int) -> bool:
    """Whether a process with that number runs here. A driver in another pid namespace looks dead by this alone."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_for_driver(directory: str | os.PathLike[str], deadline_ns: int, *, timeout_ms: int = DRIVER_TIMEOUT_MS) -> Cnc:
    """Wait until a living driver serves the directory, and return what it says of itself.

    A process id that is gone is no proof (another pid namespace), nor is a young heartbeat (just killed): when the two
    disagree, the heartbeat must be seen to move.

    Args:
        directory: the driver's.
        deadline_ns: CLOCK_MONOTONIC.
        timeout_ms: a heartbeat older than this is stale.

    Raises:
        DriverUnavailable: none by the deadline; the text says what was found instead.
        PermissionRefused: the file may not be read or written.
    """
    first: int | None = None
    hopeless_ns = min(deadline_ns, time.monotonic_ns() + _RESTART_NS)
    while True:
        cnc = read_cnc(directory)
        active = cnc is not None and cnc.is_active(_now_ms(), timeout_ms)
        if cnc is not None and active:
            if pid_exists(cnc.pid) or (first is not None and cnc.heartbeat_ms != first):
                _check_writable(cnc.path)
                return cnc
            first = cnc.heartbeat_ms if first is None else first
        over_ns = hopeless_ns if cnc is not None and cnc.heartbeat_ms != 0 and not active else deadline_ns
        if time.monotonic_ns() >= over_ns:
            raise _unavailable(Path(directory), cnc, timeout_ms)
        time.sleep(_LOOK_EVERY_S)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _check_writable(path: Path) -> None:
    if not os.access(path, os.R_OK | os.W_OK):
        owner = path.stat().st_uid
        raise PermissionRefused(
            f"the media driver's file {path} may not be written",
            why=f"it belongs to user {owner}, this is user {os.geteuid()}",
            hint="run as the user who started the driver",
        )


def _unavailable(directory: Path, cnc: Cnc | None, timeout_ms: int) -> DriverUnavailable:
    start = f"start one: actorbus driver --directory {directory}"
    if cnc is None:
        why = "it has no cnc.dat" if directory.is_dir() else "there is no such folder"
        return DriverUnavailable(f"no media driver serves {directory}", why=why, hint=start)
    if cnc.problem is not None:
        hint = f"if no driver runs there, remove the folder; then {start}"
        return DriverUnavailable(f"no client can connect through {cnc.path}", why=cnc.problem, hint=hint)
    if cnc.heartbeat_ms == -1:
        return DriverUnavailable(f"the media driver of {directory} has ended", why=f"process {cnc.pid}", hint=start)
    if cnc.heartbeat_ms == 0:
        return DriverUnavailable(
            f"the media driver of {directory} does not run yet", why=f"process {cnc.pid}", hint=start
        )
    age = cnc.age_ms(_now_ms())
    alive = "still exists" if pid_exists(cnc.pid) else "is gone"
    return DriverUnavailable(
        f"the media driver of {directory} is dead",
        why=f"its last heartbeat is {age} ms old (limit {timeout_ms} ms) and its process {cnc.pid} {alive}",
        hint=start,
    )
