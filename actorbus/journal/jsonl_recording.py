"""Writes a ``jsonl`` recording: for people and for debugging. The rules of RecordingPort hold; one thread.

Rules of this file:

* Lines gather in a buffer and are written together; a write that is refused half way is taken back, so that the file
  ends with a whole line as long as the process lives. A torn end that a crash left is cut when the recording is opened
  anew, and kept in ``quarantine/``.
* A failed sync (or a write that failed for another reason than room) poisons the object: nothing is acknowledged any
  more. Records are kept in memory until they are durable (mode ``none``: written), and `resume` cuts the file where
  that ends and writes them anew: a sync of the same pages, tried again, could report success for lost data.
* The checkpoint follows the durable position, once a second at most and at the end: it tells damage from a torn end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import uuid as uuids
from collections import deque
from collections.abc import Buffer, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

import msgspec

from actorbus.clock import Clock, SystemClock
from actorbus.errors import ClosedError, InvalidValue, MessageTooLarge, UsageError
from actorbus.journal import table
from actorbus.journal.files import Lock, disk, disk_error, sync_directory
from actorbus.journal.jsonl_files import CHECKPOINT, IndexEntry, SegmentName, segments_of
from actorbus.journal.jsonl_format import Describe, encode, seed_of
from actorbus.journal.jsonl_purge import purge
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recover import last_time_of, recover
from actorbus.limits import GIB, KIB, MESSAGE_MAX_BYTES, MIB
from actorbus.recording import (
    Cut,
    OutOfSpace,
    Place,
    Positions,
    RecordedMessage,
    RecordedStream,
    Recovery,
    Retention,
    StorageFailed,
    SyncMode,
)

__all__ = ["JsonlRecording"]

GROUP_RECORDS: Final = 256
GROUP_BYTES: Final = 64 * KIB
INDEX_EVERY_BYTES: Final = 256 * KIB
CHECKPOINT_EVERY_NS: Final = 1_000_000_000
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@final
class JsonlRecording:
    """See RecordingPort.

    Args:
        directory: made when it is missing.
        sync: when what was written is synced.
        interval_ns: between two syncs, in mode ``interval``.
        segment_bytes: a new segment is begun before the file would become longer; 4 KiB to 1 GiB.
        describe: makes ``type`` and ``message`` of the lines; None: ``base64`` alone.
        clock: for times of records and for syncs.

    Raises:
        JournalLocked: another writer has it.
        FormatRefused: the folder holds a recording of another backend or version.
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
        describe: Describe | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not 4 * KIB <= segment_bytes <= GIB:
            raise InvalidValue(f"segment of {segment_bytes} bytes", why=f"allowed are {4 * KIB} to {GIB}")
        if interval_ns <= 0:
            raise InvalidValue(f"sync interval {interval_ns} ns is not positive")
        self.backend = "jsonl"
        self.directory = Path(directory)
        self._sync, self._interval_ns, self._segment_bytes = sync, interval_ns, segment_bytes
        self._describe, self._clock = describe, clock or SystemClock()
        self._poison: StorageFailed | None = None
        self.is_full = False
        self.native_handle = 0
        self._descriptor = -1
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._index: list[IndexEntry] = []
        self._kept: deque[RecordedMessage] = deque()
        """The newest records, which `resume` writes anew."""
        self._is_cut = False  # a resume has cut the file, and not yet written them
        self._lost = 0
        with disk(f"make {self.directory}"):
            self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(self.directory)
        try:
            self._open()
        except BaseException:
            self._release()
            raise

    def _open(self) -> None:
        found = table.load_to_write(self.directory, "jsonl")
        segments = segments_of(self.directory)
        created = found is None
        has_records = any(segment.path.stat().st_size for segment in segments)
        if not segments:  # before the table: a recording that has one has a segment
            segments = [SegmentName.make(self.directory, 0, 0)]
            with disk(f"begin {segments[0].path}"):
                segments[0].path.touch()
        if found is None:
            uuid, now = uuids.uuid4().hex, self._clock.time_ns()
            found = table.begin(self.directory, "jsonl", uuid, now, has_records=has_records)
        self._table = found
        self.uuid = found.uuid
        self._seed = seed_of(found.uuid)
        self.recovery, position, sequence = recover(self.directory, self._seed)
        self._time_ns = last_time_of(self.directory, self._seed)
        if created:
            self.recovery = Recovery("new")
        self._appended = self._written = self._durable = position
        self._synced_ns = self._noted_ns = self._clock.monotonic_ns()
        self._indexed = position
        self._enter(segments[-1])
        self._note_durable()
        self._next = sequence  # last: `resume` needs it as it was when this fails

    def _enter(self, segment: SegmentName) -> None:
        with disk(f"begin {segment.path}"):
            descriptor = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                sync_directory(self.directory)
            except BaseException:
                os.close(descriptor)
                raise
        self._descriptor, self._segment = descriptor, segment

    # ---- facts -----------------------------------------------------------------------------------------------------

    @property
    def streams(self) -> Mapping[int, RecordedStream]:
        """The table of streams by number."""
        return self._table.by_number

    @property
    def first_sequence(self) -> int:
        """The first record there is."""
        return segments_of(self.directory)[0].sequence

    @property
    def next_sequence(self) -> int:
        """What the next ``append`` returns."""
        return self._next

    @property
    def positions(self) -> Positions:
        """How far it is."""
        return Positions(self._appended, self._written, self._durable)

    def add_stream(self, stream: RecordedStream) -> int:
        """Return the number for a stream's records; the table is on the disk before this returns."""
        self._writable()
        changed, number = self._table.with_stream(stream)
        if changed is not self._table:
            table.store(self.directory, changed)
            self._table = changed
        return number

    # ---- write -----------------------------------------------------------------------------------------------------

    def append(
        self, stream: int, payload: Buffer, *, session: int = 0, stream_position: int = 0, time_ns: int = 0
    ) -> int:
        """Take one record and return its sequence. Raises as RecordingPort says."""
        self._writable()
        row = self._table.by_number.get(stream)
        if row is None:
            raise UsageError(f"the recording has no stream {stream}", hint="add_stream gives a stream its number")
        data = bytes(payload)
        if len(data) > MESSAGE_MAX_BYTES:
            raise MessageTooLarge(f"a record of {len(data)} bytes", why=f"at most {MESSAGE_MAX_BYTES}")
        if self._is_group():
            self.write()
        self._time_ns = max(self._time_ns + 1, time_ns or self._clock.time_ns())
        place = RecordedMessage(self._next, self._time_ns, stream, session, stream_position, self._appended, data)
        line = encode(place, row, self._seed, self._describe)
        if self._appended > self._segment.position and self._file_bytes() + len(line) > self._segment_bytes:
            self.roll()
        if self._appended == self._segment.position or self._appended - self._indexed >= INDEX_EVERY_BYTES:
            self._index.append(IndexEntry(self._next, self._time_ns, self._appended))
            self._indexed = self._appended
        self._pending.append(line)
        self._pending_bytes += len(line)
        self._kept.append(place)
        self._appended += len(line)
        self._next += 1
        if self._is_group():
            with contextlib.suppress(OutOfSpace, StorageFailed):  # taken already: the next append says so
                self.write()
        return self._next - 1

    def _file_bytes(self) -> int:
        return self._appended - self._segment.position

    def _is_group(self) -> bool:
        return len(self._pending) >= GROUP_RECORDS or self._pending_bytes >= GROUP_BYTES

    def write(self) -> int:
        """Write what was appended, in mode ``durable`` sync it too; return that position."""
        self._write()
        if self._sync == "durable":
            return self.sync()
        self.tick()
        return self._written

    def _write(self) -> None:
        self._writable()
        if not self._pending:
            return
        data = b"".join(self._pending)
        offset = self._written - self._segment.position
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._descriptor, memoryview(data)[done:], offset + done)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, offset)
            self._refuse(error, f"write {self._segment.path}")
        self.is_full = False
        self._written += len(data)
        self._pending.clear()
        self._pending_bytes = 0
        if self._sync == "none":
            self._kept.clear()
        self._write_index()

    def _write_index(self) -> None:
        entries, self._index = self._index, []
        if entries:
            text = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
            with contextlib.suppress(OSError), self._segment.index_path.open("ab") as file:
                file.write(text)  # a hint: without it, a seek walks

    def _refuse(self, error: OSError, what: str) -> None:
        refused = disk_error(error, what)
        self.is_full = isinstance(refused, OutOfSpace)
        if error.errno not in _FULL:
            self._poison = refused if isinstance(refused, StorageFailed) else None
        raise refused from error

    def sync(self) -> int:
        """Write, wait for the disk, and return the durable position."""
        self._write()
        if self._durable < self._written:
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:
                self._poison = StorageFailed(
                    f"cannot sync {self._segment.path}",
                    why=f"{error}; trying again could report success for lost data",
                    hint="open the recording anew",
                )
                raise self._poison from error
            self._durable = self._written
            self._kept.clear()
        self._synced_ns = self._clock.monotonic_ns()
        if self._synced_ns - self._noted_ns >= CHECKPOINT_EVERY_NS:
            self._note_durable()
        return self._durable

    def tick(self, *, idle: bool = False) -> None:
        """Do what the sync mode makes due now."""
        self._writable()
        if self._pending and (idle or self._is_group()):
            self._write()
        due = self._clock.monotonic_ns() - self._synced_ns >= self._interval_ns
        if self._sync == "durable" or (self._sync == "interval" and due):
            self.sync()

    def _note_durable(self) -> None:
        self._noted_ns = self._clock.monotonic_ns()
        table.replace(self.directory / CHECKPOINT, b'{"durable":%d}\n' % self._durable)

    def roll(self) -> None:
        """Write, and begin a new segment."""
        self.sync()
        if self._written == self._segment.position:
            return
        self._note_durable()
        sealed = self._descriptor
        last = self._segment
        self._enter(SegmentName.make(self.directory, self._written, self._next))
        self._indexed = self._written
        with contextlib.suppress(OSError):
            os.fchmod(sealed, 0o400)
            last.index_path.chmod(0o400)
        os.close(sealed)

    @property
    def unwritten(self) -> int:
        """Records that were appended and are not written yet."""
        return len(self._kept) if self._is_cut else len(self._pending)

    def resume(self) -> int:
        """Cut the file where what is safe ends, and write what follows anew. Raises as RecordingPort says."""
        poison = self._poison
        if poison is None:
            raise InvalidValue(f"nothing failed in {self.directory}")
        safe = self._written if self._sync == "none" else self._durable
        expected = self._next - len(self._kept)
        with disk(f"cut {self._segment.path}"):
            os.truncate(self._segment.path, safe - self._segment.position)
        self._is_cut = True
        self._close_segment()
        self._pending, self._pending_bytes, self._index = [], 0, []
        self._open()
        self._lost += expected - self._next
        kept, self._kept = self._kept, deque()
        self._poison, self._is_cut = None, False
        try:
            while kept:
                at = (one := kept[0]).stream_position
                self.append(one.stream, one.payload, session=one.session, stream_position=at, time_ns=one.time_ns)
                kept.popleft()
            self.write()
        except BaseException:
            self._poison, self._is_cut = poison, True
            self._next += len(kept)
            self._kept.extend(kept)
            raise
        lost, self._lost = self._lost, 0
        return lost

    # ---- retention, readers, end -------------------------------------------------------------------------------------

    def purge(self, retention: Retention, *, now_ns: int | None = None) -> Cut:
        """Remove whole old segments that the rules give up; never one that is read or that a consumer needs."""
        self._writable()
        now_ns = self._clock.time_ns() if now_ns is None else now_ns
        return purge(self.directory, self.uuid, retention, now_ns, self._written, self._next)

    def reader(self, start: Place | None = None) -> JsonlReader:
        """Return a reader of this recording, at a place (None: the first record there is)."""
        return JsonlReader(self.directory, start)

    def _writable(self) -> None:
        if self._poison is not None:
            raise self._poison
        if self._descriptor < 0:
            raise ClosedError(f"the recording {self.directory} is closed")

    def abandon(self) -> None:
        """Let go without writing, as a kill would: for tests of crashes."""
        self._release()

    def _release(self) -> None:
        self._close_segment()
        self._lock.close()

    def _close_segment(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def close(self) -> None:
        """Sync (mode ``none``: write), note the end, release the lock. May be repeated."""
        if not self._lock.is_held:
            return
        try:
            if self._poison is None:
                self._write() if self._sync == "none" else self.sync()
                self._note_durable()
        finally:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
