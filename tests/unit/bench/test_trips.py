"""Round trips and one way, in fresh processes."""

from __future__ import annotations

from actorbus.bench.case import Case
from actorbus.bench.trips import one_way, round_trip


def test_round_trips_have_a_curve() -> None:
    found = round_trip(Case(system="multiprocessing", lane=0, directory="", place=""), seconds=0.1)

    assert 0 < found["p0"] <= found["p50"] <= found["p99"] <= found["p100"]


def test_one_way_latencies_have_a_curve() -> None:
    found = one_way(Case(system="actorbus", lane=0, directory="", place=""), seconds=0.1, rate=500)

    assert 0 < found["p50"] <= found["p100"]
