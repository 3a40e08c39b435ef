from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InvalidValue
from actorbus.ffi.journal import NONE, JournalHandle
from actorbus.ffi.journal_reader import EARLIEST, END, POSITION, SEQUENCE, TIME, JournalReaderHandle, JournalRecord
from actorbus.recording.errors import PositionPurged, RecordingNotFound

SEGMENT = 64 * 1024


def record_to(directory: Path, count: int) -> JournalHandle:
    journal = JournalHandle.open(directory, segment_bytes=SEGMENT, sync=NONE)
    for n in range(count):
        journal.append(n % 5, b"%d" % n * (n % 40), session=-n, stream_position=64 * n, time_ns=1000 + 10 * n)
        if n % 7 == 0:
            journal.write()
    journal.write()
    return journal


def test_records_come_as_they_were_appended(tmp_path: Path) -> None:
    journal = record_to(tmp_path, 3000)
    reader = JournalReaderHandle.open(tmp_path, batch_records=100)
    found: list[JournalRecord] = []
    while batch := reader.batch():
        assert len(batch) <= 100
        found += batch
    assert [record.sequence for record in found] == list(range(3000))
    for n, record in enumerate(found):
        assert record.payload == b"%d" % n * (n % 40)
        assert (record.stream, record.session_id, record.stream_position) == (n % 5, -n, 64 * n)
        assert record.time_ns == 1000 + 10 * n
    assert all(one.position < two.position for one, two in itertools.pairwise(found))
    journal.append(0, b"more")
    assert reader.batch() == []
    journal.write()
    assert [record.payload for record in reader.batch()] == [b"more"]
    state = reader.state()
    assert (state.sequence, state.first_sequence, state.holes, state.lost) == (3001, 0, 0, 0)
    assert state.uuid == journal.opened.uuid
    journal.close()
    reader.close()
    reader.close()
    with pytest.raises(ClosedError):
        reader.batch()


def test_a_seek_goes_to_a_sequence_a_position_a_time_and_the_end(tmp_path: Path) -> None:
    record_to(tmp_path, 2000).close()
    reader = JournalReaderHandle.open(tmp_path)
    reader.seek(SEQUENCE, 1234)
    record = reader.batch()[0]
    assert record.sequence == 1234
    reader.seek(POSITION, record.position)
    assert reader.batch()[0].sequence == 1235
    reader.seek(POSITION, record.position - 1)
    assert reader.batch()[0].sequence == 1234
    reader.seek(TIME, 1000 + 10 * 777 - 9)
    assert reader.batch()[0].sequence == 777
    reader.seek(END)
    assert reader.batch() == []
    reader.seek(EARLIEST)
    assert reader.batch()[0].sequence == 0
    with pytest.raises(InvalidValue, match="sequence 2001 does not exist yet: the next one is 2000"):
        reader.seek(SEQUENCE, 2001)
    reader.close()


def test_a_purged_start_names_what_is_available(tmp_path: Path) -> None:
    journal = record_to(tmp_path, 3000)
    first = journal.purge(bytes_max=SEGMENT)
    assert first.segments > 0
    reader = JournalReaderHandle.open(tmp_path)
    for kind in (SEQUENCE, POSITION):
        with pytest.raises(PositionPurged) as raised:
            reader.seek(kind, 0)
        assert (raised.value.first_sequence, raised.value.first_position) == (
            first.first_sequence,
            first.first_position,
        )
    reader.seek(TIME, 0)
    assert reader.batch()[0].sequence == first.first_sequence
    reader.close()
    journal.close()


def test_a_folder_without_a_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingNotFound, match=str(tmp_path)):
        JournalReaderHandle.open(tmp_path / "nowhere")
    with pytest.raises(InvalidValue, match="batch of 0"):
        JournalReaderHandle.open(tmp_path, batch_records=0)
