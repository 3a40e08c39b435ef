"""Finding the driver of a running topology, and refusing what cannot be joined."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.cli.join import driver_of, joined
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.errors import DriverUnavailable, UsageError
from tests.unit.cli.conftest import TOPOLOGY, Running


def test_the_driver_of_a_running_topology_is_found_by_its_name(running: Running) -> None:
    assert str(driver_of(running.node.plan, None)) == running.node.health().driver_directory
    assert driver_of(running.node.plan, "/named") == Path("/named")


def test_of_two_that_run_under_one_name_it_takes_neither_and_says_which_there_are(running: Running) -> None:
    with ab.Node.from_yaml(running.file) as other:
        directories = [str(node.health().driver_directory) for node in (running.node, other)]
        with pytest.raises(UsageError, match="2 processes run a topology named") as refused:
            driver_of(running.node.plan, None)
        assert all(directory in str(refused.value) for directory in directories)
        assert driver_of(running.node.plan, directories[1]) == Path(directories[1])


def test_only_the_streams_are_joined(running: Running) -> None:
    node = joined(running.file, ("quotes",), directory=None, app_dir=None)
    assert list(node.plan.streams) == ["quotes"]
    assert (node.plan.handlers, node.plan.sources, node.plan.driver.mode) == ((), (), "external")


def test_the_recorders_of_a_running_topology_are_left_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "topology.yaml"
    recorders = f"recorders:\n  tape: {{streams: [quotes, bytes], directory: {tmp_path / 'tape'}}}\n"
    file.write_text(TOPOLOGY.format(name=f"cli-{tmp_path.name[:40]}") + recorders, encoding="utf-8")
    with ab.Node.from_yaml(file) as node:
        publisher = node.publisher("bytes", bytes)
        over = threading.Event()
        sending = threading.Thread(
            target=lambda: [publisher.publish(b"x") for _ in iter(lambda: over.wait(0.01), True)]
        )
        sending.start()
        try:
            assert _main(["sub", "bytes", "-t", str(file), "--count", "1"]) == 0
        finally:
            over.set()
            sending.join(10)
    assert "error" not in capsys.readouterr().err


def test_without_a_running_topology_it_says_what_it_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(TOPOLOGY.format(name="nobody-runs-this"), encoding="utf-8")
    monkeypatch.setattr("actorbus.cli.join.aeron_default_directory", lambda: tmp_path / "none")

    assert _main(["sub", "quotes", "-t", str(file)]) == 3
    err = capsys.readouterr().err
    assert "error[AB2211]" in err
    assert "nobody-runs-this" in err
    with pytest.raises(DriverUnavailable, match="actorbus run"):
        joined(str(file), (), directory=None, app_dir=None)


def test_a_stream_that_is_not_there_is_told_with_the_right_name(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(["sub", "qotes", "-t", running.file]) == 2
    assert "did you mean 'quotes'?" in capsys.readouterr().err


def test_a_wrong_topology_is_told_as_check_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("version: 1\nnam: x\n", encoding="utf-8")

    assert _main(["tail", "-t", str(file)]) == 2
    err = capsys.readouterr().err
    assert f"{file}:2:1: error[AB1101]" in err
    assert "    2 | nam: x" in err


def test_the_topology_may_come_from_the_environment(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACTORBUS_TOPOLOGY", running.file)
    assert _main(["sub", "nope"]) == 2
    assert "there is: quotes, mixed, bytes" in capsys.readouterr().err
