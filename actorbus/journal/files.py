"""Files of a recording, in Python: durable creation, the lock, and errors of the disk as errors of ours.

Rules of this file:

* A file that must be whole or absent is written beside its place, synced, renamed, and its folder synced (``replace``).
* The lock is a ``flock`` on the folder and on ``LOCK``: it dies with its process, and another object of this process is
  another holder. The folder cannot be removed beside a writer as the file can; native code takes the file alone.
* Who looks whether it is taken takes it for a moment: so a writer tries for a while before it is refused.
* A failed sync is never tried again: the kernel may have dropped the pages, and a second try would report success.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
import weakref
from collections.abc import Generator
from pathlib import Path
from typing import Final, final

from actorbus.errors import ActorBusError, EnvironmentFault, PermissionRefused
from actorbus.recording import JournalLocked, OutOfSpace, StorageFailed

__all__ = ["LOCK", "QUARANTINE", "Lock", "disk", "free_name", "is_locked", "replace", "sync_directory"]

LOCK: Final = "LOCK"
QUARANTINE: Final = "quarantine"
PATIENCE_S: Final = 0.05
NAP_S: Final = 0.002
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def disk_error(error: OSError, what: str) -> ActorBusError:
    """Return the error of ours for what the operating system refused."""
    if error.errno in _FULL:
        return OutOfSpace(f"no room to {what}", why=str(error), hint="free some: recording goes on when there is room")
    if error.errno in _DENIED:
        return PermissionRefused(f"may not {what}", why=str(error), hint="check owner and permissions")
    return StorageFailed(f"cannot {what}", why=str(error), hint="look at the disk, then open the recording anew")


@contextlib.contextmanager
def disk(what: str) -> Generator[None]:
    """Turn an OSError inside into OutOfSpace, PermissionRefused or StorageFailed; ``what`` follows "cannot"."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, what) from error


def sync_directory(directory: Path) -> None:
    """Make what was created, renamed or removed in a folder durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Write a file so that after a power loss it is the old or the new one, whole.

    Raises:
        OutOfSpace, PermissionRefused, StorageFailed: the old file is as it was.
    """
    beside = path.with_name(path.name + ".tmp")
    with disk(f"write {path}"):
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            written = 0
            while written < len(data):
                written += os.write(descriptor, data[written:])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
        sync_directory(path.parent)


@final
class Lock:
    """The writer's lock of a recording, until it is closed.

    Args:
        directory: of the recording; it is there.
        file: take the file ``LOCK`` too; False when native code does.

    Raises:
        JournalLocked: another writer has it.
    """

    __slots__: tuple[str, ...] = ("__weakref__", "_descriptors")

    def __init__(self, directory: Path, *, file: bool = True) -> None:
        self._descriptors: list[int] = []
        _locks.add(self)
        path = directory / LOCK
        try:
            with disk(f"lock {directory}"):
                self._descriptors.append(os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            with contextlib.suppress(EnvironmentFault):  # a network file system may lock files alone
                self._take(directory, directory)
            if file:
                with disk(f"open {path}"):
                    self._descriptors.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))
                self._take(directory, path)
        except BaseException:
            self.close()
            raise

    def _take(self, directory: Path, path: Path) -> None:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(self._descriptors[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() < until:
                    time.sleep(NAP_S)
                    continue
                raise JournalLocked(
                    f"{directory} is being written to",
                    why="another recorder holds its lock",
                    hint="wait until that one has ended, or record into a folder of its own; reading needs no lock",
                ) from error
            except OSError as error:
                raise EnvironmentFault(
                    f"cannot lock {path}", why=str(error), hint="use a file system with flock"
                ) from error
            return

    @property
    def is_held(self) -> bool:
        """Whether it was not given back."""
        return bool(self._descriptors)

    def close(self) -> None:
        """Give it back. May be repeated."""
        while self._descriptors:
            os.close(self._descriptors.pop())


_locks: Final[weakref.WeakSet[Lock]] = weakref.WeakSet()


def _give_up() -> None:
    """In a child of `fork`: what its parent writes is not its own, and must not stay locked by it."""
    for lock in list(_locks):
        lock.close()


os.register_at_fork(after_in_child=_give_up)


def is_locked(directory: Path) -> bool:
    """Return whether somebody writes to a recording at this moment. Changes nothing; a writer waits for its look."""
    return _is_taken(directory) or _is_taken(directory / LOCK)


def _is_taken(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def free_name(folder: Path, name: str) -> Path:
    """Return a path in ``folder`` (made when it is missing) that does not exist: name, name.1, name.2, ..."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    number = 0
    while path.exists():
        number += 1
        path = folder / f"{name}.{number}"
    return path
