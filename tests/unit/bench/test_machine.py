"""The machine is described by class, never by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actorbus.bench import machine


def test_the_machine_is_described_by_class() -> None:
    where = machine.machine()

    assert where.cores >= 1
    assert where.memory_gb > 0


def test_what_the_bench_itself_does_is_not_told_as_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine.machine().load_before
    monkeypatch.setattr("os.getloadavg", lambda: (99.0, 99.0, 99.0))

    assert machine.machine().load_before == before


def test_versions_are_those_of_what_was_used() -> None:
    found = machine.versions(["actorbus", "pyaeron+msgspec"])

    assert {"python", "Aeron", "msgspec"} <= set(found)
    assert "numpy" not in found
    assert re.match(r"\d+\.\d+", found["Aeron"])


def test_a_file_system_is_named_by_its_type() -> None:
    assert machine.file_system(Path("/proc")) == "proc"


def test_the_commit_is_a_hash_with_a_plus_when_files_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.rig, "ROOT", Path("/"))
    assert machine.commit() == ""
    monkeypatch.undo()
    assert re.fullmatch(r"([0-9a-f]{12}\+?)?", machine.commit())
