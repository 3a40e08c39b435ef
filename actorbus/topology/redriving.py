"""`node.redrive`: messages that handlers raised on, fetched from their recording by address and handed again.

    quarantine/messages.jsonl --> addresses not yet done --> one pass over the recording --> decoded --> the handlers
                              <-- done, or the new error ------------------------------------------------'

Rules of this file:

* Each is handed on its handler's own thread, in the recording's order; `on_error` does not act on what is raised.
* What was done is noted behind each: a kill between the two hands that one again.
* The recording is read from shortly before the first address; who is not found there is looked for from its begin.

Thread: the application's; not a handler's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import msgspec

from actorbus.actors import StreamPart
from actorbus.codec import FormatId, unpack
from actorbus.dispatch import taken_types
from actorbus.dispatch.redrive import OneMessage
from actorbus.errors import ActorBusError, UsageError
from actorbus.journal import KeptMessage, open_recording, read_quarantine, redriving
from actorbus.limits import TYPE_ID_RAW
from actorbus.recording import EARLIEST, CorruptRecord, Place, RecordedMessage, RecordingReader

if TYPE_CHECKING:
    from actorbus.actors import SessionParts, SessionSupervisor
    from actorbus.message import Message
    from actorbus.topology.plan import Plan

__all__ = ["RedriveFace", "Redriven", "chosen", "recordings_of"]

MARGIN_NS: Final = 10_000_000_000
"""A recorder that holds receives a message so much later, or earlier, than its handler did, at the most expected."""

type Address = tuple[str, int, int]
"""(stream, session, position): one record."""


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """What a redrive did, counted in messages handed to one handler each."""

    done: int = 0
    """Handled now."""
    failed: int = 0
    """Raised on again; they stay, with the new error."""
    missing: int = 0
    """Not in the recording: retention or damage took them, or the recorder did not get them. They stay."""
    already: int = 0
    """Redriven before, so passed over."""
    entries: tuple[KeptMessage, ...] = ()
    """Each as it is now: those done, failed and missing."""

    def __add__(self, other: Redriven) -> Redriven:
        """Return the sum of both."""
        return Redriven(
            done=self.done + other.done,
            failed=self.failed + other.failed,
            missing=self.missing + other.missing,
            already=self.already + other.already,
            entries=(*self.entries, *other.entries),
        )


class _Found(NamedTuple):
    entry: KeptMessage
    record: RecordedMessage


def recordings_of(plan: Plan) -> Mapping[str, Path]:
    """Return the folder each recorded stream of a topology is in: that of its first recorder."""
    found: dict[str, Path] = {}
    for recorder in plan.recorders:
        for stream in recorder.streams:
            found.setdefault(stream, Path(recorder.directory))
    return found


def chosen(
    entries: Iterable[KeptMessage], *, stream: str | None = None, handlers: Sequence[str] = (), again: bool = False
) -> tuple[list[KeptMessage], int]:
    """Return the entries to redrive, and how many were redriven before. No handler named: those of all."""
    wanted = [
        entry for entry in entries if stream in (None, entry.stream) and (not handlers or entry.handler in handlers)
    ]
    due = [entry for entry in wanted if again or not entry.is_done]
    return due, len(wanted) - len(due)


class RedriveFace:
    """The face of a node that redrives."""

    plan: Plan
    _parts: SessionParts

    def _open_supervisor(self) -> SessionSupervisor:
        raise NotImplementedError

    def redrive(
        self,
        stream: str | None = None,
        *,
        handler: str | None = None,
        again: bool = False,
        recording: str | Path | None = None,
    ) -> Redriven:
        """Hand the messages that handlers raised on (`on_error: quarantine`) to them again, each by its address.

        Kept are those of recorded streams, in `quarantine/messages.jsonl` of the recording, over restarts. Each is
        handed on its handler's thread, and noted as done or with its new error. Done ones are not handed twice.

        Args:
            stream: only those of this stream.
            handler: only those of this handler.
            again: those that were redriven before too.
            recording: the folder of a recording; None: those of the topology's recorders.

        Raises:
            UsageError: no such stream or handler, or nothing is recorded. ClosedError: the node is not open.
            RecordingError: what is wrong with the recording; JournalLocked: another redrive is at it.
        """
        known = [part.name for part in self._parts.handlers]
        for what, name, names in (("stream", stream, self._parts.streams), ("handler", handler, known)):
            if name is not None and name not in names:
                raise UsageError(f"there is no {what} {name!r}; the topology has: {', '.join(sorted(names)) or 'none'}")
        folders = sorted(set(recordings_of(self.plan).values())) if recording is None else [Path(recording)]
        if not folders:
            raise UsageError(
                "nothing is recorded here, so no message can be fetched again",
                hint="add the stream to a recorder, or name recording=DIR",
            )
        total = Redriven()
        for folder in folders:
            due, already = chosen(
                read_quarantine(folder)[0], stream=stream, handlers=() if handler is None else (handler,), again=again
            )
            total += Redriven(already=already)
            if due:
                total += self._redrive(folder, due)
        return total

    def _redrive(self, folder: Path, due: Sequence[KeptMessage]) -> Redriven:
        supervisor = self._open_supervisor()
        done = failed = 0
        entries: list[KeptMessage] = []
        left = {entry.key: entry for entry in due}
        with redriving(folder) as marks, open_recording(folder) as reader:
            for entry, record in _fetched(reader, due):
                del left[entry.key]
                error = self._hand(supervisor, entry, record)
                entries.append(marks.tried(entry, error, self._parts.clock.time_ns()))
                done += error is None
                failed += error is not None
        return Redriven(done=done, failed=failed, missing=len(left), entries=(*entries, *left.values()))

    def _hand(self, supervisor: SessionSupervisor, entry: KeptMessage, record: RecordedMessage) -> str | None:
        """Hand one message to whom it is for; returns None, or what was raised."""
        part = self._parts.streams.get(entry.stream)
        if part is None:
            return f"the topology has no stream {entry.stream!r} any more"
        try:
            cls, one = _decoded(part, entry, record)
        except Exception as error:  # noqa: BLE001 - whatever a decoder says of a body, it is the answer
            return f"{type(error).__name__}: {error}"
        names = [
            handler.name
            for handler in self._parts.handlers
            if entry.stream in handler.streams
            and entry.handler in ("", handler.name)
            and taken_types([handler.cls], [cls])
        ]
        if not names:
            return f"no handler {entry.handler or 'of the stream'!r} takes a {cls.__name__} of stream {entry.stream!r}"
        raised = [why for name in names if (why := supervisor.session.redrives.hand(name, one)) is not None]
        return "; ".join(raised) or None


def _decoded(part: StreamPart, entry: KeptMessage, record: RecordedMessage) -> tuple[type, OneMessage]:
    """Return a message's class and what its handler is given. Raises whatever the decoder raises."""
    publisher = published = 0
    type_id, version, sequence, body = TYPE_ID_RAW, 0, 0, record.payload
    if part.framed:
        frame = unpack(record.payload)
        if frame.format != part.format_id:
            raise UsageError(f"it was recorded in format {frame.format}, the stream has {part.format_id} now")
        publisher, published, type_id = frame.publisher, frame.publish_time_ns, frame.type_id
        version, sequence, body = frame.schema_version, frame.sequence + entry.index, frame.bodies[entry.index]
    cls = part.types.get(type_id)
    if cls is None:
        raise UsageError(f"stream {part.name!r} declares no type {type_id}")
    if part.format_id == FormatId.STRUCT:
        from actorbus.ffi import make_layout

        message: object = make_layout(cast("type[Message]", cls)).unpack(body, version)
    else:
        message = part.decoding((cls,)).one(body)
    where = (
        entry.session,
        entry.position,
        entry.index,
        sequence,
        publisher,
        published,
        record.time_ns,
        type_id,
        version,
    )
    return cls, OneMessage(part.name, message, where, (record.sequence, record.position))


