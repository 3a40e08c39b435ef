"""Which directory a media driver may have.

**Aeron erases the directory it starts in** (finding 7), so a driver is started only where nothing can be lost: in a
directory that does not exist, is empty, or was left by a driver that is dead. Everything else is refused with its
reason.

    given: /dev/shm/x              used as it is, after the checks of `inspect`
    none given                     /dev/shm/actorbus-1000/            private (0700), checked
                                       driver-4711-k3j9x2ab/          one a driver; keeps the parent while Aeron
                                           aeron/                     removes and makes this one
                                       statistics-4711-0              of actorbus.metrics, not ours

Rules
* Nothing is removed but directories that `inspect` found stale, empty, or made by this file.
* What a killed process left in the private parent is swept when the next driver is made there.
* Any thread, any process at once: what another removes meanwhile is gone, which was wanted.
"""

from __future__ import annotations

import contextlib
import enum
import os
import re
import secrets
import shutil
import stat
import time
from pathlib import Path
from typing import Final

from actorbus.errors import DirectoryRefused, PermissionRefused
from actorbus.metrics.place import default_directory, private_directory
from actorbus.transport.cnc import CNC_FILE, DRIVER_TIMEOUT_MS, Cnc, pid_exists, read_cnc

__all__ = ["State", "inspect", "new_default_directory", "prepare", "release", "sweep"]

AERON_NAMES: Final = frozenset({CNC_FILE, "loss-report.dat", "publications", "images"})
"""Everything a driver of Aeron's puts into its directory."""

_OURS: Final = re.compile(r"driver-(\d+)-[a-z0-9]{8}")
_YOUNG_S: Final = 60.0
"""A directory without a CnC file is a driver's that is being started; after so long it is a leftover."""
_HEART_BEATS_WITHIN_S: Final = 1.5
_TRIES: Final = 5
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"


class State(enum.Enum):
    """What is at a path, of what a driver may have."""

    MISSING = "missing"
    EMPTY = "empty"
    STALE = "stale"
    """A driver's that is dead: may be removed."""


def inspect(path: Path) -> State:
    """Return what is at `path`; changes nothing.

    Raises:
        DirectoryRefused: a driver must not have it: the text says why.
        PermissionRefused: it belongs to another user, or cannot be read.
    """
    if not path.is_absolute():
        raise _refused(path, "it is not an absolute path", "write it in full")
    _refuse_special(path)
    try:
        status = path.lstat()
    except FileNotFoundError:
        return State.MISSING
    except OSError as error:
        raise PermissionRefused(f"the driver directory {path} cannot be looked at", why=str(error)) from error
    if stat.S_ISLNK(status.st_mode):
        raise _refused(path, f"it is a link to {path.readlink()}", "name the folder itself")
    if not stat.S_ISDIR(status.st_mode):
        raise _refused(path, "it is no folder", "name another one")
    if status.st_uid != os.geteuid():
        raise PermissionRefused(
            f"the driver directory {path} belongs to user {status.st_uid}",
            why=f"this is user {os.geteuid()}",
            hint="name another one",
        )
    if path.is_mount():
        raise _refused(path, "it is a mount point", f"name a folder in it: {path / 'aeron'}")
    return _inspect_contents(path)


def _refuse_special(path: Path) -> None:
    plain = Path(os.path.normpath(path))
    if plain == Path(plain.anchor):
        raise _refused(path, "it is the root of the file system", "name a folder of its own")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is no home
    real = Path(os.path.realpath(path))
    if real == Path(os.path.realpath(home)) or real in Path(os.path.realpath(home)).parents:
        raise _refused(path, f"it is the home folder {home} or holds it", "name a folder of its own")
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the folder we are in was removed
        return
    if real == here or real in here.parents:
        raise _refused(path, "it is the current folder or holds it", "name a folder of its own")


def _inspect_contents(path: Path) -> State:
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - the names alone
    except OSError as error:
        raise PermissionRefused(f"the driver directory {path} cannot be read", why=str(error)) from error
    if not names:
        return State.EMPTY
    foreign = [name for name in names if name not in AERON_NAMES]
    if foreign:
        raise _refused(
            path,
            f"it is neither empty nor Aeron's own: it has {_some(foreign)}",
            "Aeron would erase it; name an empty or a new folder",
        )
    cnc = read_cnc(path)
    if cnc is None or cnc.problem is not None:
        why = "no cnc.dat is in it" if cnc is None else f"its cnc.dat is not a driver's: {cnc.problem}"
        raise _refused(path, why, "if nobody needs it, remove it by hand")
    if _is_served(cnc):
        raise _refused(
            path, f"a media driver is active in it (process {cnc.pid})", "use mode external, or another folder"
        )
    return State.STALE


