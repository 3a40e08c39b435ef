"""A torn end is cut at every byte, and kept; damage is not touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal.jsonl_format import seed_of
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.journal.jsonl_recover import last_time_of
from actorbus.recording import CorruptRecord, RecordedStream

BARS = RecordedStream(name="bars")


def recorded(folder: Path, count: int) -> list[int]:
    """Record without closing, as a killed process leaves it; return where each line ends."""
    recording = JsonlRecording(folder, sync="none")
    number = recording.add_stream(BARS)
    ends: list[int] = []
    for sequence in range(count):
        recording.append(number, b"%d" % sequence, time_ns=10**9 + sequence)
        ends.append(recording.write())
    recording.abandon()
    return ends


def test_the_tail_cut_at_every_byte_recovers_the_longest_whole_part(tmp_path: Path) -> None:
    ends = recorded(tmp_path, 4)
    path = next(tmp_path.glob("*.jsonl"))
    whole = path.read_bytes()
    for cut in range(len(whole), ends[2] - 3, -1):
        path.write_bytes(whole[:cut])
        left = sum(end <= cut for end in ends)
        with JsonlReader(tmp_path) as reader:
            assert [record.sequence for record in reader] == list(range(left))
        recording = JsonlRecording(tmp_path)
        torn = cut - ends[left - 1]
        assert (recording.next_sequence, recording.recovery.cut_bytes) == (left, torn)
        assert recording.recovery.state == ("torn" if torn else "clean")
        if torn:
            assert recording.recovery.cut_file is not None
            assert Path(recording.recovery.cut_file).read_bytes() == whole[ends[left - 1] : cut]
        recording.abandon()
        (tmp_path / "checkpoint").unlink()  # it noted what was found: the next round is another crash


def test_after_a_torn_end_it_goes_on(tmp_path: Path) -> None:
    recorded(tmp_path, 3)
    path = next(tmp_path.glob("*.jsonl"))
    path.write_bytes(path.read_bytes()[:-5])
    with JsonlRecording(tmp_path) as recording:
        recording.append(0, b"again")
    with JsonlReader(tmp_path) as reader:
        assert [record.payload for record in reader] == [b"0", b"1", b"again"]


def test_damage_before_whole_lines_is_no_torn_end(tmp_path: Path) -> None:
    recorded(tmp_path, 5)
    path = next(tmp_path.glob("*.jsonl"))
    broken = path.read_bytes().replace(b'"sequence":1,', b'"sequence":9,')
    path.write_bytes(broken)
    with pytest.raises(CorruptRecord, match="record 1 is damaged"):
        JsonlRecording(tmp_path)
    assert path.read_bytes() == broken
    assert not (tmp_path / "quarantine").exists()


def test_the_newest_time_is_found_over_an_empty_segment(tmp_path: Path) -> None:
    with JsonlRecording(tmp_path) as recording:
        number = recording.add_stream(BARS)
        recording.append(number, b"x", time_ns=5000)
        recording.append(number, b"x", time_ns=6000)
        recording.roll()
        assert last_time_of(tmp_path, seed_of(recording.uuid)) == 6000
