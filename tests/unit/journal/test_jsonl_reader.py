"""What is the jsonl reader's own: it needs no index, and tells what a repair left. The rest: tests/conformance."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.journal.jsonl_reader import JsonlReader
from actorbus.journal.jsonl_recording import JsonlRecording
from actorbus.journal.jsonl_tools import repair_jsonl
from actorbus.recording import CorruptRecord, Place, RecordedStream


def recorded(folder: Path, count: int = 300) -> None:
    with JsonlRecording(folder, sync="none", segment_bytes=1 << 20) as recording:
        number = recording.add_stream(RecordedStream(name="bars"))
        for sequence in range(count):
            recording.append(number, b"%5d" % sequence + bytes(1000), time_ns=10**9 * (sequence + 1))


@pytest.mark.parametrize("index", ["gone", "empty", "garbage", "lies", "half"])
def test_an_index_is_a_hint(tmp_path: Path, index: str) -> None:
    recorded(tmp_path)
    paths = list(tmp_path.glob("*.index"))
    assert any(path.read_bytes().count(b"\n") > 1 for path in paths)
    for path in paths:
        text = path.read_bytes()
        path.write_bytes(
            {"gone": b"", "empty": b"", "garbage": b"\0" * 77, "half": text[: len(text) // 2]}.get(
                index, text.replace(b'"position":', b'"position":1')
            )
        )
        if index == "gone":
            path.unlink()
    with JsonlReader(tmp_path) as reader:
        assert reader.next_sequence == 300
        for place in (Place("sequence", 250), Place("time", 251 * 10**9)):
            reader.seek(place)
            record = reader.read()
            assert record is not None
            assert record.sequence == 250


def test_a_hole_is_told_once_and_reading_goes_on(tmp_path: Path) -> None:
    recorded(tmp_path, 20)
    path = next(tmp_path.glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'"sequence":7,', b'"sequence":8,'))
    assert repair_jsonl(tmp_path).holes == 1
    with JsonlReader(tmp_path) as reader:
        before = [reader.read() for _ in range(7)]
        assert None not in before
        with pytest.raises(CorruptRecord, match="records 7 to 7 .* are lost"):
            reader.read()
        assert [record.sequence for record in reader] == list(range(8, 20))
        reader.seek(Place("sequence", 7))
        with pytest.raises(CorruptRecord, match="7 to 7"):
            reader.read()
        reader.seek(Place("sequence", 12))
        record = reader.read()
        assert record is not None
        assert record.sequence == 12
