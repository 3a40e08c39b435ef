from __future__ import annotations

from pathlib import Path

import actorbus as ab
from actorbus.ffi import Idle
from actorbus.topology.plan import load_mapping
from actorbus.topology.recordings import recorded_stream, recorder_part

IDLE = Idle("backoff", spin_passes=0)


class Halt(ab.Message, type_id=1001, version=3):
    """A message of this test."""

    symbol: str
    level: int = 0


def plan_of(tmp_path: Path, **tape: object) -> ab.Node:
    return ab.Node.from_dict(
        {
            "version": 1,
            "name": "t",
            "streams": {
                "halts": {"stream_id": 5, "messages": [Halt]},
                "bytes": {"stream_id": 6, "codec": {"format": "raw"}, "frame": "none"},
            },
            "recorders": {"tape": {"streams": ["halts", "bytes"], "directory": str(tmp_path / "tape"), **tape}},
        }
    )


def test_the_row_of_a_stream_says_what_its_types_were(tmp_path: Path) -> None:
    plan = plan_of(tmp_path).plan
    row = recorded_stream(plan.streams["halts"])

    assert (row.name, row.stream_id, row.format, row.framed) == ("halts", 5, "msgpack", True)
    (kind,) = row.types
    assert (kind.id, kind.version, kind.cls) == (1001, 3, f"{__name__}:Halt")
    assert kind.fields == (("symbol", "str"), ("level", "int"))

    raw = recorded_stream(plan.streams["bytes"])
    assert (raw.format, raw.framed, raw.types) == ("raw", False, ())


def test_a_part_keeps_what_the_plan_says_and_its_thread_never_spins_with_the_gil(tmp_path: Path) -> None:
    node = plan_of(tmp_path, backend="jsonl", sync="interval", on_slow="shed", retention={"age": "1h"})
    (plan,) = node.plan.recorders
    part = recorder_part(plan, node.plan, IDLE)

    assert (part.native, part.durable, part.shed) == (False, False, True)
    assert part.retention.age_ns == 3_600_000_000_000
    assert part.idle.spin_passes == 0
    with part.open() as recording:
        assert recording.backend == "jsonl"
        assert recording.directory == tmp_path / "tape"


def test_defaults_are_a_durable_journal_that_holds(tmp_path: Path) -> None:
    loaded = load_mapping(
        {
            "version": 1,
            "name": "t",
            "streams": {"bars": {"stream_id": 1, "messages": ["Bar"]}},
            "recorders": {"tape": {"streams": ["bars"], "directory": str(tmp_path)}},
        }
    )
    (plan,) = loaded.recorders
    part = recorder_part(plan, loaded, IDLE)

    assert (plan.backend, plan.sync, plan.segment_length) == ("journal", "durable", 128 << 20)
    assert (part.native, part.durable, part.shed) == (True, True, False)
