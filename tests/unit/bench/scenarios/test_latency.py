"""Which systems are asked for what; that trips are right is held in test_trips."""

from __future__ import annotations

import pytest

from actorbus.bench import rig
from actorbus.bench.case import Case
from actorbus.bench.scenarios import latency
from actorbus.bench.words import Dump
from tests.unit.bench.scenarios.tiny import session, tiny

DUMP: Dump = [(1000, 99), (50_000, 1)]


def test_every_system_has_percentiles(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def trip(case: Case, **_: object) -> Dump:
        asked.append(f"{case.system} {case.channel[:9]}")
        return DUMP

    monkeypatch.setattr(latency, "round_trip", trip)
    report = tiny("latency")

    assert {result.system.partition(",")[0] for result in report.results} == {"actorbus", "pyaeron+msgspec"}
    assert all("p99.9" in result.percentiles_ns for result in report.results)
    assert {"actorbus aeron:ipc", "actorbus aeron:udp", "pyaeron+msgspec aeron:udp"} <= set(asked)


def labels(monkeypatch: pytest.MonkeyPatch, cores: int, name: str, **changes: object) -> dict[str, list[Case]]:
    """Return the cases of each row."""
    monkeypatch.setattr(rig, "cores", lambda: list(range(cores)))
    found: dict[str, list[Case]] = {}

    def trip(case: Case, **_: object) -> Dump:
        found.setdefault(f"{case.channel[6:9]}{'' if case.pinned else ', shared'}", []).append(case)
        return DUMP

    monkeypatch.setattr(latency, "round_trip", trip)
    monkeypatch.setattr(latency, "one_way", lambda case, **more: (trip(case, **more), 0))
    made = session(name, **changes)
    latency.run(made)
    assert made.skipped == {}
    return found


def test_udp_has_its_floor_beside_it_and_both_profiles_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    found = labels(monkeypatch, 2, "latency", systems=("floor",), forks=1)

    assert set(found) == {"ipc", "ipc, shared", "udp", "udp, shared"}
    for cases in found.values():
        assert {case.label for case in cases} >= {"actorbus", "floor", "actorbus, profile low-latency"}


def test_two_cores_are_a_warning_and_udp_a_process_a_side_wants_three(monkeypatch: pytest.MonkeyPatch) -> None:
    two = len(labels(monkeypatch, 2, "latency", systems=(), forks=1)["udp"])

    assert len(labels(monkeypatch, 3, "latency", systems=(), forks=1)["udp"]) > two


def test_one_way_has_ticks_at_every_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    found = labels(monkeypatch, 2, "one-way", systems=("floor",), forks=1)

    assert all(case.form == "ticks" for cases in found.values() for case in cases)
    assert len(found["ipc"]) == 2 * len(latency.RATES)


def test_a_udp_channel_has_a_port_of_its_own() -> None:
    assert "endpoint=127.0.0.1:" in latency.udp_channel()
