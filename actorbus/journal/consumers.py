"""Where each consumer of a recording is: ``consumers/NAME``, 64 bytes that survive a kill at any moment.

    0 "abresume" | 8 u32 version 1 | 12 u32 1: new | 16 i64 position | 24 u8[16] uuid of the recording | 40 zeros

Rules of this file:

* Storing a position is one aligned 8-byte store into shared memory: a kill leaves the old one or the new one, and the
  system writes it to the disk. ``sync`` makes it durable; after a power loss an older one may be there, none mixed.
* A file is new until its first store: one that a start left which then failed says nothing of where to begin.
* A file of another recording is refused: its positions mean something else here.
* No position is behind the end of its recording. After a power loss one may be, where the recording's last records were
  not durable: who opens it to write takes it back (``hold_back``) before other records get those positions.
* One owner at a time (``flock``): two handlers of one name would go on from each other's places.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from actorbus.errors import ActorBusError, ClosedError, InvalidValue
from actorbus.journal.files import disk, sync_directory
from actorbus.recording import FormatRefused, JournalLocked, Position

__all__ = ["FOLDER", "Consumer", "forget", "hold_back", "positions_of"]

log = logging.getLogger("actorbus.journal")

FOLDER: Final = "consumers"
SIZE_BYTES: Final = 64
_MAGIC: Final = b"abresume"
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<8sIIq16s")
_NEW: Final = 1
_MARKS: Final = 8 // 8
_PLACE: Final = 16 // 8
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@final
class Consumer:
    """One consumer's position in one recording; made at position 0 when it is new. One thread stores.

    Args:
        directory: of the recording.
        uuid: of the recording, 32 hex digits.
        name: letters, digits, ``_ . -``, at most 100.

    Raises:
        InvalidValue: not a name.
        FormatRefused: the file is not ours, or belongs to another recording.
        JournalLocked: another owner has it.
    """

    __slots__: tuple[str, ...] = ("_descriptor", "_memory", "_words", "is_new", "path")

    path: Path
    is_new: bool
    """Whether there is no position yet."""

    def __init__(self, directory: Path | str, uuid: str, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise InvalidValue(f"{name!r} is not a consumer's name", hint="use letters, digits, _ . and -")
        folder = Path(directory) / FOLDER
        self.path = folder / name
        with disk(f"open {self.path}"):
            folder.mkdir(exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_size == 0:
                    head = _HEAD.pack(_MAGIC, _VERSION, _NEW, 0, bytes.fromhex(uuid))
                    os.pwrite(descriptor, head.ljust(SIZE_BYTES, b"\0"), 0)
                    os.fsync(descriptor)
                    sync_directory(folder)
                    sync_directory(folder.parent)
                self.is_new = _check(self.path, os.pread(descriptor, SIZE_BYTES, 0), uuid) is None
                self._memory = mmap.mmap(descriptor, SIZE_BYTES)
            except BlockingIOError as error:
                os.close(descriptor)
                raise JournalLocked(f"consumer {name} is in use", where=str(self.path)) from error
            except BaseException:
                os.close(descriptor)
                raise
        self._descriptor = descriptor
        # A cast view stores its item in one move; struct.pack_into("<q") would store byte by byte.
        self._words = memoryview(self._memory).cast("q")

    @property
    def position(self) -> Position:
        """Behind the record handled last."""
        self._open()
        return Position(self._words[_PLACE])

    def store(self, position: int) -> None:
        """Note that everything up to a position was handled. Survives a kill at once, a power loss after ``sync``."""
        self._open()
        self._words[_PLACE] = Position(position)
        if self.is_new:
            self._words[_MARKS] = _VERSION  # a kill before it: new still, and its first store is where it begins anyway
            self.is_new = False

    def sync(self) -> None:
        """Make the position durable."""
        self._open()
        with disk(f"sync {self.path}"):
            self._memory.flush()

    def _open(self) -> None:
        if self._descriptor < 0:
            raise ClosedError(f"consumer {self.path.name} is closed")

    def close(self) -> None:
        """Sync and close. May be repeated."""
        if self._descriptor < 0:
            return
        try:
            self.sync()
        finally:
            self._words.release()
            self._memory.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check(path: Path, data: bytes, uuid: str) -> int | None:
    """Return the position in a consumer's file, None when it is new. Raises FormatRefused."""
    if len(data) < SIZE_BYTES or data[:8] != _MAGIC:
        raise FormatRefused(f"{path} is not a consumer's position", hint="remove it: the consumer begins anew")
    _, version, new, position, owner = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise FormatRefused(f"{path} has version {version}", why=f"this actorbus reads {_VERSION}")
    if owner != bytes.fromhex(uuid):
        raise FormatRefused(
            f"{path} belongs to recording {owner.hex()}", why=f"this one is {uuid}", hint="remove it, or take it back"
        )
    if position < 0:
        raise FormatRefused(f"{path} has position {position}", hint="remove it: the consumer begins anew")
    return None if new == _NEW else position


def positions_of(directory: Path | str, uuid: str) -> Mapping[str, int]:
    """Return the position of every consumer of a recording that has one, by name.

    Raises:
        FormatRefused: as ``Consumer``.
    """
    folder = Path(directory) / FOLDER
    found: dict[str, int] = {}
    with disk(f"read {folder}"):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if _NAME.fullmatch(path.name):
                    position = _check(path, path.read_bytes(), uuid)
                    if position is not None:
                        found[path.name] = position
    return found


def hold_back(directory: Path | str, uuid: str, end: int) -> Mapping[str, int]:
    """Take consumers that are behind the recording's end back to it; return where they were. By who may write it.

    One that is in use, or whose file is refused, is left as it is: its owner meets that.
    """
    moved: dict[str, int] = {}
    folder = Path(directory) / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            with disk(f"read {path}"):
                was = _check(path, path.read_bytes(), uuid) if _NAME.fullmatch(path.name) else None
            if was is None or was <= end:
                continue
            with Consumer(directory, uuid, path.name) as consumer:
                consumer.store(end)
        except ActorBusError as error:
            log.info("consumer %s: %s", path, error)
            continue
        moved[path.name] = was
        log.warning(
            "consumer %s was at position %d, and the recording %s ends at %d: what was between is lost",
            *(path.name, was, directory, end),
        )
    return moved


def forget(directory: Path | str, uuid: str, name: str) -> int | None:
    """Remove a consumer, so that retention waits for it no longer; return where it was, None: nowhere yet.

    Raises:
        InvalidValue: there is none of this name. JournalLocked: it is in use. FormatRefused: as ``Consumer``.
    """
    path = Path(directory) / FOLDER / name
    if not _NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(positions_of(directory, uuid)) or "none"
        raise InvalidValue(f"the recording {directory} has no consumer {name!r}", why=f"it has: {known}")
    with Consumer(directory, uuid, name) as consumer:
        was = None if consumer.is_new else int(consumer.position)
        with disk(f"remove {path}"):
            path.unlink()
            sync_directory(path.parent)
    return was
