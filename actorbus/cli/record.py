"""`actorbus record`: records streams without running a topology's sources and handlers.

    record DIR --channel URI --stream-id N     one Aeron stream byte for byte, whoever sends it; no topology
    record FILE                                what the recorders of a topology record, where they record it
    record FILE DIR [--stream NAME]            streams of a topology (all, or those named) into DIR

The recorder is the one topologies have (`recorders:`), in a node of these streams alone, on a driver that runs already.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Final, Literal

import click
import msgspec

from actorbus.cli.completion import folders, topologies
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.join import beside, checked_plan, driver_of, need_streams
from actorbus.cli.options import DURATION
from actorbus.cli.progress import Progress, progress
from actorbus.cli.signals import StopAsked, StopSignals
from actorbus.errors import EXIT_DONE
from actorbus.limits import MIB
from actorbus.recording import Retention
from actorbus.topology.node import Node
from actorbus.topology.plan import RecorderPlan
from actorbus.topology.rules_machine import aeron_default_directory

__all__ = ["command"]

LOOK_S: Final = 0.1
"""How often the recorder's counters are looked at; it writes them as often."""
RECORDER: Final = "tape"
NAME: Final = "stream"
"""What a stream without a topology is called in the recording."""
INTERVAL_NS: Final = 100_000_000
SEGMENT_BYTES: Final = 128 * MIB
"""As the topology's defaults."""

type Sync = Literal["durable", "interval", "none"]


@click.command("record")
@click.argument("target", metavar="FILE|DIR", shell_complete=topologies)
@click.argument("folder", metavar="[DIR]", required=False, shell_complete=folders)
@click.option("--channel", metavar="URI", help="The Aeron channel, to record it without a topology.")
@click.option("--stream-id", metavar="N", type=click.IntRange(-(2**31), 2**31 - 1), help="The stream in it.")
@click.option(
    "--directory",
    metavar="D",
    shell_complete=folders,
    help="The driver's directory. Default: that of the running topology, or Aeron's own.",
)
@click.option(
    "--stream",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this stream of the topology; may be repeated. With --channel: its name in the recording.",
)
@click.option("--for", "for_ns", type=DURATION, help="Stop after this time.")
@click.option("--until-idle", "until_idle_ns", type=DURATION, help="Stop when no message has come for this time.")
@click.option(
    "--sync",
    type=click.Choice(["durable", "interval", "none"]),
    help="When it is on the disk: with every write (the default), ten times a second, or at the end.",
)
@click.option("--app-dir", metavar="D", shell_complete=folders, help="Classes are found in this folder.")
def command(
    target: str, folder: str | None, channel: str | None, stream_id: int | None, directory: str | None,
    names: tuple[str, ...], for_ns: int | None, until_idle_ns: int | None, sync: Sync | None, app_dir: str | None,
) -> int:  # fmt: skip
    """Record streams of the topology FILE, or one Aeron stream into DIR, until SIGTERM or Ctrl-C.

    FILE alone: what its recorders record, where they record it. FILE DIR: its streams into DIR. DIR --channel: byte for
    byte. A folder may hold a recording already. --until-idle counts from the last message, and only once there was one.
    """
    logging.getLogger("actorbus").addHandler(logging.NullHandler())  # what ends us is told once, as an error
    if channel is not None or stream_id is not None:
        node, what = _raw(target, folder, channel, stream_id, directory, names, sync)
    else:
        node, what = _of_topology(target, folder, directory, names, sync, app_dir)
    with StopSignals() as stop, progress("record", unit="records") as work:
        try:
            with stop.raising():
                node.open()
        except StopAsked:  # told to stop before anything was recorded
            return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE
        try:
            work.tell(what)
            _follow(node, stop, work, for_ns, until_idle_ns)
        finally:
            node.close()
        recorded = node.stats().recorders
    if node.failed is not None:
        raise node.failed
    for recorder in node.plan.recorders:
        print(
            f"recorded {recorded[recorder.name].records:,} messages of {what} in {recorder.directory}", file=sys.stderr
        )
    return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE


