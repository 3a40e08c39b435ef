"""A scenario with the least effort."""

from __future__ import annotations

from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import run

TINY = Effort(
    rounds=1, turn_s=0.02, runs=1, seconds=0.1, systems=("pyaeron+msgspec",), soak_messages=20_000, quick=True
)


def tiny(name: str) -> Report:
    report = run(name, TINY)
    assert report.skipped == {}
    assert report.results
    return report
