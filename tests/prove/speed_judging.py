"""How the proofs of issue 6 judge a report: pure functions, held by tests/system/test_speed.py."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actorbus.bench.command import QUICK_SCENARIOS
from actorbus.bench.digest import amount
from actorbus.bench.peers import MUST
from actorbus.bench.record import Report
from actorbus.bench.scenarios import SCENARIOS
from actorbus.bench.scenarios.soaking import GROWN, HELD, PROCESSES, SAME
from tests.prove import Failed

__all__ = ["held", "page_lacks", "quick", "shown"]

GROWTH_MB = 1.0
MAPPINGS = 3
"""Anonymous mappings a process may have more of per 10^7 messages, each an allocator's."""
FOUNDING_NS = 10_000
"""The founding figure: p99 of a round trip below 10 µs."""


def quick(reports: Sequence[Report]) -> None:
    """Look whether every scenario of the reduced set has our figure, and every system of every report one somewhere.

    Raises:
        Failed: names what is missing, failed or was lost.
    """
    names = [each.scenario for each in reports]
    faults = [] if names == list(QUICK_SCENARIOS) else [f"scenarios {', '.join(names)}"]
    faults += [f"{each.scenario}: nothing of actorbus" for each in reports if not _systems([each]) & {"actorbus"}]
    faults += [f"nothing of {name}" for name in MUST if name not in _systems(reports)]
    faults += [f"{name}: {why}" for each in reports for name, why in each.lacking.items()]
    for result in (result for each in reports for result in each.results):
        what = f"{result.system}, {result.case}"
        if result.system.partition(",")[0] in MUST and result.forks < result.asked:
            faults.append(f"{what}: {result.forks} of {result.asked} runs")
        if result.wrong or (result.lost and result.system.startswith("actorbus")):
            faults.append(f"{what}: {result.lost or 0} lost, {result.wrong} wrong")
    if faults:
        raise Failed("; ".join(faults))


def _systems(reports: Sequence[Report]) -> set[str]:
    """Return the systems with a figure; a variant (`actorbus, 10 streams`) is its system."""
    return {result.system.partition(",")[0] for report in reports for result in report.results}


def page_lacks(text: str) -> list[str]:
    """Return what docs/benchmarks.md lacks: it must be of one full run that ended, with every scenario and system."""
    told = set(re.findall(r"^## ([\w-]+)$", text, re.MULTILINE))
    lacks = [f"scenario {name}" for name in SCENARIOS if name not in told]
    if not re.search(rf"^A full run of commit [0-9a-f]{{12}}, .*; {len(SCENARIOS)} scenarios\.$", text, re.MULTILINE):
        lacks.append("the line of a full, finished run of a clean commit")
    described = text.partition("## What each system does")[2]
    return lacks + [f"system {name}" for name in MUST if f"| {name} |" not in described]


def _one(report: Report, system: str, metric: str, case: str) -> float:
    found = (each for each in report.results if (each.system, each.metric, each.case) == (system, metric, case))
    result = next(found, None)
    if result is None:
        raise Failed(f"{report.scenario} has no {metric} of {system}, {case}: {report.skipped}")
    return result.median


def held(report: Report, messages: int) -> str:
    """Judge a soak: publisher, reader and driver, each by itself.

    Anonymous mappings are not judged by equality: an allocator takes one when it must, and what they hold is in the
    growth of memory. Their number has a bound of its own.

    Raises:
        Failed: memory grew by 1 MiB per 10^7 or more, a message was missing, or a process holds more than before.
    """
    handled, missing = (_one(report, "actorbus", "messages", case) for case in ("handled", "missing"))
    told, faults = [f"{handled:,.0f} handled, {missing:.0f} missing"], list[str]()
    if missing or handled < messages:
        faults.append("messages")
    mappings_most = MAPPINGS * max(1.0, messages / 10_000_000)
    for process in PROCESSES:
        grown, anonymous = _one(report, process, "MB", GROWN), _one(report, process, "anonymous", SAME)
        names = (*HELD, *(["shared_bytes"] if process == "driver" else []))
        moved = {name: _one(report, process, name, SAME) for name in names}
        told.append(
            f"{process}: {grown:.3f} MB grown per 10^7; from 10 % to 100 %: "
            + ", ".join(f"{name} {value:+.0f}" for name, value in {**moved, "anonymous mappings": anonymous}.items())
        )
        if grown >= GROWTH_MB or any(moved.values()) or anonymous > mappings_most:
            faults.append(process)
    if faults:
        raise Failed(f"{', '.join(faults)} of: {'; '.join(told)}")
    return "; ".join(told)


def shown(*reports: Report) -> str:
    """Look for p99 and p99.9 in every latency figure of every run asked for, and for C's own beside each of ours.

    Raises:
        Failed: one lacks them, or there is no such figure with cores of their own, or without.
    """
    trips = [each for report in reports for each in report.results if each.metric in {"round_trip_ns", "one_way_ns"}]
    bare = [f"{each.system}, {each.case}" for each in trips if not {"p99", "p99.9"} <= each.percentiles_ns.keys()]
    if bare:
        raise Failed(f"without percentiles: {', '.join(bare)}")
    few = [f"{each.system}, {each.case}: {each.forks} of {each.asked}" for each in trips if each.forks < each.asked]
    if few:
        raise Failed(f"fewer runs than asked for: {', '.join(few)}")
    by_case = {(each.metric, each.system, each.case): each.percentiles_ns for each in trips}
    cases = sorted({(metric, case) for metric, system, case in by_case if system == "actorbus"})
    alone = [f"{metric} {case}" for metric, case in cases if (metric, "floor", case) not in by_case]
    if alone:
        raise Failed(f"without C's own beside: {', '.join(alone)}")
    for metric in ("round_trip_ns", "one_way_ns"):
        names = [case for each, case in cases if each == metric and case.startswith("ipc")]
        if not any("cores shared" in case for case in names) or all("cores shared" in case for case in names):
            raise Failed(f"{metric} not with and without cores of their own: {', '.join(names) or 'none'}")
    told: list[str] = []
    for metric, case in cases:
        ours, floor = (by_case[metric, system, case] for system in ("actorbus", "floor"))
        p99, p999, beside = (amount("_ns", value) for value in (ours["p99"], ours["p99.9"], floor["p99"]))
        told.append(f"{'round trip' if metric == 'round_trip_ns' else 'one way'}, {case}: p99 {p99}, p99.9 {p999}, "
                    f"C {beside}")  # fmt: skip
    return f"{'; '.join(told)} (founding figure: p99 below {amount('_ns', FOUNDING_NS)})"
