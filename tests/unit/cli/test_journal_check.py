"""`journal verify` and `repair`: exit codes, last lines, and what is not touched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.journal import open_recording
from tests.support.tapes import damage, record_quotes


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_recording_is_0_and_its_last_line_says_what_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_quotes(tmp_path, 400)
    before = contents(tmp_path)
    assert _main(["journal", "verify", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert re.fullmatch(r"400 records in \d segments, sequences 0 to 399: whole\n", captured.out)
    assert "MB/s" in captured.err
    assert contents(tmp_path) == before


def test_an_empty_recording_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 0)
    assert _main(["journal", "verify", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 records in 1 segments, no sequences, the next is 0: whole"


def test_damage_is_1_and_names_file_offset_and_sequence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 400)
    path = damage(tmp_path, 7)
    assert _main(["journal", "verify", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.match(rf"{re.escape(str(path))}:\d+: record 7: ", lines[0])
    assert re.search(r"1 damaged places, \d+ records lost$", lines[-1])
    assert _main(["journal", "verify", str(tmp_path), "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["whole"], told["faults"][0]["sequence"], told["first_sequence"]) == (False, 7, 0)


def test_a_torn_end_is_reported_and_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 4)
    with next(tmp_path.glob("*.jsonl")).open("ab") as file:
        file.write(b'{"sequence":4,')
    assert _main(["journal", "verify", str(tmp_path)]) == 0
    assert "a torn end of 14 B" in capsys.readouterr().out


def test_a_repair_makes_it_whole_but_for_the_hole_it_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 400)
    damage(tmp_path, 7)
    assert _main(["journal", "repair", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"in {tmp_path / 'quarantine'}" in out
    assert "the next record is 400" in out
    assert any((tmp_path / "quarantine").iterdir())
    assert _main(["journal", "repair", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing to repair; the next record is 400\n"
    with open_recording(tmp_path, write=True) as recording:
        assert recording.next_sequence == 400


def test_a_recording_at_work_is_not_repaired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 4)
    with open_recording(tmp_path, write=True):
        before = contents(tmp_path)
        assert _main(["journal", "repair", str(tmp_path)]) == 3
        assert "error[AB4003]" in capsys.readouterr().err
        assert _main(["journal", "verify", str(tmp_path)]) == 0
        assert contents(tmp_path) == before
