"""Retention of a ``jsonl`` recording: whole old segments go, never one that is read. Called by its writer alone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from actorbus.journal.consumers import positions_of
from actorbus.journal.files import disk, sync_directory
from actorbus.journal.jsonl_files import segments_of
from actorbus.journal.jsonl_format import seed_of
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recover import last_time_of
from actorbus.recording import Cut, Retention, Segment, removable

__all__ = ["purge", "segments_of_jsonl"]


def purge(directory: Path, uuid: str, retention: Retention, now_ns: int, end: int, following: int) -> Cut:
    """Remove what the rules give up.

    Args:
        directory, uuid: of the recording.
        retention: the rules.
        now_ns: nanoseconds since 1970.
        end: the written position.
        following: the sequence of the next record.
    """
    segments = _facts(directory, seed_of(uuid), end, following)
    count, why = removable(segments, retention, now_ns=now_ns, consumers=positions_of(directory, uuid))
    removed = 0
    for segment in segments[:count]:
        if not _remove(Path(segment.path)):
            why = (f"{segment.path} is being read",)
            break
        removed += 1
    gone = segments[:removed]
    if gone:
        with disk(f"remove segments of {directory}"):
            sync_directory(directory)
    return Cut(
        segments=removed,
        records=sum(segment.next_sequence - segment.first_sequence for segment in gone),
        bytes=sum(segment.bytes for segment in gone),
        first_sequence=segments[removed].first_sequence,
        kept=why,
    )


def segments_of_jsonl(directory: Path) -> list[Segment]:
    """Return the segments of a recording at rest or at work, oldest first."""
    with JsonlReader(directory) as reader:
        return _facts(directory, seed_of(reader.uuid), reader.end_position, reader.next_sequence)


def _facts(directory: Path, seed: int, end: int, following: int) -> list[Segment]:
    names = segments_of(directory)
    ends = [(name.position, name.sequence) for name in names[1:]] + [(end, following)]
    return [
        Segment(
            path=str(name.path),
            first_position=name.position,
            end_position=end,
            first_sequence=name.sequence,
            next_sequence=following,
            last_time_ns=last_time_of(directory, seed, name),
            bytes=end - name.position,
        )
        for name, (end, following) in zip(names, ends, strict=True)
    ]


def _remove(path: Path) -> bool:
    """Remove a segment and its index; False: somebody reads it."""
    with disk(f"remove {path}"):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.with_suffix(".index").unlink(missing_ok=True)
            path.unlink()
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
    return True
