"""Segments by name, indexes as hints, and a file that is read is held."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from actorbus.journal.jsonl_files import (
    CHECKPOINT,
    IndexEntry,
    OpenSegment,
    SegmentName,
    index_of,
    read_durable,
    segments_of,
)


def segment(folder: Path, text: bytes = b"") -> SegmentName:
    name = SegmentName.make(folder, 4096, 17)
    name.path.write_bytes(text)
    return name


def test_a_name_says_where_a_segment_begins(tmp_path: Path) -> None:
    for position, sequence in ((0, 0), (4096, 17), (2**62, 2**40)):
        SegmentName.make(tmp_path, position, sequence).path.touch()
    (tmp_path / "0.jsonl").touch()
    (tmp_path / "recording.json").touch()
    assert [one[:2] for one in segments_of(tmp_path)] == [(0, 0), (4096, 17), (2**62, 2**40)]


def test_an_index_counts_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    name = segment(tmp_path)
    assert index_of(name) == []
    good = b'{"sequence":17,"time_ns":1,"position":4096}\n{"sequence":20,"time_ns":9,"position":5000}\n'
    two = [IndexEntry(17, 1, 4096), IndexEntry(20, 9, 5000)]
    for rest in (b"", b"{", b"\0\0\0\n", b'{"sequence":21,"time_ns":9,"position":4999}\n'):
        name.index_path.write_bytes(good + rest)
        assert index_of(name) == two


def test_a_checkpoint_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert read_durable(tmp_path) == 0
    (tmp_path / CHECKPOINT).write_bytes(b'{"durable":77}\n')
    assert read_durable(tmp_path) == 77
    (tmp_path / CHECKPOINT).write_bytes(b"\0")
    assert read_durable(tmp_path) == 0


def test_lines_come_from_any_offset_and_grow(tmp_path: Path) -> None:
    name = segment(tmp_path, b"one\ntwo\nhal")
    opened = OpenSegment(name)
    assert [opened.line(at, 100) for at in (0, 4, 8, 0, 11)] == [b"one\n", b"two\n", b"hal", b"one\n", b""]
    assert opened.line(4, 2) in (b"tw", b"two\n")
    with name.path.open("ab") as file:
        file.write(b"f\n" + b"x" * 600_000 + b"\n")
    opened.forget()
    assert opened.line(8, 100) == b"half\n"
    assert opened.line(13, 10**6) == b"x" * 600_000 + b"\n"
    assert not OpenSegment(name).line(13, 1000).endswith(b"\n")
    assert opened.size() == 13 + 600_001
    opened.close()
    opened.close()


def test_a_segment_that_is_read_cannot_be_taken_away(tmp_path: Path) -> None:
    name = segment(tmp_path, b"one\n")
    opened = OpenSegment(name)
    with name.path.open("rb") as purger:
        with pytest.raises(BlockingIOError):
            fcntl.flock(purger, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened.close()
        fcntl.flock(purger, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(FileNotFoundError):
            OpenSegment(name)
