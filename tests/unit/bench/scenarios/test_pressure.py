"""One thing changed."""

from __future__ import annotations

from tests.unit.bench.scenarios.tiny import tiny


def test_statistics_are_measured_on_and_off() -> None:
    systems = {result.system for result in tiny("metrics").results if result.metric == "msgs_per_s"}

    assert systems == {"actorbus, statistics on", "actorbus, statistics off"}
