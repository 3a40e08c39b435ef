"""What `journal export` writes: the same rows as CSV and Parquet, and a missing package is one line."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.cli.journal_sinks import COLUMNS, flat, opened
from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from tests.support.tapes import record_quotes
from tests.support.without import without


def test_a_tree_becomes_json_text() -> None:
    head = {"sequence": 1, "time_ns": 2, "stream": "s", "session": 3, "position": 4}
    assert flat({**head, "type": 9, "messages": [[1], {"a": "\u00e9"}]}) == {
        **head, "type": "9", "message": '[[1],{"a":"\u00e9"}]', "base64": None,
    }  # fmt: skip
    assert flat({**head, "type": None, "base64": ["YQ==", "Yg=="]})["base64"] == '["YQ==", "Yg=="]'


def test_what_json_has_no_word_for_is_null(tmp_path: Path) -> None:
    wrong = [math.nan, {"a": math.inf}, (-math.inf, 1.5)]
    with opened("jsonl", str(tmp_path / "x")) as sink:
        sink.put({"message": wrong})
    assert (tmp_path / "x").read_text() == '{"message":[null,{"a":null},[null,1.5]]}\n'
    head = {"sequence": 1, "time_ns": 2, "stream": "s", "session": 3, "position": 4, "type": 9}
    assert flat({**head, "message": wrong})["message"] == '[null,{"a":null},[null,1.5]]'


def test_csv_has_a_head_and_a_row_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path / "tape", 5, foreign=1)
    assert _main(["journal", "export", str(tmp_path / "tape"), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["sequence"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert json.loads(rows[3]["message"])["bid"] == "3"
    assert rows[5]["base64"]


def test_a_file_gets_what_the_terminal_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path / "tape", 5)
    for form in ("jsonl", "csv"):
        words = ["journal", "export", str(tmp_path / "tape"), "--format", form]
        assert _main(words) == 0
        shown = capsys.readouterr().out
        assert _main([*words, "--output", str(tmp_path / form)]) == 0
        assert capsys.readouterr().out == ""
        assert (tmp_path / form).read_text() == shown
    with opened("jsonl", str(tmp_path / "x")) as sink:
        sink.put({"a": "\u00e9"})
    assert (tmp_path / "x").read_text(encoding="utf-8") == '{"a":"\u00e9"}\n'


def test_parquet_has_the_same_rows_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow, which is not installed")
    record_quotes(tmp_path / "tape", 5, foreign=1)
    file = tmp_path / "out.parquet"
    assert _main(["journal", "export", str(tmp_path / "tape"), "--format", "parquet", "-o", str(file)]) == 0
    table = parquet.read_table(file)
    assert table.column_names == list(COLUMNS)
    assert [str(field.type) for field in table.schema] == [
        "int64", "int64", "string", "int32", "int64", "string", "string", "string",
    ]  # fmt: skip
    rows = table.to_pylist()
    assert [row["sequence"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert json.loads(rows[2]["message"])["symbol"] == "A"
    assert (rows[5]["message"], rows[5]["type"]) == (None, "bytes")


def test_without_pyarrow_one_line_has_the_command(tmp_path: Path) -> None:
    record_quotes(tmp_path / "tape", 1)
    file = tmp_path / "out.parquet"
    words = ["journal", "export", str(tmp_path / "tape"), "--format", "parquet", "-o", str(file)]
    hidden = {**os.environ, **without(["pyarrow"], tmp_path / "without")}
    done = subprocess.run(
        [sys.executable, "-m", "actorbus", *words], env=hidden, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert done.stderr == ("error[AB2216]: the package 'pyarrow' is not installed; python -m pip install pyarrow\n")
    assert not file.exists()
