"""The README's first lines work as they stand: its files are written, its commands run, its snippets end with 0."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, run, snippets

README = snippets(ROOT / "README.md")
FILES = {snippet.name: snippet.text for snippet in README if snippet.name}
COMMANDS = [
    shlex.split(line.removeprefix("$ "), comments=True)
    for snippet in README
    if snippet.language == "console"
    for line in snippet.text.splitlines()
    if line.startswith("$ actorbus ")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_it_has_an_example_of_a_handler_a_topology_and_its_commands() -> None:
    assert set(FILES) == {"watch.py", "watch.yaml"}
    assert [command[1] for command in COMMANDS] == ["check", "run"]


def test_its_example_is_about_thirty_lines() -> None:
    lines = [line for text in FILES.values() for line in text.splitlines() if line.strip()]
    assert len(lines) <= 30


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[1])
def test_its_commands_run(folder: Path, command: list[str]) -> None:
    run(command, folder)


def test_its_run_does_what_it_says(folder: Path) -> None:
    (folder / "wide.csv").write_text("symbol,time,open,high,low,close\nA,2024-01-01,1,99,1,2\nB,2024-01-01,1,2,1,2\n")
    done = run(["actorbus", "run", "watch.yaml", "--until-idle", "500ms"], folder, BARS_CSV="wide.csv")
    assert done.stderr.count("Halt(symbol='A', reason='wide')") == 1
    assert "symbol='B'" not in done.stderr


@pytest.mark.parametrize(
    "text", [snippet.text for snippet in README if snippet.language == "python" and snippet.name is None]
)
def test_its_other_snippets_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "snippet.py").write_text(text, encoding="utf-8")
    done = run(["python", "-W", "error", "snippet.py"], tmp_path)
    assert "Halt(symbol='EURUSD')" in done.stdout


def test_the_make_targets_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}: " in makefile for target in ("demo", "test", "test-system", "help"))
