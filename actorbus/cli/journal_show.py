"""`journal ls` and `journal inspect`: which recordings there are, and what is in one. Reads only."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import cast

import click

from actorbus.cli.columns import left_aligned, shown_bytes
from actorbus.cli.completion import folders
from actorbus.errors import EXIT_DONE, ActorBusError
from actorbus.journal import open_recording, table
from actorbus.journal.consumers import positions_of
from actorbus.journal.files import QUARANTINE, is_locked
from actorbus.journal.quarantine import FILE, read_quarantine
from actorbus.journal.tools import find_recordings, segments
from actorbus.recording import CorruptRecord, RecordedStream, RecordingNotFound, Segment
from actorbus.recording.place import time_text

__all__ = ["inspect", "ls"]

FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="A table or JSON lines."
)


def state_of(directory: Path) -> str:
    """Return whether somebody writes to a recording now."""
    return "being written" if is_locked(directory) else "at rest"


@click.command("ls")
@click.argument("directory", metavar="[DIR]", default=".", shell_complete=folders)
@FORMAT
def ls(directory: str, form: str) -> int:
    """List the recordings in DIR (itself, or up to three folders deep) with their streams and records."""
    found = find_recordings(directory)
    if not found:
        there = Path(directory).is_dir()
        why = "no folder in it has a recording.json" if there else "there is no such folder"
        raise RecordingNotFound(f"no recording in {directory}", why=why, hint="look at the path")
    rows = [_row(path) for path in found]
    if form == "json":
        for row in rows:
            print(json.dumps(row))
        return EXIT_DONE
    head = ("recording", "backend", "streams", "records", "first", "last", "size", "state")
    lines = [head, *(tuple(_cell(row[column]) for column in head) for row in rows)]
    print(left_aligned(lines, right=(3, 6)))
    return EXIT_DONE


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value))) or "-"
    return f"{value:,}" if isinstance(value, int) else "-" if value is None else str(value)


def _row(directory: Path) -> dict[str, object]:
    row: dict[str, object] = {"recording": str(directory)}
    try:
        kept = table.load(directory)
        with open_recording(directory) as reader:
            row |= {"backend": kept.backend, "streams": [stream.name for stream in reader.streams.values()]}
            row["records"] = reader.next_sequence - reader.first_sequence
            first = None
            with contextlib.suppress(CorruptRecord):
                first = reader.read()
            row["first"] = time_text(first.time_ns) if first is not None else None
        listed = segments(directory)
        newest = max((segment.last_time_ns for segment in listed), default=0)
        row["last"] = time_text(newest) if newest else None
        row["size"] = shown_bytes(sum(segment.bytes for segment in listed))
        row["state"] = state_of(directory)
    except ActorBusError as error:  # one recording that cannot be read hides no other
        unknown = dict.fromkeys(("backend", "streams", "records", "first", "last", "size"))
        return {**unknown, **row, "state": f"error[{error.code}]: {error.what}"}
    return row


@click.command("inspect")
@click.argument("directory", metavar="DIR", shell_complete=folders)
@FORMAT
def inspect(directory: str, form: str) -> int:
    """Show one recording: its streams and their message classes, segments, consumers, and what was cut out."""
    folder = Path(directory)
    kept = table.load(folder)
    listed = segments(folder)
    consumers = dict(positions_of(folder, kept.uuid))
    cut = sorted(path.name for path in (folder / QUARANTINE).glob("*") if path.is_file() and path.name != FILE)
    due = sum(not entry.is_done for entry in read_quarantine(folder)[0])
    if form == "json":
        print(
            json.dumps(
                {
                    "recording": directory, "uuid": kept.uuid, "backend": kept.backend, "created": kept.created,
                    "version": kept.actorbus_recording, "state": state_of(folder),
                    "streams": [_stream(stream) for stream in kept.streams],
                    "segments": [_segment(segment) for segment in listed],
                    "consumers": consumers, "quarantine": cut, "to_redrive": due,
                }
            )
        )  # fmt: skip
        return EXIT_DONE
    print(f"{directory}: {kept.backend} {kept.uuid}, begun {kept.created}, {state_of(folder)}")
    streams = [("stream", "number", "channel", "id", "format", "messages"), *map(_stream_row, kept.streams)]
    print("\n" + left_aligned(streams, right=(1, 3)))
    rows = [("segment", "sequences", "positions", "newest", "size"), *map(_segment_row, listed)]
    print("\n" + left_aligned(rows, right=(4,)))
    if consumers:
        named = [("consumer", "position", "behind"), *_behind(consumers, listed[-1].end_position)]
        print("\n" + left_aligned(named, right=(1, 2)))
    if due:
        print(f"\nquarantined messages: {due:,} (`actorbus redrive {directory} --list`)")
    for name in cut:
        print(f"\ncut out: {folder / QUARANTINE / name}")
    return EXIT_DONE


def _stream(stream: RecordedStream) -> dict[str, object]:
    return {
        "number": stream.number,
        "name": stream.name,
        "channel": stream.channel,
        "stream_id": stream.stream_id,
        "format": stream.format,
        "framed": stream.framed,
        "types": [{"id": one.id, "version": one.version, "class": one.cls} for one in stream.types],
    }


def _segment(segment: Segment) -> dict[str, object]:
    return {
        "file": Path(segment.path).name,
        "first_sequence": segment.first_sequence,
        "next_sequence": segment.next_sequence,
        "first_position": segment.first_position,
        "end_position": segment.end_position,
        "last_time_ns": segment.last_time_ns,
        "bytes": segment.bytes,
    }


def _stream_row(stream: RecordedStream) -> tuple[str, ...]:
    types = ", ".join(f"{one.cls} v{one.version} ({one.id})" for one in stream.types)
    form = stream.format if stream.framed else f"{stream.format}, foreign"
    return (stream.name, str(stream.number), stream.channel, str(stream.stream_id), form, types or "bytes")


def _segment_row(segment: Segment) -> tuple[str, ...]:
    last = segment.next_sequence - 1
    sequences = f"{segment.first_sequence:,} - {last:,}" if last >= segment.first_sequence else "empty"
    newest = time_text(segment.last_time_ns) if segment.last_time_ns else "-"
    positions = f"{segment.first_position:,} - {segment.end_position:,}"
    return (Path(segment.path).name, sequences, positions, newest, shown_bytes(segment.bytes))


def _behind(consumers: dict[str, int], end: int) -> list[tuple[str, ...]]:
    return [(name, f"{position:,}", shown_bytes(max(end - position, 0))) for name, position in consumers.items()]
