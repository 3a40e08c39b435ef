"""Where each consumer of a recording is: ``consumers/NAME``, 64 bytes that survive a kill at any moment.

    0 "abresume" | 8 u32 version 1 | 12 u32 0 | 16 i64 position | 24 u8[16] uuid of the recording | 40 zeros

Rules of this file:

* Storing a position is one aligned 8-byte store into shared memory: a kill leaves the old one or the new one, and the
  system writes it to the disk. ``sync`` makes it durable; after a power loss an older one may be there, none mixed.
* A file of another recording is refused: its positions mean something else here.
* One owner at a time (``flock``): two handlers of one name would go on from each other's places.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from actorbus.errors import ClosedError, InvalidValue
from actorbus.journal.files import disk, sync_directory
from actorbus.recording import FormatRefused, JournalLocked, Position

__all__ = ["FOLDER", "Consumer", "positions_of"]

FOLDER: Final = "consumers"
SIZE_BYTES: Final = 64
_MAGIC: Final = b"abresume"
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<8sIIq16s")
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
    """Whether there was no position before."""

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
                self.is_new = os.fstat(descriptor).st_size == 0
                if self.is_new:
                    head = _HEAD.pack(_MAGIC, _VERSION, 0, 0, bytes.fromhex(uuid))
                    os.pwrite(descriptor, head.ljust(SIZE_BYTES, b"\0"), 0)
                    os.fsync(descriptor)
                    sync_directory(folder)
                    sync_directory(folder.parent)
                _check(self.path, os.pread(descriptor, SIZE_BYTES, 0), uuid)
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


def _check(path: Path, data: bytes, uuid: str) -> int:
    """Return the position in a consumer's file. Raises FormatRefused."""
    if len(data) < SIZE_BYTES or data[:8] != _MAGIC:
        raise FormatRefused(f"{path} is not a consumer's position", hint="remove it: the consumer begins anew")
    _, version, _, position, owner = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise FormatRefused(f"{path} has version {version}", why=f"this actorbus reads {_VERSION}")
    if owner != bytes.fromhex(uuid):
        raise FormatRefused(
            f"{path} belongs to recording {owner.hex()}", why=f"this one is {uuid}", hint="remove it, or take it back"
        )
    if position < 0:
        raise FormatRefused(f"{path} has position {position}", hint="remove it: the consumer begins anew")
    return position


def positions_of(directory: Path | str, uuid: str) -> Mapping[str, int]:
    """Return the position of every consumer of a recording, by name. Raises FormatRefused as ``Consumer``."""
    folder = Path(directory) / FOLDER
    found: dict[str, int] = {}
    with disk(f"read {folder}"):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if _NAME.fullmatch(path.name):
                    found[path.name] = _check(path, path.read_bytes(), uuid)
    return found
