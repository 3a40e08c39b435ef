"""Every example runs as it stands and prints what it says it prints."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, run

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9]*.py"))
TOPOLOGIES = sorted(EXAMPLES.glob("[0-9]*/*.yaml"))
NOTEBOOKS = sorted(EXAMPLES.glob("[0-9]*.ipynb"))
USE_CASES = {
    "quotes", "trades", "order_book", "news", "order_routing", "execution_reports", "positions", "risk", "pipeline",
    "analytics", "microservices", "testing", "asyncio", "notebook",
}  # fmt: skip


def promised(script: Path) -> list[str]:
    """Return the lines that an example's docstring says it prints."""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return textwrap.dedent(text.split("Prints:\n", 1)[1]).splitlines()


def test_examples_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:2]) for path in EXAMPLES.iterdir() if path.name[:2].isdigit())
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(SCRIPTS) + len(TOPOLOGIES) + len(NOTEBOOKS) == len(numbers)


def test_there_is_one_for_each_use_case() -> None:
    assert {path.stem[3:] for path in (*SCRIPTS, *NOTEBOOKS)} >= USE_CASES


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


RUN_CELLS = """
import ast, json, pathlib, sys
names = {"__name__": "__main__"}
for cell in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        if value is not None:
            print(repr(value))
"""


def shown(notebook: Path) -> list[str]:
    """Return the lines under the cells of a notebook, as they are stored in it."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = ["".join(output.get("text") or output["data"]["text/plain"]) for output in outputs]
    return [line for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_its_cells_give(notebook: Path) -> None:
    """Cell after cell in one namespace, as a kernel runs them; Jupyter itself is not needed for that."""
    done = run(["python", "-W", "error", "-c", RUN_CELLS, str(notebook)], ROOT)
    assert done.stdout.splitlines() == shown(notebook) != []
    assert done.stderr == ""
