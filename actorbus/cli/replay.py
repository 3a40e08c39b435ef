"""`actorbus replay DIR`: the records again, in the pace they were received or faster: as JSON lines, or into streams.

    stdout (the default)              the lines of `journal export`; needs no driver
    --channel URI --stream-id N       one recorded stream, its frames byte for byte, through one publication
    --to-topology FILE                each recorded stream into the topology's stream of the same name

Rules of this file:

* Up to the end of the moment it began, beside a recorder at work too; damage ends it as it ends an export.
* Whatever `--speed` says, the order is the recording's: one thread, each record offered until it is accepted.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, override

import click

from actorbus.cli.completion import folders, topologies
from actorbus.cli.exits import EXIT_INTERRUPTED
from actorbus.cli.journal_export import PlaceType, Rows, line_of, shown_progress, wanted_streams
from actorbus.cli.journal_sinks import opened
from actorbus.cli.options import DURATION
from actorbus.cli.signals import StopAsked, StopSignals
from actorbus.errors import EXIT_DONE, EXIT_FAILED, InvalidValue
from actorbus.journal import open_recording
from actorbus.recording import (
    EARLIEST,
    Place,
    RecordedMessage,
    RecordedStream,
    parse_end,
    parse_speed,
)
from actorbus.topology.classes import first_on_path
from actorbus.topology.describing import Describer, class_of

__all__ = ["SpeedType", "command", "paced"]

NAP_S: Final = 0.1
"""Longest sleep of a pause: so often the line of progress is drawn."""

type Put = Callable[[RecordedMessage, RecordedStream], None]


class SpeedType(click.ParamType[float]):
    """How many times faster than recorded: original, 4x, max."""

    name = "speed"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_speed(str(value))
        except InvalidValue as error:
            self.fail(str(error), param, ctx)


@click.command("replay")
@click.argument("directory", metavar="DIR", shell_complete=folders)
@click.option(
    "--from", "start", metavar="PLACE", type=PlaceType(), help="First: a sequence, position:N, or a time with zone."
)
@click.option("--to", "end", metavar="PLACE", type=PlaceType(), help="The first that does not come. Default: all.")
@click.option(
    "--speed", metavar="S", type=SpeedType(), default="max", show_default=True,
    help="original, or how many times faster: 4x, 0.5; max: without pauses.",
)  # fmt: skip
@click.option("--stream", "streams", metavar="NAME", multiple=True, help="Only this stream; may be repeated.")
@click.option("--channel", metavar="URI", help="Into this Aeron channel, byte for byte.")
@click.option("--stream-id", metavar="N", type=click.IntRange(-(2**31), 2**31 - 1), help="The stream in --channel.")
@click.option(
    "--to-topology", metavar="FILE", shell_complete=topologies, help="Into this topology's streams of the same names."
)
@click.option(
    "--directory", "driver", metavar="D", shell_complete=folders,
    help="The driver's directory. Default: Aeron's own, or that of the running topology.",
)  # fmt: skip
@click.option(
    "--connect-timeout", "connect_ns", type=DURATION, default="10s", show_default=True,
    help="How long a stream waits for a subscriber.",
)  # fmt: skip
@click.option("--app-dir", metavar="D", shell_complete=folders, help="Classes are found in this folder.")
@click.option("--generic", is_flag=True, help="Import no class: decode by the fields the recording tells.")
@click.option("--skip-corrupt", is_flag=True, help="Step over damage, telling each place; exit 1 when there was some.")
def command(
    directory: str, start: Place | None, end: Place | None, speed: float, streams: tuple[str, ...],
    channel: str | None, stream_id: int | None, to_topology: str | None, driver: str | None, connect_ns: int,
    app_dir: str | None, generic: bool, skip_corrupt: bool,
) -> int:  # fmt: skip
    """Replay the recording DIR to standard output as JSON lines, or its frames byte for byte into streams."""
    _check_target(channel, stream_id, to_topology, driver)
    if app_dir is not None:
        first_on_path(Path(app_dir).absolute())
    until = parse_end(end)
    began_ns = time.monotonic_ns()
    count, faults, next_sequence = 0, 0, -1
    into = None
    with StopSignals() as stop:
        try:
            with contextlib.ExitStack() as stack:
                if channel is not None or to_topology is not None:
                    stack.enter_context(stop.raising())  # also while a subscriber is waited for
                reader = stack.enter_context(open_recording(directory))
                wanted = wanted_streams(reader, streams)
                reader.seek(start or EARLIEST)
                if channel is not None or to_topology is not None:
                    from actorbus.cli.replay_into import Targets  # loads the transport, which stdout does not need

                    chosen = [one for one in reader.streams.values() if not wanted or one.name in wanted]
                    into = (
                        Targets.of_channel(channel, stream_id or 0, chosen, driver, connect_ns)
                        if channel is not None
                        else Targets.of_topology(str(to_topology), chosen, driver, app_dir, connect_ns)
                    )
                    stack.enter_context(into)
                put = _lines(stack, generic) if into is None else into.put
                total = max(reader.end_position - reader.position, 0)
                work = stack.enter_context(shown_progress("replay", None if into is None else "", total))
                rows = Rows(reader, until, skip_corrupt, work)
                for record, stream in paced(
                    _chosen(rows, wanted), speed, lambda: _pause(into is None, work.advance, stop)
                ):
                    put(record, stream)
                    count, next_sequence, faults = count + 1, record.sequence + 1, rows.faults
                    stop.check()
                work.wipe()
                faults = rows.faults
        except StopAsked:
            where = f"; --from {next_sequence} goes on" if next_sequence >= 0 else ""
            print(f"stopped after {count:,} records{where}", file=sys.stderr)
            if stop.interrupted:
                return EXIT_INTERRUPTED
    if into is not None:
        seconds = (time.monotonic_ns() - began_ns) / 1e9
        print(f"replayed {count:,} records into {into.where} in {seconds:.1f} s", file=sys.stderr)
    return EXIT_FAILED if faults else EXIT_DONE


def _check_target(channel: str | None, stream_id: int | None, to_topology: str | None, driver: str | None) -> None:
    if channel is not None and to_topology is not None:
        raise click.UsageError("--channel and --to-topology are two targets: give one of them")
    if (channel is None) != (stream_id is None):
        raise click.UsageError("--channel and --stream-id go together: an Aeron stream is named by both")
    if driver is not None and channel is None and to_topology is None:
        raise click.UsageError("--directory is a driver's, and standard output needs none: give --channel as well")


def _lines(stack: contextlib.ExitStack, generic: bool) -> Put:
    sink = stack.enter_context(opened("jsonl", None))
    describe = Describer(None if generic else class_of)
    return lambda record, stream: sink.put(line_of(record, stream, describe))


def _chosen(rows: Rows, wanted: frozenset[str]) -> Iterator[tuple[RecordedMessage, RecordedStream]]:
    for record in rows:
        stream = rows.stream(record.stream)
        if not wanted or stream.name in wanted:
            yield record, stream


def _pause(to_stdout: bool, advance: Callable[[int], None], stop: StopSignals) -> None:
    """Before each sleep: what was written is seen, the progress is drawn, a signal is heard."""
    stop.check()
    if to_stdout:
        sys.stdout.flush()
    advance(0)


def paced(
    records: Iterable[tuple[RecordedMessage, RecordedStream]],
    speed: float,
    pausing: Callable[[], None],
    *,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[RecordedMessage, RecordedStream]]:
    """Yield each record when it is due: the first at once, the others as long after it as recorded, by `speed`.

    One that is late comes at once, and those behind it keep their times: a slow reader does not stretch the replay.

    Args:
        records: in their order; their times rise.
        speed: times faster than recorded; math.inf: no pauses.
        pausing: called before each sleep.
        clock_ns: a monotonic time, in ns.
        sleep: sleeps so many seconds, at most NAP_S.
    """
    began_ns = first_ns = -1
    for record, stream in records:
        if speed != math.inf:
            if began_ns < 0:
                began_ns, first_ns = clock_ns(), record.time_ns
            due_ns = began_ns + round((record.time_ns - first_ns) / speed)
            while (left_ns := due_ns - clock_ns()) > 0:
                pausing()
                sleep(min(left_ns / 1e9, NAP_S))
        yield record, stream
