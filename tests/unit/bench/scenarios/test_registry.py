"""Which scenarios there are, and how one is run."""

from __future__ import annotations

import importlib

import pytest

from actorbus.bench import rig
from actorbus.bench.record import Effort, figure
from actorbus.bench.scenarios import SCENARIOS, Interrupted, about, expected_s, registry, run
from actorbus.bench.scenarios.registry import Session
from actorbus.errors import BrokenError, UsageError


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_its_module_and_says_what_it_measures(name: str) -> None:
    module = importlib.import_module(f"actorbus.bench.scenarios.{SCENARIOS[name].module}")

    assert callable(module.run)
    assert about(name)


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no scenario 'speed'"):
        run("speed", Effort())


def test_too_few_cores_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig, "cores", lambda: [0])
    module = importlib.import_module("actorbus.bench.scenarios.scaling")
    monkeypatch.setattr(module, "run", lambda _session: None)

    assert "streams needs 2 cores and has 1" in run("streams", Effort()).warnings[0]


def test_a_busy_machine_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BUSY_LOAD", -1.0)
    module = importlib.import_module("actorbus.bench.scenarios.scaling")
    monkeypatch.setattr(module, "run", lambda _session: None)

    assert any("the machine was busy" in warning for warning in run("streams", Effort()).warnings)


def test_a_case_that_fails_is_noted_and_the_rest_goes_on() -> None:
    session = Session("latency", Effort(), lambda _: None)

    def fail() -> int:
        raise BrokenError("no driver", why="the disk is full")

    assert session.attempt("round trip", fail) is None
    assert "the disk is full" in session.skipped["round trip"]


def test_of_nothing_that_was_measured_there_is_no_result_but_a_reason() -> None:
    session = Session("idle", Effort(), lambda _: None)
    session.keep(figure, "actorbus", "MB", [], case="at rest")
    session.keep(figure, "actorbus", "MB", [1.0], case="at rest")

    assert [result.median for result in session.results] == [1.0]
    assert session.skipped == {"actorbus, MB: nothing was measured, at rest": "see what failed before"}


def test_a_system_of_every_report_that_cannot_run_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actorbus.bench.peers.missing", lambda _: "not installed")
    session = Session("latency", Effort(), lambda _: None)

    assert not session.can("pyzmq")
    assert not session.can("pynng")
    assert session.lacking == {"pyzmq": "not installed"}
    assert session.skipped == {"pyzmq": "not installed", "pynng": "not installed"}


def test_a_run_that_is_stopped_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(session: Session) -> None:
        session.keep(figure, "actorbus", "MB", [1.0])
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("actorbus.bench.scenarios.scaling"), "run", stopped)
    with pytest.raises(Interrupted) as raised:
        run("streams", Effort())

    assert [result.metric for result in raised.value.report.results] == ["MB"]
    assert any("stopped by Ctrl-C" in warning for warning in raised.value.report.warnings)


@pytest.mark.parametrize("kind", ["full", "hold", "quick"])
def test_every_kind_of_run_has_an_expected_time(kind: str) -> None:
    assert all(expected_s(name, Effort(kind=kind)) > 0 for name in SCENARIOS)
