"""What merely exists."""

from __future__ import annotations

import pytest

from actorbus.bench.case import Case
from actorbus.bench.scenarios import throughput
from tests.unit.bench.scenarios.tiny import tiny


def test_every_count_has_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(cases: list[Case], **_: object) -> list[list[float]]:
        assert [case.streams for case in cases] == [1, 10, 100]
        return [[1e6]] * len(cases)

    monkeypatch.setattr(throughput, "measure", measure)
    systems = [result.system for result in tiny("streams").results if result.metric == "msgs_per_s"]

    assert systems == ["actorbus, 1 streams", "actorbus, 10 streams", "actorbus, 100 streams"]
