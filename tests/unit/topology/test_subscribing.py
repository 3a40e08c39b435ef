"""What `node.subscribe` is asked for, and the recording it finds."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import actorbus as ab
from actorbus.actors import StreamPart
from actorbus.journal import open_recording
from actorbus.recording import FormatRefused, RecordedStream, RecordingNotFound
from actorbus.topology.assembly import stream_part
from actorbus.topology.plan import Plan, load_mapping
from actorbus.topology.subscribing import check_stream, check_types, find_tape, recorder_of, replay_part


class Tick(ab.Message, type_id=1001, version=1):
    """A numbered message."""

    n: int


class Other(ab.Message, type_id=1002, version=1):
    """Not of that stream."""

    n: int


def frame(n: int) -> bytes:
    """Return message n of publisher 9 as it is on the wire (docs/wire-format.md)."""
    body = b"\x92\xcd\x03\xe9" + bytes([n])
    return struct.pack("<BBHHHIHHQq", 1, 1, 0, 1001, 1, 9, 1, 32, n, 5) + body


def plan_of(tmp_path: Path) -> Plan:
    values: dict[str, Any] = {
        "version": 1,
        "name": "planned",
        "driver": {"mode": "none"},
        "streams": {
            "ticks": {"channel": "aeron:ipc", "stream_id": 1001, "messages": [Tick]},
            "bare": {"channel": "aeron:ipc", "stream_id": 1002, "messages": [Tick]},
        },
        "recorders": {
            "tape": {"streams": ["ticks"], "directory": str(tmp_path / "tape")},
            "copy": {"streams": ["ticks"], "directory": str(tmp_path / "copy")},
        },
    }
    return load_mapping(values)


def part_of(stream: str) -> StreamPart:
    return stream_part(plan_of(Path("/tmp")).streams[stream])


def test_a_stream_or_type_there_is_not_is_named_with_those_there_are() -> None:
    part = part_of("ticks")
    check_stream({"ticks": part}, "ticks")
    check_types(part, [Tick])
    with pytest.raises(ab.UsageError, match="no stream 'tick'; the topology has: ticks"):
        check_stream({"ticks": part}, "tick")
    with pytest.raises(ab.UsageError, match="carries Tick, not Other"):
        check_types(part, [Other])


def test_the_first_recorder_of_the_stream_is_taken_or_the_one_named(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert replay_part(plan, "ticks", "live") is None
    first, named = recorder_of(plan.recorders, "ticks"), recorder_of(plan.recorders, "ticks", "copy")
    assert first is not None
    assert named is not None
    assert (first.name, named.name) == ("tape", "copy")
    part = replay_part(plan, "ticks", ab.Sequence(3), end="now", speed="4x", recording="copy")
    assert part is not None
    assert (part.start.kind, part.start.value, part.speed) == ("sequence", 3, 4.0)
    with pytest.raises(RecordingNotFound):
        part.find()


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    with pytest.raises(ab.UsageError, match="'bare' is not recorded here"):
        replay_part(plan, "bare", "earliest")
    for given in ({"end": "now"}, {"speed": 2}, {"recording": "tape"}):
        with pytest.raises(ab.UsageError, match="goes with a start in a recording"):
            replay_part(plan, "ticks", "live", **given)  # type: ignore[arg-type] - one of three


def test_the_rows_of_the_stream_in_this_format_are_found(tmp_path: Path) -> None:
    planned = plan_of(tmp_path).streams["ticks"]
    with open_recording(tmp_path / "tape", write=True, sync="none") as recording:
        recording.add_stream(RecordedStream(name="others", format="msgpack"))
        old = recording.add_stream(RecordedStream(name="ticks", format="msgpack", channel="aeron:udp"))
        recording.add_stream(RecordedStream(name="ticks", format="json"))
        new = recording.add_stream(RecordedStream(name="ticks", format="msgpack"))
        recording.add_stream(RecordedStream(name="bare", format="raw", framed=False))
    assert find_tape(tmp_path / "tape", "ticks", planned).numbers == (old, new)
    with pytest.raises(RecordingNotFound, match="it has bare, others, ticks"):
        find_tape(tmp_path / "tape", "nothing", None)
    with pytest.raises(FormatRefused, match="format raw, without our frame"):
        find_tape(tmp_path / "tape", "bare", plan_of(tmp_path).streams["bare"])


def test_a_recording_of_lines_is_not_subscribed_to(tmp_path: Path) -> None:
    with open_recording(tmp_path / "lines", write=True, backend="jsonl", sync="none") as recording:
        recording.add_stream(RecordedStream(name="ticks", format="msgpack"))
    with pytest.raises(FormatRefused, match="backend jsonl"):
        find_tape(tmp_path / "lines", "ticks", None)
