"""The border to native/ab_journal, the reader: records in batches, copied.

Rules of this file:

* One handle belongs to one thread at a time; a second thread inside the same one is refused (InvalidValue), never run.
* Calls that read, write or sync files release the GIL.
* Nothing is closed by the garbage collector. Closed handles raise ClosedError.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final, override

from actorbus.errors import ActorBusError, InvalidValue
from actorbus.ffi.failure import new_error
from actorbus.ffi.handles import Handle
from actorbus.ffi.journal_failure import journal_failure
from actorbus.ffi.native import ffi, lib

if TYPE_CHECKING:  # types of the stub: the compiled module has no such names
    from actorbus._native import CData, ab_error

__all__ = ["EARLIEST", "END", "POSITION", "SEQUENCE", "TIME", "JournalReaderHandle", "JournalRecord", "ReaderState"]

EARLIEST: Final = lib.AB_SEEK_EARLIEST
END: Final = lib.AB_SEEK_END
SEQUENCE: Final = lib.AB_SEEK_SEQUENCE
POSITION: Final = lib.AB_SEEK_POSITION
TIME: Final = lib.AB_SEEK_TIME
_FOREVER: Final = 2**63 - 1

# ab_journal_record as bytes: sequence, time, position, stream position, session, stream, flags, length, pointer.
_RECORD: Final = struct.Struct("QqqqiHHI4xQ")


class JournalRecord(NamedTuple):
    """One record. ``position`` is behind it; the time is nanoseconds since 1970, strictly growing."""

    sequence: int
    time_ns: int
    position: int
    stream_position: int
    session_id: int
    stream: int
    payload: bytes


class ReaderState(NamedTuple):
    """Where a reader is, and what is available."""

    uuid: bytes
    segments: int
    first_sequence: int
    first_position: int
    sequence: int
    position: int
    holes: int
    lost: int


@final
class JournalReaderHandle(Handle):
    """A reader: of a journal that is being written by any process, or at rest."""

    __slots__: tuple[str, ...] = ("_capacity", "_error", "_records", "_table")
    noun = "reader"

    def __init__(self, handle: int, where: str, capacity: int) -> None:
        super().__init__(handle, where)
        self._capacity: int = capacity
        self._error: ab_error = new_error()
        self._records: CData = ffi.new("ab_journal_record[]", capacity)
        self._table: memoryview = memoryview(ffi.buffer(self._records))

    @classmethod
    def open(
        cls, directory: Path | str, *, skip_corrupt: bool = False, batch_records: int = 1024
    ) -> JournalReaderHandle:
        """Open at the earliest record.

        Args:
            directory: the recording's folder.
            skip_corrupt: step over corrupt bytes, telling each hole once as a CorruptRecord.
            batch_records: most that ``batch`` returns.

        Raises:
            RecordingNotFound, FormatRefused, CorruptRecord, StorageFailed.
        """
        if batch_records < 1:
            raise InvalidValue(f"a batch of {batch_records} records", hint="give 1 or more")
        error, where = new_error(), os.fspath(directory)
        flags = lib.AB_JOURNAL_SKIP_CORRUPT if skip_corrupt else 0
        handle = lib.ab_journal_port_reader_open_wait(os.fsencode(where), flags, error)
        if handle == 0:
            raise journal_failure(error.code, error, None)
        return cls(handle, where, batch_records)

    def seek(self, kind: int, value: int = 0) -> None:
        """Go to EARLIEST, END, a SEQUENCE, POSITION (the first record that ends behind it) or TIME.

        Raises:
            PositionPurged, InvalidValue (beyond the end), CorruptRecord, StorageFailed: the place is as before.
        """
        result = lib.ab_journal_port_seek_wait(self.handle, kind, value, self._error)
        if result < 0:
            raise journal_failure(result, self._error, self.where)

    def batch(self) -> list[JournalRecord]:
        """Return the next records, copied; none: nothing more is committed now.

        Raises:
            CorruptRecord: the next record is damaged: the place is before it and stays. Or a hole a repair left, or
                that skip_corrupt stepped over: told once, the next call goes on behind it.
            StorageFailed: it cannot be read.
        """
        records = self._records
        count = lib.ab_journal_port_batch_wait(self.handle, records, self._capacity, self._error)
        if count <= 0:
            if count == lib.AB_END:
                return []
            raise journal_failure(count, self._error, self.where)
        rows = list(_RECORD.iter_unpack(self._table[: count * _RECORD.size]))
        # A batch lies in one piece of memory, in order: one view over it, sliced, and copied before the next call.
        base, last = rows[0][8], rows[-1]
        end = last[8] + last[7] - base
        view = memoryview(ffi.buffer(ffi.cast("char *", base), end))
        make = JournalRecord._make
        found: list[JournalRecord] = []
        for sequence, time_ns, position, stream_position, session, stream, _, length, pointer in rows:
            start = pointer - base
            payload = bytes(view[start : start + length])
            found.append(make((sequence, time_ns, position, stream_position, session, stream, payload)))
        return found

    def state(self) -> ReaderState:
        """Return where it is."""
        state = ffi.new("ab_journal_reader_state *")
        result = lib.ab_journal_port_reader_state(self.handle, state)
        if result == lib.AB_INVALID:
            raise InvalidValue("another thread is inside this reader", where=self.where, hint="use one reader a thread")
        self._known(result)
        return ReaderState(ffi.unpack(state.uuid, 16), *(int(getattr(state, name)) for name in ReaderState._fields[1:]))

    def close(self, deadline_ns: int = _FOREVER) -> None:
        """Release it. A second close does nothing."""
        self._close(lib.ab_journal_port_reader_retire, lib.ab_journal_port_reader_close_wait, deadline_ns)

    @override
    def _failure(self, error: ab_error) -> ActorBusError:
        return journal_failure(error.code, error, self.where)
