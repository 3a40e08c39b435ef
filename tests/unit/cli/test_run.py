"""`actorbus run`: a real driver, the summary, and every exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
APP = """
import logging
import sys
from collections.abc import Iterator

import actorbus as ab


class Ticks(ab.Source[ab.Bar]):
    def __init__(self, *, count: int, fail: bool = False, wait: bool = False, mute: bool = False) -> None:
        self.count, self.fail, self.wait, self.mute = count, fail, wait, mute

    def produce(self) -> Iterator[ab.Bar]:
        if self.mute:
            logging.getLogger().handlers[:] = [logging.NullHandler()]
        for number in range(self.count):
            yield ab.Bar("EURUSD", start_time_ns=number, open=1, high=2, low=1, close=1)
        if self.fail:
            raise ValueError("no more ticks")
        if self.wait:
            print("waiting", file=sys.stderr, flush=True)
            self.clock.sleep_until_ns(self.clock.monotonic_ns() + 60_000_000_000)
"""
TOPOLOGY = """
version: 1
name: run-test
profile: ci
streams: {bars: {stream_id: 1001, messages: [Bar], channel: "aeron:ipc?term-length=64k"}}
sources: {ticks: {stream: bars, class: "run_app:Ticks", options: {count: 1000, OPTIONS}}}
handlers: {count: {stream: bars, class: count}}
observability: {log: {level: error}}
"""


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    (tmp_path / "run_app.py").write_text(APP, encoding="utf-8")
    return tmp_path / "run.yaml"


def command(topology: Path, options: str, *arguments: str) -> list[str]:
    topology.write_text(TOPOLOGY.replace("OPTIONS", options), encoding="utf-8")
    return [sys.executable, "-W", "error", "-m", "actorbus", "run", str(topology), *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handlers'}"}


def run(topology: Path, options: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(topology, options, *arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(),
    )


@pytest.mark.parametrize("arguments", [("--until-idle", "200ms"), (), ("--for", "500ms")])
def test_a_topology_runs_to_its_end_and_prints_one_json_object(topology: Path, arguments: tuple[str, ...]) -> None:
    done = run(topology, "wait: false", "--summary", "json", *arguments)

    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    summary = json.loads(line)
    assert set(summary) == {"name", "seconds", "streams", "handlers", "recorders", "samples", "events"}
    assert summary["streams"]["bars"]["published"] == summary["streams"]["bars"]["received"] == 1000
    assert summary["handlers"]["count"]["messages"] == 1000


def test_the_table_is_the_default(topology: Path) -> None:
    done = run(topology, "wait: false")

    assert done.returncode == 0
    assert done.stdout.startswith("run-test: ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_drains_and_still_prints_the_summary(topology: Path, number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        command(topology, "wait: true", "--summary", "json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == "waiting\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()

    assert (process.returncode, err) == (code, "")
    assert json.loads(out)["handlers"]["count"]["messages"] == 1000


def test_a_source_that_raises_exits_with_1_and_says_why(topology: Path) -> None:
    done = run(topology, "fail: true", "--summary", "json")

    assert done.returncode == 1
    assert done.stderr.splitlines()[0].endswith("source 'ticks' raised ValueError after 1000 messages: no more ticks")
    assert done.stderr.count("error[AB5001]") == 1
    (logged,) = (json.loads(line) for line in done.stderr.splitlines() if line.startswith("{"))
    assert logged["message"] == "source-ticks failed", "the words are told once, the log has the traceback"
    assert "ValueError: no more ticks" in logged["exception"]
    assert json.loads(done.stdout)["streams"]["bars"]["published"] == 1000


def test_a_failure_is_reported_also_where_the_application_took_the_log_away(topology: Path) -> None:
    done = run(topology, "fail: true, mute: true")

    assert done.returncode == 1
    assert [line[:14] for line in done.stderr.splitlines()] == ["error[AB5001]:"]


def test_warnings_are_one_line_that_says_who_shows_them(topology: Path) -> None:
    arguments = command(topology, "wait: false")
    handlers = topology.read_text(encoding="utf-8").replace("\nhandlers", "\n#")
    topology.write_text(handlers, encoding="utf-8")

    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, env=environment())

    assert done.stderr.splitlines()[0] == f"1 warning (actorbus check {topology})"
    assert "AB1905" not in done.stderr


def test_a_topology_without_sources_says_that_it_waits(topology: Path) -> None:
    command(topology, "")  # writes it
    text = "\n".join(line for line in topology.read_text(encoding="utf-8").splitlines() if "sources" not in line)
    topology.write_text(text, encoding="utf-8")
    waiting = [sys.executable, "-m", "actorbus", "run", str(topology), "--until-idle", "10ms"]
    process = subprocess.Popen(waiting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("1 warning ")
        assert process.stderr.readline() == "waiting for the first message (Ctrl-C ends)\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()

    assert process.returncode == 0


def test_a_wrong_topology_exits_with_2_and_starts_nothing(topology: Path) -> None:
    done = run(topology, "cuont: 3")

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{topology}:6:" in done.stderr
    assert "error[AB1305]" in done.stderr


def test_a_missing_module_exits_with_2_and_app_dir_finds_it(topology: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (topology.parent / "run_app.py").rename(other / "run_app.py")

    assert run(topology, "wait: false").returncode == 2
    assert run(topology, "wait: false", "--app-dir", str(other)).returncode == 0


def test_no_external_driver_exits_with_3_within_its_deadline(topology: Path, tmp_path: Path) -> None:
    arguments = command(topology, "wait: false")
    text = topology.read_text(encoding="utf-8") + f"driver: {{mode: external, directory: {tmp_path / 'none'}}}\n"
    topology.write_text(text, encoding="utf-8")
    started = time.monotonic()

    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, env=environment())

    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("error[AB22")
    assert done.stdout == ""
    assert time.monotonic() - started < 15  # 5 s are promised; the interpreter's start counts here too
