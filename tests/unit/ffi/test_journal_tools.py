from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.errors import RecordingError
from actorbus.ffi.journal import NONE, JournalHandle
from actorbus.ffi.journal_reader import POSITION, JournalReaderHandle
from actorbus.ffi.journal_tools import journal_index_rebuild, journal_repair, journal_verify
from actorbus.recording.errors import CorruptRecord, JournalLocked

SEGMENT = 64 * 1024


def damaged(directory: Path) -> tuple[str, int]:
    """Record 1,000, then flip a bit in the middle of the first segment; return the file and the offset of the byte."""
    journal = JournalHandle.open(directory, segment_bytes=SEGMENT, sync=NONE)
    for n in range(1000):
        journal.append(1, b"%4d" % n * 50)
        if n % 10 == 9:
            journal.write()
    journal.close()
    path = directory / f"{0:016x}.journal"
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(30_000)
        byte = file.read(1)[0]
        file.seek(30_000)
        file.write(bytes([byte ^ 4]))
    return path.name, 30_000


def read_on(reader: JournalReaderHandle, seen: list[int]) -> None:
    """Read to the end, or to what is raised, and note the sequences."""
    while batch := reader.batch():
        seen += [record.sequence for record in batch]


def test_verify_finds_nothing_wrong_with_a_whole_recording(tmp_path: Path) -> None:
    journal = JournalHandle.open(tmp_path, segment_bytes=SEGMENT, sync=NONE)
    for n in range(1000):
        journal.append(1, b"%d" % n * 30)
    journal.close()
    progress = memoryview(bytearray(24)).cast("q")
    report = journal_verify(tmp_path, progress=progress)
    assert (report.records, report.problem_count, report.problems, report.lost) == (1000, 0, (), 0)
    assert (report.first_sequence, report.next_sequence, report.tail_bytes) == (0, 1000, 0)
    assert progress[0] == progress[1] == report.segments * SEGMENT
    assert journal_index_rebuild(tmp_path) >= 0


def test_damage_is_named_and_never_returned_and_a_repair_keeps_the_rest(tmp_path: Path) -> None:
    name, offset = damaged(tmp_path)
    reader = JournalReaderHandle.open(tmp_path)
    got: list[int] = []
    with pytest.raises(CorruptRecord) as raised:
        read_on(reader, got)
    assert got == list(range(len(got)))
    error = raised.value
    assert error.file is not None
    assert error.file.endswith(name)
    assert error.sequence == len(got)
    assert offset - 300 < error.offset <= offset
    with pytest.raises(CorruptRecord):
        reader.batch()
    reader.seek(POSITION, error.next_position)
    assert reader.batch()[0].sequence == len(got) + 1
    reader.close()

    report = journal_verify(tmp_path)
    assert (report.records, report.lost, report.problem_count) == (999, 1, 1)
    assert (report.problems[0].file, report.problems[0].sequence) == (name, len(got))
    assert report.problems[0].offset == error.offset

    repaired = journal_repair(tmp_path, now_ns=1)
    assert (repaired.holes, repaired.lost, repaired.cuts, repaired.next_sequence) == (1, 1, 0, 1000)
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
    assert journal_repair(tmp_path, now_ns=1).holes == 0
    report = journal_verify(tmp_path)
    assert [problem.is_hole for problem in report.problems] == [True]

    reader = JournalReaderHandle.open(tmp_path)
    seen: list[int] = []
    with pytest.raises(CorruptRecord, match="repaired"):
        read_on(reader, seen)
    read_on(reader, seen)
    assert seen == [n for n in range(1000) if n != error.sequence]
    reader.close()
    journal = JournalHandle.open(tmp_path)
    assert journal.opened.next_sequence == 1000
    with pytest.raises(JournalLocked):
        journal_repair(tmp_path, now_ns=1)
    journal.close()


def test_skip_corrupt_reads_everything_that_is_whole(tmp_path: Path) -> None:
    damaged(tmp_path)
    reader = JournalReaderHandle.open(tmp_path, skip_corrupt=True)
    seen: list[int] = []
    with pytest.raises(CorruptRecord, match="1 records"):
        read_on(reader, seen)
    read_on(reader, seen)
    assert len(seen) == 999
    assert reader.state().lost == 1
    reader.close()


def test_long_work_can_be_stopped(tmp_path: Path) -> None:
    journal = JournalHandle.open(tmp_path, segment_bytes=16 * 1024 * 1024, sync=NONE)
    for _ in range(500):
        journal.append(1, bytes(10_000))
    journal.close()
    progress = memoryview(bytearray(24)).cast("q")
    progress[2] = 1
    with pytest.raises(RecordingError, match="stopped"):
        journal_verify(tmp_path, progress=progress)
