"""The scenarios, one file a family. `run(name, effort)` measures one and returns its report."""

from __future__ import annotations

from actorbus.bench.scenarios.registry import SCENARIOS, about, run

__all__ = ["SCENARIOS", "about", "run"]
