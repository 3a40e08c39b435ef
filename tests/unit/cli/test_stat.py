"""`actorbus stat`: the counters of running processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.system.processes import environment
from tests.unit.cli.conftest import Running


def test_a_running_process_is_shown_by_name_and_number(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    for which in (running.node.name, str(os.getpid())):
        assert _main(["stat", which]) == 0
        out = capsys.readouterr().out
        assert f"{running.node.name}: process {os.getpid()}, alive" in out
        assert "quotes" in out
        assert "count" in out


def test_json_has_one_object_a_process(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["stat", running.node.name, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["pid"], told["state"]) == (running.node.name, os.getpid(), "alive")
    assert told["streams"]["quotes"]["received"] == 0
    assert told["handlers"]["count"]["messages"] == 0


def test_recorders_are_shown_as_the_summary_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topology = {
        "version": 1,
        "name": f"taped-{tmp_path.name[:40]}",
        "profile": "ci",
        "streams": {"events": {"stream_id": 1, "messages": ["Event"]}},
        "recorders": {"tape": {"streams": ["events"], "directory": str(tmp_path / "tape"), "segment": "1m"}},
    }
    with ab.Node.from_dict(topology) as node:
        node.publisher("events", ab.Event).publish(ab.Event("x"))
        node.wait(until_idle_ns=50_000_000)
        assert _main(["stat", node.name]) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["recorder", "records", "bytes", "written", "durable"] in lines
        assert _main(["stat", node.name, "--format", "json"]) == 0
    assert "tape" in json.loads(capsys.readouterr().out)["recorders"]


def test_watching_shows_them_again_until_it_is_told_to_stop(running: Running) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "actorbus", "stat", running.node.name, "--format", "json", "--watch", "10ms"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())["name"] for _ in range(3)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert seen == [running.node.name] * 3
    assert process.returncode == 130


def test_nothing_to_show_exits_with_3_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["stat", "--folder", str(tmp_path)]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "`actorbus run` starts one" in captured.err


def test_a_name_nobody_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["stat", "nobody-has-this-name"]) == 3
    assert "nobody-has-this-name" in capsys.readouterr().err
