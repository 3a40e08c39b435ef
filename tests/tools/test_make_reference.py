"""The reference pages are those that the code makes now."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from actorbus.cli.main import VERBS
from actorbus.topology.catalogue import entries

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "make_reference.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
