"""Messages that handlers raised on, by their address in a recording: ``quarantine/messages.jsonl``, for `redrive`.

    {"handler":"risk","stream":"orders","session":-5,"position":4096,"index":0,...,"error":"ValueError: ..."}
    the same with "redriven_ns", and "error" null or the new one: what a redrive made of it

Rules of this file:

* Lines are only ever appended, each in one write: a kill leaves whole lines, any thread and process may append. After a
  power loss the end may be missing or torn; a line that is none is counted, never guessed.
* An address (handler, stream, session, position, index) is one entry, however often it failed. Handler "" stands for
  each that takes the message: it could not be decoded. Once redriven it stays done.
* The bytes stay in the recording: nothing of a message is copied here. What recovery cuts (``*.cut``) is beside it.
* One redrive at a time (``flock``); whoever keeps needs no lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final, final

import msgspec

from actorbus.clock import Clock, SystemClock
from actorbus.errors import ActorBusError, UsageError
from actorbus.journal.files import QUARANTINE, disk, sync_directory
from actorbus.limits import QUARANTINE_FILE_BYTES_MAX
from actorbus.recording import JournalLocked

__all__ = ["FILE", "KeptMessage", "QuarantineBook", "read_quarantine", "redriving"]

FILE: Final = "messages.jsonl"
ERROR_CHARACTERS: Final = 1000
"""Kept of an error's text."""
log = logging.getLogger("actorbus.quarantine")

type Key = tuple[str, str, int, int, int]


@final
class KeptMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry: a message's address and what its handler raised; also a line of the file."""

    handler: str
    """Its name in the topology; empty: every one that takes the message, which could not be decoded."""
    stream: str
    session: int
    position: int
    """The stream position just after its frame, in bytes."""
    index: int = 0
    """Its place in a batch frame."""
    sequence: int = 0
    """The publisher's number of it."""
    type_id: int = 0
    received_ns: int = 0
    """When it was received, nanoseconds since 1970."""
    recorded: int | None = None
    """Its sequence in the recording, where the handler read the recording; None: it came live."""
    error: str | None = None
    """What it raised last; None: it was redriven."""
    kept_ns: int = 0
    redriven_ns: int | None = None
    """When it was redriven last; None: never."""
    tries: int = 0
    """How often it was redriven."""

    @property
    def key(self) -> Key:
        """The address."""
        return (self.handler, self.stream, self.session, self.position, self.index)

    @property
    def is_done(self) -> bool:
        """Whether a redrive of it went well."""
        return self.redriven_ns is not None and self.error is None


