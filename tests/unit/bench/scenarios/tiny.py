"""A scenario with the least effort."""

from __future__ import annotations

from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import run
from actorbus.bench.scenarios.registry import Session

TINY = Effort(
    rounds=1, turn_s=0.02, forks=1, seconds=0.1, systems=("pyaeron+msgspec",), soak_messages=20_000, kind="quick"
)


def tiny(name: str) -> Report:
    report = run(name, TINY)
    assert not report.skipped, report.skipped
    assert report.results
    return report


def session(name: str, **changes: object) -> Session:
    """Return a session that says nothing."""
    return Session(name, Effort(**changes), lambda _: None)
