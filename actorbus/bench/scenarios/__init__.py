"""The scenarios, one file a family. `run(name, effort)` measures one and returns its report."""

from __future__ import annotations

from actorbus.bench.scenarios.registry import SCENARIOS, Interrupted, about, expected_s, run

__all__ = ["SCENARIOS", "Interrupted", "about", "expected_s", "run"]
