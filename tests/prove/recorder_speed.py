"""Issue 7, line 5: the bench's own rows for recorder, group commit, opening, verify and replay, in one run.

The whole line wants Java, the Archive's jar and an otherwise idle machine; small versions are the scenarios' own tests.
"""

from __future__ import annotations

from actorbus.bench import hold
from actorbus.bench.digest import amount
from actorbus.bench.record import Effort, Report
from actorbus.bench.scenarios import run
from tests.prove import Failed

__all__ = ["judged", "line_5"]

SCENARIOS = ("record", "replay")
EFFORT = Effort(rounds=25, forks=3, seconds=1.0, journal_bytes=10 << 30, systems=("java-archive",))


def judged(reports: list[Report]) -> str:
    """Return every row of the recorder and its journal with its figure, and what stands beside them.

    Raises:
        Failed: a row does not hold or was not measured; names all, and the load of the machine.
    """
    rows = [each for each in hold.judge(reports) if each.row.scenario in SCENARIOS]
    told = [
        f"{'holds' if each.holds else 'FAILS'} {each.row.name}: "
        f"{'not measured' if each.value is None else amount(each.row.metric, each.value)}"
        for each in rows
    ]
    beside = [
        f"{result.system} {result.note} {amount(result.metric, result.min)} / {amount(result.metric, result.median)} / "
        f"{amount(result.metric, result.max)}"
        for report in reports
        for result in report.results
    ]
    warnings = [text for report in reports for text in (*report.warnings, *report.skipped.values())]
    text = "; ".join([*told, "min / median / max: " + ", ".join(beside), *warnings])
    if not all(each.holds for each in rows):
        raise Failed(text)
    return text


def line_5() -> str:
    """`record` beside the Java Archive, a crashed journal of 10 GiB, verify of 1 GiB, and `replay`."""
    return judged([run(name, EFFORT) for name in SCENARIOS])
