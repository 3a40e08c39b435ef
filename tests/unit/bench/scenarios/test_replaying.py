"""`replay`, with the least effort."""

from __future__ import annotations

from actorbus.bench import hold
from tests.unit.bench.scenarios.tiny import tiny


def test_all_that_is_recorded_is_replayed() -> None:
    found = tiny("replay")
    judged = {each.row.name: each.value for each in hold.judge([found])}

    assert len(found.results) == 4
    assert all(result.median > 0 for result in found.results)
    assert judged["replay to a batch handler >= 2 M/s"] == found.results[0].median
