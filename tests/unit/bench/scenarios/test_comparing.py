"""Lanes compared."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actorbus.bench.case import Case
from actorbus.bench.scenarios import comparing
from actorbus.bench.turns import Lane, LaneFailed
from tests.unit.bench.scenarios.tiny import session

LANES = [Case(system=name) for name in ("actorbus", "floor", "pynng")]


def test_the_first_lane_is_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = [Lane(rates=[[float(n)]], sent=9, taken=9 - n) for n in (1, 2, 3)]
    monkeypatch.setattr(comparing, "measure", lambda *_, **__: lanes)
    made = session("throughput", forks=2)
    comparing.compare(made, "typed", LANES)
    rates = [result for result in made.results if result.metric == "msgs_per_s"]
    ratios = [result for result in made.results if result.metric == "ratio"]

    assert [(result.median, result.forks, result.lost) for result in rates] == [(1.0, 2, 2), (2.0, 2, 4), (3.0, 2, 6)]
    assert [(result.against, result.median) for result in ratios] == [("floor", 1 / 2), ("pynng", 1 / 3)]
    assert all(result.ran for result in rates)


def failing(times: Sequence[LaneFailed | None]) -> object:
    """Return a stand-in for `measure` that fails so."""
    left = list(times)

    def measure(cases: Sequence[Case], **_: object) -> list[Lane]:
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return [Lane(rates=[[1.0]]) for _ in cases]

    return measure


def test_an_optional_peer_that_fails_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "measure", failing([LaneFailed("pynng cannot", why="", lane=2)]))
    made = session("throughput", forks=2)
    comparing.compare(made, "typed", LANES)

    assert {(result.system, result.forks) for result in made.results} == {("actorbus", 2), ("floor", 2)}
    assert "pynng cannot" in made.skipped["typed, pynng"]


def test_a_peer_that_dies_of_a_signal_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "measure", failing([LaneFailed("pynng: side ended by SIGILL", why="", lane=2)]))
    made = session("throughput", forks=1)
    comparing.compare(made, "typed", LANES)

    assert "SIGILL" in made.skipped["pynng"]
    assert not made.can("pynng")


def test_a_fork_that_fails_is_missing_in_the_figures_which_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "measure", failing([None, LaneFailed("late", why="slow", lane=None)]))
    made = session("throughput", forks=3)
    comparing.compare(made, "typed", LANES)

    assert {(result.forks, result.asked) for result in made.results} == {(2, 3)}
    assert "typed, fork 2 of 3" in made.skipped


def test_of_ours_that_was_never_measured_there_is_no_figure_but_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "measure", failing([OSError("no driver")] * 3))  # type: ignore[list-item] - any error
    made = session("throughput", forks=3)
    comparing.compare(made, "typed", LANES)

    assert made.results == []
    assert any("actorbus, msgs_per_s: nothing was measured" in words for words in made.skipped)


@pytest.mark.parametrize(
    ("case", "feed"),
    [
        (Case(system="actorbus"), comparing.NATIVELY),
        (Case(system="pyaeron+msgspec"), comparing.NATIVELY),
        (Case(system="actorbus", own_publish=True), comparing.ITS_OWN),
        (Case(system="pyzmq"), comparing.ITS_OWN),
        (Case(system="Pykka"), comparing.ONE_PROCESS),
    ],
)
def test_who_sends_is_told(case: Case, feed: str) -> None:
    assert comparing.feed_of(case) == feed