def _fetched(reader: RecordingReader, due: Sequence[KeptMessage]) -> Iterator[_Found]:
    """Yield entries with their records, in the recording's order; who is not there is not yielded."""
    wanted: dict[Address, list[KeptMessage]] = {}
    for entry in due:
        wanted.setdefault((entry.stream, entry.session, entry.position), []).append(entry)
    begin = min(entry.received_ns for entry in due) - MARGIN_NS
    reader.seek(EARLIEST)
    first = reader.position
    try:
        reader.seek(Place("time", begin))
    except ActorBusError:
        reader.seek(EARLIEST)
    skipped_to = reader.position
    yield from _scan(reader, wanted, reader.end_position)
    if wanted and skipped_to > first:
        reader.seek(EARLIEST)
        yield from _scan(reader, wanted, skipped_to)


def _scan(reader: RecordingReader, wanted: dict[Address, list[KeptMessage]], end: int) -> Iterator[_Found]:
    names = {number: stream.name for number, stream in reader.streams.items()}
    while wanted and reader.position < end:
        try:
            record = reader.read()
        except CorruptRecord as error:
            if error.next_position < 0:
                return
            reader.seek(Place("position", error.next_position))
            continue
        if record is None:
            return
        if record.stream not in names:
            names = {number: stream.name for number, stream in reader.streams.items()}
        address = (names.get(record.stream, ""), record.session, record.stream_position)
        for entry in wanted.pop(address, ()):
            yield _Found(entry, record)
