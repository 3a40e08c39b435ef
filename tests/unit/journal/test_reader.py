"""What is the journal reader's own: segments of another recording are refused. The rest: tests/conformance."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actorbus.journal.reader import JournalReader
from actorbus.journal.recording import JournalRecording
from actorbus.recording import CorruptRecord, FormatRefused, Place, RecordedStream


def recorded(folder: Path, count: int) -> list[bytes]:
    data = [b"%d" % number for number in range(count)]
    with JournalRecording(folder, sync="none", segment_bytes=1 << 20) as recording:
        stream = recording.add_stream(RecordedStream(name="bars"))
        for payload in data:
            recording.append(stream, payload)
    return data


def test_records_come_one_by_one_over_many_batches(tmp_path: Path) -> None:
    data = recorded(tmp_path, 5000)
    with JournalReader(tmp_path) as reader:
        ends = [(record.sequence, record.payload, reader.position == record.position) for record in reader]
    assert ends == [(number, payload, True) for number, payload in enumerate(data)]


def test_looking_at_the_ends_does_not_move_it(tmp_path: Path) -> None:
    recorded(tmp_path, 10)
    with JournalReader(tmp_path, Place("sequence", 4)) as reader:
        assert (reader.first_sequence, reader.next_sequence) == (0, 10)
        assert reader.first_position < reader.position < reader.end_position
        record = reader.read()
        assert record is not None
        assert record.sequence == 4


def test_segments_of_another_recording_are_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "a", 1)
    recorded(tmp_path / "b", 1)
    shutil.copy(tmp_path / "a" / "recording.json", tmp_path / "b")
    with pytest.raises(FormatRefused, match="belong to recording"):
        JournalReader(tmp_path / "b")


def test_damage_says_where_reading_goes_on(tmp_path: Path) -> None:
    with JournalRecording(tmp_path) as recording:
        stream = recording.add_stream(RecordedStream(name="bars"))
        for number in range(3):
            recording.append(stream, b"payload-%d" % number)
            recording.sync()
    path = next(tmp_path.glob("*.journal"))
    path.write_bytes(path.read_bytes().replace(b"payload-1", b"payload+1"))
    with JournalReader(tmp_path) as reader:
        assert reader.read() is not None
        with pytest.raises(CorruptRecord) as named:
            reader.read()
        reader.seek(Place("position", named.value.next_position))
        assert [record.payload for record in reader] == [b"payload-2"]
