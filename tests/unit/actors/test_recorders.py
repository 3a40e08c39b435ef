"""All recorders of a session together; that they record is tested over the real driver (tests/integration)."""

from __future__ import annotations

from pathlib import Path

import pytest

import actorbus as ab
from actorbus.actors.recorders import Recorders
from actorbus.topology.assembly import session_parts
from actorbus.topology.plan import load_mapping


def mapping(tmp_path: Path, names: list[str]) -> dict[str, object]:
    return {
        "version": 1,
        "name": "r",
        "driver": {"mode": "none"},
        "streams": {"bars": {"stream_id": 1, "messages": ["Bar"]}},
        "recorders": {
            name: {"streams": ["bars"], "directory": str(tmp_path / name), "backend": "jsonl"} for name in names
        },
    }


def test_a_session_without_recorders_is_quiet_drained_and_ended() -> None:
    parts = session_parts(
        load_mapping({"version": 1, "name": "none", "streams": {"s": {"stream_id": 1, "messages": ["Bar"]}}})
    )
    recorders = Recorders(parts, report=lambda _name, _error: None, on_event=lambda _event: None)

    assert (recorders.is_quiet, recorders.streams, recorders.blocks) == (True, frozenset(), {})
    assert recorders.drain([("s", 1, 64)], 0)
    recorders.end()
    recorders.end()


def test_each_recorder_has_a_recording_of_its_own(tmp_path: Path) -> None:
    with ab.Node.from_dict(mapping(tmp_path, ["one", "two"])) as node:
        node.publisher("bars").publish(ab.Bar("A", 1, 1, 2, 0, 1))

    assert {name: counters.records for name, counters in node.stats().recorders.items()} == {"one": 1, "two": 1}


def test_one_that_cannot_open_closes_those_before_it(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "recording.json").write_text("not a recording", encoding="utf-8")

    with pytest.raises(ab.RecordingError), ab.Node.from_dict(mapping(tmp_path, ["one", "two"])):
        pass
    with ab.Node.from_dict(mapping(tmp_path, ["one"])) as node:
        assert node.stats().recorders["one"].records == 0
