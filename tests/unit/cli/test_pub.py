"""`actorbus pub`: messages from arguments, files and standard input arrive; wrong ones are told with their place."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.unit.cli.conftest import Running

QUOTE = '{"symbol": "EURUSD", "bid": "1.0850", "ask": "1.0852"}'


def wait_received(running: Running, stream: str, count: int) -> None:
    running.node.wait(for_ns=5_000_000_000, until_idle_ns=50_000_000)
    assert running.received(stream) == count


def test_messages_come_from_arguments_and_files(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "quotes.jsonl").write_text(f"{QUOTE}\n\n{QUOTE}\n", encoding="utf-8")

    assert _main(["pub", "quotes", QUOTE, str(tmp_path / "quotes.jsonl"), "-t", running.file]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "published 3 messages to quotes\n")
    wait_received(running, "quotes", 3)


def test_messages_come_from_standard_input(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{QUOTE}\n"))

    assert _main(["pub", "quotes", "-t", running.file]) == 0
    wait_received(running, "quotes", 1)


def test_a_wrong_line_is_told_with_its_place_and_what_went_before(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "quotes.jsonl"
    file.write_text(f'{QUOTE}\n{{"symbol": "A", "bidd": 1}}\n', encoding="utf-8")

    assert _main(["pub", "quotes", str(file), "-t", running.file]) == 2
    err = capsys.readouterr().err
    assert f"{file}:2: error[AB2004]: Quote has no field 'bidd'; did you mean 'bid'?" in err
    assert "published 1 message to quotes before it" in err


def test_bytes_go_to_a_raw_stream(running: Running) -> None:
    assert _main(["pub", "bytes", '{"text": "hello"}', '{"base64": "aGVsbG8="}', "-t", running.file]) == 0
    wait_received(running, "bytes", 2)


def test_a_missing_file_is_an_error_without_traceback(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["pub", "quotes", "no-such-file", "-t", running.file]) == 2
    err = capsys.readouterr().err
    assert "no-such-file" in err
    assert "Traceback" not in err
