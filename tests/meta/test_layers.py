"""Imports point downward only: the contracts of pyproject.toml hold, and they catch what they are there to catch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree that has pyproject.toml, actorbus/ and handlers/."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'handlers'}", "NO_COLOR": "1"}
    return subprocess.run(
        [program, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def copy_of_the_tree(folder: Path) -> Path:
    for name in ("actorbus", "handlers"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_layer_imports_only_what_is_below_it() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        ("actorbus/codec/__init__.py", "import actorbus.topology", "imports point downward only"),
        ("actorbus/errors.py", "import cffi", "words know neither cffi nor threads"),
        ("actorbus/dispatch/__init__.py", "import pykka", "pykka is imported in actors alone"),
        ("actorbus/codec/__init__.py", "import threading", "starts no thread"),
        ("actorbus/transport/__init__.py", "import ruamel.yaml", "YAML stays in the topology"),
        ("handlers/actorbus_handlers/count.py", "import actorbus.errors", "built from the public names alone"),
        ("actorbus/topology/__init__.py", "import actorbus.testing", "nothing imports the test kit"),
        ("actorbus/testing/__init__.py", "import actorbus.cli", "everything up to the topology"),
    ],
)
def test_a_forbidden_import_is_reported(tmp_path: Path, where: str, line: str, contract: str) -> None:
    broken = copy_of_the_tree(tmp_path) / where
    broken.write_text(broken.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    broken_lines = [text for text in done.stdout.splitlines() if " BROKEN" in text]
    assert any(contract in text for text in broken_lines), done.stdout
