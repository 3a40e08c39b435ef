from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from actorbus.transport import driver_main
from actorbus.transport.driver_process import Answer, Order
from actorbus.transport.settings import DriverSettings

ROOT = Path(driver_main.__file__).parents[2]


@pytest.fixture
def start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "actorbus.transport.driver_main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def order(child: subprocess.Popen[bytes], directory: Path) -> Answer:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(msgspec.json.encode(Order(str(directory), DriverSettings.ci())) + b"\n")
    child.stdin.flush()
    return msgspec.json.decode(child.stdout.readline(), type=Answer)


def test_it_serves_until_the_end_of_stdin(start: subprocess.Popen[bytes], tmp_path: Path) -> None:
    answer = order(start, tmp_path / "aeron")
    assert answer.ready, answer
    assert (tmp_path / "aeron" / "cnc.dat").exists()
    _, said = start.communicate(timeout=30)
    assert (start.returncode, said) == (0, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_request_to_end_closes_in_order(start: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert order(start, tmp_path / "aeron").ready
    start.send_signal(signal.SIGINT)  # Ctrl-C is the parent's business
    start.send_signal(signal.SIGTERM)
    assert start.wait(30) == 0
    _, said = start.communicate(timeout=30)
    assert said == b""
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_fails_is_answered(start: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (tmp_path / "aeron").mkdir()
    (tmp_path / "aeron" / "thesis.tex").touch()
    answer = order(start, tmp_path / "aeron")
    assert (answer.ready, answer.error_class) == (False, "DirectoryRefused")
    start.communicate(timeout=30)
    assert start.returncode == 1
