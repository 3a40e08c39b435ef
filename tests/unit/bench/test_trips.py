"""Round trips, in fresh processes: two of them, or one."""

from __future__ import annotations

import pytest

from actorbus.bench import rig, trips
from actorbus.bench.case import Case
from actorbus.bench.words import curve, merged


def test_round_trips_have_a_curve() -> None:
    found = curve(merged([trips.round_trip(Case(system="multiprocessing"), seconds=0.1)]))

    assert 0 < found["p0"] <= found["p50"] <= found["p99"] <= found["p100"]


def test_asker_and_answerer_can_be_one_process() -> None:
    for system in ("actorbus", "floor"):
        assert trips.round_trip(Case(system=system), seconds=0.1, alone=True)


def test_the_driver_spins_only_where_it_has_a_core_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(system="actorbus")
    monkeypatch.setattr(rig, "cores", lambda: [4, 5])
    assert trips.driver_of(case).cpus == {}
    assert trips.driver_of(case, alone=True).cpus == {"conductor": 4}
    monkeypatch.setattr(rig, "cores", lambda: [4, 5, 6])
    assert trips.driver_of(case).cpus == {"conductor": 6}
    monkeypatch.setattr(rig, "cores", lambda: [4, 5, 6, 7, 8])
    low = trips.driver_of(Case(system="actorbus", profile="low-latency"))
    assert low.cpus == {"conductor": 6, "sender": 7, "receiver": 8}
