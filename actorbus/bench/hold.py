"""The rows that must hold, judged from the reports of one run of `actorbus bench hold`. Pure functions of figures.

Each row names its figure as docs/performance.md does. A row holds when every figure it is of was measured, in as many
forks as were asked for, and each is within the bound: what could not be measured does not hold, and says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from actorbus.bench.digest import amount
from actorbus.bench.peers.stages import FLOOR
from actorbus.bench.record import Report, Result
from actorbus.bench.scenarios.contention import BUSY
from actorbus.bench.scenarios.pressure import PROFILES
from actorbus.bench.scenarios.replaying import TO_HANDLER
from actorbus.bench.scenarios.scaling import EXIST
from actorbus.bench.scenarios.stages import ABOVE
from actorbus.bench.topologies import switch_interval_s

__all__ = ["ROWS", "SCENARIOS", "Judged", "Row", "judge", "text"]

SCENARIOS = (
    "publish", "publish-many", "receive", "latency", "one-way", "stages", "throughput", "contention", "fan-out",
    "streams", "kinds", "metrics", "record", "replay", "memory", "idle",
)  # fmt: skip
FLAT = 0.9
"""A curve is flat when what merely exists costs no more than a tenth: the turns themselves scatter by as much."""
FAIR = 0.5 * FLAT
"""Two threads that never wait share the GIL by halves."""
HAND_OVERS = 2
"""Hand-overs a handler may be late beside a busy thread: CPython asks that thread to let go after a switch interval,
and a thread that was put out waits for another; no thread of Python is sooner. Both threads are pinned to one core
here, so that each hand-over may wait for the kernel's next tick as well."""
CLOCK_MONOTONIC_COARSE = 6
TICK_NS = time.clock_getres(CLOCK_MONOTONIC_COARSE) * 1e9
"""The kernel's tick: what its coarse clock moves by (clock_getres(2)); 1 to 10 ms."""
PEER = "pyaeron+msgspec"


class Row(NamedTuple):
    """One must-hold row. One bound is given: the value may be it (`least`, `most`), or not (`below`, `above`)."""

    name: str
    scenario: str
    matches: Callable[[Result], bool]
    metric: str
    value: Callable[[Result], float]
    least: float | None = None
    most: float | None = None
    below: float | None = None
    above: float | None = None

    def within(self, value: float) -> bool:
        """Return whether a value is within the bound."""
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
            and (self.above is None or value > self.above)
        )


class Judged(NamedTuple):
    """A row and what was found; no value: it was not measured."""

    row: Row
    value: float | None
    why: str = ""
    """What is wrong beside the value: it was not measured, or not as often as asked."""

    @property
    def holds(self) -> bool:
        """Return whether it was measured, all of it, and is within its bound."""
        return self.value is not None and not self.why and self.row.within(self.value)


def _median(result: Result) -> float:
    return result.median


def _largest(result: Result) -> float:
    return result.max


def _inverse(result: Result) -> float:
    return 1 / result.median if result.median else float("inf")


def _half(result: Result) -> float:
    return result.median / 2


def _at(level: str) -> Callable[[Result], float]:
    return lambda result: float(result.percentiles_ns[level])


def _is(system: str, metric: str, case: str, note: str = "", against: str = "") -> Callable[[Result], bool]:
    """Return what finds one result: its case is exactly this one."""

    def matches(r: Result) -> bool:
        named = r.system == system and r.metric == metric and r.case == case and r.against == against
        return named and (not note or r.note == note)

    return matches


def _begins(system: str, metric: str, case: str, note: str = "") -> Callable[[Result], bool]:
    """Return what finds one result whose case begins so: its end is a size."""
    return lambda r: r.system == system and r.metric == metric and r.case.startswith(case) and r.note == note


