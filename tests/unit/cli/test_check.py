"""`actorbus check`: problems and budget, as text and JSON, with its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]

DATA = Path(__file__).resolve().parents[2] / "data"
VALID = str(DATA / "valid.yaml")
BROKEN = str(DATA / "broken" / "01_unknown_keys.yaml")
WARNED = str(DATA / "broken" / "28_warnings.yaml")


def test_a_right_topology_exits_with_0_and_prints_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["check", VALID]) == 0
    out = capsys.readouterr().out
    assert "shared memory:\n" in out
    assert "driver (embedded)" in out


def test_a_broken_one_exits_with_2_and_prints_every_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["check", BROKEN]) == 2
    captured = capsys.readouterr()
    assert f"{BROKEN}:3:1: error[AB1101]: profil:" in captured.out
    assert captured.out.rstrip().endswith("6 errors, 0 warnings")
    assert captured.err == ""


def test_warnings_exit_with_0_and_with_2_when_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["check", WARNED]) == 0
    assert "warning[AB1901]" in capsys.readouterr().out
    assert _main(["check", "--strict", WARNED]) == 2


@pytest.mark.parametrize(("file", "code"), [(VALID, 0), (BROKEN, 2)])
def test_json_is_one_object_with_the_same_problems(file: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["check", file, "--format", "json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == file
    assert told["errors"] == sum(problem["severity"] == "error" for problem in told["problems"])
    assert told["memory"]["bytes"] == sum(line["bytes"] for line in told["memory"]["lines"])
    for problem in told["problems"]:
        assert set(problem) == {"severity", "code", "message", "file", "line", "column", "path", "value", "hint"}


def test_a_missing_file_is_a_problem_like_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["check", "no-such-file.yaml", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["problems"][0]["code"] == "AB1001"


def test_nothing_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    import threading

    before = threading.active_count()
    _main(["check", VALID])
    assert threading.active_count() == before


def test_a_problem_comes_with_its_line_and_a_caret(capsys: pytest.CaptureFixture[str]) -> None:
    _main(["check", BROKEN])
    out = capsys.readouterr().out
    assert "    3 | profil: laptop\n      | ^\n" in out
    assert "`actorbus explain AB1101` says more" in out


def test_annotations_of_github_name_file_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["check", BROKEN, "--format", "github"]) == 2
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"::error file={BROKEN},line=3,col=1,title=AB1101::profil: ")
    assert _main(["check", WARNED, "--format", "github"]) == 0
    assert capsys.readouterr().out.startswith("::warning file=")


def test_annotations_are_escaped() -> None:
    from actorbus.cli.check import _annotation  # pyright: ignore[reportPrivateUsage]
    from actorbus.errors import Problem

    text = _annotation("a,b:c.yaml", Problem(code="AB1101", message="100%\nx", path="p"))
    assert text == "::error file=a%2Cb%3Ac.yaml,title=AB1101::p: 100%25%0Ax"


def test_text_json_and_annotations_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    _ = _main(["check", BROKEN, "--format", "json"])
    problems = json.loads(capsys.readouterr().out)["problems"]
    _ = _main(["check", BROKEN])
    text = capsys.readouterr().out
    _ = _main(["check", BROKEN, "--format", "github"])
    annotations = capsys.readouterr().out.splitlines()

    assert len(annotations) == len(problems) + 1
    for problem, annotation in zip(problems, annotations, strict=False):
        assert f"line={problem['line']},col={problem['column']},title={problem['code']}::" in annotation
        assert problem["message"] in annotation
        assert problem["hint"] in annotation
        assert problem["value"] is None or problem["value"] in annotation
        assert f"{problem['line']}:{problem['column']}: {problem['severity']}[{problem['code']}]: " in text
        assert problem["message"] in text
