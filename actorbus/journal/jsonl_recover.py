"""Opens a ``jsonl`` recording after whatever ended it: finds the last whole line, cuts what is torn, keeps what it cut.

Rules of this file:

* Bounded by one segment: the last, from the newest entry of its index that is true.
* Damage (see jsonl_cursor.py) is never cut here: CorruptRecord, and `journal repair`.
* Copies before it cuts, and both are on the disk before this returns. The writer's lock is held.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from actorbus.journal.files import QUARANTINE, disk, free_name, sync_directory
from actorbus.journal.jsonl_cursor import Cursor
from actorbus.journal.jsonl_files import SegmentName, index_of, segments_of
from actorbus.journal.jsonl_format import Hole
from actorbus.recording import CorruptRecord, RecordedMessage, Recovery

__all__ = ["keep_and_cut", "last_time_of", "recover"]


def recover(directory: Path, seed: int) -> tuple[Recovery, int, int]:
    """Return what was found, the end's position, and the next sequence. Raises CorruptRecord, OutOfSpace."""
    began = time.monotonic()
    last = segments_of(directory)[-1]
    cursor = Cursor(directory, seed)
    try:
        _near_the_end(cursor, last)
        while cursor.step() is not None:
            pass
        position, sequence = cursor.position, cursor.sequence
    finally:
        cursor.close()
    assert sequence is not None
    offset = position - last.position
    with disk(f"sync {last.path}"), last.path.open("rb") as file:
        torn = os.fstat(file.fileno()).st_size - offset
        os.fsync(file.fileno())  # what was found counts as durable from now on
    kept = keep_and_cut(directory, last, offset) if torn else None
    state = "torn" if torn else "clean"
    return Recovery(state, torn, str(kept) if kept else None, time.monotonic() - began), position, sequence


def keep_and_cut(directory: Path, segment: SegmentName, offset: int) -> Path:
    """Copy a segment's bytes from an offset into quarantine/, then cut them off. Returns the copy's path."""
    with disk(f"cut {segment.path}"):
        kept = free_name(directory / QUARANTINE, f"{segment.path.name}.{offset}")
        with segment.path.open("r+b") as file, kept.open("xb") as copy:
            file.seek(offset)
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
            sync_directory(kept.parent)
            file.truncate(offset)
            os.fsync(file.fileno())
    return kept


def _near_the_end(cursor: Cursor, segment: SegmentName) -> None:
    """Put a cursor behind the newest entry of a segment's index that is true, or at its begin."""
    for entry in reversed(index_of(segment)):
        cursor.go(entry.position, entry.sequence)
        try:
            if isinstance(cursor.step(), RecordedMessage):
                return
        except CorruptRecord:
            continue
    cursor.go(segment.position, segment.sequence)


def last_time_of(directory: Path, seed: int, segment: SegmentName | None = None) -> int:
    """Return the time of a segment's newest record, 0 when it has none; None: of the newest segment that has one."""
    segments = segments_of(directory)
    wanted = [segment] if segment is not None else segments[::-1]
    for one in wanted:
        following = next((later.position for later in segments if later.position > one.position), None)
        cursor = Cursor(directory, seed)
        try:
            _near_the_end(cursor, one)
            if found := _last_before(cursor, following, one):
                return found
        finally:
            cursor.close()
    return 0


def _last_before(cursor: Cursor, end: int | None, segment: SegmentName) -> int:
    entries = index_of(segment)
    found = max((entry.time_ns for entry in entries if entry.position < cursor.position), default=0)
    while end is None or cursor.position < end:
        try:
            record = cursor.step()
        except CorruptRecord as error:
            if error.next_position < 0:
                break
            cursor.go(error.next_position, None)
            continue
        if record is None:
            break
        if not isinstance(record, Hole):
            found = record.time_ns
    return found
