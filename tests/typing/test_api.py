"""A strict type checker reports exactly the lines of api.py that are marked wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
API = Path(__file__).with_name("api.py")
MARK = re.compile(r"#\s*wrong\s*$")


def marked_lines() -> set[int]:
    lines = API.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if MARK.search(line)}


@pytest.fixture(scope="module")
def report() -> dict[int, list[str]]:
    """Return line to what the checker says of it. Settings: [tool.basedpyright] of pyproject.toml, as for the code."""
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--level", "error", str(API)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
    found: dict[int, list[str]] = {}
    for diagnostic in json.loads(done.stdout)["generalDiagnostics"]:
        assert Path(diagnostic["file"]) == API, diagnostic
        found.setdefault(diagnostic["range"]["start"]["line"] + 1, []).append(diagnostic["message"])
    return found


def test_every_wrong_line_is_reported(report: dict[int, list[str]]) -> None:
    source = API.read_text(encoding="utf-8").splitlines()
    missed = [f"{API.name}:{number}: {source[number - 1].strip()}" for number in sorted(marked_lines() - set(report))]
    assert not missed, "the type checker accepts:\n" + "\n".join(missed)


def test_no_right_line_is_reported(report: dict[int, list[str]]) -> None:
    extra = [f"{API.name}:{number}: {report[number]}" for number in sorted(set(report) - marked_lines())]
    assert not extra, "the type checker refuses:\n" + "\n".join(extra)


def test_there_is_enough_of_both() -> None:
    assert len(marked_lines()) >= 40
