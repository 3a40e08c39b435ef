"""Reports as tables and sentences: plain text for the terminal, Markdown for docs/benchmarks.md. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from actorbus.bench.record import Report, Result

__all__ = ["HEAD", "UNITS", "amount", "arrived", "cells", "facts", "filled", "markdown", "sentence", "text", "where"]

UNITS = {
    "msgs_per_s": "messages a second",
    "round_trip_ns": "round trip",
    "one_way_ns": "one way, from when it was due",
    "publish_ns": "publish, call to return",
    "message_ns": "cost of a message",
    "receive_ns": "poll's return to the handler's first line",
    "MB": "MB",
    "MB_per_s": "MB a second",
    "seconds": "seconds",
    "fdatasync_ms": "one fdatasync after 64 KiB, ms",
    "percent_of_core": "% of a core",
    "shared_bytes": "bytes in shared memory",
    "fds": "file descriptors",
    "files": "mappings that name a file",
    "anonymous": "anonymous mappings",
}
HEAD = ["case", "system", "what", "min", "median", "max", "turns, forks", "p99 (of forks)", "p99.9 (of forks)",
        "max of all", "lost"]  # fmt: skip
ALWAYS = 7
"""Columns that are there even when they are empty."""


def amount(metric: str, value: float) -> str:
    """Return a value with a unit a reader takes in at once."""
    if metric.endswith("_ns"):
        for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
            if abs(value) >= 10 * size:
                return f"{value / size:,.0f} {unit}"
        return f"{value:,.0f} ns"
    if metric == "msgs_per_s":
        return f"{value / 1e6:,.2f} M" if value >= 1e6 else f"{value / 1e3:,.0f} k"
    if metric in ("ratio", "cost"):
        return f"{value:.2f}x"
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def _tail(result: Result, level: str) -> str:
    """Return a percentile of all forks, and the lowest to the highest fork's."""
    if level not in result.percentiles_ns:
        return ""
    whole, spread = amount(result.metric, result.percentiles_ns[level]), result.tails_ns.get(level)
    if not spread or result.forks < 2:
        return whole
    low, _, high = (amount(result.metric, value) for value in spread)
    return whole if low == high else f"{whole} ({low} to {high})"


def cells(result: Result) -> list[str]:
    """Return a row of the table under HEAD."""
    spread = [amount(result.metric, value) for value in (result.min, result.median, result.max)]
    notes = ", ".join(note for note in (result.note, result.feed) if note)
    forks = f"{result.forks}" if result.forks == result.asked else f"{result.forks} of {result.asked}"
    longest = amount(result.metric, result.percentiles_ns["p100"]) if "p100" in result.percentiles_ns else ""
    lost = f"{result.lost:,}" if result.lost else ""
    if result.wrong:
        lost += f"{', ' if lost else ''}{result.wrong:,} wrong"
    return [
        result.case,
        f"{result.system} ({notes})" if notes else result.system,
        UNITS.get(result.metric, result.metric),
        *spread,
        f"{len(result.runs)}, {forks}",
        _tail(result, "p99"),
        _tail(result, "p99.9"),
        longest,
        lost,
    ]


def sentence(result: Result) -> str:
    """Return a ratio as a reader says it."""
    low, middle, high = (amount("ratio", value) for value in (result.min, result.median, result.max))
    forks = f"{result.forks} fork{'s' if result.forks > 1 else ''}"
    short = "" if result.forks == result.asked else f" of {result.asked} asked for"
    note = f"; {result.note}" if result.note else ""
    spread = f"{low} to {high} in {len(result.runs)} turns of {forks}{short}{note}"
    return f"{result.system} is {middle} as fast as {result.against} ({spread})"


def filled(report: Report) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a report's table: no ratios, no empty columns."""
    rows = [cells(result) for result in report.results if result.metric != "ratio"]
    kept = [place for place in range(len(HEAD)) if place < ALWAYS or any(row[place] for row in rows)]
    return [HEAD[place] for place in kept], [[row[place] for place in kept] for row in rows]


def _ratios(report: Report) -> list[str]:
    return [f"{result.case}: {sentence(result)}" for result in report.results if result.metric == "ratio"]


def arrived(report: Report) -> str:
    """Return whether what was sent came; empty where nothing was counted."""
    counted = [result for result in report.results if result.lost is not None]
    if not counted:
        return ""
    amiss = [result for result in counted if result.lost or result.wrong]
    if not amiss:
        return "Everything that was sent arrived, and every body was what was sent."
    names = ", ".join(f"{result.system} ({result.case})" for result in amiss)
    return f"Not everything that was sent arrived: {names}."


