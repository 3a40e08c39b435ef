"""Native tools in the words of report.py: names, progress, segments."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from actorbus.errors import RecordingError
from actorbus.ffi.journal_tools import journal_verify
from actorbus.journal import table
from actorbus.journal.native_tools import repair_journal, segments_of_journal, verify_journal, watched
from actorbus.journal.reader import JournalReader
from actorbus.journal.recording import JournalRecording
from actorbus.recording import CorruptRecord, FormatRefused, RecordedStream


def recorded(folder: Path, count: int = 400) -> None:
    with JournalRecording(folder, segment_bytes=65_536) as recording:
        stream = recording.add_stream(RecordedStream(name="bars"))
        for number in range(count):
            recording.append(stream, b"%06d" % number + bytes(500), time_ns=10**9 * (number + 1))
            if number % 10 == 9:
                recording.sync()


def test_segments_follow_each_other(tmp_path: Path) -> None:
    recorded(tmp_path)
    found = segments_of_journal(tmp_path)
    assert len(found) > 3
    assert (found[0].first_sequence, found[-1].next_sequence) == (0, 400)
    for one, two in zip(found, found[1:], strict=False):  # noqa: RUF007
        assert (one.end_position, one.next_sequence) == (two.first_position, two.first_sequence)
        assert one.last_time_ns == 10**9 * one.next_sequence
    assert found[-1].last_time_ns == 400 * 10**9
    assert all(segment.bytes == 65_536 for segment in found)


def test_a_foreign_file_is_named(tmp_path: Path) -> None:
    recorded(tmp_path, 1)
    (tmp_path / "ffffffffffff0000.journal").write_bytes(b"not one")
    with pytest.raises(FormatRefused, match=r"ffffffffffff0000\.journal is not a segment"):
        segments_of_journal(tmp_path)


def test_verify_tells_its_progress_and_names_damage(tmp_path: Path) -> None:
    recorded(tmp_path)
    told: list[tuple[int, int]] = []
    report = verify_journal(tmp_path, lambda done, total: told.append((done, total)))
    assert report.is_whole
    assert (report.records, report.first_sequence, report.next_sequence) == (400, 0, 400)
    assert told[-1][0] == told[-1][1] > 0
    path = min(tmp_path.glob("*.journal"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"000007", b"000008"))
    report = verify_journal(tmp_path)
    assert not report.is_whole
    assert report.faults[0].file == str(path)
    assert report.faults[0].offset > 0
    done = repair_journal(tmp_path)
    assert (done.holes, done.next_sequence) == (1, 400)
    assert done.copied_bytes > 0
    assert any((tmp_path / "quarantine").iterdir())
    assert repair_journal(tmp_path).holes == 0


def test_a_table_of_another_recording_is_named_and_nothing_is_repaired(tmp_path: Path) -> None:
    recorded(tmp_path / "one", 30)
    recorded(tmp_path / "two", 30)
    (tmp_path / "one" / table.FILE).write_bytes((tmp_path / "two" / table.FILE).read_bytes())
    report = verify_journal(tmp_path / "one")
    assert (report.fault_count, report.records) == (1, 30)
    assert "the segments are of" in report.faults[0].text
    with pytest.raises(FormatRefused, match="the segments are of"):
        repair_journal(tmp_path / "one")


def test_a_header_that_was_hit_is_made_anew(tmp_path: Path) -> None:
    recorded(tmp_path)
    path = min(tmp_path.glob("*.journal"))
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(40)
        file.write(bytes(30))
    assert not verify_journal(tmp_path).is_whole
    done = repair_journal(tmp_path)
    assert (done.headers, done.holes, done.lost, done.next_sequence) == (1, 0, 0, 400)
    assert (verify_journal(tmp_path).records, verify_journal(tmp_path).is_whole) == (400, True)


def test_the_newest_segment_that_is_missing_is_named_and_verify_ends(tmp_path: Path) -> None:
    recorded(tmp_path)
    max(tmp_path.glob("*.journal")).unlink()
    report = verify_journal(tmp_path)
    assert (report.fault_count, report.records + report.lost) == (1, 400)
    assert "the segment is missing" in report.faults[0].text
    with pytest.raises(CorruptRecord, match="the segment is missing"), JournalReader(tmp_path) as reader:
        list(reader)
    with pytest.raises(CorruptRecord, match="the segment is missing"):
        JournalRecording(tmp_path).close()
    assert repair_journal(tmp_path).next_sequence == 400
    with JournalRecording(tmp_path, segment_bytes=65_536) as recording:
        assert recording.append(0, b"on") == 400


def test_a_torn_end_is_told_with_the_whole_records_in_it(tmp_path: Path) -> None:
    recording = JournalRecording(tmp_path, sync="none")
    stream, places = recording.add_stream(RecordedStream(name="bars")), list[int]()
    for number in range(30):
        places.append(recording.positions.written)
        recording.append(stream, bytes(100) + b"%d" % number)
        recording.write()
    recording.abandon()
    with next(tmp_path.glob("*.journal")).open("r+b") as file:
        file.seek(4096 + places[10] + 50)
        file.write(b"\xee")
    report = verify_journal(tmp_path)
    assert (report.is_whole, report.records, report.tail_records) == (True, 10, 19)
    assert report.tail_bytes > 0


def test_an_interrupt_stops_the_native_work(tmp_path: Path) -> None:
    stopped = list[int]()

    def work(memory: memoryview) -> None:
        while memory[2] == 0:
            threading.Event().wait(0.001)
        stopped.append(memory[2])

    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watched(work, interrupted)
    assert stopped == [1]
    recorded(tmp_path)
    memory = memoryview(bytearray(24)).cast("q")
    memory[2] = 1
    with pytest.raises(RecordingError, match="stopped"):
        journal_verify(tmp_path, progress=memory)
