"""`actorbus plan`: table, Mermaid, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]

ROOT = Path(__file__).resolve().parents[3]
DEMO = str(ROOT / "config" / "topologies" / "bars_demo.yaml")
VALID = str(ROOT / "tests" / "data" / "valid.yaml")


def test_the_table_has_actors_threads_memory_and_the_order_of_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["plan", DEMO]) == 0
    out = capsys.readouterr().out
    assert "alarm > weekly > count > rows" in out
    for text in (
        "poller-default",
        "source-replay",
        "driver all",
        "client conductor",
        "csv_replay:CsvReplay",
        "18.0 MiB",
    ):
        assert text in out, text


def test_ports_are_shown_where_there_are_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["plan", VALID]) == 0
    assert "127.0.0.1:40001  quotes  endpoint" in capsys.readouterr().out


def test_mermaid_joins_every_actor_to_its_streams(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["plan", DEMO, "--format", "mermaid"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "flowchart LR"
    assert sum("-->" in line for line in lines) == 9
    assert sum("subgraph" in line for line in lines) == sum(line.strip() == "end" for line in lines) == 2


def test_json_has_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["plan", DEMO, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {
        "name", "profile", "driver", "actors", "threads", "streams", "memory", "memory_bytes", "ports",
    }  # fmt: skip
    assert told["memory_bytes"] == sum(line["bytes"] for line in told["memory"])


def test_a_wrong_topology_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["plan", str(ROOT / "tests" / "data" / "broken" / "01_unknown_keys.yaml")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error[AB1101]" in captured.err
