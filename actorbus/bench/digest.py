"""Reports as tables: plain text for the terminal, Markdown for docs/benchmarks.md. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from actorbus.bench.record import Report, Result

__all__ = ["HEAD", "UNITS", "amount", "cells", "markdown", "text", "where"]

UNITS = {
    "msgs_per_s": "messages a second",
    "round_trip_ns": "round trip",
    "one_way_ns": "one way, from when it was due",
    "publish_ns": "publish, call to return",
    "message_ns": "cost of a message",
    "receive_ns": "poll's return to the handler's first line",
    "ratio": "ratio",
    "MB": "MB",
    "MB_per_s": "MB a second",
    "seconds": "seconds",
    "fdatasync_ms": "milliseconds",
    "percent_of_core": "% of a core",
}
TAIL = ("p99", "p99.9", "p100")


def amount(metric: str, value: float) -> str:
    """Return a value with a unit a reader takes in at once."""
    if metric.endswith("_ns"):
        if value < 10_000:
            return f"{value:,.0f} ns"
        return f"{value / 1e3:,.0f} µs" if value < 1e7 else f"{value / 1e6:,.0f} ms"
    if metric == "msgs_per_s":
        return f"{value / 1e6:,.2f} M" if value >= 1e6 else f"{value / 1e3:,.0f} k"
    if metric == "ratio":
        return f"{value:.2f}x"
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def cells(result: Result) -> list[str]:
    """Return a row of the table under HEAD."""
    curve = result.percentiles_ns
    tail = [amount(result.metric, curve[key]) if key in curve else "" for key in TAIL]
    spread = [amount(result.metric, value) for value in (result.min, result.median, result.max)]
    name = f"{result.system} {result.note}" if result.note else result.system
    return [result.case, name, UNITS.get(result.metric, result.metric), *spread, *tail]


HEAD = ["case", "system", "what", "min", "median", "max", "p99", "p99.9", "max of run"]


def text(report: Report) -> str:
    """Return a report for a terminal."""
    rows = [cells(result) for result in report.results]
    filled = [place for place in range(len(HEAD)) if place < 6 or any(row[place] for row in rows)]
    table = [[HEAD[place] for place in filled], *([row[place] for place in filled] for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(filled))]
    lines = [f"{report.scenario}: {report.about} ({report.seconds:g} s)"]
    for row in table:
        places = enumerate(zip(row, widths, strict=True))
        padded = (cell.ljust(width) if place < 3 else cell.rjust(width) for place, (cell, width) in places)
        lines.append(("  " + "  ".join(padded)).rstrip())
    lines += [f"  warning: {warning}" for warning in report.warnings]
    lines += [f"  not run: {what}: {why}" for what, why in report.skipped.items()]
    lines += [f"  left out: {what}: {why}" for what, why in report.left_out.items()]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    escaped = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *(f"| {row} |" for row in escaped)]


def where(report: Report) -> str:
    """Return when and on what class of machine it ran."""
    machine = report.machine
    return (
        f"{report.date}; {machine.cores} cores of a {machine.processor} (isolated cores: {machine.isolated}), "
        f"{machine.memory_gb:g} GB, Linux {machine.kernel}"
    )


def markdown(reports: Sequence[Report]) -> str:
    """Return docs/benchmarks.md: where it ran, a table a scenario, what each system does."""
    first = reports[0]
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`; do not edit. What must hold, and what is aimed at, is in docs/performance.md.",
        "",
        f"{where(first)}.",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in first.versions.items()) + ".",
        "",
        "Compare only inside one table: the same processes, turn by turn. Ratios are medians of turns; latencies are",
        "medians of runs, and their tail is that of the median run.",
    ]
    for report in reports:
        about = f"{report.about[0].upper()}{report.about[1:]}. Runs: {report.runs}."
        lines += ["", f"## {report.scenario}", "", about, ""]
        rows = [cells(result) for result in report.results]
        filled = [place for place in range(len(HEAD)) if place < 6 or any(row[place] for row in rows)]
        lines += _table([HEAD[place] for place in filled], ([row[place] for place in filled] for row in rows))
        notes = [f"- Warning: {warning}." for warning in report.warnings]
        notes += [f"- Not run: {what}: {why}" for what, why in report.skipped.items()]
        notes += [f"- Left out: {what}: {why}." for what, why in report.left_out.items()]
        lines += ["", *notes] if notes else []
    known = {name: words for report in reports for name, words in report.peers.items()}
    lines += ["", "## What each system does", "", *_table(["system", "what it does and does not do"], known.items())]
    return "\n".join(lines) + "\n"
