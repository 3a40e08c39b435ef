"""The proofs of issue 6, by the bench itself: what is shown, what holds, what is flat, what grows, what is checked."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from actorbus.bench import hold
from actorbus.bench.command import HOLD
from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import run
from tests.prove import Failed
from tests.prove.speed_judging import held, page_lacks, quick, shown
from tests.system.processes import environment

__all__ = ["failing", "flat", "line_1", "line_2", "line_3", "line_4", "line_5", "line_6", "soaked"]

ROOT = Path(__file__).resolve().parent.parent.parent
QUICK_S, HOLD_S = 90, 600
RUNS = 3
SOAK = 100_000_000
HOSTILE = (
    "tests/property/test_batch_builder.py",
    "tests/system/test_hostile.py",
    "tests/system/test_hostile_frames.py",
)
FLAT_SCENARIOS = ("fan-out", "streams", "kinds")
JOURNAL_SCENARIOS = ("record", "replay")


def _command(arguments: Sequence[str], within_s: float) -> tuple[int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        list(arguments), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=within_s, check=False
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def line_1() -> str:
    """`make bench-quick` within 90 s with figures of every scenario and system; docs/benchmarks.md has all of them.

    Raises:
        Failed: it took longer, a figure is missing, or `make bench` did not write its whole page.
    """
    with tempfile.TemporaryDirectory() as place:
        code, text, seconds = _command(["make", "--no-print-directory", "bench-quick", f"BENCH_OUT={place}"], 600)
        if code:
            raise Failed(f"make bench-quick ended with {code}: {text[-2000:]}")
        reports = msgspec.json.decode((Path(place) / "quick.json").read_bytes(), type=list[Report])
        drawn = (Path(place) / "quick.html").read_text(encoding="utf-8")
    quick(reports)
    curves, code_shown = drawn.count("<svg"), drawn.count("<pre>")
    if curves < len(reports) or code_shown < len(reports):
        raise Failed(f"the page has {curves} drawings and {code_shown} pieces of code for {len(reports)} scenarios")
    page = ROOT / "docs" / "benchmarks.md"
    if lacks := page_lacks(page.read_text(encoding="utf-8") if page.exists() else ""):
        raise Failed(f"docs/benchmarks.md lacks {'; '.join(lacks)}: run make bench on an idle machine, and commit")
    if seconds > QUICK_S:
        raise Failed(f"make bench-quick took {seconds:.0f} s, at most {QUICK_S} are allowed")
    return f"make bench-quick: {len(reports)} scenarios, {curves} drawings in {seconds:.0f} s; the page is whole"


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


def soaked(messages: int) -> str:
    """Send so many and look at 10 % and 100 % of them."""
    return held(run("soak", Effort(soak_messages=messages)), messages)


def line_4() -> str:
    """`soak` of 10^8 messages."""
    return soaked(SOAK)


def line_5() -> str:
    """p99 and p99.9 of every latency scenario, with and without cores of their own, beside C's own."""
    effort = Effort(forks=3, seconds=1.5, systems=("floor", "pyaeron", "pyaeron+msgspec"))
    return shown(*(run(name, effort) for name in ("latency", "one-way")))


def line_6() -> str:
    """C tests under ASan, TSan and memcheck; the suites that feed hostile frames and walk bodies.

    Raises:
        Failed: one does not hold, was skipped, or valgrind is not here.
    """
    native = [sys.executable, "tools/native_test.py", "asan", "tsan", "valgrind"]
    code, text, _ = _command(native, 1200)
    found = re.search(r"native: (\d+) of (\d+) runs held", text)
    if code or found is None or found[1] != found[2] or found[1] == "0" or "valgrind is not installed" in text:
        raise Failed(f"{' '.join(native[1:])} ended with {code}: {text[-2000:]}")
    hostile = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", *HOSTILE]
    code, text, _ = _command(hostile, 1200)
    passed = re.search(r"^(\d+) passed", text, re.MULTILINE)  # with failed or skipped ones another word is in front
    if code or passed is None or re.search(r"\d+ (skipped|xfailed|deselected)", text):
        raise Failed(f"{' '.join(hostile[1:])} ended with {code}: {text[-2000:]}")
    return f"native, under ASan, TSan and memcheck: {found[1]} of {found[2]}; hostile frames and the walk: {passed[1]}"
