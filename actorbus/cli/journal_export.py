"""`journal export DIR`: the records as JSON lines, CSV or Parquet, decoded where somebody knows how.

    {"sequence":7,"time_ns":...,"stream":"bars","session":-5,"position":1234,"type":"Bar","message":{...}}

Rules of this file:

* One line, row or entry a record; a batch frame has `messages`, and what nobody can read has `base64`.
* Reads only, beside a recorder at work too, up to the end of the moment it began.
* Damage ends it (exit 1) at the place, unless `--skip-corrupt` steps over it: then each hole is told on stderr.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import override

import click

from actorbus.cli.completion import folders, topologies
from actorbus.cli.journal_sinks import opened
from actorbus.cli.progress import Progress, progress
from actorbus.errors import EXIT_DONE, EXIT_FAILED, InvalidValue, RecordingError
from actorbus.journal import open_recording
from actorbus.recording import (
    EARLIEST,
    CorruptRecord,
    Place,
    RecordedMessage,
    RecordedStream,
    RecordingReader,
    parse_end,
    parse_place,
)
from actorbus.recording.place import FORMS
from actorbus.topology.classes import first_on_path
from actorbus.topology.describing import Describer, class_of

__all__ = ["PlaceType", "Rows", "export", "line_of", "shown_progress", "wanted_streams"]


PLACES = "write a sequence (100), position:4096, or a time with its zone (2026-03-02T09:30:00Z)"
"""What a place is on a command line."""


class PlaceType(click.ParamType[Place]):
    """A place in a recording: 100, position:4096, 2026-03-02T09:30:00Z."""

    name = "place"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, Place):
            return value
        try:
            return parse_place(str(value))
        except InvalidValue as error:
            self.fail(f"{error.what}; {PLACES}" if error.hint == FORMS else str(error), param, ctx)


@click.command("export")
@click.argument("directory", metavar="DIR", shell_complete=folders)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, CSV, or Parquet (the extra `parquet`).",
)
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help="Where to; standard output by default.")
@click.option(
    "--from", "start", metavar="PLACE", type=PlaceType(), help="First: a sequence, position:N, or a time with zone."
)
@click.option(
    "--to", "end", metavar="PLACE", type=PlaceType(), help="The first that does not come any more. Default: all."
)
@click.option("--stream", "streams", metavar="NAME", multiple=True, help="Only this stream; may be repeated.")
@click.option(
    "-t", "--topology", metavar="FILE", shell_complete=topologies, help="Message classes are found beside this file."
)
@click.option("--app-dir", metavar="D", shell_complete=folders, help="Classes are found in this folder.")
@click.option("--generic", is_flag=True, help="Import no class: decode by the fields the recording tells.")
@click.option("--skip-corrupt", is_flag=True, help="Step over damage, telling each place; exit 1 when there was some.")
def export(
    directory: str, form: str, output: str | None, start: Place | None, end: Place | None, streams: tuple[str, ...],
    topology: str | None, app_dir: str | None, generic: bool, skip_corrupt: bool,
) -> int:  # fmt: skip
    """Write the records of DIR as JSON lines, CSV or Parquet. Needs no driver and does not disturb a recorder."""
    if topology is not None:
        first_on_path(Path(topology).absolute().parent)
    if app_dir is not None:
        first_on_path(Path(app_dir).absolute())
    until = parse_end(end)
    describe = Describer(None if generic else class_of)
    faults = 0
    with open_recording(directory) as reader:
        wanted = wanted_streams(reader, streams)
        reader.seek(start or EARLIEST)
        total = max(reader.end_position - reader.position, 0)
        with opened(form, output) as sink, shown_progress("export", output, total) as work:
            rows = Rows(reader, until, skip_corrupt, work)
            for record in rows:
                stream = rows.stream(record.stream)
                if stream.name in wanted if wanted else True:
                    sink.put(line_of(record, stream, describe))
            faults = rows.faults
    return EXIT_FAILED if faults else EXIT_DONE


def line_of(record: RecordedMessage, stream: RecordedStream, describe: Describer) -> dict[str, object]:
    """Return the JSON object of a record."""
    return {
        "sequence": record.sequence,
        "time_ns": record.time_ns,
        "stream": stream.name,
        "session": record.session,
        "position": record.position,
        **describe(stream, record.payload),
    }


def wanted_streams(reader: RecordingReader, streams: tuple[str, ...]) -> frozenset[str]:
    """Return the names of `--stream`; empty when all are wanted. Raises InvalidValue for one that is not recorded."""
    names = sorted({stream.name for stream in reader.streams.values()})
    for name in streams:
        if name not in names:
            from actorbus.topology.report import one_of

            raise InvalidValue(f"the recording has no stream {name!r}", hint=one_of(name, names))
    return frozenset(streams)


class Rows:
    """The records up to an end, damage stepped over when that is wanted."""

    def __init__(self, reader: RecordingReader, until: Place | None, skip: bool, work: Progress) -> None:
        self._reader, self._until, self._skip, self._work = reader, until, skip, work
        self._stop = reader.end_position
        self._streams = reader.streams
        self.faults = 0

    def stream(self, number: int) -> RecordedStream:
        """Return a stream's row; the table grows while a recorder works."""
        if number not in self._streams:
            self._streams = self._reader.streams
        found = self._streams.get(number)
        if found is None:
            raise RecordingError(f"records of stream {number}, which the table does not have")
        return found

    def __iter__(self) -> Iterator[RecordedMessage]:
        while self._reader.position < self._stop:
            before = self._reader.position
            try:
                record = self._reader.read()
            except CorruptRecord as error:
                if not self._skip:
                    error.hint = error.hint or "--skip-corrupt goes on behind it"
                    raise
                self.faults += 1
                self._work.wipe()
                print(f"skipped: {error}", file=sys.stderr)
                if error.next_position < 0:
                    return
                if self._reader.position == before:
                    self._reader.seek(Place("position", error.next_position))
                continue
            if record is None or self._is_over(record):
                return
            self._work.advance(record.position - before)
            yield record

    def _is_over(self, record: RecordedMessage) -> bool:
        match self._until:
            case Place("sequence", value):
                return record.sequence >= value
            case Place("position", value):
                return record.position > value
            case Place("time", value):
                return record.time_ns >= value
            case _:
                return False


@contextlib.contextmanager
def shown_progress(label: str, output: str | None, total: int) -> Generator[Progress]:
    """Show progress where it cannot mix with the records: they go to a file or a pipe."""
    screen = sys.stderr if output is not None or not sys.stdout.isatty() else io.StringIO()
    with progress(label, total, unit="bytes", screen=screen) as work:
        yield work
