"""`actorbus record DIR --channel URI --stream-id N`: records one Aeron stream as it comes, without a topology.

Frames are recorded byte for byte, whoever sent them: the stream is raw, nothing is decoded or checked. The recorder is
the one topologies have (`recorders:`), in a node of this one stream on a driver that runs already.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Final

import click

from actorbus.cli.completion import folders
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.options import DURATION
from actorbus.cli.progress import Progress, progress
from actorbus.cli.signals import StopSignals
from actorbus.errors import EXIT_DONE
from actorbus.topology.node import Node
from actorbus.topology.rules_machine import aeron_default_directory

__all__ = ["command"]

LOOK_S: Final = 0.1
"""How often the recorder's counters are looked at; it writes them as often."""
RECORDER: Final = "tape"


@click.command("record")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--channel", metavar="URI", required=True, help="The Aeron channel.")
@click.option(
    "--stream-id", metavar="N", type=click.IntRange(-(2**31), 2**31 - 1), required=True, help="The stream in it."
)
@click.option(
    "--directory", metavar="D", shell_complete=folders, help="The driver's directory. Default: Aeron's own default."
)
@click.option(
    "--stream", "name", metavar="NAME", default="stream", show_default=True, help="Its name in the recording."
)
@click.option("--for", "for_ns", type=DURATION, help="Stop after this time.")
@click.option("--until-idle", "until_idle_ns", type=DURATION, help="Stop when no message has come for this time.")
@click.option(
    "--sync",
    type=click.Choice(["durable", "interval", "none"]),
    default="durable",
    show_default=True,
    help="When it is on the disk: with every write, ten times a second, or at the end.",
)
def command(
    folder: str, channel: str, stream_id: int, directory: str | None, name: str, for_ns: int | None,
    until_idle_ns: int | None, sync: str,
) -> int:  # fmt: skip
    """Record one Aeron stream into DIR, byte for byte, until SIGTERM or Ctrl-C. DIR may hold a recording already.

    --until-idle counts from the last message, and only once there was one.
    """
    logging.getLogger("actorbus").addHandler(logging.NullHandler())  # what ends us is told once, as an error
    driver = Path(directory).absolute() if directory is not None else aeron_default_directory()
    stream = {"channel": channel, "stream_id": stream_id, "codec": {"format": "raw"}, "frame": "none"}
    node = Node.from_dict(
        {
            "version": 1,
            "name": "record",
            "driver": {"mode": "external", "directory": str(driver)},
            "streams": {name: stream},
            "recorders": {RECORDER: {"streams": [name], "directory": str(Path(folder).absolute()), "sync": sync}},
            "observability": {"statistics": False},
        }
    )
    with StopSignals() as stop, progress("record", unit="records") as work:
        with node:
            work.tell(f"{channel} stream {stream_id}")
            _follow(node, stop, work, for_ns, until_idle_ns)
        recorded = node.stats().recorders[RECORDER]
    if node.failed is not None:
        raise node.failed
    print(f"recorded {recorded.records:,} messages of {channel} stream {stream_id} in {folder}", file=sys.stderr)
    return EXIT_INTERRUPTED if stop.interrupted else EXIT_DONE


def _follow(node: Node, stop: StopSignals, work: Progress, for_ns: int | None, until_idle_ns: int | None) -> None:
    """Show how far the recorder is until it is to end: by a signal, by time, by silence, or because it failed."""
    began_ns = moved_ns = time.monotonic_ns()
    while not stop.event.wait(LOOK_S) and node.failed is None:
        now_ns = time.monotonic_ns()
        records = node.stats().recorders[RECORDER].records
        if records > work.done:
            moved_ns = now_ns
        work.advance(records - work.done)
        if for_ns is not None and now_ns - began_ns >= for_ns:
            return
        if until_idle_ns is not None and records and now_ns - moved_ns >= until_idle_ns:
            return
