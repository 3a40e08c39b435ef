"""What is the jsonl writer's own: refused writes are taken back, failed syncs poison. The rest: tests/conformance."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from actorbus.clock import ManualClock
from actorbus.journal.jsonl_files import read_durable
from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.recording import OutOfSpace, RecordedStream, StorageFailed

BARS = RecordedStream(name="bars")


def refusing(number: int, after: int = 0) -> object:
    """Return a pwrite or fdatasync that writes ``after`` bytes, then fails with this errno."""
    real = os.pwrite

    def call(descriptor: int, data: bytes = b"", offset: int = 0) -> int:
        nonlocal after
        if after and data:
            part, after = bytes(data)[:after], 0
            return real(descriptor, part, offset)
        raise OSError(number, os.strerror(number))

    return call


def test_a_full_disk_refuses_takes_back_half_a_line_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JsonlRecording(tmp_path, sync="none") as recording:
        number = recording.add_stream(BARS)
        recording.append(number, b"first")
        recording.write()
        recording.append(number, b"second")
        size = next(tmp_path.glob("*.jsonl")).stat().st_size
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", refusing(errno.ENOSPC, after=30))
            assert not recording.is_full
            with pytest.raises(OutOfSpace, match="goes on when there is room"):
                recording.write()
            assert recording.is_full
            assert next(tmp_path.glob("*.jsonl")).stat().st_size == size
            for _ in range(255):
                recording.append(number, b"kept")
            before = recording.next_sequence
            with pytest.raises(OutOfSpace):
                recording.append(number, b"refused")
            assert recording.next_sequence == before
        assert recording.append(number, b"room again") == before
        assert not recording.is_full
    with JsonlReader(tmp_path) as reader:
        records = list(reader)
    assert [record.payload for record in records] == [b"first", b"second", *[b"kept"] * 255, b"room again"]


def test_a_failed_sync_is_never_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = JsonlRecording(tmp_path)
    number = recording.add_stream(BARS)
    recording.append(number, b"durable")
    recording.sync()
    durable = recording.positions.durable
    recording.append(number, b"unknown")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refusing(errno.EIO))
        with pytest.raises(StorageFailed, match="could report success"):
            recording.sync()
    for again in (recording.sync, recording.write, recording.roll, recording.tick):
        with pytest.raises(StorageFailed):
            again()
    with pytest.raises(StorageFailed):
        recording.append(number, b"x")
    assert recording.positions.durable == durable
    recording.close()
    with JsonlRecording(tmp_path) as anew:
        assert anew.next_sequence == 2
        anew.append(number, b"goes on")


def test_a_failed_write_poisons_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = JsonlRecording(tmp_path)
    recording.append(recording.add_stream(BARS), b"x")
    monkeypatch.setattr(os, "pwrite", refusing(errno.EIO))
    with pytest.raises(StorageFailed):
        recording.write()
    monkeypatch.undo()
    with pytest.raises(StorageFailed):
        recording.write()
    recording.close()


def test_an_interval_syncs_when_it_is_over(tmp_path: Path) -> None:
    clock = ManualClock(time_ns=10**18)
    with JsonlRecording(tmp_path, sync="interval", interval_ns=100_000_000, clock=clock) as recording:
        number = recording.add_stream(BARS)
        recording.append(number, b"x")
        recording.write()
        assert recording.positions.durable == 0 < recording.positions.written
        clock.advance("99ms")
        recording.tick()
        assert recording.positions.durable == 0
        clock.advance("1ms")
        recording.tick()
        assert recording.positions.durable == recording.positions.written


def test_the_checkpoint_follows_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    clock = ManualClock(time_ns=10**18)
    with JsonlRecording(tmp_path, clock=clock) as recording:
        number = recording.add_stream(BARS)
        recording.append(number, b"x")
        recording.sync()
        assert read_durable(tmp_path) == 0
        clock.advance("1s")
        recording.append(number, b"x")
        assert read_durable(tmp_path) == 0
        second = recording.sync()
        assert read_durable(tmp_path) == second
        recording.append(number, b"x")
    assert read_durable(tmp_path) == next(tmp_path.glob("*.jsonl")).stat().st_size


def test_lines_are_what_describe_makes_of_them(tmp_path: Path) -> None:
    def describe(stream: RecordedStream, payload: bytes) -> dict[str, object]:
        return {"type": "Text", "message": {"text": payload.decode(), "of": stream.name}}

    with JsonlRecording(tmp_path, describe=describe) as recording:
        recording.append(recording.add_stream(BARS), b"hello")
    line = json.loads(next(tmp_path.glob("*.jsonl")).read_text())
    assert line["message"] == {"text": "hello", "of": "bars"}
    with JsonlReader(tmp_path) as reader:
        assert [record.payload for record in reader] == [b"hello"]