def _is_served(cnc: Cnc) -> bool:
    """Whether a driver may be alive: a young heartbeat counts until its process is known to be gone."""
    now_ms = time.time_ns() // 1_000_000
    if not cnc.is_active(now_ms, DRIVER_TIMEOUT_MS):
        return False
    return pid_exists(cnc.pid) or not _heart_stands_still(cnc)


def _heart_stands_still(cnc: Cnc) -> bool:
    """Whether a driver whose process is not here is dead.

    One in another pid namespace goes on beating, once a second.
    """
    deadline = time.monotonic() + _HEART_BEATS_WITHIN_S
    while time.monotonic() < deadline:
        again = read_cnc(cnc.path.parent)
        if again is None or again.heartbeat_ms == -1:
            return True
        if again.heartbeat_ms != cnc.heartbeat_ms:
            return False
        time.sleep(0.05)
    return True


def prepare(path: Path) -> None:
    """Make `path` ready for a driver: checked, a stale one removed, missing parents made.

    Raises:
        DirectoryRefused: see inspect.
        PermissionRefused: see inspect; or its parent may not be written.
    """
    state = inspect(path)
    try:
        if state is State.STALE:
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PermissionRefused(f"the driver directory {path} cannot be made", why=str(error)) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionRefused(
            f"the driver directory {path} cannot be made",
            why=f"{path.parent} may not be written",
            hint="name another one",
        )


def new_default_directory(parent: Path | None = None) -> Path:
    """Return a new driver directory of ours, not yet made, in a private parent. Sweeps what dead processes left.

    Args:
        parent: the private parent; None: this user's in shared memory.

    Raises:
        PermissionRefused: the parent is not ours alone (owner, mode, link).
    """
    parent = default_directory() if parent is None else parent
    for attempt in range(_TRIES):
        private_directory(parent)
        sweep(parent)
        token = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        holder = parent / f"driver-{os.getpid()}-{token}"
        try:
            holder.mkdir(mode=0o700)
        except FileNotFoundError:  # another process removed the empty parent just now
            if attempt == _TRIES - 1:
                raise
            continue
        except OSError as error:
            raise PermissionRefused(f"no driver directory can be made in {parent}", why=str(error)) from error
        return holder / "aeron"
    raise AssertionError


def release(path: Path) -> None:
    """Remove what is left of a driver's directory after its end, and of the folders this file made around it."""
    holder = path.parent
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if not path.is_symlink() and set(os.listdir(path)) <= AERON_NAMES:  # noqa: PTH208 - the names alone
            shutil.rmtree(path, ignore_errors=True)
    if _OURS.fullmatch(holder.name):
        _remove_empty(holder)
        _remove_empty(holder.parent)


def sweep(parent: Path) -> int:
    """Remove driver directories that killed processes left in the private parent; return how many."""
    removed = 0
    try:
        names = os.listdir(parent)  # noqa: PTH208 - the names alone
    except OSError:
        return 0
    for name in names:
        match = _OURS.fullmatch(name)
        if match is None or pid_exists(int(match[1])):
            continue
        holder = parent / name
        if _is_leftover(holder):
            shutil.rmtree(holder, ignore_errors=True)
            removed += 1
    return removed


def _is_leftover(holder: Path) -> bool:
    """Whether nobody serves it.

    Its process is gone here, but may live in another pid namespace that shares the folder.
    """
    try:
        cnc = read_cnc(holder / "aeron")
        if cnc is not None and cnc.problem is None:
            return not cnc.is_active(time.time_ns() // 1_000_000, DRIVER_TIMEOUT_MS)
        return time.time() - holder.lstat().st_mtime > _YOUNG_S
    except (OSError, PermissionRefused):
        return False


def _remove_empty(path: Path) -> None:
    with contextlib.suppress(OSError):  # not empty: somebody else's is in it
        path.rmdir()


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _refused(path: Path, why: str, hint: str) -> DirectoryRefused:
    return DirectoryRefused(f"a media driver may not have the directory {path}", why=why, hint=hint)
