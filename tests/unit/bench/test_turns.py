"""Turns in one pair of processes."""

from __future__ import annotations

import pytest

from actorbus.bench.case import Case
from actorbus.bench.turns import LaneFailed, measure


def test_every_lane_has_its_turns_and_all_that_was_sent_came() -> None:
    cases = [Case(system="floor"), Case(system="multiprocessing"), Case(system="multiprocessing", size=1024)]
    lanes = measure(cases, rounds=2, turn_s=0.02, forks=2)

    assert [[len(fork) for fork in lane.rates] for lane in lanes] == [[2, 2]] * 3
    assert all(sum(map(sum, lane.rates)) > 0 for lane in lanes)
    assert [(lane.lost, lane.wrong) for lane in lanes] == [(0, 0)] * 3


def test_a_lane_that_fails_is_named() -> None:
    bad = Case(system="pyaeron", channel="aeron:nothing", labelled="the bad one")
    with pytest.raises(LaneFailed, match="the bad one") as raised:
        measure([Case(system="multiprocessing"), bad], rounds=1, turn_s=0.02)

    assert raised.value.lane == 1
