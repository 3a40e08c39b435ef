"""A report as the scenarios make them."""

from __future__ import annotations

import msgspec

from actorbus.bench.machine import Machine
from actorbus.bench.pace import Conditions
from actorbus.bench.record import Report, Result, figure

MACHINE = Machine(processor="A & B", cores=2, isolated="none", memory_gb=24.7, kernel="6.1", load_before=0.1)
CONDITIONS = Conditions(pace_ms=12.0, slow=1.2, swing=1.5, looks=9, steal_percent=2.5, foreign_percent=0.5)
CURVE = {"p0": 100, "p50": 1500, "p99": 40_000, "p99.9": 20_000_000, "p100": 30_000_000}


def report(scenario: str = "latency", *results: Result, **changes: object) -> Report:
    trip = msgspec.structs.replace(figure("actorbus", "round_trip_ns", [1500.0], case="ipc"), percentiles_ns=CURVE)
    made = Report(
        scenario=scenario,
        about="round <trip>",
        date="2026-01-01 00:00 UTC",
        machine=MACHINE,
        versions={"python": "3.12"},
        runs=3,
        results=list(results) or [trip, figure("pyzmq", "msgs_per_s", [1e6, 2e6], case="a|b")],
        warnings=["few cores"],
        skipped={"pynng": "not there"},
        peers={"actorbus": "ours."},
        commit="0123456789ab",
        conditions=CONDITIONS,
    )
    return msgspec.structs.replace(made, **changes)