def _flat(scenario: str, count: int, words: str) -> Row:
    """Return the row of a curve at a count: how much of the speed at one is left."""
    against = f"actorbus, {count} {words}"
    one = _is(f"actorbus, 1 {words}", "ratio", EXIST[scenario], against=against)
    return Row(f"{scenario}: {count} {words} cost what 1 costs", scenario, one, "ratio", _inverse, least=FLAT)


def _beside(profile: str, words: str) -> tuple[Row, ...]:
    """Return the rows beside a busy thread at a profile's switch interval."""
    interval_ns = switch_interval_s(profile) * 1e9
    late_ns = HAND_OVERS * (interval_ns + TICK_NS)
    shares = _is(f"actorbus, {BUSY}", "ratio", f"contention, {words}", against="actorbus")
    calls = _is("actorbus", "publish_ns", f"publish {BUSY}, {words}")
    late = _is("actorbus", "one_way_ns", f"handler {BUSY}, {words}")
    return (
        Row(f"{BUSY}, {words}: no less than a fair share", "contention", shares, "ratio", _median, least=FAIR),
        Row(f"{BUSY}, {words}: p99.9 of a publish < it", "contention", calls, "publish_ns", _at("p99.9"),
            below=interval_ns),
        Row(f"{BUSY}, {words}: a handler's p99.9 < {HAND_OVERS} of them and {HAND_OVERS} ticks of the kernel "
            f"({late_ns / 1e6:g} ms)", "contention", late, "one_way_ns", _at("p99.9"), below=late_ns),
    )  # fmt: skip


