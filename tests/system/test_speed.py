"""Small versions of the proofs of issue 6: what does not depend on how busy the machine is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from actorbus.bench.command import QUICK_SCENARIOS
from actorbus.bench.peers import MUST
from actorbus.bench.record import Report, Result, figure
from actorbus.bench.scenarios import SCENARIOS
from actorbus.bench.scenarios.soaking import GROWN, HELD, PROCESSES, SAME
from tests.prove import Failed
from tests.prove.speed import failing, soaked
from tests.prove.speed_judging import held, page_lacks, quick, shown
from tests.system.processes import environment
from tests.unit.bench.samples import CURVE, report

TEN_MILLION = 10_000_000


def test_ten_million_messages_leave_nothing_behind() -> None:
    assert " handled, 0 missing" in soaked(TEN_MILLION)


def soak(**changes: float) -> Report:
    """Return the report of a soak; a change is named `process_what`."""
    results = [figure("actorbus", "messages", [float(n)], case=case) for case, n in
               (("handled", TEN_MILLION), ("missing", changes.get("missing", 0)))]  # fmt: skip
    for process in PROCESSES:
        results.append(figure(process, "MB", [changes.get(f"{process}_MB", 0.05)], case=GROWN))
        names = (*HELD, "anonymous", "shared_bytes")
        results += [figure(process, name, [changes.get(f"{process}_{name}", 0)], case=SAME) for name in names]
    return report("soak", *results)


def test_an_allocators_late_mapping_is_told_and_does_not_fail() -> None:
    assert (
        "reader: 0.050 MB grown per 10^7; from 10 % to 100 %: fds +0, threads +0, files +0, anonymous mappings +1"
        in (held(soak(reader_anonymous=1), TEN_MILLION))
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"publisher_MB": 1.0}, {"reader_files": 1}, {"driver_fds": -1}, {"driver_shared_bytes": 4096},
        {"publisher_anonymous": 4}, {"reader_threads": 1}, {"missing": 1},
    ],
)  # fmt: skip
def test_what_grows_in_any_process_fails_a_soak(changes: dict[str, float]) -> None:
    with pytest.raises(Failed, match=next(iter(changes)).partition("_")[0]):
        held(soak(**changes), TEN_MILLION)


@pytest.mark.timeout(1200)
def test_the_reduced_set_has_a_figure_of_every_scenario_and_system(tmp_path: Path) -> None:
    made = tmp_path / "quick.json"
    command = [sys.executable, "-m", "actorbus", "bench", "all", "--quick", "--json", str(made)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=1100, check=False)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    quick(msgspec.json.decode(made.read_bytes(), type=list[Report]))


def quick_reports(**changes: Result) -> list[Report]:
    """Return the reports of a quick run; a change is of the first scenario."""
    results = {name: figure(name, "msgs_per_s", [1e6]) for name in MUST} | changes
    return [report(name, *results.values()) for name in QUICK_SCENARIOS]


def test_a_quick_run_with_every_system_is_whole() -> None:
    quick(quick_reports())


def test_a_quick_run_that_lacks_a_figure_is_not() -> None:
    with pytest.raises(Failed, match="scenarios publish"):
        quick(quick_reports()[:1])
    with pytest.raises(Failed, match="nothing of pyzmq"):
        quick(quick_reports(pyzmq=figure("floor", "msgs_per_s", [1e6])))
    with pytest.raises(Failed, match="floor, : 1 of 3 runs"):
        quick(quick_reports(floor=figure("floor", "msgs_per_s", [1e6], asked=3)))
    with pytest.raises(Failed, match="actorbus, : 7 lost"):
        quick(quick_reports(actorbus=figure("actorbus", "msgs_per_s", [1e6], lost=7)))


def test_the_page_is_of_one_full_run_that_ended() -> None:
    line = f"A full run of commit 0123456789ab, 3 forks a comparison; {len(SCENARIOS)} scenarios.\n"
    scenarios = "".join(f"## {name}\n" for name in SCENARIOS)
    page = line + scenarios + "## What each system does\n" + "".join(f"| {name} | x |\n" for name in MUST)

    assert page_lacks(page) == []
    assert page_lacks(page.replace("ab,", "ab+,")) == ["the line of a full, finished run of a clean commit"]
    assert page_lacks(page.replace("## soak\n", "").replace("| pyzmq |", "")) == ["scenario soak", "system pyzmq"]


CASES = ("ipc", "ipc, cores shared")


def trips(*systems: tuple[str, str], metric: str = "round_trip_ns", **curve: int) -> Report:
    results = [
        msgspec.structs.replace(figure(system, metric, [1.0], case=case), percentiles_ns=curve or CURVE)
        for system, case in systems
    ]
    return report("latency", *results)


def test_a_latency_report_shows_its_tail_beside_cs() -> None:
    both = [(system, case) for system in ("actorbus", "floor") for case in CASES]
    one_way = trips(*both, metric="one_way_ns")

    text = shown(trips(*both), one_way)
    assert "round trip, ipc, cores shared: p99 40 µs, p99.9 20 ms, C 40 µs" in text
    with pytest.raises(Failed, match="without percentiles: actorbus, ipc"):
        shown(trips(*both, p50=1), one_way)
    with pytest.raises(Failed, match="one_way_ns not with and without cores of their own: none"):
        shown(trips(*both))
    with pytest.raises(Failed, match="without C's own beside: round_trip_ns ipc, cores shared"):
        shown(trips(*both[:3]), one_way)


def test_rows_of_the_journal_are_another_issues() -> None:
    rows = (
        "holds  memory < 50 MB: 43.62",
        "FAILS  replay to a batch handler >= 2 M/s: 1.26 M",
        "FAILS  idle < 2 % of a core: 2.18",
    )
    said = "must hold:\n" + "".join(f"  {row}\n" for row in rows)

    assert failing(said) == ["idle < 2 % of a core: 2.18"]
