"""The catalogue of errors: complete, and every example raises the code it is for."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

import actorbus as ab
from actorbus.errors import ActorBusError, all_error_classes
from actorbus.topology.catalogue import Entry, entries
from actorbus.topology.check import check_file
from actorbus.topology.codes import CATALOGUE

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(r"\bAB[0-9]{4}\b")
MIB = 1 << 20


def of_classes() -> set[str]:
    return {cls.code for cls in all_error_classes() if cls.__module__.startswith("actorbus.")}


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    assert set(entries()) == set(CATALOGUE) | of_classes()


def test_every_code_that_the_source_names_has_an_entry() -> None:
    named = {
        code
        for path in (ROOT / "actorbus").rglob("*.py")
        for code in CODE.findall(re.sub(r"AB[0-9]{4}\s*\.\.", "", path.read_text(encoding="utf-8")))
    }
    unknown = sorted(named - set(entries()) - {"AB2104"})
    assert unknown == []


def test_titles_of_the_check_are_those_of_its_table() -> None:
    assert {code: entries()[code].title for code in CATALOGUE} == CATALOGUE


@pytest.mark.parametrize("entry", entries().values(), ids=lambda entry: entry.code)
def test_an_entry_has_one_example_and_whole_sentences(entry: Entry) -> None:
    assert sum(text is not None for text in (entry.yaml, entry.python, entry.situation)) == 1
    assert entry.app is None or entry.yaml is not None
    assert not entry.title.endswith(".")
    assert entry.means[-1] in ".`?" or entry.means.endswith(")")
    assert entry.fix.endswith((".", ")"))


@pytest.mark.parametrize(
    "entry", [entry for entry in entries().values() if entry.yaml is not None], ids=lambda entry: entry.code
)
def test_an_example_topology_has_the_problem(entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3})
    monkeypatch.setattr("actorbus.topology.rules_machine.free_bytes", lambda _directory: 64 * MIB)
    assert entry.yaml is not None
    (tmp_path / "topology.yaml").write_text(entry.yaml.lstrip("\n"), encoding="utf-8")
    if entry.app is not None:
        (tmp_path / "app.py").write_text(entry.app, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "app", raising=False)

    checked = check_file(tmp_path / "topology.yaml", env={})

    sys.modules.pop("app", None)
    assert entry.code in {problem.code for problem in checked.problems}, checked.problems


@pytest.mark.parametrize(
    "entry", [entry for entry in entries().values() if entry.python is not None], ids=lambda entry: entry.code
)
def test_an_example_program_raises_the_error(entry: Entry) -> None:
    assert entry.python is not None
    program = compile(entry.python, entry.code, "exec", dont_inherit=True)
    with pytest.raises(ActorBusError) as caught:
        exec(program, {"__name__": "example"})
    problems = caught.value.problems if isinstance(caught.value, ab.ConfigError) else ()
    assert entry.code in {caught.value.code, *(problem.code for problem in problems)}


def test_an_entry_is_printed_with_its_example_and_what_to_do() -> None:
    text = entries()["AB1311"].format_text()
    assert text.startswith("error[AB1311]: ")
    assert "    class Watch(ab.Handler):\n" in text
    assert "    handlers:\n" in text
    assert entries()["AB1902"].format_text().startswith("warning[AB1902]")
