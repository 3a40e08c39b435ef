"""Native tools in the words of report.py: names, progress, segments."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal.native_tools import repair_journal, segments_of_journal, verify_journal
from actorbus.journal.recording import JournalRecording
from actorbus.recording import FormatRefused, RecordedStream


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