def _raw(
    target: str, folder: str | None, channel: str | None, stream_id: int | None, directory: str | None,
    names: tuple[str, ...], sync: Sync | None,
) -> tuple[Node, str]:  # fmt: skip
    """Return a node that records one Aeron stream into the folder `target`, and what to call it."""
    if channel is None or stream_id is None:
        raise click.UsageError("--channel and --stream-id go together: an Aeron stream is named by both")
    if folder is not None:
        raise click.UsageError(f"--channel records without a topology, into one folder: {target!r} or {folder!r}?")
    if len(names) > 1:
        raise click.UsageError("--channel is one stream, so it has one name: give --stream once")
    name = names[0] if names else NAME
    driver = Path(directory).absolute() if directory is not None else aeron_default_directory()
    stream = {"channel": channel, "stream_id": stream_id, "codec": {"format": "raw"}, "frame": "none"}
    recorder = {"streams": [name], "directory": str(Path(target).absolute()), "sync": sync or "durable"}
    node = Node.from_dict(
        {
            "version": 1,
            "name": "record",
            "driver": {"mode": "external", "directory": str(driver)},
            "streams": {name: stream},
            "recorders": {RECORDER: recorder},
            "observability": {"statistics": False},
        }
    )
    return node, f"{channel} stream {stream_id}"


def _of_topology(
    file: str, folder: str | None, directory: str | None, names: tuple[str, ...], sync: Sync | None, app_dir: str | None
) -> tuple[Node, str]:
    """Return a node that records streams of a topology, and what to call them."""
    if Path(file).is_dir():
        raise click.UsageError(f"{file!r} is a folder: give --channel and --stream-id, or the topology before it")
    plan = checked_plan(file, app_dir)
    need_streams(plan, file, names)
    recorders = plan.recorders if folder is None else (_into(folder, names or tuple(plan.streams), sync),)
    if not recorders:
        raise click.UsageError(f"{file} has no recorders: say where to record, `actorbus record {file} DIR`")
    if folder is None and names:
        raise click.UsageError("--stream chooses what goes into DIR: give one, or leave --stream out")
    if sync is not None:
        recorders = tuple(msgspec.structs.replace(recorder, sync=sync) for recorder in recorders)
    chosen = {name for recorder in recorders for name in recorder.streams}
    streams = {name: stream for name, stream in plan.streams.items() if name in chosen}
    return Node(beside(plan, driver_of(plan, directory), streams=streams, recorders=recorders)), ", ".join(streams)


def _into(folder: str, streams: tuple[str, ...], sync: Sync | None) -> RecorderPlan:
    return RecorderPlan(
        name=RECORDER,
        streams=streams,
        backend="journal",
        directory=str(Path(folder).absolute()),
        sync=sync or "durable",
        interval_ns=INTERVAL_NS,
        segment_length=SEGMENT_BYTES,
        shed=False,
        retention=Retention(),
    )


def _follow(node: Node, stop: StopSignals, work: Progress, for_ns: int | None, until_idle_ns: int | None) -> None:
    """Show how far the recorder is until it is to end: by a signal, by time, by silence, or because it failed."""
    began_ns = moved_ns = time.monotonic_ns()
    moved = 0
    while not stop.event.wait(LOOK_S) and node.failed is None:
        now_ns = time.monotonic_ns()
        counters = node.stats().recorders.values()
        records = sum(recorder.records for recorder in counters)
        messages = records - sum(recorder.words for recorder in counters)  # a publisher that lives is no message
        if messages > moved:
            moved, moved_ns = messages, now_ns
        work.advance(records - work.done)
        if for_ns is not None and now_ns - began_ns >= for_ns:
            return
        if until_idle_ns is not None and moved and now_ns - moved_ns >= until_idle_ns:
            return
