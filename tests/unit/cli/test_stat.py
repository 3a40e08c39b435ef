"""`actorbus stat`: the counters of running processes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
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


def test_nothing_to_show_exits_with_3_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["stat", "--folder", str(tmp_path)]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "`actorbus run` starts one" in captured.err


def test_a_name_nobody_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["stat", "nobody-has-this-name"]) == 3
    assert "nobody-has-this-name" in capsys.readouterr().err
