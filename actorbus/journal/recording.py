"""Writes a ``journal`` recording: crash-safe, native. The rules of RecordingPort hold; one thread.

The log is native/ab_journal's; here are the table of streams, the words of the port, and what consumers still need.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Buffer, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from actorbus.clock import Clock, SystemClock
from actorbus.errors import ActorBusError, ClosedError, InvalidValue, MessageTooLarge, UsageError
from actorbus.ffi.journal import DURABLE, INTERVAL, NONE, JournalHandle, Opened
from actorbus.journal import table
from actorbus.journal.consumers import hold_back, positions_of
from actorbus.journal.files import NAP_S, PATIENCE_S, QUARANTINE, Lock, disk
from actorbus.journal.reader import JournalReader
from actorbus.limits import INT64_MAX, MIB
from actorbus.recording import (
    Cut,
    JournalLocked,
    Place,
    Positions,
    RecordedStream,
    Recovery,
    Retention,
    StorageFailed,
    SyncMode,
)

__all__ = ["JournalRecording"]

_MODES: Final[Mapping[SyncMode, int]] = {"durable": DURABLE, "interval": INTERVAL, "none": NONE}
_UNSYNCED: Final = "more than one segment was not synced"
"""What native/ab_journal_resume.c says when only opening anew helps (modes `interval` and `none`)."""
_FULL: Final = 1  # enum ab_journal_state
_SEGMENT_MAX: Final = 1 << 30


@final
class JournalRecording:
    """See RecordingPort.

    Args:
        directory: made when it is missing.
        sync: when what was written is synced.
        interval_ns: between two syncs, in mode ``interval``.
        segment_bytes: of new segment files, a power of two from 64 KiB to 1 GiB.
        clock: for the times of syncs; records without a time get the system's.

    Raises:
        JournalLocked: another writer has it.
        FormatRefused: the folder holds a recording of another backend or version, or records without a table.
        CorruptRecord: records that were durable are damaged: `journal repair` first.
        InvalidValue: an argument out of bounds.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        sync: SyncMode = "durable",
        interval_ns: int = 100_000_000,
        segment_bytes: int = 128 * MIB,
        clock: Clock | None = None,
    ) -> None:
        if interval_ns <= 0:
            raise InvalidValue(f"sync interval {interval_ns} ns is not positive")
        if not 64 * 1024 <= segment_bytes <= _SEGMENT_MAX or segment_bytes & (segment_bytes - 1):
            why = f"allowed are powers of two from {64 * 1024} to {_SEGMENT_MAX}"
            raise InvalidValue(f"segment of {segment_bytes} bytes", why=why)
        self.backend = "journal"
        self.directory = Path(directory)
        self._sync: SyncMode = sync
        self._closed = False
        self._clock = clock or SystemClock()
        with disk(f"make {self.directory}"):
            self.directory.mkdir(parents=True, exist_ok=True)
        self._segment_bytes, self._interval_ns = segment_bytes, interval_ns
        self._last: dict[str, int] | None = None
        """The counters when the journal was closed to be opened again."""
        self._lock = Lock(self.directory, file=False)
        try:
            found = table.load_to_write(self.directory, "journal")
            self._handle = self._open(bytes(16) if found is None else bytes.fromhex(found.uuid))
            try:
                self._table = found or self._begin(self._handle.opened)
            except BaseException:
                self._handle.close()
                raise
        except BaseException:
            self._lock.close()
            raise
        self.uuid = self._table.uuid
        self._first = self._handle.opened.first_sequence
        self.recovery = _recovery(self.directory, self._handle.opened, is_new=found is None)
        hold_back(self.directory, self.uuid, self.positions.appended)

    def _open(self, uuid: bytes) -> JournalHandle:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return JournalHandle.open(
                    self.directory,
                    sync=_MODES[self._sync],
                    segment_bytes=self._segment_bytes,
                    uuid=uuid,
                    sync_ns=self._interval_ns,
                )
            except JournalLocked:  # the folder is ours: somebody may have but looked (files.is_locked)
                if time.monotonic() >= until:
                    raise
                time.sleep(NAP_S)

    def _counters(self) -> dict[str, int]:
        return self._handle.counters() if self._last is None else self._last

    def _begin(self, opened: Opened) -> table.RecordingTable:
        uuid, now = bytes(opened.uuid).hex(), self._clock.time_ns()
        return table.begin(self.directory, "journal", uuid, now, has_records=opened.next_sequence > 0)

    @property
    def native_handle(self) -> int:
        """What native code writes through."""
        return self._handle.handle

    @property
    def is_full(self) -> bool:
        """Whether the disk had no room for what was appended last."""
        return self._counters()["state"] == _FULL

    @property
    def streams(self) -> Mapping[int, RecordedStream]:
        """The table of streams by number."""
        return self._table.by_number

    @property
    def first_sequence(self) -> int:
        """The first record there is."""
        return self._first

    @property
    def next_sequence(self) -> int:
        """What the next ``append`` returns."""
        return self._counters()["appended_sequence"]

    @property
    def positions(self) -> Positions:
        """How far it is."""
        counters = self._counters()
        return Positions(counters["appended"], counters["written"], counters["durable"])

    def add_stream(self, stream: RecordedStream) -> int:
        """Return the number for a stream's records; the table is on the disk before this returns."""
        if self._closed:
            raise ClosedError(f"the recording {self.directory} is closed")
        changed, number = self._table.with_stream(stream)
        if changed is not self._table:
            table.store(self.directory, changed)
            self._table = changed
        return number

    def append(
        self, stream: int, payload: Buffer, *, session: int = 0, stream_position: int = 0, time_ns: int = 0
    ) -> int:
        """Take one record and return its sequence. Raises as RecordingPort says."""
        if not 0 <= stream < len(self._table.streams):  # rows are numbered from 0, none is ever removed
            raise UsageError(f"the recording has no stream {stream}", hint="add_stream gives a stream its number")
        size = memoryview(payload).nbytes
        if size > self._handle.payload_max:
            why = f"a segment of this recording takes at most {self._handle.payload_max}"
            raise MessageTooLarge(f"a record of {size} bytes", why=why, hint="record with a longer segment")
        return self._handle.append(stream, payload, session=session, stream_position=stream_position, time_ns=time_ns)

    def write(self) -> int:
        """Write what was appended, in mode ``durable`` sync it too; return that position."""
        if self._sync == "durable":
            return self.sync()
        self._handle.write()
        self.tick()
        return self.positions.written

    def sync(self) -> int:
        """Write, wait for the disk, and return the durable position."""
        self._handle.sync()
        return self.positions.durable

    def tick(self, *, idle: bool = False) -> None:
        """Do what the sync mode makes due now."""
        self._handle.tick(self._clock.monotonic_ns(), idle=idle)

    def roll(self) -> None:
        """Write, and begin a new segment."""
        self._handle.roll()

    @property
    def unwritten(self) -> int:
        """Records that were appended and are not written yet."""
        counters = self._counters()
        return counters["appended_sequence"] - counters["written_sequence"]

    def resume(self) -> int:
        """Go on in a new segment after StorageFailed. Raises as RecordingPort says."""
        before = self.next_sequence
        if self._last is None:
            try:
                return before - self._handle.resume().next_sequence
            except StorageFailed as error:
                if _UNSYNCED not in str(error):
                    raise
        return before - self._open_again().next_sequence

    def _open_again(self) -> Opened:
        """Close and open the journal, where it cannot be resumed: its batch is lost."""
        self._last = self._counters()
        with contextlib.suppress(ActorBusError):
            self._handle.close()
        self._handle = self._open(bytes.fromhex(self.uuid))
        self._last = None
        return self._handle.opened

    def purge(self, retention: Retention, *, now_ns: int | None = None) -> Cut:
        """Remove whole old segments that the rules give up; never one that is read or that a consumer needs."""
        now_ns = self._clock.time_ns() if now_ns is None else now_ns
        consumers: Mapping[str, int] = positions_of(self.directory, self.uuid) if retention.consumers else {}
        before, files = self._first, self._handle
        purged = files.purge(
            bytes_max=retention.size_bytes or 0,
            before_time_ns=max(now_ns - retention.age_ns, 1) if retention.age_ns is not None else 0,
            keep_position=min(consumers.values(), default=INT64_MAX),
        )
        self._first = purged.first_sequence
        why = {
            "": (),
            "reader": (f"the segment from sequence {purged.first_sequence} on is being read",),
            "consumer": tuple(
                f"consumer {name} is at position {position}"
                for name, position in sorted(consumers.items())
                if position == min(consumers.values())
            ),
        }[purged.held]
        return Cut(
            segments=purged.segments,
            records=purged.first_sequence - before,
            bytes=purged.bytes,
            first_sequence=purged.first_sequence,
            kept=why,
        )

    def reader(self, start: Place | None = None) -> JournalReader:
        """Return a reader of this recording, at a place (None: the first record there is)."""
        return JournalReader(self.directory, start)

    def abandon(self) -> None:
        """Let go without writing, as a kill would: for tests of crashes."""
        self._closed = True
        try:
            self._handle.abandon()
        finally:
            self._lock.close()

    def close(self) -> None:
        """Write, sync, mark the end as clean, release the lock. May be repeated."""
        self._closed = True
        try:
            self._handle.close()
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _recovery(directory: Path, opened: Opened, *, is_new: bool) -> Recovery:
    seconds = opened.elapsed_ns / 1e9
    if opened.cut_bytes:
        return Recovery("torn", opened.cut_bytes, str(directory / QUARANTINE), seconds)
    return Recovery("new" if is_new else "clean", seconds=seconds)
