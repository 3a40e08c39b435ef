"""The files of a ``jsonl`` recording: segments, their indexes, and how far the disk has it.

    0000000000000000-0000000000000000.jsonl   position and sequence of its first record; lines, see jsonl_format.py
    0000000000000000-0000000000000000.index   a line now and then: {"sequence","time_ns","position"} of a record's begin
    checkpoint                                {"durable": position}: below it, what is not valid is damage, no torn end

Rules of this file:

* The index is a hint: a line of it counts when a record with that sequence really begins there; none is fine too.
* Segments are contiguous: one ends in the log where the next begins. Only the last may end with half a line.
* No object here holds a lock but ``OpenSegment``, which keeps purges away from a file that is read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from pathlib import Path
from typing import Final, NamedTuple, final

import msgspec

from actorbus.journal.files import disk

__all__ = ["CHECKPOINT", "IndexEntry", "OpenSegment", "SegmentName", "index_of", "read_durable", "segments_of"]

CHECKPOINT: Final = "checkpoint"
CHUNK_BYTES: Final = 256 * 1024
_NAME: Final = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.jsonl")


class SegmentName(NamedTuple):
    """A segment, as its name says."""

    position: int
    """Where it begins in the log."""
    sequence: int
    """Of its first record."""
    path: Path

    @classmethod
    def make(cls, directory: Path, position: int, sequence: int) -> SegmentName:
        """Return the name of a segment that begins there."""
        return cls(position, sequence, directory / f"{position:016x}-{sequence:016x}.jsonl")

    @property
    def index_path(self) -> Path:
        """Its index file."""
        return self.path.with_suffix(".index")


class IndexEntry(msgspec.Struct, frozen=True):
    """A record's number and time, and where in the log it begins."""

    sequence: int
    time_ns: int
    position: int


class _Checkpoint(msgspec.Struct):
    durable: int


def segments_of(directory: Path) -> list[SegmentName]:
    """Return the segments of a recording, oldest first. Raises StorageFailed."""
    with disk(f"list {directory}"):
        found = [(match, path) for path in directory.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted(SegmentName(int(match[1], 16), int(match[2], 16), path) for match, path in found)


def index_of(segment: SegmentName) -> list[IndexEntry]:
    """Return what the index of a segment says, as far as it can be read and rises; empty when there is none."""
    entries: list[IndexEntry] = []
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        for line in segment.index_path.read_bytes().split(b"\n"):
            entry = msgspec.json.decode(line, type=IndexEntry)
            if entry.position < segment.position or (entries and entry.position <= entries[-1].position):
                break
            entries.append(entry)
    return entries


def read_durable(directory: Path) -> int:
    """Return the position below which everything was on the disk; 0 when nobody noted one."""
    try:
        return msgspec.json.decode((directory / CHECKPOINT).read_bytes(), type=_Checkpoint).durable
    except (OSError, msgspec.MsgspecError):
        return 0


@final
class OpenSegment:
    """A segment open for reading; while it is, no purge removes it. One thread.

    Raises:
        FileNotFoundError: it was removed.
    """

    __slots__: tuple[str, ...] = ("_buffer", "_buffer_at", "_descriptor", "name")

    name: SegmentName

    def __init__(self, name: SegmentName) -> None:
        self._descriptor = -1
        descriptor = os.open(name.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            removed = os.fstat(descriptor).st_nlink == 0
        except BlockingIOError:
            removed = True  # a purge is at it
        except OSError:
            os.close(descriptor)
            raise
        if removed:
            os.close(descriptor)
            raise FileNotFoundError(str(name.path))
        self.name = name
        self._descriptor = descriptor
        self._buffer = b""
        self._buffer_at = 0

    def size(self) -> int:
        """Return the file's bytes now."""
        return os.fstat(self._descriptor).st_size

    def line(self, offset: int, most: int) -> bytes:
        """Return the line that begins at an offset, with its newline; without one when the file ends before it.

        Empty at the file's end. A line longer than ``most`` is cut there, without a newline.
        """
        inside = offset - self._buffer_at
        if not 0 <= inside < len(self._buffer):
            self._buffer, self._buffer_at, inside = b"", offset, 0
        end = self._buffer.find(b"\n", inside)
        while end < 0 and len(self._buffer) - inside < most:
            more = os.pread(self._descriptor, CHUNK_BYTES, self._buffer_at + len(self._buffer))
            if not more:
                break
            kept = self._buffer[inside:]
            self._buffer, self._buffer_at, inside = kept + more, offset, 0
            end = self._buffer.find(b"\n", len(kept))
        return self._buffer[inside : end + 1] if end >= 0 else self._buffer[inside:]

    def forget(self) -> None:
        """Drop what was read ahead: the file may have grown, or its end may have been cut."""
        self._buffer = b""

    def close(self) -> None:
        """Close the file. May be repeated."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
