"""How messages get from a recorder's subscriptions into its recording: natively, or one by one in Python.

    NativeTape   a sink behind each subscription; `step` is one native wait that polls, appends, writes and syncs
    PortTape     batches from the ports, `append` for each message: for backends that are no native journal

Both leave messages where they are (in the term buffers) while no recording is attached, unless told to shed.
Thread: the recorder's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from actorbus.actors.poller import Waiter
from actorbus.codec import unpack
from actorbus.dispatch import Port
from actorbus.dispatch.port import NOTICES
from actorbus.errors import FrameCorrupt
from actorbus.ffi import Marks, RecordCounts, RecordSink
from actorbus.recording import OutOfSpace, RecordedStream, RecordingPort

__all__ = ["NativeTape", "PortTape", "Recorded", "Tape"]

PATIENCE_NS = 10_000_000
"""A recorder that sheds and was away for longer leaves out what came meanwhile."""
CONTROL_TYPE = b"\x00\x00"
TYPE_OFFSET = 4
"""Where our frame says its type (docs/wire-format.md)."""


class Recorded(NamedTuple):
    """One recorded stream: its row of the recording's table, and its subscription's two ends."""

    name: str
    facts: RecordedStream
    port: Port
    sink: RecordSink


class Tape(Protocol):
    """Moves messages; `tell` of its maker is called with a stream whose port has notices."""

    def attach(
        self, recording: RecordingPort | None, numbers: Sequence[int], *, shed: bool, marks: Marks | None = None
    ) -> None:
        """Write to this recording, under these stream numbers; None: to none for now. What `marks` have is left out."""
        ...

    def step(self, seen: int, deadline_ns: int) -> bool:
        """Move what is there, or wait for more; whether there may be more at once.

        Returns when the actor's event is not `seen` any more, at the deadline (monotonic), or after some work.

        Raises:
            RecordingError, NativeError: a write or sync failed; attach another opening of the recording.
        """
        ...

    @property
    def counts(self) -> RecordCounts:
        """What it moved, over all streams and openings."""
        ...

    def sweep(self, position: int) -> None:
        """Mark how far each session is recorded; all that was appended is written, below `position`."""
        ...

    @property
    def waiting(self) -> int:
        """Messages that it has taken and not given to a recording."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether messages wait, or were left out, because the disk has no room now."""
        ...


class NativeTape:
    """For a native journal: the recording must have a `native_handle`."""

    def __init__(self, streams: Sequence[Recorded], waiter: Waiter, tell: Callable[[Recorded], None]) -> None:
        self._streams = streams
        self._waiter = waiter
        self._tell = tell
        self._recording: RecordingPort | None = None
        self._marks: Marks | None = None

    def attach(
        self, recording: RecordingPort | None, numbers: Sequence[int], *, shed: bool, marks: Marks | None = None
    ) -> None:
        """Point every sink at the journal, or at none."""
        self._recording, self._marks = recording, marks
        handle = 0 if recording is None else recording.native_handle
        for stream, number in zip(self._streams, numbers, strict=True):
            stream.sink.attach(handle, number, framed=stream.facts.framed, shed=shed, patience_ns=PATIENCE_NS)
            stream.sink.follow(marks, number, framed=stream.facts.framed)

    def step(self, seen: int, deadline_ns: int) -> bool:
        """One native wait: it polls, appends, writes and syncs by itself, and returns for notices."""
        number = self._waiter.wait(seen, deadline_ns)
        if number >= 0:
            self._tell(self._streams[number])
        return number >= 0

    @property
    def counts(self) -> RecordCounts:
        """The sum over the sinks."""
        each = [stream.sink.counts() for stream in self._streams]
        summed = RecordCounts(*(sum(column) for column in zip(*each, strict=True)))
        return summed._replace(longest_ns=max((one.longest_ns for one in each), default=0))

    def sweep(self, position: int) -> None:
        """Every message taken is in the journal's batch, and that is written."""
        if self._marks is not None:
            self._marks.sweep(position, [stream.sink for stream in self._streams])

    @property
    def waiting(self) -> int:
        """None: what the journal does not take stays in the term buffer."""
        return 0

    @property
    def is_full(self) -> bool:
        """What the journal says of its disk."""
        return self._recording is not None and self._recording.is_full


