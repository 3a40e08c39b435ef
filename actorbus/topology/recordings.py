"""From a planned recorder to what its actor is given: the rows of the recording's table, and how it is opened."""

from __future__ import annotations

import functools

import msgspec

from actorbus.actors import RecorderPart
from actorbus.ffi import Idle
from actorbus.journal import open_recording
from actorbus.message import is_message_class, type_id_of, version_of
from actorbus.recording import RecordedStream, RecordedType, RecordingPort
from actorbus.topology.describing import Describer
from actorbus.topology.plan import Plan, RecorderPlan, StreamPlan

__all__ = ["recorded_stream", "recorder_part"]


def recorder_part(plan: RecorderPlan, topology: Plan, idle: Idle) -> RecorderPart:
    """Return the actor's view of a recorder; `idle` is how its thread waits."""
    return RecorderPart(
        name=plan.name,
        streams=tuple(recorded_stream(topology.streams[name]) for name in plan.streams),
        open=functools.partial(_open, plan),
        native=plan.backend == "journal",
        durable=plan.sync == "durable",
        shed=plan.shed,
        retention=plan.retention,
        idle=idle,
    )


def _open(plan: RecorderPlan) -> RecordingPort:
    return open_recording(
        plan.directory,
        write=True,
        backend=plan.backend,
        sync=plan.sync,
        interval_ns=plan.interval_ns,
        segment_bytes=plan.segment_length,
        describe=Describer() if plan.backend == "jsonl" else None,
    )


def recorded_stream(plan: StreamPlan) -> RecordedStream:
    """Return the row of a stream in a recording's table."""
    types = [cls for cls in plan.types if is_message_class(cls)]
    return RecordedStream(
        name=plan.name,
        channel=plan.channel,
        stream_id=plan.stream_id,
        format=plan.format,
        framed=plan.frame,
        types=tuple(
            RecordedType(type_id_of(cls), version_of(cls), f"{cls.__module__}:{cls.__qualname__}", _fields(cls))
            for cls in types
        ),
    )


def _fields(cls: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Return name and type of each field, in the order on the wire."""
    annotations: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        annotations.update(getattr(base, "__annotations__", {}))
    return tuple((field.name, _shown(annotations.get(field.name))) for field in msgspec.structs.fields(cls))


def _shown(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else str(getattr(annotation, "__name__", annotation))
