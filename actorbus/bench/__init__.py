"""`actorbus bench`: what the framework costs, beside what a Python user would take instead.

    scenarios/   what is measured       turns, trips, ticks   how: in turns of lanes; round trips; one way
    peers/       who is measured        rig, side             processes, pinned, with a fresh driver
    record       figures as JSON        page, chart, digest   the same for people
    hold         what must hold         machine, pace         where it ran, and what the machine did meanwhile

Everything is measured in processes of its own; nothing here runs in an application.
"""

from __future__ import annotations

from actorbus.bench.record import Effort, Report, Result
from actorbus.bench.scenarios import SCENARIOS, run

__all__ = ["SCENARIOS", "Effort", "Report", "Result", "run"]
