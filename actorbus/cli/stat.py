"""`actorbus stat [NAME|PID]...`: counters of running processes, and of the last ones that died, from their files.

Reads statistics files from outside (D9): it works while the application hangs, and after it was killed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import msgspec

from actorbus.cli.columns import left_aligned
from actorbus.cli.completion import folders, processes
from actorbus.errors import EXIT_DONE, EXIT_ENVIRONMENT_WRONG, ActorBusError, EnvironmentFault
from actorbus.metrics import HANDLER, LatencySummary, StatisticsReader, StatisticsSnapshot, list_statistics

__all__ = ["command"]

HANGS_NS = 2_000_000_000
"""A heartbeat is written four times a second: without one for so long, a process hangs."""
STREAM_COLUMNS = ("published", "received", "bytes", "gaps", "missing", "dropped", "quarantined")


@click.command("stat")
@click.argument("which", nargs=-1, metavar="[NAME|PID]...", shell_complete=processes)
@click.option("--all", "dead", is_flag=True, help="Also processes that have died and left their file.")
@click.option(
    "--folder", metavar="D", shell_complete=folders, help="Where the statistics files are. Default: this user's."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Tables or JSON lines.")
def command(which: tuple[str, ...], dead: bool, folder: str | None, form: str) -> int:
    """Show the counters of running processes: all of this user's, or those with a NAME or PID (also dead ones)."""
    found = list(_snapshots(Path(folder) if folder is not None else None, which, dead=dead or bool(which)))
    if not found:
        what = f"no process with the name or number {', '.join(which)}" if which else "no process of this user runs"
        hint = "`actorbus stat --all` shows those that died, `actorbus run` starts one"
        print(EnvironmentFault(what, hint=hint).format_text(), file=sys.stderr)
        return EXIT_ENVIRONMENT_WRONG
    if form == "json":
        for snapshot in found:
            print(json.dumps(_object(snapshot)))
    else:
        print("\n\n".join(_table(snapshot) for snapshot in found))
    return EXIT_DONE


def _snapshots(folder: Path | None, which: tuple[str, ...], *, dead: bool) -> Iterator[StatisticsSnapshot]:
    for path in list_statistics(folder):
        try:
            with StatisticsReader.open(path) as reader:
                snapshot = reader.snapshot()
        except ActorBusError:
            continue  # gone or half written since it was listed
        wanted = not which or snapshot.name in which or str(snapshot.pid) in which
        if wanted and (dead or snapshot.writer != "dead"):
            yield snapshot


def _state(snapshot: StatisticsSnapshot) -> str:
    if snapshot.closed:
        return "closed"
    if snapshot.writer == "alive" and snapshot.heartbeat_age_ns > HANGS_NS:
        return f"hangs: no heartbeat for {snapshot.heartbeat_age_ns / 1e9:.1f} s"
    return snapshot.writer


def _latency(snapshot: StatisticsSnapshot) -> Mapping[str, LatencySummary]:
    return {name: found.summary() for name, found in snapshot.histograms.get(HANDLER, {}).items()}


def _object(snapshot: StatisticsSnapshot) -> dict[str, object]:
    latency = _latency(snapshot)
    handlers = {
        name: {**msgspec.structs.asdict(counters), "latency_ns": msgspec.structs.asdict(latency[name])}
        if name in latency
        else msgspec.structs.asdict(counters)
        for name, counters in snapshot.handlers.items()
    }
    return {
        "name": snapshot.name,
        "pid": snapshot.pid,
        "state": _state(snapshot),
        "driver_directory": snapshot.driver_directory,
        "heartbeat_age_ns": snapshot.heartbeat_age_ns,
        "streams": {name: msgspec.structs.asdict(counters) for name, counters in snapshot.streams.items()},
        "handlers": handlers,
    }


def _table(snapshot: StatisticsSnapshot) -> str:
    driver = f", driver in {snapshot.driver_directory}" if snapshot.driver_directory else ""
    parts = [f"{snapshot.name}: process {snapshot.pid}, {_state(snapshot)}{driver}"]
    if snapshot.streams:
        rows = [("stream", *STREAM_COLUMNS)]
        rows += [
            (name, *(f"{getattr(counters, column):,}" for column in STREAM_COLUMNS))
            for name, counters in snapshot.streams.items()
        ]
        parts.append(left_aligned(rows, right=range(1, 8)))
    if snapshot.handlers:
        latency = _latency(snapshot)
        lines: list[tuple[str, ...]] = [("handler", "messages", "errors", "restarts", "p50", "p99", "max")]
        for name, counters in snapshot.handlers.items():
            times = latency.get(name, LatencySummary())
            shown = (f"{value / 1000:,.1f} us" for value in (times.p50, times.p99, times.max))
            lines.append((name, f"{counters.messages:,}", f"{counters.errors:,}", f"{counters.restarts:,}", *shown))
        parts.append(left_aligned(lines, right=range(1, 7)))
    return "\n".join(parts)
