"""What a user gets: the wheel and the source package as built, and an installation of nothing but the wheel.

Used by tests/system/test_wheel.py (this interpreter) and by line 3 of issue 5 (every interpreter that is here).
"""

from __future__ import annotations

import re
import shutil
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

from tests.docs.transcript import follow
from tests.support.wheels import Bare, bare, built

__all__ = [
    "contents",
    "installed",
    "metadata",
    "names_hold",
    "source_contents",
    "templates_run",
    "unit_tests_pass",
    "verbs_explain",
]

ROOT = Path(__file__).resolve().parents[2]

WITHOUT_THE_TREE = ("channel", "dispatch", "handlers", "message", "messages")
"""Folders of tests/unit whose tests read no file of the source and start no process."""
TEMPLATES = ("minimal", "market-data", "orders", "fastapi", "notebook")
NAMES = """\
import importlib.metadata, importlib.resources, inspect, pathlib, sys
import actorbus as ab, actorbus_handlers
place = pathlib.Path(ab.__file__).parent
assert pathlib.Path(sys.prefix) in place.parents, place
named = [getattr(package, name) for package in (ab, actorbus_handlers) for name in package.__all__]
assert all(thing is not None for thing in named)
for name in ("py.typed", "_native.abi3.so", "_config/topology.schema.json", "_config/errors.toml"):
    assert (place / name).is_file(), name
assert importlib.metadata.version("actorbus") == ab.__version__
shelf = importlib.metadata.entry_points(group="actorbus.handlers")
assert all(inspect.isclass(entry.load()) for entry in shelf), shelf
print(len(named), "names", len(shelf), "on the shelf")
"""
VERBS = """\
import click, subprocess, sys
from actorbus.cli.main import VERBS
for verb in VERBS:
    done = subprocess.run(["actorbus", verb, "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and f"Usage: actorbus {verb}" in done.stdout, (verb, done)
print(len(VERBS), "verbs")
"""


def contents() -> set[str]:
    """Return the files of the wheel."""
    with zipfile.ZipFile(built().wheel) as wheel:
        return set(wheel.namelist())


def source_contents() -> set[str]:
    """Return the files of the source package, without the folder that holds them."""
    with tarfile.open(built().source) as source:
        return {name.partition("/")[2] for name in source.getnames()}


def metadata(name: str) -> Message:
    """Return a file of the wheel's `dist-info`: METADATA, WHEEL."""
    with zipfile.ZipFile(built().wheel) as wheel:
        (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
        return Parser().parsestr(wheel.read(path).decode())


def installed(place: Path, python: Path) -> tuple[Bare, int]:
    """Follow the README in a bare environment below `place`; return it, installed, and the number of commands done."""
    environment = bare(place, python)
    return environment, len(follow(environment))


def _inside(environment: Bare, script: str) -> str:
    """Run a script of bash in the README's virtual environment; it must end well.

    Raises:
        AssertionError: it did not; says what was printed.
    """
    printed = environment.run(f"set -e; . env/bin/activate; {script}\necho all is well")
    assert printed.endswith("all is well\n"), printed
    return printed.removesuffix("all is well\n").rstrip("\n")


def _python(environment: Bare, program: str) -> str:
    (environment.folder / "program.py").write_text(program, encoding="utf-8")
    return _inside(environment, "python -I -W error program.py")


def names_hold(environment: Bare) -> str:
    """Every public name is there, from the wheel alone; so are its data and the shelf's entry points."""
    return _python(environment, NAMES)


def verbs_explain(environment: Bare) -> str:
    """Every verb has its help."""
    return _python(environment, VERBS)


def templates_run(environment: Bare) -> str:
    """Every template is made, checked and run."""
    for name in TEMPLATES:
        _inside(
            environment,
            f"actorbus init {name} my-{name}; cd my-{name}; actorbus check topology.yaml;"
            "actorbus run topology.yaml --for 500ms",
        )
    return f"{len(TEMPLATES)} templates"


def unit_tests_pass(environment: Bare) -> str:
    """The unit tests that need no source pass on the installed package."""
    shutil.copytree(ROOT / "tests", environment.folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", environment.folder)
    folders = " ".join(f"tests/unit/{name}" for name in WITHOUT_THE_TREE)
    printed = _inside(
        environment,
        "pip install --quiet pytest pytest-timeout hypothesis numpy;"
        "python -c 'import actorbus, sys; assert sys.prefix in actorbus.__file__';"
        f"python -m pytest -q -p no:cacheprovider {folders} || {{ echo failed; exit 1; }}",
    )
    found = re.findall(r"^(\d+ passed).*", printed, re.MULTILINE)
    assert found, printed
    return f"unit tests: {found[-1]}"
