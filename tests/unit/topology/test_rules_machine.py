"""Channels, CPUs, driver directories and shared memory of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actorbus.topology.rules_machine import aeron_default_directory
from tests.support.topologies import check, codes, facts_of, minimal

MIB = 1 << 20


def errors(**changes: object) -> list[str]:
    return [code for code in codes(minimal(**changes)) if not code.startswith("AB19")]


def stream(stream_id: int, channel: object = "aeron:ipc") -> dict[str, object]:
    return {"stream_id": stream_id, "messages": ["Bar"], "channel": channel}


@pytest.mark.parametrize(("cpu", "code"), [(0, None), (3, "AB1701"), (64, "AB1701"), (None, None)])
def test_a_cpu_must_be_there_and_allowed(monkeypatch: pytest.MonkeyPatch, cpu: int | None, code: str | None) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})

    assert errors(pollers={"p": {"streams": ["s"], "cpu": cpu}}) == ([code] if code else [])


def test_two_pollers_on_one_cpu_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    streams = {"a": stream(1), "b": stream(2)}
    pollers = {"p": {"streams": ["a"], "cpu": 0}, "q": {"streams": ["b"], "cpu": 0}}

    assert "AB1903" in codes(minimal(streams=streams, pollers=pollers))


def test_a_driver_directory_that_aeron_would_erase_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")

    assert errors(driver={"directory": str(tmp_path)}) == ["AB1703"]


@pytest.mark.parametrize("directory", ["relative/path", "/", "~"])
def test_a_directory_that_no_driver_may_have_is_refused(directory: str) -> None:
    assert errors(driver={"directory": str(Path(directory).expanduser())}) == ["AB1703"]


def test_an_empty_or_missing_directory_is_right(tmp_path: Path) -> None:
    assert errors(driver={"directory": str(tmp_path)}) == []
    assert errors(driver={"directory": str(tmp_path / "new")}) == []


def test_an_external_drivers_directory_and_threading_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")

    assert errors(driver={"mode": "external", "directory": str(tmp_path)}) == []
    assert errors(driver={"mode": "external", "threading": "shared"}) == ["AB1213"]


def test_the_budget_counts_a_publication_a_stream_and_an_image_of_what_is_received_by_udp() -> None:
    streams = {
        "a": stream(1),
        "b": stream(2, "aeron:udp?endpoint=127.0.0.1:40001|term-length=64k"),
        "c": stream(3, "aeron:udp?endpoint=127.0.0.1:40002|term-length=64k"),
    }
    handlers = {"h": {"streams": ["a", "b"], "class": "count"}}

    budget = facts_of(minimal(streams=streams, handlers=handlers)).budget

    assert budget is not None
    log_a, log_b = 3 * MIB + 4096, 3 * 65_536 + 4096
    assert budget.total == log_a + 3 * log_b + 9 * MIB
    assert len(budget.lines) == 5


def test_an_external_driver_pays_for_itself() -> None:
    budget = facts_of(minimal(driver={"mode": "external"})).budget

    assert budget is not None
    assert budget.total == 3 * MIB + 4096


def test_too_little_shared_memory_is_told_with_the_size_to_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actorbus.topology.rules_machine.free_bytes", lambda _directory: 10 * MIB)

    (problem,) = [problem for problem in check(minimal()).problems if problem.is_error]

    assert problem.code == "AB1702"
    assert "12.0 MiB" in problem.message
    assert "10.0 MiB" in problem.message
    assert "--shm-size=29m" in (problem.hint or "")


def test_aerons_default_directory_is_the_users() -> None:
    assert aeron_default_directory().name.startswith("aeron-")


def test_the_in_process_transport_has_no_driver_and_needs_no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actorbus.topology.rules_machine.free_bytes", lambda _directory: 0)
    assert errors(driver={"mode": "none"}) == []
    budget = facts_of(minimal(driver={"mode": "none"})).budget
    assert budget is not None
    assert (budget.total, budget.lines) == (0, ())
    assert errors(driver={"mode": "none", "directory": "/dev/shm/x", "threading": "shared"}) == ["AB1213", "AB1213"]
    assert errors(driver={"mode": "none"}, streams={"s": stream(1, "aeron:pigeon")}) == ["AB1221"]
