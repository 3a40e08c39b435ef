"""Problems with the line they are in, and a caret under the place."""

from __future__ import annotations

from pathlib import Path

from actorbus.cli.excerpt import problems_text
from actorbus.errors import Problem


def told(tmp_path: Path, line: str, column: int, code: str = "AB1101") -> list[str]:
    file = tmp_path / "t.yaml"
    file.write_text(line + "\n", encoding="utf-8")
    problem = Problem(code=code, message="m", file=str(file), line=1, column=column)
    return problems_text([problem])[0].splitlines()[1:]


def test_the_caret_is_under_the_place(tmp_path: Path) -> None:
    assert told(tmp_path, "nam: x", 1) == ["    1 | nam: x", "      | ^"]
    assert told(tmp_path, "a: {b: 1}", 5) == ["    1 | a: {b: 1}", "      |     ^"]


def test_tabs_and_wide_characters_keep_it_there(tmp_path: Path) -> None:
    assert told(tmp_path, "\tb", 2)[1] == "      |  ^"
    assert told(tmp_path, "値: b", 4)[1] == "      |     ^"


def test_a_long_line_is_cut_around_the_place(tmp_path: Path) -> None:
    shown, caret = told(tmp_path, "a" * 500 + "!" + "b" * 500, 501)
    assert len(shown) < 120
    assert shown[caret.index("^")] == "!"


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    assert told(tmp_path, "a: \x1b[2J", 4)[0] == "    1 | a: ?[2J"


def test_a_line_with_a_secret_is_never_shown(tmp_path: Path) -> None:
    assert told(tmp_path, "secret: hunter2", 1, "AB1601") == []
    file = str(tmp_path / "t.yaml")
    both = [Problem(code=code, message="m", file=file, line=1, column=1) for code in ("AB1101", "AB1601")]
    assert "hunter2" not in "\n".join(problems_text(both))


def test_without_a_place_or_a_file_there_is_no_excerpt(tmp_path: Path) -> None:
    for problem in (
        Problem(code="AB1101", message="m"),
        Problem(code="AB1101", message="m", file=str(tmp_path / "gone.yaml"), line=1, column=1),
    ):
        assert problems_text([problem]) == [problem.format_text()]


def test_a_line_or_column_beyond_the_file_is_no_crash(tmp_path: Path) -> None:
    assert told(tmp_path, "ab", 99)[1] == "      |   ^"
    problem = Problem(code="AB1101", message="m", file=str(tmp_path / "t.yaml"), line=99, column=1)
    assert problems_text([problem]) == [problem.format_text()]


def test_colour_marks_the_code_and_the_caret(tmp_path: Path) -> None:
    told(tmp_path, "nam: x", 1)
    problem = Problem(code="AB1101", message="m", file=str(tmp_path / "t.yaml"), line=1, column=1)
    text = problems_text([problem], colour=True)[0]
    assert "\x1b[1;31merror[AB1101]\x1b[0m" in text
    assert text.endswith("\x1b[1;36m^\x1b[0m")
