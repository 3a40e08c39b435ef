"""Run what a page or an example tells a reader to run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60
BARS = ROOT / "examples" / "02_topology" / "bars.csv"
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Snippet(NamedTuple):
    """A fenced block of a page. Its first line `# name.py` says that it is a file of that name."""

    language: str
    text: str

    @property
    def name(self) -> str | None:
        found = re.match(r"# ([\w/-]+\.(?:py|yaml))\n", self.text)
        return found[1] if found else None


def snippets(page: Path) -> list[Snippet]:
    """Return the fenced blocks of a page, in order."""
    return [Snippet(found["language"], found["text"]) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; `actorbus` and `python` are ours. Fails the test when it does not end with 0."""
    ours = {"actorbus": [sys.executable, "-m", "actorbus"], "python": [sys.executable]}
    path = os.pathsep.join((str(ROOT), str(ROOT / "handlers")))
    done = subprocess.run(
        [*ours.get(command[0], command[:1]), *command[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "BARS_CSV": str(BARS), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
