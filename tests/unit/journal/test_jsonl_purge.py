"""What a purge takes away goes with its index, and what it cannot take stays whole."""

from __future__ import annotations

from pathlib import Path

from actorbus.journal.jsonl_files import OpenSegment, segments_of
from actorbus.journal.jsonl_purge import purge
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.recording import RecordedStream, Retention


def recorded(folder: Path) -> tuple[str, int, int]:
    with JsonlRecording(folder) as recording:
        number = recording.add_stream(RecordedStream(name="bars"))
        for _ in range(3):
            recording.append(number, b"x", time_ns=10**9)
            recording.roll()
        return recording.uuid, recording.positions.written, recording.next_sequence


def test_a_segment_goes_with_its_index(tmp_path: Path) -> None:
    uuid, end, following = recorded(tmp_path)
    cut = purge(tmp_path, uuid, Retention(age_ns=1), 10**9 + 3, end, following)
    assert (cut.segments, cut.records, cut.first_sequence) == (2, 2, 2)
    assert len(list(tmp_path.glob("*.index"))) == len(segments_of(tmp_path)) - 1 == 1


def test_what_is_read_stays_with_all_behind_it(tmp_path: Path) -> None:
    uuid, end, following = recorded(tmp_path)
    held = OpenSegment(segments_of(tmp_path)[1])
    cut = purge(tmp_path, uuid, Retention(size_bytes=1), 0, end, following)
    assert (cut.segments, cut.first_sequence) == (1, 1)
    assert cut.kept == (f"{held.name.path} is being read",)
    held.close()
    assert purge(tmp_path, uuid, Retention(size_bytes=1), 0, end, following).segments == 2
