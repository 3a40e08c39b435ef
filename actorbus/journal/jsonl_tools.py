"""Verify and repair a ``jsonl`` recording. Changes nothing but in ``repair``, which copies first; one thread.

A repair puts a hole, a line of its own kind, in the place of damaged lines, so that what follows keeps its position;
where nothing whole follows, or a hole does not fit, the rest is cut off, and a hole ends the file: the sequences of
what was lost are not given again. Doing it twice does nothing more.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from actorbus.journal import table
from actorbus.journal.files import QUARANTINE, Lock, disk, free_name, replace, sync_directory
from actorbus.journal.jsonl_cursor import Cursor
from actorbus.journal.jsonl_files import CHECKPOINT, SegmentName, segments_of
from actorbus.journal.jsonl_format import Hole, encode_hole, seed_of
from actorbus.journal.jsonl_recover import keep_and_cut, recover
from actorbus.journal.report import FAULTS_MAX, Fault, Repaired, Told, Verified
from actorbus.recording import CorruptRecord

__all__ = ["repair_jsonl", "verify_jsonl"]

TELL_EVERY_RECORDS = 1024


def verify_jsonl(directory: Path, told: Told | None = None) -> Verified:
    """Read all records and return what was found. Raises RecordingNotFound, FormatRefused, StorageFailed."""
    began = time.monotonic()
    cursor = Cursor(directory, seed_of(table.load(directory).uuid))
    segments = cursor.segments()
    sizes = [segment.path.stat().st_size for segment in segments]
    faults: list[Fault] = []
    count = records = lost = 0
    cursor.go(segments[0].position, segments[0].sequence)
    try:
        while True:
            try:
                found = cursor.step()
            except CorruptRecord as error:
                count += 1
                faults.append(Fault(error.file or str(directory), error.offset, error.sequence, str(error)))
                if error.next_position < 0:
                    break
                _, following = cursor.find_valid()
                lost += max(following - error.sequence, 0) if error.sequence >= 0 else 0
                cursor.go(error.next_position, following)
                continue
            if found is None:
                break
            if isinstance(found, Hole):
                count += 1
                lost += found.last - found.first + 1
                text = f"records {found.first} to {found.last} are lost: a repair has put a hole in their place"
                faults.append(Fault(str(directory), -1, found.first, text))
            else:
                records += 1
            if told is not None and records % TELL_EVERY_RECORDS == 0:
                told(cursor.position - segments[0].position, sum(sizes))
    finally:
        cursor.close()
    return Verified(
        segments=len(segments),
        records=records,
        bytes=sum(sizes),
        first_sequence=segments[0].sequence,
        next_sequence=cursor.sequence or 0,
        end_position=cursor.position,
        tail_bytes=max(segments[-1].position + sizes[-1] - cursor.position, 0) if count == 0 else 0,
        lost=lost,
        faults=tuple(faults[:FAULTS_MAX]),
        fault_count=count,
        seconds=time.monotonic() - began,
    )


def repair_jsonl(directory: Path, told: Told | None = None) -> Repaired:
    """Make a damaged recording readable and writable again.

    Raises:
        JournalLocked: it is being written to; nothing was touched.
        OutOfSpace: no room for the copies; nothing was touched since the last one.
    """
    loaded = table.load(directory)
    seed = seed_of(loaded.uuid)
    held = Lock(directory)
    holes = cuts = lost = copied = 0
    cursor = Cursor(directory, seed)
    try:
        segments = cursor.segments()
        cursor.go(segments[0].position, segments[0].sequence)
        while True:
            try:
                if cursor.step() is None:
                    break
                if told is not None:
                    told(cursor.position - segments[0].position, 0)
                continue
            except CorruptRecord as error:
                if error.file is None:
                    raise
                damaged = next(segment for segment in segments if str(segment.path) == error.file)
                position, expected = cursor.position, cursor.sequence
            following, sequence = cursor.find_valid()
            cursor.close()  # its file changes
            end = _end_of(directory, damaged, following)
            hole = None
            if following >= 0 and expected is not None:
                hole = encode_hole(expected, sequence - 1, position, end, seed)
            copied += _copy(directory, damaged, position, end)
            if hole is None:
                cuts += 1
                last = _last_cut(directory, damaged, position, expected)
                _cut_from(directory, damaged, position)
                if expected is not None:
                    lost += last - expected + 1
                    position = _end_with_hole(damaged, position, (expected, last), seed)
                replace(directory / CHECKPOINT, b'{"durable":%d}\n' % position)
                break
            holes += 1
            lost += sequence - (expected or 0)
            _overwrite(damaged, position, hole)
            cursor.go(position, expected)
        recovery, _, following = recover(directory, seed)
        copied += recovery.cut_bytes
        return Repaired(
            holes=holes, cuts=cuts + bool(recovery.cut_bytes), lost=lost, copied_bytes=copied, next_sequence=following
        )
    finally:
        cursor.close()
        held.close()


def _last_cut(directory: Path, segment: SegmentName, position: int, expected: int | None) -> int:
    """Return the newest sequence that is cut off with the damage at a position, as far as lines tell; at least one."""
    with disk(f"read {directory}"):
        lines = segment.path.read_bytes()[position - segment.position :].count(b"\n")
        last = (expected or 0) + max(lines, 1) - 1
        for later in segments_of(directory):
            if later.position > segment.position:
                last = max(last, later.sequence + later.path.read_bytes().count(b"\n") - 1)
    return last


def _end_with_hole(segment: SegmentName, position: int, lost: tuple[int, int], seed: int) -> int:
    """Put a hole behind a cut: no sequence is given twice. Return its end."""
    line, end = None, position
    while line is None:
        end += 1
        line = encode_hole(*lost, position, end, seed)
    _overwrite(segment, position, line)
    return end


def _end_of(directory: Path, segment: SegmentName, following: int) -> int:
    """Return where a damaged place of a segment ends: at the next whole line, at most where the next segment begins."""
    later = [other.position for other in segments_of(directory) if other.position > segment.position]
    ends = [*later[:1], *([following] if following >= 0 else [])]
    return min(ends) if ends else segment.position + segment.path.stat().st_size


def _copy(directory: Path, segment: SegmentName, begin: int, end: int) -> int:
    offset = begin - segment.position
    with disk(f"copy from {segment.path}"):
        kept = free_name(directory / QUARANTINE, f"{segment.path.name}.{offset}")
        with segment.path.open("rb") as file, kept.open("xb") as copy:
            file.seek(offset)
            data = file.read(max(end - begin, 0))
            copy.write(data)
            copy.flush()
            os.fsync(copy.fileno())
        sync_directory(kept.parent)
    return len(data)


def _overwrite(segment: SegmentName, position: int, line: bytes) -> None:
    with disk(f"repair {segment.path}"):
        segment.path.chmod(0o644)
        with segment.path.open("r+b") as file:
            file.seek(position - segment.position)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _cut_from(directory: Path, segment: SegmentName, position: int) -> None:
    """Cut a segment at a position and move the later ones to quarantine/: they would not be contiguous."""
    for later in segments_of(directory):
        if later.position > segment.position:
            with disk(f"move {later.path}"):
                shutil.move(later.path, free_name(directory / QUARANTINE, later.path.name))
                later.index_path.unlink(missing_ok=True)
    segment.path.chmod(0o644)
    keep_and_cut(directory, segment, position - segment.position)
    with disk(f"sync {directory}"):
        sync_directory(directory / QUARANTINE)
        sync_directory(directory)
