"""Verify names everything, repair copies before it cuts and does nothing the second time."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal.files import Lock
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.journal.jsonl_tools import repair_jsonl, verify_jsonl
from actorbus.recording import CorruptRecord, JournalLocked, RecordedStream

BARS = RecordedStream(name="bars")


def recorded(folder: Path, count: int = 100) -> None:
    with JsonlRecording(folder, segment_bytes=4096) as recording:
        number = recording.add_stream(BARS)
        for sequence in range(count):
            recording.append(number, b"%d" % sequence)


def damage(folder: Path, sequence: int) -> Path:
    for path in folder.glob("*.jsonl"):
        text = path.read_bytes()
        changed = text.replace(b'{"sequence":%d,' % sequence, b'{"sequenca":%d,' % sequence)
        if changed != text:
            path.chmod(0o644)
            path.write_bytes(changed)
            return path
    raise AssertionError(sequence)


def sequences(folder: Path) -> tuple[list[int], int]:
    """Return what can be read and how many times something was told to be lost."""
    found: list[int] = []
    told = 0
    with JsonlReader(folder) as reader:
        while True:
            try:
                record = reader.read()
            except CorruptRecord:
                told += 1
                continue
            if record is None:
                return found, told
            found.append(record.sequence)


def test_a_whole_recording_is_whole(tmp_path: Path) -> None:
    recorded(tmp_path)
    told: list[tuple[int, int]] = []
    report = verify_jsonl(tmp_path, lambda done, total: told.append((done, total)))
    assert report.is_whole
    assert (report.records, report.first_sequence, report.next_sequence) == (100, 0, 100)
    assert report.segments == len(list(tmp_path.glob("*.jsonl"))) > 3
    assert report.bytes == report.end_position
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert repair_jsonl(tmp_path).copied_bytes == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_torn_end_is_reported_and_no_fault(tmp_path: Path) -> None:
    recorded(tmp_path)
    last = max(tmp_path.glob("*.jsonl"))
    with last.open("ab") as file:
        file.write(b'{"sequence":100,"ti')
    report = verify_jsonl(tmp_path)
    assert report.is_whole
    assert report.tail_bytes == 19


@pytest.mark.parametrize("lost", [[0], [50], [99], [3, 4, 5, 90], [98, 99], [20, 40, 60, 80]])
def test_a_repair_keeps_all_that_is_whole(tmp_path: Path, lost: list[int]) -> None:
    recorded(tmp_path)
    paths = {damage(tmp_path, sequence) for sequence in lost}
    report = verify_jsonl(tmp_path)
    assert not report.is_whole
    assert report.fault_count >= 1
    assert {fault.file for fault in report.faults} <= {str(path) for path in paths}
    assert report.faults[0].sequence == lost[0]
    assert report.records == 100 - len(lost)
    done = repair_jsonl(tmp_path)
    assert done.copied_bytes > 0
    kept = b"".join(path.read_bytes() for path in (tmp_path / "quarantine").iterdir())
    assert all(b'"sequenca":%d,' % sequence in kept for sequence in lost)
    found, told = sequences(tmp_path)
    assert found == [sequence for sequence in range(100) if sequence not in lost]
    assert told == done.holes + done.cuts
    assert (done.next_sequence, done.lost) == (100, len(lost)), "no sequence is given twice"
    again = repair_jsonl(tmp_path)
    assert (again.holes, again.cuts, again.copied_bytes) == (0, 0, 0)
    with JsonlRecording(tmp_path) as recording:
        assert recording.append(0, b"goes on") == done.next_sequence


def test_a_segment_that_lost_its_end_is_filled(tmp_path: Path) -> None:
    recorded(tmp_path)
    path = min(tmp_path.glob("*.jsonl"))
    path.chmod(0o644)
    text = path.read_bytes()
    path.write_bytes(text[: len(text) // 2])
    assert repair_jsonl(tmp_path).holes == 1
    found, told = sequences(tmp_path)
    assert told == 1
    assert found[-1] == 99
    assert 100 - len(found) == verify_jsonl(tmp_path).lost


def test_a_place_too_small_for_a_hole_is_filled_up_to_the_next_whole_line(tmp_path: Path) -> None:
    recorded(tmp_path)
    path = damage(tmp_path, 30)
    text = path.read_bytes()
    begin = text.index(b'{"sequenca":30,')
    path.write_bytes(text[:begin] + b"\n" + text[text.index(b"\n", begin) + 1 :])  # an editor's work: all behind moved
    assert repair_jsonl(tmp_path).holes == 1
    found, told = sequences(tmp_path)
    assert told == 1
    assert found[:30] == list(range(30))
    assert found[-1] == 99
    assert verify_jsonl(tmp_path).lost == 100 - len(found)


def test_where_nothing_whole_follows_it_is_cut(tmp_path: Path) -> None:
    recorded(tmp_path)
    path = damage(tmp_path, 97)
    text = path.read_bytes()
    begin = text.index(b'{"sequenca":97,')
    path.write_bytes(text[:begin] + b"\n" + text[text.index(b"\n", begin) + 1 :])
    done = repair_jsonl(tmp_path)
    assert (done.cuts, done.holes, done.lost, done.next_sequence) == (1, 0, 3, 100)
    assert sequences(tmp_path) == (list(range(97)), 1)
    assert verify_jsonl(tmp_path).lost == 3
    with JsonlRecording(tmp_path) as recording:
        assert recording.append(0, b"goes on") == 100
    assert sequences(tmp_path) == ([*range(97), 100], 1)


def test_a_recording_that_is_written_to_is_not_touched(tmp_path: Path) -> None:
    recorded(tmp_path)
    damage(tmp_path, 5)
    held = Lock(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(JournalLocked):
        repair_jsonl(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    held.close()
