"""The port every recording is behind: the embedded journal, JSON lines, later Aeron Archive.

Rules of this file:

* ``tests/conformance/test_recording.py`` holds every backend to the words here.
* A recording has one writer (locked, also against other processes) and any number of readers, here or elsewhere,
  while it is written to or not. One thread at a time per object.
* A reader sees whole records up to the written end of now, never half of one, and never one whose bytes changed.
"""

from __future__ import annotations

from collections.abc import Buffer, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from actorbus.recording.place import Place
from actorbus.recording.records import Cut, Positions, RecordedMessage, RecordedStream, Recovery
from actorbus.recording.retention import Retention

__all__ = ["RecordingPort", "RecordingReader"]


class RecordingReader(Protocol):
    """Reads records in their order, from a place on. Errors name file, offset and sequence."""

    @property
    def directory(self) -> Path:
        """The recording's folder."""
        ...

    @property
    def uuid(self) -> str:
        """The recording's own id, 32 hex digits."""
        ...

    @property
    def streams(self) -> Mapping[int, RecordedStream]:
        """The table of streams by number, as it is now."""
        ...

    @property
    def first_sequence(self) -> int:
        """The first record there is; equal to ``next_sequence`` when there is none."""
        ...

    @property
    def next_sequence(self) -> int:
        """The number the next record will have: one more than the last written."""
        ...

    @property
    def first_position(self) -> int:
        """Where the first record there is begins."""
        ...

    @property
    def end_position(self) -> int:
        """The written end of now."""
        ...

    @property
    def position(self) -> int:
        """Behind the record read last; where reading goes on."""
        ...

    def seek(self, place: Place) -> None:
        """Go to a place: the record of that sequence, the first that ends behind that position, the first at or after
        that time, the first there is, or the end. When it raises, the place is as before.

        Raises:
            PositionPurged: before the first record there is; carries what is available.
            InvalidValue: a sequence or position beyond the next record's.
            CorruptRecord: the way there leads over a damaged record.
        """
        ...

    def read(self) -> RecordedMessage | None:
        """Return the next record, None at the written end of now (a later call may return more).

        Raises:
            CorruptRecord: its bytes are not those written; it is never returned. The place stays, ``seek`` behind it
                goes on; but where a repair has put a hole, the error names what is lost and the next call goes on.
            PositionPurged: retention took it away before it was read.
        """
        ...

    def __iter__(self) -> Iterator[RecordedMessage]:
        """Yield records up to the written end of now."""
        ...

    def close(self) -> None:
        """Release files. May be repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class RecordingPort(Protocol):
    """Writes one recording. Made by ``open_recording(directory, write=True)``."""

    @property
    def backend(self) -> str:
        """``journal`` or ``jsonl``."""
        ...

    @property
    def directory(self) -> Path:
        """The recording's folder."""
        ...

    @property
    def uuid(self) -> str:
        """The recording's own id, 32 hex digits."""
        ...

    @property
    def recovery(self) -> Recovery:
        """What opening found."""
        ...

    @property
    def streams(self) -> Mapping[int, RecordedStream]:
        """The table of streams by number."""
        ...

    @property
    def first_sequence(self) -> int:
        """The first record there is."""
        ...

    @property
    def next_sequence(self) -> int:
        """What the next ``append`` returns."""
        ...

    @property
    def positions(self) -> Positions:
        """How far it is."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether the disk had no room for what was appended last."""
        ...

    @property
    def native_handle(self) -> int:
        """What native code writes through; 0 for a backend without native code."""
        ...

    def add_stream(self, stream: RecordedStream) -> int:
        """Return the number for a stream's records; the table is on the disk before this returns.

        A stream whose facts are in the table already keeps its number; new facts under an old name are a new row.
        """
        ...

    def append(
        self, stream: int, payload: Buffer, *, session: int = 0, stream_position: int = 0, time_ns: int = 0
    ) -> int:
        """Take one record (its bytes are copied) and return its sequence; 0 for the time is now.

        It is written with others, by ``write``, ``sync``, or when enough has come together.

        Raises:
            UsageError: unknown stream number.
            MessageTooLarge: longer than a record may be.
            OutOfSpace: no room; nothing was taken, and the same call may succeed when there is.
            StorageFailed: writing or syncing failed before, and nothing was taken; ``resume``, or open it anew.
        """
        ...

    def write(self) -> int:
        """Give what was appended to the operating system (in sync mode ``durable`` to the disk); return that position.

        Raises:
            OutOfSpace: no room; what was appended is kept, and the next call tries again.
            StorageFailed: see ``append``.
        """
        ...

    def sync(self) -> int:
        """Write, wait for the disk, and return the durable position. Raises as ``write``."""
        ...

    def tick(self, *, idle: bool = False) -> None:
        """Do what the sync mode makes due now. Called often; ``idle``: nothing more is coming, do not wait for more.

        Raises as ``write``.
        """
        ...

    def roll(self) -> None:
        """Write, and begin a new segment. Raises as ``write``."""
        ...

    @property
    def unwritten(self) -> int:
        """Records that were appended and are not written yet: what a kill would take."""
        ...

    def resume(self) -> int:
        """Go on after StorageFailed with all that was appended: what is not on the disk for certain is written anew.

        Return how many appended records could not be kept; their numbers are given again.

        Raises:
            OutOfSpace, StorageFailed: not yet; nothing more is lost, and the same call may succeed later.
            InvalidValue: nothing failed.
        """
        ...

    def purge(self, retention: Retention, *, now_ns: int | None = None) -> Cut:
        """Remove whole old segments that the rules give up; never one that is read or that a consumer needs."""
        ...

    def reader(self, start: Place | None = None) -> RecordingReader:
        """Return a reader of this recording, at a place (None: the first record there is). Raises as ``seek``."""
        ...

    def close(self) -> None:
        """Sync (mode ``none``: write), mark the end as clean, release the lock. May be repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
