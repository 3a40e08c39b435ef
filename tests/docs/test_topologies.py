"""Every sample topology is right, and the demo does what it says, on bars of the real file's shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, run

TOPOLOGIES = ROOT / "config" / "topologies"
WEEKS, DAYS = 30, 5


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Thirty weeks of five days of two symbols; each Wednesday's range is wider than the demo's alarm allows."""
    rows = ["Ticker,Date,Open,High,Low,Close,Volume,Adj Close"]
    for symbol in ("AAPL", "IBM"):
        for number in range(WEEKS * 7):
            if number % 7 < DAYS:
                date = f"20{number // 336:02}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
                rows.append(f"{symbol},{date},100,{'120' if number % 7 == 2 else '101'},100,100,1000,100")
    path = tmp_path / "bars.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


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
