"""Small versions of the proofs of issue 6: what does not depend on how busy the machine is."""

from __future__ import annotations

import msgspec
import pytest

from actorbus.bench.record import Report, figure
from tests.prove import Failed
from tests.prove.speed import failing, shown, soaked
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


def test_rows_of_the_journal_are_another_issues() -> None:
    rows = ("holds  memory < 50 MB: 43.62", "FAILS  replay >= 2 M/s: 1.26 M", "FAILS  idle < 2 % of a core: 2.18")
    said = "must hold:\n" + "".join(f"  {row}\n" for row in rows)

    assert failing(said) == ["idle < 2 % of a core: 2.18"]
