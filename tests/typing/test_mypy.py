"""mypy, strict and without a plugin, understands the public face as basedpyright does (test_api.py).

What mypy 2.4 cannot see is listed here with its reason; each is refused at run time, when the class is written or the
field is set.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.typing.test_api import API, MARK, ROOT, marked_lines

pytestmark = pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed (extra dev)")

UNSEEN = {
    "class NoTypeId(": "mypy does not check the keywords of a class statement against a metaclass's __new__",
    "class TextTypeId(": "likewise",
    "class TextVersion(": "likewise",
    "class Thawed(": "likewise",
    "class Tagged(": "likewise",
    'halt.symbol = "USDJPY"': "mypy does not carry frozen_default past msgspec.Struct (tried alone)",
}
REPORT = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: .* \[(?P<code>[\w-]+)\]$")
THROWN_AWAY = "_ = "
PROGRAMS = sorted([*(ROOT / "examples").rglob("*.py"), *(ROOT / "config" / "templates").glob("*/*.py")])


def mypy(*files: Path, cache: Path) -> list[tuple[int, str, str]]:
    """Return line, code and text of what mypy says of some files; of what they import it tells nothing."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--no-color-output", "--scripts-are-modules"),
            *("--follow-imports=silent", "--config-file=", f"--cache-dir={cache}", *map(str, files)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = [REPORT.match(line) for line in done.stdout.splitlines()]
    return [(int(one["line"]), one["code"], one[0]) for one in found if one is not None]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy") / "cache"


@pytest.fixture(scope="module")
def reported(cache: Path) -> dict[int, str]:
    """Return what mypy says of api.py, by the line that the mark is on."""
    source = API.read_text(encoding="utf-8").splitlines()
    found: dict[int, str] = {}
    for line, code, text in mypy(API, cache=cache):
        if code == "empty-body" or (code == "assignment" and source[line - 1].strip().startswith(THROWN_AWAY)):
            continue  # api.py's own ways: bodies of `...`, and `_`, which mypy takes for a variable
        place = line + 1 if source[line - 1].strip() == "@property" else line  # it reports a decorated method's first
        found[place] = text
    return found


def test_every_wrong_line_is_refused_but_for_what_mypy_cannot_see(reported: dict[int, str]) -> None:
    source = API.read_text(encoding="utf-8").splitlines()
    missed = [MARK.sub("", source[line - 1]).strip() for line in sorted(marked_lines() - set(reported))]
    assert [text for text in missed if not text.startswith(tuple(UNSEEN))] == []


def test_no_right_line_is_refused(reported: dict[int, str]) -> None:
    assert [text for line, text in sorted(reported.items()) if line not in marked_lines()] == []


def _copied(program: Path) -> str:
    """Five templates are called app.py: under names of their own one run does for all. What they import keeps its."""
    return f"{program.parent.name.replace('-', '_')}_app.py" if program.name == "app.py" else program.name


def check_programs(cache: Path) -> list[str]:
    """Return what mypy says of examples and templates."""
    folder = cache.parent / "programs"
    folder.mkdir()
    copies = [folder / _copied(program) for program in PROGRAMS]
    for program, copy in zip(PROGRAMS, copies, strict=True):
        shutil.copy(program, copy)
    return [text for _, _, text in mypy(*copies, cache=cache)]


def test_examples_and_templates_are_strictly_typed(cache: Path) -> None:
    assert len(PROGRAMS) > 15
    assert check_programs(cache) == []
