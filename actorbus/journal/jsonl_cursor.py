"""Walks the lines of a ``jsonl`` recording in order, checking each: what readers, recovery and `verify` share.

Rules of this file:

* A line counts when its checksum, its place and its sequence are right. A line that does not is *damage* when it lies
  below the checkpoint, when a later segment exists, or when a valid line stands behind it; otherwise it is the torn end
  of a write (under way, or cut by a crash), and the recording ends before it.
* ``step`` either moves behind one record or hole, or stays where it is.
* One thread. Holds one file open.
"""

from __future__ import annotations

from pathlib import Path
from typing import final

from actorbus.errors import InternalError
from actorbus.journal.files import disk
from actorbus.journal.jsonl_files import IndexEntry, OpenSegment, SegmentName, index_of, read_durable, segments_of
from actorbus.journal.jsonl_format import LINE_MAX_BYTES, Hole, parse
from actorbus.recording import CorruptRecord, PositionPurged, RecordedMessage

__all__ = ["Cursor", "purged"]


def purged(directory: Path, what: str, first: SegmentName) -> PositionPurged:
    """Return the error for a place that is gone; it says which is the first there is."""
    return PositionPurged(
        f"{what} of {directory} is gone",
        why=f"retention removed it; the first record there is has sequence {first.sequence}, position {first.position}",
        hint="begin at earliest, or keep more with `retention`",
        first_sequence=first.sequence,
        first_position=first.position,
    )


@final
class Cursor:
    """A place between two records.

    Args:
        directory: of the recording.
        seed: of its lines (jsonl_format.seed_of).
    """

    __slots__: tuple[str, ...] = ("_directory", "_open", "_seed", "position", "sequence")

    position: int
    """Behind the record stepped over last."""
    sequence: int | None
    """What the next record must have; None: whatever it says."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._seed = seed
        self._open: OpenSegment | None = None
        self.position = 0
        self.sequence = 0

    def segments(self) -> list[SegmentName]:
        """Return the segments there are now; there is always one."""
        found = segments_of(self._directory)
        if not found:
            raise CorruptRecord(
                f"{self._directory} has no segment", hint="it was made incompletely or robbed of its files"
            )
        return found

    def go(self, position: int, sequence: int | None) -> None:
        """Go to a place that is known to be between two records.

        Raises:
            PositionPurged: it is gone by now.
        """
        segments = self.segments()
        if position < segments[0].position:
            raise purged(self._directory, f"position {position}", segments[0])
        at = [segment for segment in segments if segment.position <= position][-1]
        if sequence is None and at.position == position:
            sequence = at.sequence
        if self._open is None or self._open.name != at:
            self._enter(at)
        self.position = position
        self.sequence = sequence

    def _enter(self, segment: SegmentName) -> None:
        with disk(f"read {segment.path}"):
            try:
                opened = OpenSegment(segment)
            except FileNotFoundError:
                raise purged(self._directory, f"position {segment.position}", self.segments()[0]) from None
        self.close()
        self._open = opened

    def step(self) -> RecordedMessage | Hole | None:
        """Return the next record or hole and go behind it; None at the end of now.

        Raises:
            CorruptRecord: damage; the place stays.
            PositionPurged: it was removed while nothing held it.
        """
        while True:
            opened = self._opened()
            with disk(f"read {opened.name.path}"):
                line = opened.line(self.position - opened.name.position, LINE_MAX_BYTES)
                if not line.endswith(b"\n"):
                    opened.forget()
            found = self._valid(line)
            if not isinstance(found, str):
                self.position = found.position
                self.sequence = (found.last if isinstance(found, Hole) else found.sequence) + 1
                return found
            if not line and self._next_segment():
                continue
            damage = None if not line and not self._is_below_the_end() else self._damage(found)
            if self._was_under_way(line):
                continue
            if damage is not None:
                raise damage
            return None

    def _was_under_way(self, line: bytes) -> bool:
        """Whether a live writer has gone on here since that was read: then what we saw behind it proves nothing."""
        opened = self._opened()
        with disk(f"read {opened.name.path}"):
            opened.forget()
            again = opened.line(self.position - opened.name.position, LINE_MAX_BYTES)
            opened.forget()
        return again != line or (not again and self._next_segment())

    def _opened(self) -> OpenSegment:
        if self._open is None:
            self.go(self.position, self.sequence)
        if self._open is None:
            raise InternalError("a cursor without a file")
        return self._open

    def _valid(self, line: bytes) -> RecordedMessage | Hole | str:
        found = parse(line, self._seed, self.position + len(line)) if line else "the file ends"
        if isinstance(found, RecordedMessage) and self.sequence not in (None, found.sequence):
            return f"the record has sequence {found.sequence}"
        return found

    def _next_segment(self) -> bool:
        """At a file's end: go to the segment that begins here. False when there is none."""
        opened = self._opened()
        following = [segment for segment in self.segments() if segment.position > opened.name.position]
        if not following or following[0].position != self.position or opened.size() > self._offset():
            return bool(following) and opened.size() > self._offset()
        self._enter(following[0])
        self.sequence = following[0].sequence
        return True

    def _offset(self) -> int:
        return self.position - self._opened().name.position

    def _is_below_the_end(self) -> bool:
        """Whether more was written behind this place than is there: a later segment, or the checkpoint, says so."""
        begins = self._opened().name.position
        if any(segment.position > max(begins, self.position) for segment in self.segments()):
            return True
        return read_durable(self._directory) > self.position

    def _damage(self, why: str) -> CorruptRecord | None:
        """Return what to raise for damage; None for the torn end of the last segment."""
        opened = self._opened()
        following, sequence = self.find_valid()
        if following < 0 and not self._is_below_the_end():
            return None
        where = f"{opened.name.path.name}, byte {self._offset()}"
        expected = -1 if self.sequence is None else self.sequence
        known = f"record {expected}" if expected >= 0 else "a record"
        goes_on = f"reading goes on at position {following}, sequence {sequence}"
        hint = goes_on if following >= 0 else "nothing whole follows"
        return CorruptRecord(
            f"{known} is damaged",
            where=f"{where} of {self._directory}",
            why=why,
            hint=f"{hint}; `actorbus journal verify` shows all, `journal repair` cuts it out",
            file=str(opened.name.path),
            offset=self._offset(),
            sequence=expected,
            next_position=following,
        )

    def find_valid(self) -> tuple[int, int]:
        """Return where the next whole record behind this place begins, and its sequence; (-1, -1) when none does."""
        opened = self._opened()
        segments = self.segments()
        following = [segment for segment in segments if segment.position > opened.name.position]
        offset = self._offset()
        with disk(f"read {opened.name.path}"):
            while line := opened.line(offset, LINE_MAX_BYTES):
                begin = opened.name.position + offset
                found = parse(line, self._seed, begin + len(line))
                if isinstance(found, RecordedMessage) and (self.sequence is None or found.sequence > self.sequence):
                    return begin, found.sequence
                offset += len(line)
            opened.forget()
        return (following[0].position, following[0].sequence) if following else (-1, -1)

    def verified(self, segment: SegmentName) -> list[IndexEntry]:
        """Return the entries of a segment's index; each is checked when it is used (``go`` then ``step``)."""
        return index_of(segment)

    def close(self) -> None:
        """Close the file. May be repeated."""
        if self._open is not None:
            self._open.close()
            self._open = None
