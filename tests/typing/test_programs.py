"""What we show is strictly typed: every example, every template and every Python block of README and docs/."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, snippets

PAGES = sorted([ROOT / "README.md", *(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "errors")])
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["basedpyright"]


def write_blocks(folder: Path) -> int:
    """Write each Python block of a page as a file of the page's own folder, under its name if it has one."""
    count = 0
    for page in PAGES:
        for place, block in enumerate(block for block in snippets(page) if block.language == "python"):
            file = folder / page.stem / (block.name or f"block_{place}.py")
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
            count += 1
    return count


def check(folder: Path) -> list[str]:
    """Return what basedpyright says, strict and with the project's own settings, of the files of a folder."""
    settings = {**SETTINGS, "include": ["."], "exclude": [], "venvPath": str(ROOT)}
    settings["extraPaths"] = [str(ROOT), str(ROOT / "handlers")]
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--level", "error", "--project", str(folder)],
        cwd=folder, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > 0
    return [
        f"{Path(one['file']).relative_to(folder)}:{one['range']['start']['line'] + 1}: {one['message']}"
        for one in report["generalDiagnostics"]
    ]


def check_files(files: list[Path]) -> list[str]:
    """Return what basedpyright says, strict, of files of the project."""
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--level", "error", *map(str, files)],
        cwd=ROOT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(files)
    return [f"{one['file']}: {one['message']}" for one in report["generalDiagnostics"]]


def test_every_python_block_of_the_pages_is_strictly_typed(tmp_path: Path) -> None:
    assert write_blocks(tmp_path) >= 10
    assert check(tmp_path) == []


def test_a_block_with_a_wrong_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text('import actorbus as ab\n\nab.Quote("EURUSD", bid="1.0850", ask=2)\n')
    assert any("wrong.py:3" in text for text in check(tmp_path))


@pytest.mark.parametrize("folder", ["examples", "config/templates"])
def test_the_strict_check_of_the_project_covers(folder: str) -> None:
    """`make types` (and `make test`) runs basedpyright over these."""
    assert folder in SETTINGS["include"]
    assert SETTINGS["typeCheckingMode"] == "strict"
