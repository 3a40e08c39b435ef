"""Marks of sessions when a recording is opened: exact whatever ended the recorder before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actorbus.ffi import Marks, RecordSink
from actorbus.ffi.native import lib
from actorbus.journal import open_marks, open_recording
from actorbus.journal.table import Backend
from actorbus.recording import RecordedStream, RecordingPort
from tests.unit.ffi.test_marks import open_fed

ROW = RecordedStream(name="foreign", stream_id=2, framed=False)
BACKENDS: list[Backend] = ["jsonl", "journal"]


def opened(folder: Path, backend: Backend) -> RecordingPort:
    return open_recording(folder, write=True, backend=backend, sync="none", segment_bytes=64 * 1024)


def append(recording: RecordingPort, first: int, end: int) -> None:
    stream = recording.add_stream(ROW)
    for number in range(first, end):
        recording.append(stream, b"x" * 300, session=5, stream_position=64 * number)
    recording.write()


def repeated(marks: Marks, count: int) -> int:
    """Return how many of the session's first messages its mark has."""
    fed = open_fed()
    sink = RecordSink(fed)
    sink.follow(marks, 0, framed=False)
    for number in range(1, count + 1):
        assert lib.ab_batch_feed(fed.handle, 5, 64 * number, b"x", 1, 0xC0) == 1
    found = sink.repeated
    lib.ab_batch_close(fed.handle)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("left", [lambda r: r.abandon(), lambda r: r.close()], ids=["killed", "closed"])
def test_a_mark_is_that_of_the_last_record_however_much_came_behind_the_last_sweep(
    tmp_path: Path, backend: Backend, left: Callable[[RecordingPort], None]
) -> None:
    recording = opened(tmp_path, backend)
    marks = open_marks(recording)
    assert repeated(marks, 1) == 0  # the session is met, and has its row
    append(recording, 1, 10)
    marks.sweep(recording.positions.written)
    append(recording, 10, 700)  # several segments
    marks.close()
    left(recording)

    with opened(tmp_path, backend) as recording:
        marks = open_marks(recording)
        assert (marks.problem, repeated(marks, 800)) == (None, 699)
        marks.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_retention_took_needs_no_mark(tmp_path: Path, backend: Backend) -> None:
    recording = opened(tmp_path, backend)
    marks = open_marks(recording)
    assert repeated(marks, 1) == 0
    append(recording, 1, 700)
    marks.close()
    recording.close()
    for path in sorted(tmp_path.glob("*.j*"))[:1]:
        path.unlink()

    with opened(tmp_path, backend) as recording:
        marks = open_marks(recording)
        assert (marks.problem, repeated(marks, 800)) == (None, 699)
        marks.close()


def test_damage_behind_the_last_sweep_is_stepped_over(tmp_path: Path) -> None:
    recording = opened(tmp_path, "jsonl")
    marks = open_marks(recording)
    assert repeated(marks, 1) == 0
    append(recording, 1, 10)
    path = next(tmp_path.glob("*.jsonl"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = open_marks(recording)
    assert repeated(again, 20) == 9
    again.close()
    marks.close()
    recording.close()
