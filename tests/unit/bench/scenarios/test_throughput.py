"""Lanes compared."""

from __future__ import annotations

import pytest

from actorbus.bench.case import Case
from actorbus.bench.record import Effort
from actorbus.bench.scenarios import throughput
from actorbus.bench.scenarios.registry import Session
from actorbus.errors import BrokenError

LANES = [Case(system=name, lane=0, directory="", place="") for name in ("actorbus", "floor", "pynng")]


def test_the_first_lane_is_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "measure", lambda cases, **_: [[float(n + 1)] for n in range(len(cases))])
    results = throughput.compare(Session("throughput", Effort(), lambda _: None), "typed", LANES)

    assert [result.median for result in results] == [1.0, 2.0, 3.0, 1 / 2, 1 / 3]


def test_an_optional_peer_that_fails_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(cases: list[Case], **_: object) -> list[list[float]]:
        if len(cases) == 3:
            raise BrokenError("pynng cannot")
        return [[1.0]] * len(cases)

    monkeypatch.setattr(throughput, "measure", measure)
    session = Session("throughput", Effort(), lambda _: None)
    results = throughput.compare(session, "typed", LANES)

    assert {result.system for result in results} == {"actorbus", "floor"}
    assert "pynng cannot" in next(iter(session.skipped.values()))


def test_stages_tell_what_the_framework_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "measure", lambda cases, **_: [[2e6], [2e7], [5e6], [2.5e6], [1e7]])
    results = throughput.run(Session("stages", Effort(), lambda _: None))

    assert [round(result.median) for result in results] == [500, 50, 200, 400, 100, 100]
