"""`journal ls` and `inspect`: what there is, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.journal import Consumer, open_recording
from tests.support.tapes import damage, record_quotes


def test_a_list_says_what_is_in_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path / "a", 1200, foreign=2)
    record_quotes(tmp_path / "b", 0)
    assert _main(["journal", "ls", str(tmp_path)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["recording", "backend", "streams", "records", "first", "last", "size", "state"]
    assert first.split()[0].endswith("/a")
    assert "quotes, foreign" in first
    assert "1,202  2026-03-02T09:30:00Z  2026-03-02T09:50:01Z" in first
    assert "at rest" in first
    assert second.split()[0].endswith("/b")


def test_a_recorder_at_work_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 3)
    with open_recording(tmp_path, write=True):
        assert _main(["journal", "ls", str(tmp_path), "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["records"], row["state"], row["streams"]) == (3, "being written", ["quotes"])


def test_one_that_cannot_be_read_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path / "a", 3)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "recording.json").write_text("{}")
    damage(record_quotes(tmp_path / "c", 3), 0)
    assert _main(["journal", "ls", str(tmp_path), "--format", "json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["records"] for row in rows] == [3, None, 3]
    assert rows[1]["state"].startswith("error[AB4006]")


def test_inspect_shows_streams_segments_consumers_and_what_was_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_quotes(tmp_path, 400, foreign=1)
    with open_recording(tmp_path) as reader:
        uuid, end = reader.uuid, reader.end_position
    with Consumer(tmp_path, uuid, "audit") as consumer:
        consumer.store(end - 2048)
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / "cut.77").write_bytes(b"x")
    assert _main(["journal", "inspect", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert uuid in out
    assert "actorbus:Quote v1" in out
    assert "raw, foreign" in out
    assert "audit" in out
    assert "2.0 KiB" in out
    assert out.endswith("cut.77\n")
    assert _main(["journal", "inspect", str(tmp_path), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["segments"][0]["first_sequence"] == 0
    assert told["segments"][-1]["next_sequence"] == 401
    assert told["consumers"] == {"audit": end - 2048}
    assert [stream["name"] for stream in told["streams"]] == ["quotes", "foreign"]
