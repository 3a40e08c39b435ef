"""`actorbus sub`: the messages of a stream, as JSON lines in a pipe; its output is input of `pub`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.unit.cli.conftest import Running

ROOT = Path(__file__).resolve().parents[3]


def test_so_many_messages_are_printed_as_json_lines(quoting: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["sub", "quotes", "-n", "3", "--for", "20s", "-t", quoting.file]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3
    assert [line["sequence"] for line in lines] == list(range(lines[0]["sequence"], lines[0]["sequence"] + 3))
    assert {line["type"] for line in lines} == {"Quote"}
    assert float(lines[0]["message"]["ask"]) - float(lines[0]["message"]["bid"]) == 1


def test_the_message_alone_can_be_published_again(quoting: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["sub", "quotes", "-n", "1", "--for", "20s", "--message", "-t", quoting.file]) == 0
    line = capsys.readouterr().out.strip()
    assert "session" not in line
    assert _main(["pub", "quotes", line, "-t", quoting.file]) == 0


def test_it_ends_after_its_time_without_a_message(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["sub", "bytes", "--for", "100ms", "-t", running.file]) == 0
    assert capsys.readouterr().out == ""


def start(quoting: Running) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "actorbus", "sub", "quotes", "-t", quoting.file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "handlers")))},
    )


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(quoting: Running) -> None:
    process = start(quoting)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert json.loads(process.stdout.readline())["stream"] == "quotes"
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_in_order(quoting: Running, number: signal.Signals, code: int) -> None:
    process = start(quoting)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()

    assert (process.returncode, err) == (code, "")
