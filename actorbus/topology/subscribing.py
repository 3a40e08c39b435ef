"""What `node.publisher` and `node.subscribe` are asked for, checked; and which recording a subscription begins with."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

from actorbus.actors import ReplayPart, StreamPart, TapePlace
from actorbus.errors import UsageError
from actorbus.journal import Consumer, recording_table
from actorbus.recording import EARLIEST, FormatRefused, RecordingNotFound, parse_end, parse_speed, parse_start
from actorbus.recording.place import Given
from actorbus.topology.plan import HandlerPlan, Plan, RecorderPlan, StreamPlan

__all__ = ["check_stream", "check_types", "find_tape", "followed_part", "recorder_of", "replay_part"]


def check_stream(streams: Mapping[str, StreamPart], stream: str) -> None:
    """Raise UsageError for a stream there is not."""
    if stream not in streams:
        known = ", ".join(sorted(streams)) or "none"
        raise UsageError(f"there is no stream {stream!r}; the topology has: {known}")


def check_types(part: StreamPart, wanted: Iterable[type]) -> None:
    """Raise UsageError for a type the stream does not carry."""
    declared = tuple(part.types.values())
    for message_type in wanted:
        if message_type not in declared:
            names = ", ".join(known.__name__ for known in declared)
            raise UsageError(f"stream {part.name!r} carries {names}, not {message_type.__name__}")


def replay_part(
    plan: Plan,
    stream: str,
    start: Given | None,
    end: Given | None = None,
    speed: str | float | None = None,
    recording: str | Path | None = None,
) -> ReplayPart | None:
    """Return what a subscription replays, None for one that is live from the beginning.

    Args:
        plan: of the node.
        stream: one of its streams.
        start: where to begin.
        end: where to stop; None: go on live.
        speed: how fast, by the recorded times.
        recording: name of a recorder of the topology, or the folder of a recording; None: the first recorder of the
            stream.

    Raises:
        InvalidValue: not a place, or not a speed. UsageError: nobody records the stream; or an end, a speed or a
            recording for one that is live.
    """
    place, until, factor = parse_start(start), parse_end(end), parse_speed(speed)
    if place.is_live:
        for name, given in (("end", end), ("speed", speed), ("recording", recording)):
            if given is not None:
                raise UsageError(f"{name}={given!r} goes with a start in a recording", hint="give start='earliest'")
        return None
    directory = _directory(plan, stream, recording)
    planned = plan.streams.get(stream)
    find = functools.partial(find_tape, directory, stream, planned)
    return ReplayPart(find, place, until, factor)


def followed_part(plan: Plan, handler: HandlerPlan) -> ReplayPart:
    """Return what a handler reads of its stream's recording; with `resume` its place is kept under its name."""
    stream, start = handler.streams[0], handler.start or EARLIEST
    directory = _directory(plan, stream, None)
    find = functools.partial(find_tape, directory, stream, plan.streams[stream])
    return ReplayPart(
        find, start, consumer=functools.partial(_consumer, directory, handler.name) if handler.resume else None
    )


def _consumer(directory: Path, handler: str) -> Consumer:
    return Consumer(directory, recording_table(directory).uuid, handler)


def _directory(plan: Plan, stream: str, recording: str | Path | None) -> Path:
    recorder = recorder_of(plan.recorders, stream, None if recording is None else str(recording))
    if recorder is not None:
        return Path(recorder.directory)
    if recording is not None:
        return Path(recording).expanduser()
    raise UsageError(
        f"stream {stream!r} is not recorded here",
        hint="add it to a recorder (`recorders: {tape: {streams: [...], directory: DIR}}`), or name recording=DIR",
    )


def recorder_of(recorders: Iterable[RecorderPlan], stream: str, name: str | None = None) -> RecorderPlan | None:
    """Return the first recorder of a stream, or the one of that name; None when there is none."""
    for recorder in recorders:
        if stream in recorder.streams and name in (None, recorder.name):
            return recorder
    return None


def find_tape(directory: Path, stream: str, planned: StreamPlan | None) -> TapePlace:
    """Look up the rows of a stream in a recording.

    Raises:
        RecordingNotFound: no recording there, or the stream is not in it. FormatRefused: recorded in another format.
    """
    table = recording_table(directory)
    rows = [row for row in table.streams if row.name == stream]
    if not rows:
        known = ", ".join(sorted({row.name for row in table.streams})) or "no stream"
        raise RecordingNotFound(f"stream {stream!r} is not in the recording {directory}", why=f"it has {known}")
    same = [row for row in rows if planned is None or (row.framed, row.format) == (planned.frame, planned.format)]
    if not same:
        was = f"format {rows[-1].format}, {'with' if rows[-1].framed else 'without'} our frame"
        raise FormatRefused(
            f"stream {stream!r} was recorded in another format", where=str(directory), why=f"it was {was}"
        )
    if table.backend != "journal":
        raise FormatRefused(
            f"the recording {directory} has backend {table.backend}",
            why="subscriptions replay backend journal",
            hint="record with `backend: journal`, or use `actorbus replay`",
        )
    return TapePlace(str(directory), tuple(row.number for row in same))
