"""The recorder: writes the streams of one recording to disk, on a thread and subscriptions of its own (D11).

    Aeron --> subscription --> tape (tapes.py) --> recording

Rules of this file:

* Frames are recorded as received. Who holds the publishers back is the recorder's own policy: `hold` leaves messages
  in the term buffer while the disk cannot follow, `shed` leaves them out and counts them.
* A failed write or sync never ends the run: nothing more is taken, and after a pause the recording is resumed, with all
  that was taken before (RecordingPort.resume), within the budget of `supervision`. Beyond it the node fails, and from
  then on the recorder sheds, so that nobody is held by one that is dead. A full disk costs no budget: it is waited for.
* What was taken and could not be kept is counted (`lost`) and said in the log.
* A purge that fails is counted (`unpurged`) and said in the log: recording goes on, with all segments.
* What it did is counted (`RecorderCounter`), written ten times a second and when asked; what happened is an event.

Thread: the actor's own, but where it says any.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from actorbus.actors.hosting import Cells, RestartPolicy, Restarts
from actorbus.actors.poller import Drain, Waiter
from actorbus.actors.shell import Report, Shell
from actorbus.actors.tapes import NativeTape, PortTape, Recorded, Tape
from actorbus.clock import Clock
from actorbus.dispatch import RecorderChanged, StreamEvent
from actorbus.dispatch.notices import event_of
from actorbus.dispatch.state import describe
from actorbus.errors import ActorBusError, ClosedError, InternalError, InvalidValue, NativeError, RecordingError
from actorbus.ffi import Marks, RecordCounts
from actorbus.metrics import RecorderCounter
from actorbus.recording import OutOfSpace, RecordingPort, Retention, StorageFailed

__all__ = ["RecorderActor", "RecorderSetup"]

TICK_NS = 100_000_000
"""How often counters are written and the recording's state is looked at."""
PURGE_NS = 1_000_000_000
"""How often retention is looked at."""
ROOM_NS = 1_000_000_000
"""How often a recording that was not resumed for want of room is tried again."""
STOP_NS = 5_000_000_000
"""How long what has come is still taken at the end, beside publishers that go on."""
NAP_NS = 1_000_000
UNKEPT = "they could not be written anew after a failed write"
_log = logging.getLogger("actorbus.recorder")

type State = Literal["ready", "full", "failed", "dead"]


class RecorderSetup(NamedTuple):
    """What a recorder is. `open` opens its recording for writing, each time it is called."""

    name: str
    open: Callable[[], RecordingPort]
    marks: Callable[[RecordingPort], Marks]
    """Opens what says how far each session was recorded before."""
    native: bool
    """Whether the recording has a native handle to give the sinks."""
    durable: bool
    """Whether a record counts as safe only when it is durable (sync mode), not when it is written."""
    shed: bool
    retention: Retention
    restarts: RestartPolicy
    cells: Cells


