"""One way in: the backend is the recording's own. What is read and written: tests/conformance."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal import JsonlReader, JsonlRecording, open_recording
from actorbus.recording import EARLIEST, FormatRefused


def test_a_recording_is_opened_with_its_own_backend(tmp_path: Path) -> None:
    with open_recording(tmp_path, write=True, backend="jsonl") as recording:
        assert isinstance(recording, JsonlRecording)
    with open_recording(str(tmp_path), write=True) as recording:
        assert isinstance(recording, JsonlRecording)
    with open_recording(tmp_path, start=EARLIEST) as reader:
        assert isinstance(reader, JsonlReader)
    with pytest.raises(FormatRefused, match="cannot hold backend journal"):
        open_recording(tmp_path, write=True, backend="journal")


def test_reading_makes_nothing(tmp_path: Path) -> None:
    open_recording(tmp_path, write=True, backend="jsonl").close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with open_recording(tmp_path) as reader:
        assert reader.read() is None
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