def facts(report: Report) -> str:
    """Return what the machine did meanwhile."""
    found = report.conditions
    if found is None:
        return ""
    return (
        f"The machine meanwhile: pace {found.slow:g}x of the yardstick's time, {found.swing:g}x from the quickest to "
        f"the slowest of {found.looks} looks; others used {found.foreign_percent:g} %, the hypervisor "
        f"{found.steal_percent:g} % of the processors."
    )


def text(report: Report) -> str:
    """Return a report for a terminal."""
    head, rows = filled(report)
    lines = [f"{report.scenario}: {report.about} ({report.seconds:g} s)"]
    if rows:
        table = [head, *rows]
        widths = [max(len(row[place]) for row in table) for place in range(len(head))]
        for row in table:
            places = enumerate(zip(row, widths, strict=True))
            padded = (cell.ljust(width) if place < 3 else cell.rjust(width) for place, (cell, width) in places)
            lines.append(("  " + "  ".join(padded)).rstrip())
    else:
        lines.append("  nothing was measured")
    lines += [f"  {words}" for words in _ratios(report)]
    lines += [f"  {words}" for words in (arrived(report), facts(report)) if words]
    lines += [f"  warning: {warning}" for warning in report.warnings]
    lines += [f"  not run: {what}: {why}" for what, why in report.skipped.items()]
    lines += [f"  missing, and of every report: {what}: {why}" for what, why in report.lacking.items()]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    escaped = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *(f"| {row} |" for row in escaped)]


def where(report: Report) -> str:
    """Return when and on what class of machine it ran."""
    machine = report.machine
    kind = "virtual machine" if machine.virtual else "machine"
    governor = f", governor {machine.governor}" if machine.governor else ""
    files = f"shared memory on {machine.memory_files or '?'}, recordings on {machine.disk_files or '?'}"
    return (
        f"{report.date}; {machine.cores} cores of a {kind} with {machine.processor} (isolated cores: {machine.isolated}"
        f"{governor}), {machine.memory_gb:g} GB, Linux {machine.kernel}; {files}"
    )


def versions_of(reports: Sequence[Report]) -> str:
    """Return the versions of everything that was used in any of them."""
    found = {name: version for report in reports for name, version in report.versions.items()}
    return ", ".join(f"{name} {version}" for name, version in found.items())


def made_by(reports: Sequence[Report], *, of: int) -> str:
    """Return how a page came about: the run's kind, its commit, and whether it is whole."""
    first = reports[0]
    whole = f"{len(reports)} scenarios" if len(reports) == of else f"unfinished: {len(reports)} of {of} scenarios"
    return f"A {first.kind} run of commit {first.commit or 'unknown'}, {first.runs} forks a comparison; {whole}."


def _section(report: Report) -> list[str]:
    head, rows = filled(report)
    lines = ["", f"## {report.scenario}", "", f"{report.about[0].upper()}{report.about[1:]}.", ""]
    lines += _table(head, rows) if rows else ["Nothing was measured."]
    lines += ["", *(f"- {words}." for words in _ratios(report))] if _ratios(report) else []
    notes = [f"- {words}" for words in (arrived(report), facts(report)) if words]
    notes += [f"- Warning: {warning}." for warning in report.warnings]
    notes += [f"- Not run: {what}: {why}" for what, why in report.skipped.items()]
    lines += ["", *notes] if notes else []
    programs = _programs(report)
    return lines + (["", "Programs, each function as it ran: " + "; ".join(programs) + "."] if programs else [])


def _programs(report: Report) -> list[str]:
    """Return the files and names of what ran."""
    by_file: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for result in report.results for name in result.ran):
        module, _, place = name.partition(":")
        by_file.setdefault(f"{module.replace('.', '/')}.py", []).append(place)
    return [f"`{file}` ({', '.join(places)})" for file, places in sorted(by_file.items())]


def markdown(reports: Sequence[Report], *, of: int | None = None) -> str:
    """Return docs/benchmarks.md: where it ran, a table a scenario, what each system does.

    Args:
        reports: of the scenarios until now.
        of: how many there will be; None: these.
    """
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`; do not edit. What must hold, and what is aimed at, is in docs/performance.md.",
        "",
        made_by(reports, of=len(reports) if of is None else of),
        "",
        f"{where(reports[0])}.",
        f"Versions: {versions_of(reports)}.",
        "",
        "Compare only inside one table: the same processes, turn by turn. Values are of all turns of all forks (fresh",
        "pairs of processes, a fresh driver); a ratio is the median of turns in the same round of the same processes.",
        "Percentiles are of all forks' records together, in brackets the lowest and the highest fork's.",
    ]
    for report in reports:
        lines += _section(report)
    known = {name: words for report in reports for name, words in report.peers.items()}
    lines += ["", "## What each system does", "", *_table(["system", "what it does and does not do"], known.items())]
    return "\n".join(lines) + "\n"
