"""The rows that must hold, judged from the reports of one run of `actorbus bench hold`. Pure functions of figures.

Each row names its figure as docs/performance.md does; a row whose part is not built or could not run does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from actorbus.bench.digest import amount
from actorbus.bench.record import Report, Result

__all__ = ["ROWS", "SCENARIOS", "Judged", "Row", "judge", "text"]

SCENARIOS = (
    "publish", "publish-many", "receive", "latency", "stages", "throughput", "contention", "fan-out", "streams",
    "kinds", "metrics", "record", "replay", "memory", "idle",
)  # fmt: skip
FLAT = 0.9
"""A curve is flat when what merely exists costs no more than a tenth: the turns themselves scatter by as much."""
FAIR = 0.5 * FLAT
"""Two threads that never wait share the GIL by halves; pairs of fresh processes scatter."""


class Row(NamedTuple):
    """One must-hold row."""

    name: str
    scenario: str
    matches: Callable[[Result], bool]
    metric: str
    value: Callable[[Result], float]
    at_least: float | None = None
    at_most: float | None = None


class Judged(NamedTuple):
    """A row and what was found; no value: it was not measured."""

    row: Row
    value: float | None

    @property
    def holds(self) -> bool:
        """Return whether it was measured and is within its bound."""
        row, value = self.row, self.value
        if value is None:
            return False
        above = row.at_least is None or value >= row.at_least
        return above and (row.at_most is None or value <= row.at_most)


def _median(result: Result) -> float:
    return result.median


def _largest(result: Result) -> float:
    return result.max


def _inverse(result: Result) -> float:
    return 1 / result.median if result.median else 0.0


def _half(result: Result) -> float:
    return result.median / 2


def _is(system: str, metric: str, case: str = "", note: str = "") -> Callable[[Result], bool]:
    return lambda r: r.system == system and r.metric == metric and r.case.startswith(case) and r.note.endswith(note)


def _p50(result: Result) -> float:
    return float(result.percentiles_ns.get("p50", int(result.median)))


def _flat(scenario: str, count: str, case: str) -> Row:
    def matches(result: Result) -> bool:
        return result.metric == "ratio" and result.case == case and f" {count}" in result.note

    return Row(f"{scenario}: {count} cost what 1 costs", scenario, matches, "ratio", _inverse, at_least=FLAT)


ROWS: tuple[Row, ...] = (
    Row("publish p50 < 1 µs", "publish", _is("actorbus", "publish_ns"), "publish_ns", _p50, at_most=1000),
    Row("publish <= 1.3x pyaeron's offer(encode(m))", "publish", _is("pyaeron+msgspec", "ratio"), "ratio",
        _inverse, at_most=1.3),
    Row("publish_many >= 2.5x pyaeron + msgspec one by one", "publish-many", _is("pyaeron+msgspec", "ratio"), "ratio",
        _median, at_least=2.5),
    Row("receive p50 < 2 µs", "receive", _is("actorbus", "receive_ns"), "receive_ns", _median, at_most=2000),
    Row("one way p50 < 5 µs", "latency", _is("actorbus", "one_way_ns", "ipc"), "one_way_ns", _median, at_most=5000),
    Row("half the round trip <= 2 µs", "latency", _is("actorbus", "round_trip_ns", "ipc"), "round_trip_ns",
        _half, at_most=2000),
    Row("typed handler >= 1.1x pyaeron + msgspec", "throughput",
        _is("actorbus", "ratio", "typed, handler", "pyaeron+msgspec"), "ratio", _median, at_least=1.1),
    Row("typed handler <= 60 ns above poll + list decode + loop", "stages",
        _is("actorbus", "message_ns", "above"), "message_ns", _median, at_most=60),
    Row("batch handler >= 1.5x pyaeron + msgspec", "throughput",
        _is("actorbus", "ratio", "typed, batch handler", "pyaeron+msgspec"), "ratio", _median, at_least=1.5),
    Row("struct handler, two of five fields, >= 1.5x pyaeron + msgspec", "throughput",
        _is("actorbus", "ratio", "struct, two", "pyaeron+msgspec"), "ratio", _median, at_least=1.5),
    Row("columns >= 10 M msg/s", "throughput", _is("actorbus", "msgs_per_s", "columns"), "msgs_per_s", _median,
        at_least=10_000_000),
    Row("bytes of 1 KB > 100 k/s", "throughput", _is("actorbus", "msgs_per_s", "bytes, 1 KB"), "msgs_per_s", _median,
        at_least=100_000),
    Row("bytes of 10 KB > 50 k/s", "throughput", _is("actorbus", "msgs_per_s", "bytes, 10 KB"), "msgs_per_s", _median,
        at_least=50_000),
    Row("bytes of 100 KB > 10 k/s", "throughput", _is("actorbus", "msgs_per_s", "bytes, 100 KB"), "msgs_per_s", _median,
        at_least=10_000),
    _flat("fan-out", "100 handlers, 1 used", "handlers that merely exist"),
    _flat("streams", "100 streams", "streams that merely exist"),
    _flat("kinds", "100 kinds", "kinds that merely exist"),
    Row("beside a busy thread: no less than a fair share", "contention",
        _is("actorbus", "ratio", "contention"), "ratio", _median, at_least=FAIR),
    Row("statistics cost <= 5 %", "metrics", _is("actorbus, statistics on", "ratio"), "ratio", _median, at_least=0.95),
    Row("recorder >= the Java Archive", "record", _is("actorbus", "ratio", "100 B", "of java-archive"), "ratio",
        _median, at_least=1.0),
    Row("recorder >= the Java Archive with CRC32C, as ours", "record",
        _is("actorbus", "ratio", "100 B", "with CRC32C, as ours"), "ratio", _median, at_least=1.0),
    Row("durable >= 100 k/s of 256 B where one fdatasync costs 1 ms", "record",
        _is("actorbus", "msgs_per_s", "durable", "costs 1 ms"), "msgs_per_s", _median, at_least=100_000),
    Row("open after a crash <= 1 s", "record", _is("actorbus", "seconds", "open after", "page cache"), "seconds",
        _largest, at_most=1.0),
    Row("open after a crash, from the disk, <= 1 s", "record",
        _is("actorbus", "seconds", "open after", "from the disk"), "seconds", _largest, at_most=1.0),
    Row("verify >= 500 MB/s", "record", _is("actorbus", "MB_per_s", "verify"), "MB_per_s", _median, at_least=500),
    Row("replay >= 2 M/s", "replay", _is("actorbus", "msgs_per_s", "replay", "decoded messages"), "msgs_per_s", _median,
        at_least=2_000_000),
    Row("memory < 50 MB", "memory", _is("actorbus", "MB", "one publisher"), "MB", _median, at_most=50),
    Row("a further stream < 1 MB", "memory", _is("actorbus", "MB", "a further"), "MB", _median, at_most=1),
    Row("idle < 2 % of a core", "idle", _is("actorbus", "percent_of_core"), "percent_of_core", _median, at_most=2),
)  # fmt: skip


def judge(reports: Sequence[Report]) -> list[Judged]:
    """Return every row with its figure."""
    by_name = {report.scenario: report.results for report in reports}
    judged: list[Judged] = []
    for row in ROWS:
        found = next((result for result in by_name.get(row.scenario, []) if row.matches(result)), None)
        judged.append(Judged(row, None if found is None else row.value(found)))
    return judged


def text(rows: Sequence[Judged]) -> str:
    """Return the rows for a terminal."""
    lines = ["must hold:"]
    for judged in rows:
        found = "not measured" if judged.value is None else amount(judged.row.metric, judged.value)
        lines.append(f"  {'holds' if judged.holds else 'FAILS'}  {judged.row.name}: {found}")
    return "\n".join(lines)
