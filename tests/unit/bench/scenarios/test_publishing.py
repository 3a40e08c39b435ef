"""Publishing, one by one and many."""

from __future__ import annotations

from tests.unit.bench.scenarios.tiny import tiny


def test_publishing_is_compared_with_pyaeron() -> None:
    metrics = {(result.system, result.metric) for result in tiny("publish").results}

    assert {("actorbus", "publish_ns"), ("pyaeron+msgspec", "ratio")} <= metrics
