"""Every sample topology is right, and the demo does what it says, on bars of the real file's shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, run
from tests.support.bars import DAYS, WEEKS, write_bars

TOPOLOGIES = ROOT / "config" / "topologies"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path)


@pytest.mark.parametrize("topology", sorted(TOPOLOGIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_sample_topology_has_no_problem(topology: Path) -> None:
    run(["actorbus", "check", "--strict", str(topology)], ROOT)


def test_the_demo_hands_every_bar_to_every_handler_in_order_of_priority_and_records_it(
    bars: Path, tmp_path: Path
) -> None:
    demo = str(TOPOLOGIES / "bars_demo.yaml")
    done = run(
        ["actorbus", "run", demo, "--until-idle", "1s", "--summary", "json"],
        ROOT,
        BARS_CSV=str(bars),
        TAPE=str(tmp_path / "tape"),
    )
    summary = json.loads(done.stdout)
    rows = 2 * WEEKS * DAYS
    stream = summary["streams"]["bars"]
    assert (stream["published"], stream["received"]) == (rows, rows)
    troubles = ("gaps", "missing", "dropped", "invalid_frames", "malformed", "unknown_type", "unwanted", "quarantined")
    assert {name: stream[name] for name in troubles} == dict.fromkeys(troubles, 0)
    for name in ("alarm", "weekly", "count", "rows"):
        handler = summary["handlers"][name]
        assert (handler["messages"], handler["errors"]) == (rows, 0), name
    assert summary["streams"]["alerts"]["received"] == 2 * WEEKS
    sampled = next(sample for sample in summary["samples"] if sample["stream"] == "bars")
    assert sampled["handlers"] == ["alarm", "weekly", "count", "rows"]
    tape = summary["recorders"]["tape"]
    assert (tape["records"], tape["shed"], tape["faults"]) == (rows + 2 * WEEKS, 0, 0)
    verified = run(["actorbus", "journal", "verify", str(tmp_path / "tape")], ROOT).stdout
    assert f"{rows + 2 * WEEKS} records" in verified.replace(",", "")