@final
class QuarantineBook:
    """Where a node's handlers keep what they raised on. `directories`: the recording of each recorded stream.

    Thread: any.
    """

    __slots__: tuple[str, ...] = ("_clock", "_directories", "_dirty", "_files", "_lock", "_told", "lost")

    def __init__(self, directories: Mapping[str, Path], clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._directories = dict(directories)
        self._files: dict[Path, int] = {}
        self._dirty: set[int] = set()
        self._lock = threading.Lock()
        self._told: set[Path] = set()
        self.lost = 0
        """Messages of recorded streams that could not be kept: no room, or the file is at its bound."""

    def keep(
        self, handler: str, stream: str, record: tuple[int, ...], recorded: tuple[int, int] | None, error: str
    ) -> None:
        """Keep a message's address, if its stream is recorded. Never raises: what cannot be kept is counted and told.

        Args:
            handler: that raised; "": it could not be decoded.
            stream: its name.
            record: where the message came from (``dispatch.meta.Record``).
            recorded: its sequence and position in the recording, None for one that came live.
            error: what was raised.
        """
        directory = self._directories.get(stream)
        if directory is None:
            return
        session, position, index, sequence, _, _, received, type_id, _ = record
        kept = KeptMessage(
            handler=handler,
            stream=stream,
            session=session,
            position=position,
            index=index,
            sequence=sequence,
            type_id=type_id,
            received_ns=received,
            recorded=None if recorded is None else recorded[0],
            error=error[:ERROR_CHARACTERS],
            kept_ns=self._clock.time_ns(),
        )
        with self._lock:
            try:
                self._append(directory, kept)
            except (ActorBusError, OSError) as failure:
                self.lost += 1
                if directory not in self._told:
                    self._told.add(directory)
                    log.warning("quarantined messages of %s are not kept: %s", directory, failure)

    def _append(self, directory: Path, kept: KeptMessage) -> None:
        descriptor = self._files.get(directory)
        if descriptor is None:
            descriptor = self._files[directory] = _open(directory)
        if os.fstat(descriptor).st_size >= QUARANTINE_FILE_BYTES_MAX:
            raise UsageError(
                f"{directory / QUARANTINE / FILE} has {QUARANTINE_FILE_BYTES_MAX} bytes, the most it may have",
                hint="redrive them, then move the file away",
            )
        append(descriptor, kept)
        self._dirty.add(descriptor)

    def sync(self) -> None:
        """Make what was kept survive a power loss; nothing to do is nothing done."""
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        for descriptor in dirty:
            with contextlib.suppress(OSError):  # it is read again from there: a redrive finds what is there
                os.fdatasync(descriptor)

    def close(self) -> None:
        """Sync and close the files. Again does nothing."""
        self.sync()
        with self._lock:
            for descriptor in self._files.values():
                os.close(descriptor)
            self._files.clear()


def _open(directory: Path) -> int:
    """Open the file of a recording to append, made when missing. Raises as ``disk``."""
    folder = directory / QUARANTINE
    path = folder / FILE
    with disk(f"write {path}"):
        folder.mkdir(exist_ok=True)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if is_new:
            sync_directory(folder)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # torn by a power loss: the next line is its own
            _ = os.write(descriptor, b"\n")
    return descriptor


def append(descriptor: int, kept: KeptMessage) -> None:
    """Write one line. Raises OSError."""
    line = msgspec.json.encode(kept) + b"\n"
    written = os.write(descriptor, line)
    if written != len(line):  # a full disk took a part: what is there is no line, and is counted as none
        raise OSError(f"{written} of {len(line)} bytes were written")


def read_quarantine(directory: Path | str) -> tuple[list[KeptMessage], int]:
    """Return the entries of a recording, oldest first, and how many lines are none.

    Raises:
        PermissionRefused, StorageFailed: the file cannot be read.
    """
    path = Path(directory) / QUARANTINE / FILE
    found: dict[Key, KeptMessage] = {}
    unread = 0
    with disk(f"read {path}"):
        data = path.read_bytes() if path.is_file() else b""
    for line in data.splitlines():
        if not line:
            continue
        try:
            kept = msgspec.json.decode(line, type=KeptMessage)
        except msgspec.MsgspecError:
            unread += 1
            continue
        before = found.get(kept.key)
        if before is None or kept.redriven_ns is not None:
            found[kept.key] = kept
        elif not before.is_done:  # it failed again by itself, as another run read it anew
            found[kept.key] = msgspec.structs.replace(before, error=kept.error)
    return list(found.values()), unread


@final
class Marks:
    """The file of a recording, open to one redrive. Made by ``redriving``."""

    __slots__: tuple[str, ...] = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tried(self, kept: KeptMessage, error: str | None, now_ns: int) -> KeptMessage:
        """Note what a redrive made of an entry: None is well, else the new error. Returns the entry as it is now."""
        cut = None if error is None else error[:ERROR_CHARACTERS]
        after = msgspec.structs.replace(kept, error=cut, redriven_ns=now_ns, tries=kept.tries + 1)
        with disk("note what was redriven"):
            append(self._descriptor, after)
        return after


@contextlib.contextmanager
def redriving(directory: Path | str) -> Generator[Marks]:
    """Open a recording's file for one redrive; what it noted is durable at the end.

    Raises:
        JournalLocked: another redrive is at it. PermissionRefused, StorageFailed: it cannot be written.
    """
    path = Path(directory) / QUARANTINE / FILE
    descriptor = _open(Path(directory))
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalLocked(
                f"{path} is being redriven",
                why="another redrive holds its lock",
                hint="wait until that one has ended",
            ) from error
        yield Marks(descriptor)
        with disk(f"sync {path}"):
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