class PortTape:
    """For any recording: subscriptions without our frame, whose bodies are the frames as received."""

    def __init__(self, streams: Sequence[Recorded], waiter: Waiter, tell: Callable[[Recorded], None]) -> None:
        self._streams = streams
        self._waiter = waiter
        self._tell = tell
        self._recording: RecordingPort | None = None
        self._marks: Marks | None = None
        self._numbers: Sequence[int] = ()
        self._shed = False
        self._full = False
        self._pending: list[tuple[int, bytes, int, int, int]] = []
        self._reached: dict[tuple[int, int], int] = {}
        """By stream's number and session: the position of the record appended last, since the last sweep."""
        self._counts = RecordCounts()

    def attach(
        self, recording: RecordingPort | None, numbers: Sequence[int], *, shed: bool, marks: Marks | None = None
    ) -> None:
        """Write what comes, and what still waits, to this recording."""
        self._recording, self._numbers, self._shed, self._marks = recording, numbers, shed, marks
        for stream, number in zip(self._streams, numbers, strict=True):
            stream.sink.follow(marks, number, framed=stream.facts.framed)

    def step(self, seen: int, deadline_ns: int) -> bool:
        """Take a batch of each stream and append it, or wait for one and take that: none is left behind that only
        native code has.
        """
        worked = self._write() if self._pending else False
        if not self._pending:
            for place, stream in enumerate(self._streams):
                worked |= self._take(place, stream)
        if not worked:
            if self._recording is not None:
                with contextlib.suppress(OutOfSpace):  # the recording keeps it, and the next append says so
                    self._recording.tick(idle=True)
            number = self._waiter.wait(seen, deadline_ns)
            worked = number >= 0 and self._take(number, self._streams[number])
        return worked

    def _take(self, place: int, stream: Recorded) -> bool:
        if self._pending or (self._recording is None and not self._shed):
            return False
        count = stream.port.poll()
        if count == NOTICES:
            self._tell(stream)
            return True
        if count <= 0:
            return False
        for at, body in enumerate(stream.port.bodies()):
            if not stream.facts.framed or not _is_control(body):
                record = stream.port.record(at)
                self._pending.append((self._numbers[place], body, record[0], record[1], record[6]))
        self._write()
        return True

    def _write(self) -> bool:
        """Append what was taken; what does not fit stays, or is left out by the policy. Whether anything moved."""
        recording, counts = self._recording, self._counts
        done = size = shed = words = 0
        try:
            if recording is not None:
                for number, body, session, position, time_ns in self._pending:
                    recording.append(number, body, session=session, stream_position=position, time_ns=time_ns)
                    self._reached[number, session] = position
                    done += 1
                    size += len(body)
                    words += _is_control(body)  # of a stream without our frame: others were left out
                recording.tick()
                self._full = False
                if self._marks is not None:
                    self._marks.at(recording.positions.appended)
        except OutOfSpace:
            self._full = True
        finally:
            left = len(self._pending) - done
            if left and self._shed:
                shed, left = left, 0
            self._counts = counts._replace(
                records=counts.records + done,
                bytes=counts.bytes + size,
                words=counts.words + words,
                shed=counts.shed + shed,
                held=counts.held + (left > 0),
            )
            del self._pending[: done + shed]
        return done + shed > 0

    @property
    def counts(self) -> RecordCounts:
        """What it moved."""
        return self._counts._replace(repeated=sum(stream.sink.repeated for stream in self._streams))

    def sweep(self, position: int) -> None:
        """Mark what was appended: native code may have taken more, the batch that comes next and what waits here."""
        if self._marks is not None:
            for (number, session), reached in self._reached.items():
                self._marks.raise_to(number, session, position, reached)
            self._reached.clear()
            self._marks.sweep(position)

    @property
    def waiting(self) -> int:
        """Messages of the batch that was polled last."""
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """Whether the last append found no room."""
        return self._full


def _is_control(frame: bytes) -> bool:
    """Return whether it is Hello, Beat or Bye, which are not recorded. What only looks so is recorded as it came."""
    if frame[TYPE_OFFSET : TYPE_OFFSET + 2] != CONTROL_TYPE:
        return False
    try:
        return unpack(frame).control is not None
    except FrameCorrupt:
        return False
