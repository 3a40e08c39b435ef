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
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.options import DURATION
from actorbus.cli.signals import StopSignals
from actorbus.cli.table import LATENCY_COLUMNS, latency_cells, recorder_rows
from actorbus.errors import EXIT_DONE, EXIT_ENVIRONMENT_WRONG, ActorBusError, EnvironmentFault
from actorbus.metrics import (
    HANDLER,
    RECORDER,
    LatencySummary,
    RecorderCounters,
    StatisticsReader,
    StatisticsSnapshot,
    list_statistics,
)

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
@click.option("--watch", "every_ns", type=DURATION, help="Show them again and again, so far apart, until Ctrl-C: 1s.")
def command(which: tuple[str, ...], dead: bool, folder: str | None, form: str, every_ns: int | None) -> int:
    """Show the counters of running processes.

    All of this user's, or those with a NAME or PID (also dead ones).
    """
    place = Path(folder) if folder is not None else None
    if every_ns is None:
        return _show(place, which, dead=dead, form=form)
    with StopSignals() as stop:
        while True:
            if form == "table" and sys.stdout.isatty():
                click.clear()
            code = _show(place, which, dead=dead, form=form)
            if code != EXIT_DONE:
                return code
            sys.stdout.flush()
            if stop.event.wait(every_ns / 1e9):
                return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE


def _show(folder: Path | None, which: tuple[str, ...], *, dead: bool, form: str) -> int:
    found = list(_snapshots(folder, which, dead=dead or bool(which)))
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
        "recorders": {name: msgspec.structs.asdict(counters) for name, counters in _recorders(snapshot).items()},
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
        lines: list[tuple[str, ...]] = [("handler", "messages", "errors", "restarts", *LATENCY_COLUMNS)]
        for name, counters in snapshot.handlers.items():
            shown = latency_cells(msgspec.structs.asdict(latency.get(name, LatencySummary())))
            lines.append((name, f"{counters.messages:,}", f"{counters.errors:,}", f"{counters.restarts:,}", *shown))
        parts.append(left_aligned(lines, right=range(1, 8)))
    if recorders := _recorders(snapshot):
        rows = recorder_rows({name: msgspec.structs.asdict(counters) for name, counters in recorders.items()})
        parts.append(left_aligned(rows, right=range(1, len(rows[0]))))
    return "\n".join(parts)


def _recorders(snapshot: StatisticsSnapshot) -> Mapping[str, RecorderCounters]:
    blocks = snapshot.counters.get(RECORDER, {})
    return {name: RecorderCounters.from_block(block) for name, block in blocks.items()}
