"""Verify, repair and list the segments of a ``journal`` recording: native work in the words of report.py.

The native tools run on a thread of their own and count their bytes in shared memory; the caller's thread tells them on
ten times a second, and stops them when it is interrupted.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from actorbus.errors import RecordingError
from actorbus.ffi.journal_reader import JournalReaderHandle
from actorbus.ffi.journal_tools import journal_repair, journal_verify
from actorbus.journal import table
from actorbus.journal.files import Lock, disk
from actorbus.journal.reader import JournalReader
from actorbus.journal.report import Fault, Repaired, Told, Verified
from actorbus.recording import FormatRefused, Place, Segment

__all__ = ["repair_journal", "segments_of_journal", "verify_journal", "watched"]

TELL_EVERY_S: Final = 0.1
_HEADER: Final = struct.Struct("<8sII Q16s16sQQq16sqIIq")  # native/ab_journal_format.h, ab_segment_header
_MAGIC: Final = b"ABJOURN\x01"


def watched[R](work: Callable[[memoryview], R], told: Told | None) -> R:
    """Run native work on a thread of its own and tell its progress on this one, which an interrupt can reach.

    Raises:
        KeyboardInterrupt: the work was told to stop, and has.
    """
    memory = memoryview(bytearray(24)).cast("q")
    with ThreadPoolExecutor(1, thread_name_prefix="actorbus-journal") as worker:
        done = worker.submit(work, memory)
        try:
            while not wait((done,), TELL_EVERY_S).done:
                if told is not None:
                    told(memory[0], memory[1])
        except BaseException:
            memory[2] = 1
            raise
    if told is not None:
        told(memory[0], memory[1])
    return done.result()


def _foreign(directory: Path, found: str) -> str:
    """Return what is wrong when the table of streams is another recording's than the segments.

    Segments alone, without a table, are a journal too: `tools.py`, for recordings, has looked for it before.
    """
    said = table.load_if_there(directory)
    if said is None or said.uuid == found:
        return ""
    return f"the table of streams is that of recording {said.uuid}, the segments are of {found}"


def _uuid_of(directory: Path) -> str:
    """Return the recording that the first readable segment belongs to; empty when none can be read."""
    try:
        reader = JournalReaderHandle.open(directory, skip_corrupt=True, batch_records=1)
    except RecordingError:
        return ""
    try:
        return bytes(reader.state().uuid).hex()
    finally:
        reader.close()


def verify_journal(directory: Path, told: Told | None = None) -> Verified:
    """Read all records and return what was found. Raises RecordingNotFound, StorageFailed."""
    report = watched(lambda memory: journal_verify(directory, progress=memory), told)
    faults = [Fault(str(directory / one.file), one.offset, one.sequence, one.text) for one in report.problems]
    if any(report.uuid) and (why := _foreign(directory, report.uuid.hex())):
        faults.append(Fault(str(directory / table.FILE), -1, -1, why))
    return Verified(
        segments=report.segments,
        records=report.records,
        bytes=report.bytes,
        first_sequence=report.first_sequence,
        next_sequence=report.next_sequence,
        end_position=report.position,
        tail_bytes=report.tail_bytes,
        tail_records=report.tail_records,
        lost=report.lost,
        faults=tuple(faults),
        fault_count=report.problem_count + len(faults) - len(report.problems),
        seconds=report.elapsed_ns / 1e9,
    )


def repair_journal(directory: Path, told: Told | None = None) -> Repaired:
    """Make a damaged recording readable and writable again.

    Raises:
        JournalLocked, OutOfSpace: nothing was touched.
        CorruptRecord: something cannot be repaired; the rest was.
        FormatRefused: the table of streams is another recording's.
    """
    if (found := _uuid_of(directory)) and (why := _foreign(directory, found)):
        raise FormatRefused(f"{directory / table.FILE}: {why}", hint="put the file of this recording back")
    with contextlib.closing(Lock(directory, file=False)):
        done = watched(lambda memory: journal_repair(directory, now_ns=time.time_ns(), progress=memory), told)
    return Repaired(
        holes=done.holes,
        cuts=done.cuts,
        headers=done.headers,
        lost=done.lost,
        copied_bytes=done.copied_bytes,
        next_sequence=done.next_sequence,
    )


def segments_of_journal(directory: Path) -> list[Segment]:
    """Return the segments of a recording at rest or at work, oldest first. Raises FormatRefused for a foreign file."""
    heads: list[tuple[Path, int, int, int]] = []
    with disk(f"list {directory}"):
        for path in sorted(directory.glob("*.journal")):
            with path.open("rb") as file:
                head = file.read(_HEADER.size)
            if len(head) < _HEADER.size or head[:8] != _MAGIC:
                raise FormatRefused(f"{path} is not a segment of a journal", hint="take the file out of the folder")
            fields = _HEADER.unpack(head)
            heads.append((path, fields[6], fields[7], fields[13]))
    with JournalReader(directory) as reader:
        end, following = reader.end_position, reader.next_sequence
        newest = _time_of(reader, following - 1)
    found: list[Segment] = []
    for at, (path, position, sequence, _) in enumerate(heads):
        later = heads[at + 1] if at + 1 < len(heads) else None
        holds = later[2] if later is not None else max(following, sequence)
        last = later[3] if later is not None else newest
        found.append(
            Segment(
                path=str(path),
                first_position=position,
                end_position=later[1] if later is not None else max(end, position),
                first_sequence=sequence,
                next_sequence=holds,
                last_time_ns=last if holds > sequence else 0,
                bytes=path.stat().st_size,
            )
        )
    return found


def _time_of(reader: JournalReader, sequence: int) -> int:
    """Return the time of a record; 0 when it is gone or damaged."""
    if sequence < 0:
        return 0
    try:
        reader.seek(Place("sequence", sequence))
        record = reader.read()
    except RecordingError:
        return 0
    return record.time_ns if record is not None else 0
