"""Which scenarios there are, and how one is run."""

from __future__ import annotations

import importlib

import pytest

from actorbus.bench import rig
from actorbus.bench.record import Effort, Result, figure
from actorbus.bench.scenarios import SCENARIOS, about, registry, run
from actorbus.bench.scenarios.registry import Session
from actorbus.errors import BrokenError, UsageError


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_its_module_and_says_what_it_measures(name: str) -> None:
    module = importlib.import_module(f"actorbus.bench.scenarios.{SCENARIOS[name][0]}")

    assert callable(module.run)
    assert about(name)


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no scenario 'speed'"):
        run("speed", Effort())


def test_too_few_cores_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig, "cores", lambda: [0])
    module = importlib.import_module("actorbus.bench.scenarios.scaling")
    monkeypatch.setattr(module, "run", lambda _session: list[Result]())

    assert "streams needs 2 cores and has 1" in run("streams", Effort()).warnings[0]


def test_a_busy_machine_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BUSY_LOAD", -1.0)
    module = importlib.import_module("actorbus.bench.scenarios.scaling")
    monkeypatch.setattr(module, "run", lambda _session: [figure("a", "b", [1.0])])

    assert "the machine was busy" in run("streams", Effort()).warnings[-1]


def test_a_case_that_fails_is_noted_and_the_rest_goes_on() -> None:
    session = Session("latency", Effort(), lambda _: None)

    def fail() -> int:
        raise BrokenError("no driver", why="the disk is full")

    assert session.attempt("round trip", fail) is None
    assert "the disk is full" in session.skipped["round trip"]
