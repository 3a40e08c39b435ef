"""What was measured, as it is written to JSON: figures with their spread, and an honest record of how and where.

    Report { scenario, machine, versions, runs, results: [Result ...], warnings, skipped, about, conditions, ... }

* A figure is of something that was measured: nothing measured is no Result, never a zero.
* Values come from *turns* (or single runs) in *forks*: fresh processes with a fresh driver. All turns are pooled; what
  each fork's median was is told beside, since forks scatter more than turns.
* A ratio is taken turn by turn, of turns in the same round of the same processes: how many times as fast the first is.
* Percentiles are of all forks' histograms merged; how far forks were apart is told for p99 and p99.9.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

from actorbus.bench.machine import Machine
from actorbus.bench.pace import Conditions
from actorbus.bench.words import Dump, curve, merged

__all__ = ["Effort", "Progress", "Report", "Result", "figure", "percentiles", "pooled", "ratio", "today"]


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long to look, and at whom."""

    rounds: int = 27
    """Turns of each lane, in all forks together."""
    turn_s: float = 0.1
    forks: int = 3
    """Fresh pairs of processes a comparison is measured in."""
    seconds: float = 1.5
    """Of a run of round trips or ticks."""
    systems: tuple[str, ...] | None = None
    """Only these; None: all that can run."""
    soak_messages: int = 10_000_000
    journal_bytes: int = 10 << 30
    """Of the journal that is opened after a crash."""
    kind: str = "full"
    """`full`, `hold` (what the rows that must hold are made of, alone) or `quick`."""

    @property
    def quick(self) -> bool:
        """Whether it only shows that everything runs."""
        return self.kind == "quick"

    @property
    def full(self) -> bool:
        """Whether everything is measured."""
        return self.kind == "full"

    @property
    def judged(self) -> bool:
        """Whether only what the rows that must hold are made of is measured: ten minutes for all of them."""
        return self.kind == "hold"

    def wants(self, system: str) -> bool:
        """Return whether a system was asked for: ours and its stages always are."""
        return self.systems is None or system == "actorbus" or system.startswith("stage:") or system in self.systems

    def turns(self, share: float = 1.0) -> int:
        """Return the turns of each lane in one fork; `share`: of the usual, for what has many lanes."""
        return max(1, round(self.rounds * share / self.forks))


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of one system."""

    system: str
    metric: str
    """msgs_per_s, round_trip_ns, one_way_ns, publish_ns, receive_ns, message_ns, ratio, MB, percent_of_core, ..."""
    min: float
    median: float
    max: float
    case: str = ""
    """What of the scenario: a size, a count, a channel."""
    runs: list[float] = []
    """Every value: of each turn, or run."""
    percentiles_ns: dict[str, int] = {}
    """Of all forks merged."""
    tails_ns: dict[str, list[int]] = {}
    """p50, p99 and p99.9: lowest, median and highest of the forks'."""
    note: str = ""
    feed: str = ""
    """Who sent what was received: native code, or the system's own calls from Python."""
    against: str = ""
    """Of a ratio: the other system; the figure says how many times as fast as it `system` is."""
    at: float | None = None
    """Of a curve: how many there are of what the case counts."""
    forks: int = 0
    """Fresh (pairs of) processes the values are from."""
    asked: int = 0
    """And how many were asked for."""
    fork_medians: list[float] = []
    lost: int | None = None
    """Messages that were sent and did not come; None: not counted."""
    wrong: int = 0
    """Bodies that came and were not what was sent."""
    ran: list[str] = []
    """Functions and classes that did it, both sides: `module:name`."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario's outcome."""

    scenario: str
    about: str
    date: str
    machine: Machine
    versions: dict[str, str]
    runs: int
    """Forks asked for; each result has its own."""
    results: list[Result]
    warnings: list[str]
    skipped: dict[str, str]
    """What could not be measured, and why."""
    peers: dict[str, str] = {}
    """Systems in it, and what they do and do not do."""
    lacking: dict[str, str] = {}
    """Systems of every report that are missing here, and why."""
    seconds: float = 0.0
    kind: str = "full"
    commit: str = ""
    conditions: Conditions | None = None


type Progress = Callable[[str], None]


def pooled(system: str, metric: str, forks: Sequence[Sequence[float]], *, asked: int = 0, **more: object) -> Result:
    """Return min, median and max of all values of all forks.

    Args:
        system: whose.
        metric: what.
        forks: the values of each fork.
        asked: how many forks were asked for; 0: as many.
        more: other fields of the result.

    Raises:
        ValueError: there are no values.
    """
    there = [list(values) for values in forks if values]
    found = [value for values in there for value in values]
    if not found:
        raise ValueError(f"{system}, {metric}: nothing was measured")
    made = Result(
        system=system,
        metric=metric,
        min=min(found),
        median=statistics.median(found),
        max=max(found),
        runs=[_short(value) for value in found],
        forks=len(there),
        asked=asked or len(there),
        fork_medians=[_short(statistics.median(values)) for values in there] if len(there) > 1 else [],
    )
    return msgspec.structs.replace(made, **more)


def figure(system: str, metric: str, values: Sequence[float], *, asked: int = 0, **more: object) -> Result:
    """Return min, median and max of values that are from a fork each."""
    return pooled(system, metric, [[value] for value in values], asked=asked, **more)


def percentiles(system: str, metric: str, dumps: Sequence[Dump], *, asked: int = 0, **more: object) -> Result:
    """Return the forks' p50 with the percentiles of all of them merged.

    Raises:
        ValueError: nothing was recorded.
    """
    curves = [curve(merged([dump])) for dump in dumps if dump]
    tails = {level: [each[level] for each in curves] for level in ("p50", "p99", "p99.9")}
    made = figure(system, metric, tails["p50"], asked=asked, **more)
    return msgspec.structs.replace(
        made,
        percentiles_ns=curve(merged(dumps)),
        tails_ns={level: _spread(values) for level, values in tails.items()},
    )


def _spread(values: Sequence[int]) -> list[int]:
    return [min(values), int(statistics.median(values)), max(values)]


def ratio(
    system: str,
    against: str,
    ours: Sequence[Sequence[float]],
    theirs: Sequence[Sequence[float]],
    *,
    asked: int = 0,
    **more: object,
) -> Result:
    """Return how many times as fast as `against` a system is, turn by turn; both are rates, by fork.

    A turn in which the other did nothing counts as one message a second of it: it is not left out.

    Raises:
        ValueError: there are no turns of both.
    """
    forks = [
        [a / (b or 1.0) for a, b in zip(mine, other, strict=True)] for mine, other in zip(ours, theirs, strict=True)
    ]
    return pooled(system, "ratio", forks, asked=asked, against=against, **more)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def today() -> str:
    """Return date and time, UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
