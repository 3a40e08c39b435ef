"""Small versions of the proofs of issue 6: what does not depend on how busy the machine is."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench.record import Report, figure
from tests.prove import Failed
from tests.prove.speed import shown, soaked
from tests.unit.bench.samples import CURVE, report


def test_ten_million_messages_leave_nothing_behind() -> None:
    assert "0 missing" in soaked(10_000_000)


def trips(*systems: tuple[str, str], **curve: int) -> Report:
    results = [
        msgspec.structs.replace(figure(system, "round_trip_ns", [1.0], case), percentiles_ns=curve or CURVE)
        for system, case in systems
    ]
    return report("latency", *results)


def test_a_latency_report_shows_its_tail_beside_cs() -> None:
    both = (("actorbus", "ipc"), ("floor", "ipc"), ("actorbus", "ipc, cores shared"), ("floor", "ipc, cores shared"))

    assert "ipc, cores shared: p99 40 µs, p99.9 20 ms, C 40 µs" in shown(trips(*both))
    with pytest.raises(Failed, match="without percentiles: actorbus, ipc"):
        shown(trips(*both, p50=1))
    with pytest.raises(Failed, match="with and without cores"):
        shown(trips(("actorbus", "ipc"), ("floor", "ipc")))
