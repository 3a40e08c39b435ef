"""The recorder's life: opens, records, drains, fails and comes back, with a tape and a recording made by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Self, cast

import pytest

from actorbus.actors.hosting import RestartPolicy
from actorbus.actors.poller import Drain, Waiter
from actorbus.actors.recorder import RecorderActor, RecorderSetup
from actorbus.actors.shell import ask, join, launch
from actorbus.actors.tapes import Recorded
from actorbus.clock import SystemClock
from actorbus.dispatch import Port, RecorderChanged, StreamEvent
from actorbus.ffi import Event, Marks, RecordSink
from actorbus.metrics import RecorderCounter
from actorbus.recording import Positions, RecordedStream, RecordingPort, Retention, StorageFailed
from tests.support.aeron import until

DEADLINE_S = 10.0
QUICK = RestartPolicy(max_restarts=2, within_ns=60_000_000_000, initial_ns=1, max_ns=1)


class FakeRecording:
    """Grows by what it is asked to append; fails when told."""

    def __init__(self) -> None:
        self.appended = 0
        self.durable = 0
        self.closed = False
        self.fails: Exception | None = None
        self.purges: list[Retention] = []
        self.native_handle = 0
        self.is_full = False
        self.streams_added: list[str] = []

    @property
    def positions(self) -> Positions:
        return Positions(self.appended, self.appended, self.durable)

    def add_stream(self, stream: RecordedStream) -> int:
        self.streams_added.append(stream.name)
        return len(self.streams_added) - 1

    def append(self, stream: int, payload: bytes, *, session: int, stream_position: int, time_ns: int) -> int:
        self.appended += len(payload)
        return 0

    def tick(self, *, idle: bool = False) -> None:
        if self.fails is not None:
            raise self.fails

    def sync(self) -> int:
        if self.fails is not None:
            raise self.fails
        self.durable = self.appended
        return self.durable

    def purge(self, retention: Retention, *, now_ns: int | None = None) -> None:
        self.purges.append(retention)

    def close(self) -> None:
        self.closed = True


class FakePort:
    """Gives each batch once."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.now: list[bytes] = []
        self.position = 0

    def poll(self) -> int:
        if not self.batches:
            return 0
        self.now = self.batches.pop(0)
        self.position += 64 * len(self.now)
        return len(self.now)

    def bodies(self) -> list[bytes]:
        return self.now

    def record(self, place: int) -> tuple[int, ...]:
        return (7, 64, 0, 0, 0, 0, 1, 1, 0)

    def notices(self) -> list[object]:
        return []

    def session_position(self, session: int) -> int:
        return self.position


class FakeSink:
    repeated = 0

    def follow(self, marks: object, stream: int, *, framed: bool) -> None:
        pass


class FakeMarks:
    """Marks of sessions, and what is wrong with their file."""

    def __init__(self) -> None:
        self.sweeps: list[int] = []
        self.problem: str | None = None
        self.closed = 0

    def at(self, position: int) -> None:
        pass

    def raise_to(self, stream: int, session: int, position: int, stream_position: int) -> None:
        pass

    def sweep(self, position: int, subscriptions: object = ()) -> None:
        self.sweeps.append(position)

    def close(self) -> None:
        self.closed += 1


class EventWaiter:
    """Waits on the actor's event alone."""

    def __init__(self, event: Callable[[], Event]) -> None:
        self._event = event

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        deadline = min(deadline_ns or 0, time.monotonic_ns() + 1_000_000)
        self._event().wait(seen, deadline)
        return -1


class Room:
    """A running recorder and what can be seen of it."""

    def __init__(self, *, restarts: RestartPolicy = QUICK, retention: Retention | None = None) -> None:
        self.recordings: list[FakeRecording] = []
        self.events: list[StreamEvent] = []
        self.reports: list[BaseException] = []
        self.cells: dict[int, int] = {}
        self.port = FakePort()
        self.marks = FakeMarks()
        setup = RecorderSetup(
            "tape",
            self._open,
            lambda _: cast("Marks", self.marks),
            native=False,
            durable=True,
            shed=False,
            retention=retention or Retention(),
            restarts=restarts,
            cells=self.cells,
        )
        self.actor = RecorderActor(
            setup, SystemClock(), report=lambda _name, error: self.reports.append(error), on_event=self.events.append
        )
        stream = Recorded(
            "bars", RecordedStream(name="bars", framed=False), cast("Port", self.port), cast("RecordSink", FakeSink())
        )
        self.actor.assemble([stream], cast("Waiter", EventWaiter(lambda: self.actor.inbox.event)))

    def _open(self) -> RecordingPort:
        self.recordings.append(FakeRecording())
        return cast("RecordingPort", self.recordings[-1])

    def __enter__(self) -> Self:
        launch(self.actor)
        return self

    def __exit__(self, *_: object) -> None:
        self.actor.request_stop()
        assert join(self.actor, DEADLINE_S)

    @property
    def recording(self) -> FakeRecording:
        return self.recordings[-1]

    def states(self) -> Sequence[str]:
        return [event.state for event in self.events if isinstance(event, RecorderChanged)]


