"""What is the journal writer's own: its native handle, bounds of a segment, the words of recovery."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InvalidValue, MessageTooLarge
from actorbus.journal.recording import JournalRecording
from actorbus.recording import RecordedStream

BARS = RecordedStream(name="bars")


@pytest.mark.parametrize("size", [0, 65_535, 100_000, 2**31])
def test_a_segment_is_a_power_of_two_in_its_bounds(tmp_path: Path, size: int) -> None:
    with pytest.raises(InvalidValue, match=f"segment of {size} bytes: allowed are powers of two from 65536"):
        JournalRecording(tmp_path, segment_bytes=size)
    assert list(tmp_path.iterdir()) == []


def test_a_record_longer_than_a_segment_takes_is_refused_with_its_bound(tmp_path: Path) -> None:
    with JournalRecording(tmp_path, segment_bytes=65_536) as recording:
        stream = recording.add_stream(BARS)
        with pytest.raises(MessageTooLarge, match="a record of 65536 bytes: a segment of this recording takes at most"):
            recording.append(stream, bytes(65_536))
        assert recording.append(stream, b"x") == 0


def test_native_code_finds_it_by_its_handle(tmp_path: Path) -> None:
    with JournalRecording(tmp_path) as recording:
        assert recording.native_handle != 0
        assert not recording.is_full


def test_what_opening_found_is_told(tmp_path: Path) -> None:
    with JournalRecording(tmp_path) as recording:
        assert recording.recovery.state == "new"
        stream = recording.add_stream(BARS)
        recording.append(stream, b"durable")
        recording.sync()
        recording.append(stream, b"x" * 100)
        recording.write()
    recording = JournalRecording(tmp_path)
    assert recording.recovery.state == "clean"
    recording.append(stream, b"torn" * 50)
    recording.write()
    recording.abandon()
    with pytest.raises(ClosedError):
        recording.add_stream(BARS)


def test_a_purge_counts_what_went(tmp_path: Path) -> None:
    from actorbus.recording import Retention

    with JournalRecording(tmp_path, segment_bytes=65_536) as recording:
        stream = recording.add_stream(BARS)
        for _ in range(3):
            recording.append(stream, b"x", time_ns=10**9)
            recording.roll()
        cut = recording.purge(Retention(size_bytes=1))
        assert (cut.records, cut.first_sequence, recording.first_sequence) == (3, 3, 3)
        assert cut.bytes >= 3 * 65_536
