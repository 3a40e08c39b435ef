"""Files of a recording, in Python: durable creation, the lock, and errors of the disk as errors of ours.

Rules of this file:

* A file that must be whole or absent is written beside its place, synced, renamed, and its folder synced (``replace``).
* The lock is a ``flock`` on ``LOCK``: it dies with its process, and another object of this process is another holder.
* A failed sync is never tried again: the kernel may have dropped the pages, and a second try would report success.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

from actorbus.errors import ActorBusError, EnvironmentFault, PermissionRefused
from actorbus.recording import JournalLocked, OutOfSpace, StorageFailed

__all__ = ["LOCK", "QUARANTINE", "disk", "free_name", "is_locked", "lock", "replace", "sync_directory"]

LOCK: Final = "LOCK"
QUARANTINE: Final = "quarantine"
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


def lock(directory: Path) -> int:
    """Take the writer's lock of a recording; closing the descriptor gives it back.

    Raises:
        JournalLocked: another writer has it.
    """
    path = directory / LOCK
    with disk(f"open {path}"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise JournalLocked(
            f"{directory} is being written to",
            why="another recorder holds its lock",
            hint="wait until that one has ended, or record into a folder of its own; reading needs no lock",
        ) from error
    except OSError as error:
        os.close(descriptor)
        raise EnvironmentFault(f"cannot lock {path}", why=str(error), hint="use a file system with flock") from error
    return descriptor


def is_locked(directory: Path) -> bool:
    """Return whether somebody writes to a recording at this moment. Changes nothing."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_CLOEXEC)
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
