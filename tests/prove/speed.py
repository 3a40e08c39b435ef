"""The proofs of issue 6, by the bench itself: what is shown, what holds, what is flat, what grows, what is checked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from actorbus.bench import hold
from actorbus.bench.command import HOLD, QUICK_SCENARIOS
from actorbus.bench.digest import amount
from actorbus.bench.record import Effort, Report, Result
from actorbus.bench.scenarios import SCENARIOS, run
from tests.prove import Failed
from tests.system.processes import environment

__all__ = ["failing", "flat", "line_1", "line_2", "line_3", "line_4", "line_5", "line_6", "shown", "soaked"]

ROOT = Path(__file__).resolve().parent.parent.parent
QUICK_S, HOLD_S = 90, 600
RUNS = 3
SOAK = 100_000_000
GROWTH_MB = 1.0
FLAT_SCENARIOS = ("fan-out", "streams", "kinds")
JOURNAL_SCENARIOS = ("record", "replay")
FOUNDING_NS = 10_000
"""The founding figure: p99 of a round trip below 10 µs."""


def _command(arguments: Sequence[str], within_s: float) -> tuple[int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        list(arguments), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=within_s, check=False
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def line_1() -> str:
    """`make bench-quick` within 90 s with a result in every scenario; docs/benchmarks.md has all of them.

    Raises:
        Failed: it took longer, a scenario has no figure, or `make bench` did not write its page.
    """
    with tempfile.TemporaryDirectory() as place:
        code, text, seconds = _command(["make", "--no-print-directory", "bench-quick", f"BENCH_OUT={place}"], 600)
        if code:
            raise Failed(f"make bench-quick ended with {code}: {text[-2000:]}")
        reports = json.loads((Path(place) / "quick.json").read_text(encoding="utf-8"))
        curves = (Path(place) / "quick.html").read_text(encoding="utf-8").count("<svg")
    empty = [report["scenario"] for report in reports if not report["results"]]
    if empty or [report["scenario"] for report in reports] != list(QUICK_SCENARIOS) or not curves:
        raise Failed(f"no figures of {', '.join(empty) or 'some scenario'}, or no curves ({curves})")
    page = ROOT / "docs" / "benchmarks.md"
    told = set(re.findall(r"^## ([\w-]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)) if page.exists() else set()
    if missing := set(SCENARIOS) - told:
        raise Failed(f"docs/benchmarks.md lacks {', '.join(sorted(missing))}: run make bench on an idle machine")
    if seconds > QUICK_S:
        raise Failed(f"make bench-quick took {seconds:.0f} s, at most {QUICK_S} are allowed")
    return f"make bench-quick: {len(reports)} scenarios, {curves} curves in {seconds:.0f} s; the page has {len(told)}"


def failing(text: str) -> list[str]:
    """Return the rows of a run of `make bench-hold` that do not hold, but those of the journal: issue 7 has them."""
    journals = tuple(f"{row.name}:" for row in hold.ROWS if row.scenario in JOURNAL_SCENARIOS)
    rows = re.findall(r"^  FAILS  (.+)$", text, re.MULTILINE)
    return [row for row in rows if not row.startswith(journals)]


def line_2() -> str:
    """Three runs of `make bench-hold`: every row that must hold does, in each.

    Raises:
        Failed: names the rows, with their figure of each run.
    """
    failed: list[str] = []
    longest = 0.0
    for number in range(RUNS):
        code, text, seconds = _command(["make", "--no-print-directory", "bench-hold"], 2 * HOLD_S)
        rows = re.findall(r"^  (holds|FAILS)  (.+)$", text, re.MULTILINE)
        if not rows:
            raise Failed(f"make bench-hold ended with {code}: {text[-2000:]}")
        failed += [f"run {number + 1}: {row}" for row in failing(text)]
        longest = max(longest, seconds)
    if failed or longest > HOLD_S:
        raise Failed(f"{'; '.join(failed) or 'all rows hold'}; the longest run took {longest:.0f} s")
    held = sum(row.scenario not in JOURNAL_SCENARIOS for row in hold.ROWS)
    return f"{held} rows hold in {RUNS} runs of {RUNS}, the longest {longest:.0f} s"


def flat(effort: Effort) -> str:
    """Measure what merely exists: handlers, streams and kinds.

    Raises:
        Failed: 100 of them cost more than a tenth above 1, or were not measured.
    """
    reports = [run(name, effort) for name in FLAT_SCENARIOS]
    judged = [each for each in hold.judge(reports) if each.row.scenario in FLAT_SCENARIOS]
    text = "; ".join(f"{each.row.name} {each.value or 0:.2f}x" for each in judged)
    if len(judged) < len(FLAT_SCENARIOS) or not all(each.holds for each in judged):
        raise Failed(text)
    return text


def line_3() -> str:
    """Cost a message against handlers, streams and kinds that merely exist."""
    return flat(HOLD)


def _one(report: Report, metric: str, case: str = "") -> Result:
    found = next((each for each in report.results if each.metric == metric and each.case.startswith(case)), None)
    if found is None:
        raise Failed(f"{report.scenario} has no figure {metric} {case}: {report.skipped}")
    return found


def soaked(messages: int) -> str:
    """Send so many and look at 10 % and 100 %.

    Raises:
        Failed: memory grew by more than 1 MiB per 10^7, something was missing, or the process holds more than before.
    """
    report = run("soak", Effort(soak_messages=messages))
    grown = _one(report, "MB").median
    differences = {name: _one(report, name).median for name in ("fds", "threads", "mappings", "shared_bytes")}
    missing, handled = _one(report, "messages", "missing").median, _one(report, "messages", "handled").median
    text = (
        f"{handled:,.0f} handled, {missing:.0f} missing; {grown:.3f} MB grown per 10^7; from 10 % to 100 %: "
        + ", ".join(f"{name} {value:+.0f}" for name, value in differences.items())
    )
    if missing or handled < messages or grown >= GROWTH_MB or any(differences.values()):
        raise Failed(text)
    return text


def line_4() -> str:
    """`soak` of 10^8 messages."""
    return soaked(SOAK)


def shown(report: Report) -> str:
    """Look for p99 and p99.9 in every latency figure, and for C's own beside ours.

    Raises:
        Failed: one lacks them.
    """
    trips = [each for each in report.results if each.metric in {"round_trip_ns", "one_way_ns"}]
    bare = [f"{each.system}, {each.case}" for each in trips if not {"p99", "p99.9"} <= each.percentiles_ns.keys()]
    if bare:
        raise Failed(f"without percentiles: {', '.join(bare)}")
    by_case = {(each.system, each.case): each.percentiles_ns for each in trips if each.metric == "round_trip_ns"}
    cases = sorted({case for system, case in by_case if system == "actorbus"})
    told: list[str] = []
    for case in cases:
        ours, floor = by_case["actorbus", case], by_case.get(("floor", case))
        beside = f", C {amount('_ns', floor['p99'])}" if floor else ""
        told.append(f"{case}: p99 {amount('_ns', ours['p99'])}, p99.9 {amount('_ns', ours['p99.9'])}{beside}")
    if not any("floor" in key for key in by_case) or sum(case.startswith("ipc") for case in cases) < 2:
        raise Failed(f"not with and without cores of their own beside C: {'; '.join(told) or 'no round trips'}")
    return f"{'; '.join(told)} (founding figure: p99 below {amount('_ns', FOUNDING_NS)})"


def line_5() -> str:
    """p99 and p99.9 of every latency scenario, with and without cores of their own, beside C's own."""
    return shown(run("latency", Effort(runs=3, seconds=1.5, systems=("floor", "pyaeron", "pyaeron+msgspec"))))


def line_6() -> str:
    """C tests under ASan, TSan and memcheck; the suites that feed hostile frames and walk bodies.

    Raises:
        Failed: one does not hold, or valgrind is not here.
    """
    told: list[str] = []
    native = [sys.executable, "tools/native_test.py", "asan", "tsan", "valgrind"]
    hostile = [
        "tests/property/test_batch_builder.py",
        "tests/system/test_hostile.py",
        "tests/system/test_hostile_frames.py",
    ]
    checks: list[tuple[list[str], Callable[[str], str | None]]] = [
        (native, lambda text: next(iter(re.findall(r"native: (\d+ of \d+ runs held)", text)), None)),
        (
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", *hostile],
            lambda text: next(iter(re.findall(r"(\d+ passed)", text)), None),
        ),
    ]
    for command, figure in checks:
        code, text, _ = _command(command, 1200)
        found = figure(text)
        if code or found is None or "valgrind is not installed" in text:
            raise Failed(f"{' '.join(command[1:])} ended with {code}: {text[-2000:]}")
        told.append(found)
    return f"native, under ASan, TSan and memcheck: {told[0]}; hostile frames and the walk: {told[1]}"
