"""Reads a ``journal`` recording, at rest or while it is written to. The rules of RecordingReader hold; one thread.

Records come from native code in batches and are handed out one by one; what is kept is at most one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from actorbus.errors import ClosedError
from actorbus.ffi.journal_reader import EARLIEST as TO_EARLIEST
from actorbus.ffi.journal_reader import END, POSITION, SEQUENCE, TIME, JournalReaderHandle, ReaderState
from actorbus.journal import table
from actorbus.recording import EARLIEST, FormatRefused, Place, RecordedMessage, RecordedStream

__all__ = ["JournalReader"]

_KINDS: Final = {
    "earliest": TO_EARLIEST,
    "live": END,
    "now": END,
    "sequence": SEQUENCE,
    "position": POSITION,
    "time": TIME,
}


@final
class JournalReader:
    """See RecordingReader.

    Args:
        directory: of the recording.
        start: where to begin; None: the first record there is.

    Raises:
        RecordingNotFound, FormatRefused: no recording of ours.
        PositionPurged, InvalidValue, CorruptRecord: as ``seek``.
    """

    __slots__: tuple[str, ...] = ("_at", "_closed", "_handle", "_position", "_records", "_tail", "directory", "uuid")

    directory: Path
    uuid: str

    def __init__(self, directory: Path | str, start: Place | None = None) -> None:
        self.directory = Path(directory)
        self.uuid = table.load(self.directory).uuid
        self._closed = False
        self._records: list[RecordedMessage] = []
        self._at = 0
        self._handle = JournalReaderHandle.open(self.directory)
        self._tail: JournalReaderHandle | None = None
        try:
            found = bytes(self._handle.state().uuid).hex()
            if found != self.uuid:
                why = f"its table says {self.uuid}"
                raise FormatRefused(f"the segments of {self.directory} belong to recording {found}", why=why)
            self._position = self._handle.state().position
            if start is not None:
                self.seek(start)
        except BaseException:
            self.close()
            raise

    @property
    def streams(self) -> Mapping[int, RecordedStream]:
        """The table of streams by number, as it is now."""
        return table.load(self.directory).by_number

    def _alive(self) -> JournalReaderHandle:
        if self._closed:
            raise ClosedError(f"the reader of {self.directory} is closed")
        return self._handle

    def _look(self, kind: int) -> ReaderState:
        """Return the state of a second reader that goes to the first record or the end: ours stays where it is."""
        self._alive()
        if self._tail is None:
            self._tail = JournalReaderHandle.open(self.directory, batch_records=1)
        self._tail.seek(kind)
        return self._tail.state()

    @property
    def first_sequence(self) -> int:
        """The first record there is; equal to ``next_sequence`` when there is none."""
        return self._look(TO_EARLIEST).first_sequence

    @property
    def first_position(self) -> int:
        """Where the first record there is begins."""
        return self._look(TO_EARLIEST).first_position

    @property
    def next_sequence(self) -> int:
        """The number the next record will have."""
        return self._look(END).sequence

    @property
    def end_position(self) -> int:
        """The written end of now."""
        return self._look(END).position

    @property
    def position(self) -> int:
        """Behind the record read last."""
        return self._position

    def seek(self, place: Place) -> None:
        """Go to a place. Raises as RecordingReader says."""
        handle = self._alive()
        handle.seek(_KINDS[(place or EARLIEST).kind], place.value)
        self._records, self._at = [], 0
        self._position = handle.state().position

    def read(self) -> RecordedMessage | None:
        """Return the next record, None at the written end of now. Raises as RecordingReader says."""
        handle = self._alive()
        if self._at == len(self._records):
            self._records = [
                RecordedMessage(
                    one.sequence,
                    one.time_ns,
                    one.stream,
                    one.session_id,
                    one.stream_position,
                    one.position,
                    one.payload,
                )
                for one in handle.batch()
            ]
            self._at = 0
            if not self._records:
                return None
        record = self._records[self._at]
        self._at += 1
        self._position = record.position
        return record

    def __iter__(self) -> Iterator[RecordedMessage]:
        """Yield records up to the written end of now."""
        while (record := self.read()) is not None:
            yield record

    def close(self) -> None:
        """Release files. May be repeated."""
        self._closed = True
        self._handle.close()
        if self._tail is not None:
            self._tail.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
