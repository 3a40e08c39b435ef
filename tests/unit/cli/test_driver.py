"""`actorbus driver`: a media driver in the foreground that an external topology can use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.cli.driver import _with_liveness  # pyright: ignore[reportPrivateUsage]
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.topology.profiles import load_profile
from actorbus.topology.report import Report

ROOT = Path(__file__).resolve().parents[3]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handlers'}"}


@pytest.fixture
def directory() -> Iterator[Path]:
    """Return a driver directory in shared memory that is not there before and after."""
    path = Path(f"/dev/shm/actorbus-test-cli-{os.getpid()}")
    assert not path.exists()
    yield path
    assert not path.exists(), "the driver left its directory behind"


def start(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "actorbus", "driver", "--directory", str(directory), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_says_when_it_is_ready_and_goes_on_a_signal(directory: Path, number: signal.Signals, code: int) -> None:
    process = start(directory, "--threading", "shared")
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert f"ready in {directory} (threading shared, process {process.pid})" in ready
        assert (directory / "cnc.dat").is_file()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()

    assert (process.returncode, err) == (code, "")


def test_folders_that_were_made_for_it_go_with_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    process = start(tmp_path / "there" / "made" / "too" / "aeron", "--client-liveness", "2s")
    try:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()

    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "there"]
    assert list((tmp_path / "there").iterdir()) == []


def test_a_liveness_changes_what_is_derived_from_it_and_has_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    profile = load_profile("laptop", Path(), Report(), {})
    assert profile is not None
    changed = _with_liveness(profile, 2_000_000_000).driver
    assert (changed.client_liveness_ns, changed.timer_interval_ns, changed.unblock_ns) == (
        2_000_000_000,
        200_000_000,
        3_000_000_000,
    )
    assert _with_liveness(profile, None) is profile
    assert _main(["driver", "--client-liveness", "1s"]) == 2
    assert "give 1500ms or more" in capsys.readouterr().err


def test_an_external_topology_runs_on_it(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(
        "date,open,high,low,close,volume\n2024-01-01,1,2,1,1,10\n2024-01-02,1,2,1,2,20\n", encoding="utf-8"
    )
    topology = tmp_path / "external.yaml"
    topology.write_text(
        f"version: 1\nname: external\nprofile: ci\ndriver: {{mode: external, directory: {directory}}}\n"
        "streams: {bars: {stream_id: 1, messages: [Bar]}}\n"
        "sources:\n  replay: {stream: bars, class: csv_replay, "
        f"options: {{path: {tmp_path / 'bars.csv'}, symbol: X}}}}\n"
        "handlers: {count: {stream: bars, class: count}}\n",
        encoding="utf-8",
    )
    process = start(directory)
    try:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        done = subprocess.run(
            [sys.executable, "-m", "actorbus", "run", str(topology), "--until-idle", "200ms", "--summary", "json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(),
        )
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["handlers"]["count"]["messages"] == 2
    assert process.returncode == 0


def test_a_folder_of_somebody_else_is_refused_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")

    assert _main(["driver", "--directory", str(tmp_path)]) == 3
    assert "error[AB2212]" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").exists()


def test_an_unknown_profile_is_refused_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["driver", "--profile", "laptp"]) == 2
    assert "did you mean 'laptop'?" in capsys.readouterr().err
