"""Which systems are asked for what; that trips are right is held in test_trips."""

from __future__ import annotations

import pytest

from actorbus.bench.case import Case
from actorbus.bench.scenarios import latency
from tests.unit.bench.samples import CURVE
from tests.unit.bench.scenarios.tiny import tiny


def test_every_system_has_percentiles(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def trip(case: Case, **_: object) -> dict[str, int]:
        asked.append(f"{case.system} {case.channel[:9]}")
        return CURVE

    monkeypatch.setattr(latency, "round_trip", trip)
    monkeypatch.setattr(latency, "one_way", trip)
    report = tiny("latency")

    assert {result.system for result in report.results} == {"actorbus", "pyaeron+msgspec"}
    assert all("p99.9" in result.percentiles_ns for result in report.results)
    ways = ("ipc", "ipc", "udp")
    assert asked == [f"{system} aeron:{way}" for system in ("actorbus", "pyaeron+msgspec") for way in ways]


def test_a_udp_channel_has_a_port_of_its_own() -> None:
    assert "endpoint=127.0.0.1:" in latency.udp_channel()
