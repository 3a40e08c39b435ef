"""The reference pages are those that the code makes now."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import actorbus as ab
from actorbus.cli.main import VERBS
from actorbus.topology.catalogue import entries
from actorbus.topology.later import LATER

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "make_reference.py"
MARK = "*(not yet)*"


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    sys.path.insert(0, str(TOOL.parent))
    spec = importlib.util.spec_from_file_location("make_reference", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(TOOL.parent))


def test_every_page_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(TOOL), "--check"], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), f"{done.stdout}{done.stderr}"


def test_every_verb_and_every_code_has_its_place(tool: ModuleType) -> None:
    pages: dict[str, str] = tool.pages()
    assert all(f"\n## {verb}\n" in pages["reference/cli.md"] for verb in VERBS)
    assert {f"errors/{code}.md" for code in entries()} <= set(pages)
    assert all(f"({code}.md)" in pages["errors/index.md"] for code in entries())


def test_what_is_not_built_yet_is_marked_and_nothing_else(tool: ModuleType) -> None:
    rows = [line for line in tool.topology().splitlines() if MARK in line and line.startswith("|")]
    marked = {row.split("`")[1] for row in rows}
    assert marked == {row.where.removesuffix(".*").rpartition(".")[2] for row in LATER}
    (dispatch,) = [row for row in rows if row.startswith("| `dispatch`")]
    assert f"`mailbox` · `process` {MARK}" in dispatch
    (compression,) = [row for row in rows if row.startswith("| `compression`")]
    assert compression.endswith(f"none. Others: {MARK}. |")


def test_the_page_of_what_is_not_built_names_all_of_it() -> None:
    page = entries()["AB1501"].means + entries()["AB1501"].fix
    words = ("protobuf", "compression", "encryption", "dispatch: process", "archive", "http", "security")
    assert [word for word in words if word not in page] == []
    assert len(words) == len(LATER)


def test_every_name_of_the_shelf_has_its_place_with_every_option(tool: ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = tool.shelf()
    for name in project["entry-points"]["actorbus.handlers"]:
        assert f"\n## {name}\n" in page
    for option in ("| `period` |", "| `number_rows` | `bool` | `false` |", "| `first` | `int` | `1` |", "**required**"):
        assert option in page


def test_the_page_of_python_shows_every_public_name_and_nothing_that_is_for_actorbus_alone(tool: ModuleType) -> None:
    page = tool.api()
    assert [name for name in ab.__all__ if f"`ab.{name}`" not in page] == ["ABSTRACT"]
    shown = {line.split("`")[1].split("(")[0] for line in page.splitlines() if line.startswith("| `")}
    assert {"publish", "from_yaml", "subscribe", "redrive", "with x:"} <= shown
    assert {"steering", "take_signals", "give_signals_back", "set_forward"} & shown == set()


def test_a_page_that_is_not_fresh_is_named_and_written_again(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "DOCS", tmp_path)
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "pages", lambda: {"reference/a.md": "new\n"})
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "a.md").write_text("old\n")
    (tmp_path / "reference" / "gone.md").write_text("of a verb that is no more\n")
    monkeypatch.setattr(sys, "argv", ["make_reference.py", "--check"])
    assert tool.main() == 1
    assert "docs/reference/a.md is not fresh" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["make_reference.py"])
    assert tool.main() == 0
    assert [path.read_text() for path in (tmp_path / "reference").iterdir()] == ["new\n"]
