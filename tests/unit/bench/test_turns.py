"""Turns in one pair of processes."""

from __future__ import annotations

from actorbus.bench.case import Case
from actorbus.bench.turns import measure


def test_every_lane_has_its_turns_in_every_round() -> None:
    lanes = [Case(system=name, lane=0, directory="", place="") for name in ("floor", "multiprocessing")]
    rates = measure(lanes, rounds=2, turn_s=0.02)

    assert [len(rate) for rate in rates] == [2, 2]
    assert sum(map(sum, rates)) > 0
