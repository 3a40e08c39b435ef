"""Publisher, reader with a mailbox, and driver are each looked at twice."""

from __future__ import annotations

from actorbus.bench.scenarios.soaking import GROWN, HELD, PROCESSES, SAME
from tests.unit.bench.scenarios.tiny import tiny


def test_a_soak_loses_nothing_and_looks_at_three_processes() -> None:
    found = {(each.system, each.metric, each.case): each.median for each in tiny("soak").results}

    assert found["actorbus", "messages", "handled"] >= 20_000
    assert found["actorbus", "messages", "missing"] == 0
    for process in PROCESSES:
        assert (process, "MB", GROWN) in found
        assert {(process, name, SAME) for name in (*HELD, "anonymous")} <= set(found)
    assert ("driver", "shared_bytes", SAME) in found
