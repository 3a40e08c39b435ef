"""`import actorbus` is light (small version of issue 5, line 7), and nothing of ours pickles."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.prove.command_line import imports

MODULES_MAX = 190
"""133 with CPython 3.12, a third of them loaded before any import."""
OURS_MAX = 40
"""24: the words alone; the rest comes when it is named."""
ROOT = Path(__file__).resolve().parents[2]
UNPICKLERS = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "dbm", "multiprocessing"}
ALLOWED = {ROOT / "actorbus" / "bench" / "peers" / "pipe.py": "multiprocessing.connection"}
"""What is measured against, through byte strings."""


def imported(file: Path) -> set[str]:
    """Return the modules a file imports, anywhere in it, also by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__"):
                found.add(str(node.args[0].value))
    return found


def test_import_brings_nothing_heavy_and_no_more_than_it_needs() -> None:
    """How long it takes is timed by the proof (line 7) alone; what takes the time is counted here."""
    code = "import sys, actorbus; print(len(sys.modules), sum(name.startswith('actorbus') for name in sys.modules))"
    everything, ours = map(int, subprocess.check_output([sys.executable, "-c", code], text=True).split())

    assert imports(1).heavy == set()
    assert everything < MODULES_MAX
    assert ours < OURS_MAX


def test_no_module_of_ours_can_unpickle() -> None:
    files = [*(ROOT / "actorbus").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]
    assert len(files) > 100
    wrong = {
        str(file.relative_to(ROOT)): name
        for file in files
        for name in imported(file)
        if name.partition(".")[0] in UNPICKLERS and ALLOWED.get(file) != name
    }
    assert wrong == {}
