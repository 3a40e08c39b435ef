"""From the poll to the handler."""

from __future__ import annotations

from tests.unit.bench.scenarios.tiny import tiny


def test_the_time_to_the_handler_has_a_curve() -> None:
    (result,) = tiny("receive").results

    assert 0 < result.percentiles_ns["p50"] <= result.percentiles_ns["p100"]
