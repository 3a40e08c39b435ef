"""Every example runs as it stands and prints what it says it prints."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, run

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9]*.py"))
TOPOLOGIES = sorted(EXAMPLES.glob("[0-9]*/*.yaml"))


def promised(script: Path) -> list[str]:
    """Return the lines that an example's docstring says it prints."""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return textwrap.dedent(text.split("Prints:\n", 1)[1]).splitlines()


def test_examples_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:2]) for path in EXAMPLES.iterdir() if path.name[:2].isdigit())
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(SCRIPTS) + len(TOPOLOGIES) == len(numbers)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_prints_what_it_says(script: Path) -> None:
    done = run(["python", "-W", "error", str(script)], ROOT)
    assert done.stdout.splitlines() == promised(script)
    assert done.stderr == ""


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda path: path.stem)
def test_a_topology_runs_by_the_command_it_names(topology: Path) -> None:
    command = re.search(r"^# Run it:\s+(actorbus .*)$", topology.read_text(encoding="utf-8"), re.MULTILINE)
    assert command is not None
    done = run(command[1].split(), ROOT)
    assert "Halt(symbol='AAPL', reason='wide')" in done.stderr
    assert done.stderr.count("Halt(") == 3