def test_it_records_and_makes_all_durable_when_it_is_drained_and_stopped() -> None:
    with Room() as room:
        room.port.batches.append([b"abc", b"de"])
        until(lambda: room.recording.appended == 5)
        assert ask(room.actor, Drain((("bars", 7, 128),), time.monotonic_ns() + 10**10), DEADLINE_S)
        assert room.recording.durable == 5
        room.port.batches.append([b"f"])

    assert (room.recording.durable, room.recording.closed) == (6, True)
    assert (room.cells[RecorderCounter.RECORDS], room.cells[RecorderCounter.BYTES]) == (3, 6)
    assert room.cells[RecorderCounter.DURABLE] == 6
    assert room.recording.streams_added == ["bars"]


def test_a_drain_beyond_what_comes_ends_at_its_deadline() -> None:
    with Room() as room:
        assert not ask(room.actor, Drain((("bars", 7, 1 << 40),), time.monotonic_ns() + 10**7), DEADLINE_S)


def test_it_is_quiet_only_when_what_it_took_is_durable() -> None:
    with Room() as room:
        assert room.actor.is_quiet
        room.recording.appended = 9
        assert not room.actor.is_quiet, "at once: a sync may take longer than the last look is ago"
        room.recording.durable = 9
        assert room.actor.is_quiet


def test_after_a_failed_write_the_recording_is_opened_anew_and_told() -> None:
    with Room() as room:
        room.recording.fails = StorageFailed("cannot sync")
        until(lambda: len(room.recordings) == 2)
        until(lambda: room.states() == ["failed", "ready"])
        room.port.batches.append([b"abc"])
        until(lambda: room.recording.appended == 3)

    assert room.recordings[0].closed
    assert (room.cells[RecorderCounter.FAULTS], room.cells[RecorderCounter.RESTARTS]) == (1, 1)
    assert room.reports == []


def test_beyond_the_budget_it_is_dead_reported_and_holds_nobody() -> None:
    with Room(restarts=RestartPolicy(max_restarts=0)) as room:
        room.recording.fails = StorageFailed("cannot sync")
        until(lambda: room.states() == ["dead"])
        room.port.batches.append([b"abc", b"d"])
        until(lambda: room.cells[RecorderCounter.SHED] == 2)
        assert room.actor.is_quiet

    assert [type(error) for error in room.reports] == [StorageFailed]
    assert len(room.recordings) == 1


def test_what_is_wrong_at_the_start_is_raised_by_the_start() -> None:
    room = Room()
    room.actor._setup = room.actor._setup._replace(open=_locked)

    with pytest.raises(StorageFailed):
        launch(room.actor)


def _locked() -> RecordingPort:
    raise StorageFailed("locked")


def test_retention_is_looked_at_while_it_runs() -> None:
    with Room(retention=Retention(size_bytes=1 << 20)) as room:
        until(lambda: room.recording.purges)

    assert room.recording.purges[0].size_bytes == 1 << 20


def test_how_far_each_session_is_recorded_is_noted_while_it_runs_and_at_the_end() -> None:
    with Room() as room:
        room.port.batches.append([b"abc"])
        until(lambda: 3 in room.marks.sweeps)
        room.port.batches.append([b"de"])

    assert room.marks.sweeps[-1] == 5
    assert room.marks.closed == 1


def test_marks_that_cannot_be_written_are_told_once_and_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with Room() as room:
        room.marks.problem = "no room"
        until(lambda: len(room.marks.sweeps) > 3)

    assert [record.getMessage().count("no room") for record in caplog.records] == [1]
    assert room.states() == []
