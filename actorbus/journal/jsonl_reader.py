"""Reads a ``jsonl`` recording, at rest or while it is written to. The rules of RecordingReader hold; one thread."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, final

from actorbus.errors import ClosedError, InvalidValue
from actorbus.journal import table
from actorbus.journal.jsonl_cursor import Cursor, purged
from actorbus.journal.jsonl_files import IndexEntry, SegmentName
from actorbus.journal.jsonl_format import Hole, seed_of
from actorbus.recording import EARLIEST, CorruptRecord, Place, RecordedMessage, RecordedStream

__all__ = ["JsonlReader"]


def _sequence(one: SegmentName | IndexEntry) -> int:
    return one.sequence


def _position(one: SegmentName | IndexEntry) -> int:
    return one.position


def _time(one: IndexEntry) -> int:
    return one.time_ns


def _reaches(found: RecordedMessage | Hole, place: Place) -> bool:
    """Whether this is the first one at a place, when none before was. A hole is one for sequences and positions."""
    match place.kind:
        case "position":
            return found.position > place.value
        case "sequence":
            return (found.last if isinstance(found, Hole) else found.sequence) >= place.value
        case _:
            return isinstance(found, RecordedMessage) and found.time_ns >= place.value


@final
class JsonlReader:
    """See RecordingReader.

    Args:
        directory: of the recording.
        start: where to begin; None: the first record there is.

    Raises:
        RecordingNotFound, FormatRefused: no recording of ours.
        PositionPurged, InvalidValue, CorruptRecord: as ``seek``.
    """

    __slots__: tuple[str, ...] = ("_closed", "_cursor", "_tail", "directory", "uuid")

    directory: Path
    uuid: str

    def __init__(self, directory: Path | str, start: Place | None = None) -> None:
        self.directory = Path(directory)
        self.uuid = table.load(self.directory).uuid
        self._closed = False
        self._cursor = Cursor(self.directory, seed_of(self.uuid))
        self._tail = Cursor(self.directory, seed_of(self.uuid))
        try:
            last = self._cursor.segments()[-1]
            self._tail.go(last.position, last.sequence)
            self._jump_by_index(last)
            self.seek(start or EARLIEST)
        except BaseException:
            self.close()
            raise

    @property
    def streams(self) -> Mapping[int, RecordedStream]:
        """The table of streams by number, as it is now."""
        return table.load(self.directory).by_number

    @property
    def first_sequence(self) -> int:
        """The first record there is; equal to ``next_sequence`` when there is none."""
        return self._alive().segments()[0].sequence

    @property
    def first_position(self) -> int:
        """Where the first record there is begins."""
        return self._alive().segments()[0].position

    @property
    def next_sequence(self) -> int:
        """The number the next record will have."""
        self._to_the_end()
        return self._tail.sequence or 0

    @property
    def end_position(self) -> int:
        """The written end of now."""
        self._to_the_end()
        return self._tail.position

    @property
    def position(self) -> int:
        """Behind the record read last."""
        return self._cursor.position

    def _alive(self) -> Cursor:
        if self._closed:
            raise ClosedError(f"the reader of {self.directory} is closed")
        return self._cursor

    def _jump_by_index(self, last: SegmentName) -> None:
        """Put the tail behind the newest entry of the index that is true."""
        for entry in reversed(self._tail.verified(last)):
            self._tail.go(entry.position, entry.sequence)
            try:
                if self._tail.step() is not None:
                    return
            except CorruptRecord:
                pass
        self._tail.go(last.position, last.sequence)

    def _to_the_end(self) -> None:
        """Move the tail to the written end: damage on the way is stepped over, whoever reads it is told."""
        self._alive()
        while True:
            try:
                if self._tail.step() is None:
                    return
            except CorruptRecord as error:
                if error.next_position < 0:
                    return
                self._tail.go(error.next_position, None)

    # ---- seek ------------------------------------------------------------------------------------------------------

    def seek(self, place: Place) -> None:
        """Go to a place. Raises as RecordingReader says."""
        cursor = self._alive()
        before = (cursor.position, cursor.sequence)
        try:
            self._seek(place)
        except BaseException:
            cursor.position, cursor.sequence = before
            cursor.close()
            raise

    def _seek(self, place: Place) -> None:
        segments = self._cursor.segments()
        first = segments[0]
        match place.kind:
            case "earliest":
                self._cursor.go(first.position, first.sequence)
            case "live" | "now":
                self._to_the_end()
                self._cursor.go(self._tail.position, self._tail.sequence)
            case "sequence":
                if place.value < first.sequence:
                    raise purged(self.directory, str(place), first)
                self._bound(place, self.next_sequence)
                self._walk(bisect_right(segments, place.value, key=_sequence) - 1, place)
            case "position":
                if place.value < first.position:
                    raise purged(self.directory, str(place), first)
                self._bound(place, self.end_position)
                self._walk(bisect_right(segments, place.value, key=_position) - 1, place)
            case "time":
                self._walk(self._segment_of_time(segments, place.value), place)

    def _bound(self, place: Place, end: int) -> None:
        if place.value > end:
            what = "the next record has sequence" if place.kind == "sequence" else "the recording ends at position"
            raise InvalidValue(f"{place} is beyond the end of {self.directory}", why=f"{what} {end}")

    def _walk(self, segment_at: int, place: Place) -> None:
        """Go before the first record at the place: from the nearest true entry of the segment's index, by steps.

        Damage on the way that ends before the place is stepped over: what lies in it was not asked for.
        """
        segment = self._cursor.segments()[segment_at]
        entries = self._cursor.verified(segment)
        if place.kind == "time":
            near = bisect_left(entries, place.value, key=_time)
        else:
            near = bisect_right(entries, place.value, key=_sequence if place.kind == "sequence" else _position)
        for entry in (*reversed(entries[:near]), IndexEntry(segment.sequence, 0, segment.position)):
            if self._is_true(entry):
                self._cursor.go(entry.position, entry.sequence)
                break
        while True:
            before = (self._cursor.position, self._cursor.sequence)
            try:
                found = self._cursor.step()
            except CorruptRecord as error:
                if place in (Place("position", before[0]), Place("sequence", before[1] or -1)):
                    self._cursor.go(*before)
                    return
                following, sequence = self._cursor.find_valid()
                behind = sequence if place.kind == "sequence" else following
                if place.kind == "time" or not 0 <= behind <= place.value:
                    raise
                self._cursor.go(error.next_position, None)
                continue
            if found is None:
                return
            if _reaches(found, place):
                self._cursor.go(*before)
                return

    def _is_true(self, entry: IndexEntry) -> bool:
        """Whether a record with that sequence begins there. A segment's own begin always counts."""
        if entry.time_ns == 0:
            return True
        self._cursor.go(entry.position, entry.sequence)
        try:
            found = self._cursor.step()
        except CorruptRecord:
            return False
        return isinstance(found, RecordedMessage) and found.time_ns == entry.time_ns

    def _segment_of_time(self, segments: list[SegmentName], wanted: int) -> int:
        """Return the last segment whose first record is before a time (0: none is)."""
        low, high = 0, len(segments)
        while low + 1 < high:
            middle = (low + high) // 2
            self._cursor.go(segments[middle].position, segments[middle].sequence)
            record = self._cursor.step()
            if isinstance(record, RecordedMessage) and record.time_ns < wanted:
                low = middle
            else:
                high = middle
        return low

    # ---- read ------------------------------------------------------------------------------------------------------

    def read(self) -> RecordedMessage | None:
        """Return the next record, None at the written end of now. Raises as RecordingReader says."""
        found = self._alive().step()
        if isinstance(found, Hole):
            raise CorruptRecord(
                f"records {found.first} to {found.last} of {self.directory} are lost",
                why="a repair has put a hole in their place",
                hint="read on: the next call goes on behind it; what was cut out is in quarantine/",
                sequence=found.first,
                next_position=found.position,
            )
        return found

    def __iter__(self) -> Iterator[RecordedMessage]:
        """Yield records up to the written end of now."""
        while (record := self.read()) is not None:
            yield record

    def close(self) -> None:
        """Release files. May be repeated."""
        self._closed = True
        self._cursor.close()
        self._tail.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
