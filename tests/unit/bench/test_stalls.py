"""Each call beside a busy thread."""

from __future__ import annotations

from actorbus.bench.case import Case
from actorbus.bench.stalls import calls
from actorbus.bench.words import merged


def test_every_call_is_recorded() -> None:
    found = merged([calls(Case(system="actorbus", busy_thread=True), seconds=0.2, rate=500)])

    assert found.count == 100
    assert found.percentile(100) > 0
