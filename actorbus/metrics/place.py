"""Where statistics files live: one private folder a user, one file a ``Statistics``.

    /dev/shm/actorbus-1000/            0700, ours; refused when it is a link, another user's, or open to others
        statistics-4711-0              process 4711, its first
        statistics-4711-1              a second node in that process
        statistics-4022-0              a black box: 4022 was killed

Rules of this file:

* A file of a process that is gone is kept to be read, but not for ever: the newest ``BLACK_BOXES_KEPT`` stay. Only
  files whose writer is known to be dead are ever removed.
* Any thread. Two processes may do the same at once: what one misses is gone, which was wanted.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from actorbus.errors import ActorBusError, PermissionRefused
from actorbus.ffi.stats import read_statistics_header

__all__ = [
    "BLACK_BOXES_KEPT",
    "default_directory",
    "list_statistics",
    "next_path",
    "private_directory",
    "remove_old_black_boxes",
]

BLACK_BOXES_KEPT: Final = 8
"""Files of dead processes that stay: 16 MiB of the default size."""

_PREFIX: Final = "statistics-"
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the memory file system: private_directory makes it safe
_numbers = itertools.count()


def default_directory() -> Path:
    """Return this user's folder in shared memory, or in the temporary folder where there is none. Creates nothing."""
    usable = _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK)
    parent = _SHARED_MEMORY if usable else Path(tempfile.gettempdir())
    return parent / f"actorbus-{os.geteuid()}"


def private_directory(path: Path) -> Path:
    """Return `path` after making sure that it is a folder of ours that nobody else may enter; create it when missing.

    Raises:
        PermissionRefused: it is a link, a file, another user's or open to others, or cannot be created.
    """
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        status = path.lstat()
    except OSError as error:
        raise PermissionRefused(f"cannot create the folder {path}", why=str(error)) from error
    if not stat.S_ISDIR(status.st_mode):
        raise PermissionRefused(f"{path} is no folder", why="links and files are refused", hint="remove it")
    if status.st_uid != os.geteuid():
        raise PermissionRefused(f"{path} belongs to user {status.st_uid}", why=f"this is user {os.geteuid()}")
    if status.st_mode & 0o077:
        what = f"{path} is open to others (mode {stat.S_IMODE(status.st_mode):04o})"
        raise PermissionRefused(what, why="wanted is 0700", hint=f"chmod 700 {path}")
    return path


def next_path(directory: Path) -> Path:
    """Return a name no other ``Statistics`` of this process has used. It may be taken by an older black box."""
    return directory / f"{_PREFIX}{os.getpid()}-{next(_numbers)}"


def list_statistics(directory: Path | None = None) -> list[Path]:
    """Return the statistics files in `directory` (None: the default one), newest first; empty when there is none."""
    found: list[tuple[int, Path]] = []
    with contextlib.suppress(OSError), os.scandir(directory or default_directory()) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with contextlib.suppress(OSError):  # gone since
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, Path(entry.path)))
    return [path for _, path in sorted(found, reverse=True)]


def remove_old_black_boxes(directory: Path, keep: int = BLACK_BOXES_KEPT) -> int:
    """Remove all but the newest `keep` files whose writer is known to be dead; return how many went."""
    dead = [path for path in list_statistics(directory) if _writer_is_dead(path)]
    removed = 0
    for path in dead[keep:]:
        with contextlib.suppress(OSError):
            path.unlink()
            removed += 1
    return removed


def _writer_is_dead(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return read_statistics_header(descriptor, str(path)).writer == "dead"
    except ActorBusError:
        return False
    finally:
        os.close(descriptor)
