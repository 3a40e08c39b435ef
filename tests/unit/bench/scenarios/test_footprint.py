"""What a node takes."""

from __future__ import annotations

from tests.unit.bench.scenarios.tiny import tiny


def test_a_soak_loses_nothing_and_looks_twice() -> None:
    found = {result.case: result for result in tiny("soak").results if result.metric == "messages"}

    assert found["handled"].median >= 20_000
    assert found["missing"].median == 0