class RecorderActor(Shell):
    """Records some streams into one recording."""

    def __init__(
        self, setup: RecorderSetup, clock: Clock, *, report: Report, on_event: Callable[[StreamEvent], None]
    ) -> None:
        super().__init__(f"recorder-{setup.name}", report)
        self._setup = setup
        self._clock = clock
        self._on_event = on_event
        self._streams: Sequence[Recorded] = ()
        self._tape: Tape | None = None
        self._recording: RecordingPort | None = None
        self._broken_one: RecordingPort | None = None
        """The recording after a failed write, until it is resumed."""
        self._marks: Marks | None = None
        self._marks_problem: str | None = None
        self._budget = Restarts(setup.restarts)
        self._reopen_at_ns: int | None = None
        self._purge_due_ns = 0
        self._purge_problem = ""
        self._state: State = "ready"
        self._counts = dict.fromkeys(RecorderCounter, 0)

    def assemble(self, streams: Sequence[Recorded], waiter: Waiter) -> None:
        """Give it what it records, before its start; `waiter` must not spin with the GIL."""
        self._streams = streams
        self._tape = (NativeTape if self._setup.native else PortTape)(streams, waiter, self._tell)

    @property
    def is_quiet(self) -> bool:
        """Whether all it took is as safe as its sync mode makes it. Any thread."""
        if self._state not in ("ready", "dead"):
            return False
        recording = self._recording
        if recording is None:
            return True
        try:
            now = recording.positions  # not as of the last look: a sync may take longer than that is ago
        except ClosedError:
            return False
        return now.appended == (now.durable if self._setup.durable else now.written)

    # -- life --------------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Open the recording. What is wrong with it (locked, corrupt, no room) ends the start."""
        self._open()
        self._look()

    def on_stop(self) -> None:
        """Take what is there, make it durable, and close the recording.

        Raises what kept it from that; what is lost by it was counted.
        """
        if self._broken_one is not None:
            with contextlib.suppress(ActorBusError):  # counted and told below
                self._go_on()
        try:
            if self._recording is not None:
                self._finish(self._recording)
        finally:
            self._close_recording(self._need_tape().waiting)

    def _finish(self, recording: RecordingPort) -> None:
        try:
            self._take_the_rest(recording)
            self._sweep(recording)
        except StorageFailed:
            self._counts[RecorderCounter.FAULTS] += 1
            self._detach(shed=True)
            self._broken_one = recording
            self._lose(recording.resume(), UNKEPT)
            recording.sync()
            self._broken_one, self._recording = None, recording

    def _take_the_rest(self, recording: RecordingPort) -> None:
        tape, until = self._need_tape(), self._clock.monotonic_ns() + STOP_NS
        still = 0
        while still < 2:  # an empty pass may only have learned where it is
            before = tape.counts
            tape.step(self.inbox.event.value, 0)
            still = still + 1 if _moved(tape.counts) == _moved(before) else 0
            if self._clock.monotonic_ns() >= until:
                _log.warning("recorder %s leaves what still comes: publishers go on beside its end", self._setup.name)
                break
        recording.sync()

    def _close_recording(self, waiting: int) -> None:
        """Close the recording, and count what was taken and is not written; `waiting` of that has the tape."""
        is_broken = self._broken_one is not None
        recording = self._recording or self._broken_one
        self._look()
        self._detach(shed=True)
        self._broken_one = None
        lost = waiting
        try:
            if recording is not None:
                lost = waiting + recording.unwritten
                recording.close()
                lost = lost if is_broken else waiting
        finally:
            self._lose(lost, "they were taken, and not written until the end")
            self._look()

    def run(self) -> None:
        """Record until stopped."""
        inbox, stopped, now_ns, step = self.inbox, self.actor_stopped, self._clock.monotonic_ns, self._need_tape().step
        due = now_ns() + TICK_NS
        while True:
            seen = inbox.event.value
            entry = inbox.take_control()
            if entry is not None:
                self.obey(entry)
                if stopped.is_set():
                    return
                continue
            try:
                step(seen, due)
                if now_ns() >= due:
                    due = now_ns() + TICK_NS
                    self._tick()
            except (NativeError, RecordingError) as error:
                self._broken(error)
            except BaseException as error:  # noqa: BLE001 - an error of ours is reported; the recorder goes on
                self.failed(error)

    def on_receive(self, message: object) -> object:
        """Obey `Drain` and calls."""
        if isinstance(message, Drain):
            return self._drain(message)
        if callable(message):
            return message()
        raise TypeError(f"a recorder does not know {message!r}")

    def flush(self) -> None:
        """Write the counters now. Through a control call, on its thread."""
        self._look()

    def _need_tape(self) -> Tape:
        if self._tape is None:
            raise InternalError(f"{self.name} was started before it was assembled")
        return self._tape

    # -- opening and closing the recording ---------------------------------------------------------------------------

    def _numbers(self, recording: RecordingPort | None) -> list[int]:
        """Return the streams' numbers in the recording's table, adding those that are not in it; zeros without one."""
        return [0 if recording is None else recording.add_stream(stream.facts) for stream in self._streams]

    def _open(self) -> None:
        self._attach(self._setup.open())

    def _attach(self, recording: RecordingPort) -> None:
        try:
            self._marks = self._setup.marks(recording)
            self._need_tape().attach(recording, self._numbers(recording), shed=self._setup.shed, marks=self._marks)
        except BaseException:
            self._detach(shed=self._setup.shed)
            recording.close()
            raise
        self._recording = recording

    def _detach(self, *, shed: bool) -> None:
        """From now on nothing is written; the recording stays open."""
        self._need_tape().attach(None, self._numbers(None), shed=shed)
        self._recording = None
        marks, self._marks = self._marks, None
        if marks is not None:
            marks.close()

    def _broken(self, error: ActorBusError) -> None:
        """A write or sync failed: take nothing more, and go on later, or never."""
        self._broken_one = self._recording or self._broken_one
        self._counts[RecorderCounter.FAULTS] += 1
        pause = self._budget.next(self._clock.monotonic_ns())
        self._detach(shed=self._setup.shed or pause is None)
        if pause is None:
            self._reopen_at_ns = None
            with contextlib.suppress(ActorBusError):
                self._close_recording(0)  # what the tape has is shed
            self._change("dead", error)
            self.failed(error)
        else:
            self._reopen_at_ns = self._clock.monotonic_ns() + pause
            self._change("failed", error)

    def _reopen(self) -> None:
        self._reopen_at_ns = None
        try:
            self._go_on()
        except OutOfSpace as error:
            self._reopen_at_ns = self._clock.monotonic_ns() + ROOM_NS
            if self._state != "full":
                self._change("full", error)
            return
        self._counts[RecorderCounter.RESTARTS] += 1
        self._change("ready")

    def _go_on(self) -> None:
        """Resume the recording that failed, or open it when that is gone."""
        recording = self._broken_one
        if recording is None:
            self._open()
            return
        try:
            lost = recording.resume()
        except InvalidValue:  # it was not the recording that failed
            lost = 0
        self._broken_one = None
        self._lose(lost, UNKEPT)
        self._attach(recording)

    def _lose(self, count: int, why: str) -> None:
        if count > 0:
            self._counts[RecorderCounter.LOST] += count
            _log.error("recorder %s has lost %d messages: %s", self._setup.name, count, why)

    def _change(self, state: State, cause: BaseException | None = None) -> None:
        if state == self._state and cause is None:
            return
        self._state = state
        self._on_event(
            RecorderChanged(
                stream="",
                session=0,
                time_ns=self._clock.time_ns(),
                recorder=self._setup.name,
                state=state,
                cause="" if cause is None else describe(cause),
            )
        )

    # -- looking after it --------------------------------------------------------------------------------------------

    def _tell(self, stream: Recorded) -> None:
        """Turn a port's notices into events."""
        now = self._clock.time_ns()
        for notice in stream.port.notices():
            self._on_event(event_of(notice, stream.name, now))

    def _tick(self) -> None:
        now = self._clock.monotonic_ns()
        if self._reopen_at_ns is not None and now >= self._reopen_at_ns:
            self._reopen()
        if self._recording is not None:
            if self._setup.retention != Retention() and now >= self._purge_due_ns:
                self._purge_due_ns = now + PURGE_NS
                self._purge(self._recording)
            self._sweep(self._recording)
            self._change("full" if self._need_tape().is_full else "ready")
        self._look()

    def _purge(self, recording: RecordingPort) -> None:
        try:
            recording.purge(self._setup.retention)
            self._purge_problem = ""
        except ActorBusError as error:
            self._counts[RecorderCounter.UNPURGED] += 1
            if str(error) != self._purge_problem:
                self._purge_problem = str(error)
                _log.warning("recorder %s keeps all segments, as retention cannot be looked at: %s", self.name, error)

    def _sweep(self, recording: RecordingPort) -> None:
        """Have the recording write what it took, and note how far each session is recorded with that."""
        with contextlib.suppress(OutOfSpace):  # what is full is told by the recording's state
            recording.tick(idle=True)
        positions = recording.positions
        if positions.appended == positions.written:
            self._need_tape().sweep(positions.written)
        problem = None if self._marks is None else self._marks.problem
        if problem is not None and problem != self._marks_problem:
            _log.warning(
                "recorder %s goes on without a note of how far each session is recorded: %s; when it ends now, the next"
                " one may record some messages twice",
                self._setup.name,
                problem,
            )
        self._marks_problem = problem

    def _drain(self, order: Drain) -> bool:
        """Record until every target is read, then make it durable; True when that was before the deadline."""
        ports = {stream.name: stream.port for stream in self._streams}
        tape = self._need_tape()
        try:
            while self._recording is not None:
                if all(ports[name].session_position(session) >= end for name, session, end in order.targets):
                    with contextlib.suppress(OutOfSpace):  # there may be room before the deadline
                        self._recording.sync()
                        self._look()
                        return True
                now = self._clock.monotonic_ns()
                if now >= order.deadline_ns:
                    break
                tape.step(self.inbox.event.value, min(now + NAP_NS, order.deadline_ns))
        except (NativeError, RecordingError) as error:
            self._broken(error)
        return False

    def _keep_positions(self, recording: RecordingPort) -> None:
        positions = recording.positions
        self._counts[RecorderCounter.APPENDED] = positions.appended
        self._counts[RecorderCounter.WRITTEN] = positions.written
        self._counts[RecorderCounter.DURABLE] = positions.durable

    def _look(self) -> None:
        """Write the counters."""
        recording = self._recording or self._broken_one
        if recording is not None:
            self._keep_positions(recording)
        moved, counts = self._need_tape().counts, self._counts
        counts[RecorderCounter.RECORDS] = moved.records
        counts[RecorderCounter.BYTES] = moved.bytes
        counts[RecorderCounter.SHED] = moved.shed + moved.too_large
        counts[RecorderCounter.HELD] = moved.held
        counts[RecorderCounter.REPEATED] = moved.repeated
        counts[RecorderCounter.WORDS] = moved.words
        for cell, value in counts.items():
            self._setup.cells[cell] = value


def _moved(counts: RecordCounts) -> int:
    """How many messages it has passed, whatever became of them."""
    return counts.records + counts.shed + counts.too_large + counts.repeated