ROWS: tuple[Row, ...] = (
    Row("publish p50 < 1 µs", "publish", _is("actorbus", "publish_ns", "a message, mean of bursts"), "publish_ns",
        _at("p50"), below=1000),
    Row("publish <= 1.3x pyaeron's offer(encode(m))", "publish",
        _is("actorbus", "ratio", "a message, mean of bursts", against=PEER), "cost", _inverse, most=1.3),
    Row("publish_many >= 2.5x pyaeron + msgspec one by one", "publish-many",
        _is("actorbus, publish_many", "ratio", "a message, mean of bursts", against=PEER), "ratio", _median, least=2.5),
    Row("receive p50 < 2 µs", "receive", _is("actorbus", "receive_ns", "one message a batch"), "receive_ns", _median,
        below=2000),
    Row("one way p50 < 5 µs", "one-way", _is("actorbus", "one_way_ns", "ipc, 10,000 a second"), "one_way_ns", _median,
        below=5000),
    Row("half the round trip <= 2 µs", "latency", _is("actorbus", "round_trip_ns", "ipc"), "round_trip_ns", _half,
        most=2000),
    Row("typed handler >= 1.1x pyaeron + msgspec", "throughput",
        _is("actorbus", "ratio", "typed, handler a message", against=PEER), "ratio", _median, least=1.1),
    Row(f"typed handler <= 60 ns above poll + list decode + the same loop ({FLOOR})", "stages",
        _is("actorbus", "message_ns", ABOVE), "message_ns", _median, most=60),
    Row("batch handler >= 1.5x pyaeron + msgspec", "throughput",
        _is("actorbus", "ratio", "typed, batch handler", against=PEER), "ratio", _median, least=1.5),
    Row("struct handler, two of five fields, >= 1.5x pyaeron + msgspec", "throughput",
        _is("actorbus", "ratio", "struct, two of five fields", against=f"{PEER}, msgpack"), "ratio", _median,
        least=1.5),
    Row("columns >= 10 M msg/s", "throughput", _is("actorbus", "msgs_per_s", "columns, publish_columns"), "msgs_per_s",
        _median, least=10_000_000),
    Row("bytes of 1 KB > 100 k/s", "throughput", _is("actorbus", "msgs_per_s", "bytes, 1 KB"), "msgs_per_s", _median,
        above=100_000),
    Row("bytes of 10 KB > 50 k/s", "throughput", _is("actorbus", "msgs_per_s", "bytes, 10 KB"), "msgs_per_s", _median,
        above=50_000),
    Row("bytes of 100 KB > 10 k/s", "throughput", _is("actorbus", "msgs_per_s", "bytes, 100 KB"), "msgs_per_s", _median,
        above=10_000),
    *(_flat("fan-out", count, "handlers, 1 used") for count in (10, 100)),
    *(_flat(name, count, name) for name in ("streams", "kinds") for count in (10, 100)),
    *(row for profile, words in PROFILES.items() for row in _beside(profile, words)),
    Row("statistics cost <= 5 %", "metrics",
        _is("actorbus, statistics on", "ratio", "statistics", against="actorbus, statistics off"), "ratio", _median,
        least=0.95),
    Row("recorder >= the Java Archive", "record", _is("actorbus", "ratio", "100 B beside a live subscriber",
        against="java-archive"), "ratio", _median, least=1.0),
    Row("recorder >= the Java Archive with CRC32C, as ours", "record", _is("actorbus", "ratio",
        "100 B beside a live subscriber", against="java-archive with CRC32C, as ours"), "ratio", _median, least=1.0),
    Row("durable >= 100 k/s of 256 B where one fdatasync costs 1 ms", "record",
        _is("actorbus", "msgs_per_s", "durable, 256 B", "a fdatasync of 1 ms"), "msgs_per_s", _median, least=100_000),
    Row("open after a crash <= 1 s", "record",
        _begins("actorbus", "seconds", "open after a crash", "in the page cache"), "seconds", _largest, most=1.0),
    Row("open after a crash, from the disk, <= 1 s", "record",
        _begins("actorbus", "seconds", "open after a crash", "from the disk"), "seconds", _largest, most=1.0),
    Row("verify >= 500 MB/s", "record", _begins("actorbus", "MB_per_s", "verify", "in the page cache"), "MB_per_s",
        _median, least=500),
    Row("replay to a batch handler >= 2 M/s", "replay", _begins("actorbus", "msgs_per_s", "replay", TO_HANDLER),
        "msgs_per_s", _median, least=2_000_000),
    Row("memory < 50 MB", "memory", _begins("actorbus", "MB", "one publisher, one subscriber"), "MB", _median,
        below=50),
    Row("a further stream < 1 MB", "memory", _begins("actorbus", "MB", "a further stream"), "MB", _median, below=1),
    Row("idle < 2 % of a core", "idle", _begins("actorbus", "percent_of_core", "no traffic", "laptop profile"),
        "percent_of_core", _median, below=2),
)  # fmt: skip


def judge(reports: Sequence[Report]) -> list[Judged]:
    """Return every row with its figure, or with the reason why it has none."""
    by_name = {report.scenario: report for report in reports}
    return [_judged(row, by_name.get(row.scenario)) for row in ROWS]


def _judged(row: Row, report: Report | None) -> Judged:
    if report is None:
        return Judged(row, None, f"{row.scenario} was not run")
    reasons = "; ".join(f"{what}: {why}" for what, why in report.skipped.items())
    found = next((result for result in report.results if row.matches(result)), None)
    if found is None:
        return Judged(row, None, reasons or "no such figure")
    value = row.value(found)
    if found.forks < found.asked:
        return Judged(row, value, f"{found.forks} of {found.asked} runs; {reasons or 'the others measured nothing'}")
    if found.lost or found.wrong:
        return Judged(row, value, f"{found.lost or 0:,} messages lost, {found.wrong:,} wrong")
    return Judged(row, value)


def text(rows: Sequence[Judged]) -> str:
    """Return the rows for a terminal."""
    lines = ["must hold:"]
    for judged in rows:
        found = "not measured" if judged.value is None else amount(judged.row.metric, judged.value)
        why = f" ({judged.why})" if judged.why else ""
        lines.append(f"  {'holds' if judged.holds else 'FAILS'}  {judged.row.name}: {found}{why}")
    return "\n".join(lines)
