"""How far each publisher's session is recorded, found when a recording is opened: the file ``marks`` (ffi/marks.py).

Rules of this file:

* What the file says is right up to a place in the recording, a tenth of a second old at most; the records behind it
  are read again here, so that a mark is that of the session's last record (inv_mark_is_exact, native/ab_marks.h).
* At most 128 MiB are read; more lie there only when somebody else wrote to the recording, and theirs have no session.
"""

from __future__ import annotations

from typing import Final

from actorbus.ffi.marks import Marks
from actorbus.recording import CorruptRecord, Place, PositionPurged, RecordedMessage, RecordingPort, RecordingReader

__all__ = ["FILE", "open_marks"]

FILE: Final = "marks"


def open_marks(recording: RecordingPort) -> Marks:
    """Return the marks of a recording that was just opened for writing, exact. Its owner closes them."""
    end = recording.positions.written
    marks = Marks(recording.directory / FILE, bytes.fromhex(recording.uuid), end)
    try:
        if marks.behind < end and recording.native_handle:
            marks.catch_up(recording.directory)
        elif marks.behind < end:
            _catch_up(recording, marks)
        marks.sweep(end)
    except BaseException:
        marks.close()
        raise
    return marks


def _catch_up(recording: RecordingPort, marks: Marks) -> None:
    try:
        reader = recording.reader(Place("position", marks.behind))
    except (PositionPurged, CorruptRecord):
        reader = recording.reader()
    with reader:
        while (record := _next(reader)) is not None:
            marks.raise_to(record.stream, record.session, record.position, record.stream_position)


def _next(reader: RecordingReader) -> RecordedMessage | None:
    """Return the next record, damaged ones stepped over: opening for writing told of them."""
    while True:
        try:
            return reader.read()
        except CorruptRecord as error:
            if error.next_position < 0:
                return None
            reader.seek(Place("position", error.next_position))
