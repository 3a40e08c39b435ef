"""The recorder's life: opens, records, drains, fails and comes back, with a tape and a recording made by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Self, cast

import pytest

from actorbus.actors import recorder
from actorbus.actors.hosting import RestartPolicy
from actorbus.actors.poller import Drain, Waiter
from actorbus.actors.recorder import RecorderActor, RecorderSetup
from actorbus.actors.shell import ask, join, launch
from actorbus.actors.tapes import Recorded
from actorbus.clock import SystemClock
from actorbus.dispatch import Port, RecorderChanged, StreamEvent
from actorbus.ffi import Event, Marks, RecordSink
from actorbus.metrics import RecorderCounter
from actorbus.recording import (
    FormatRefused,
    OutOfSpace,
    Positions,
    RecordedStream,
    RecordingPort,
    Retention,
    StorageFailed,
)
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
        self.resumes: list[Exception | int] = []
        """What each call of `resume` answers; the last one stays."""
        self.resumed = 0
        self.unwritten = 0
        self.purge_fails: Exception | None = None

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

    def resume(self) -> int:
        self.resumed += 1
        answer = 0
        if self.resumes:
            answer = self.resumes.pop(0) if len(self.resumes) > 1 else self.resumes[0]
        if isinstance(answer, Exception):
            raise answer
        self.fails = None
        return answer

    def purge(self, retention: Retention, *, now_ns: int | None = None) -> None:
        self.purges.append(retention)
        if self.purge_fails is not None:
            raise self.purge_fails

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


def test_after_a_failed_write_the_recording_is_resumed_and_told() -> None:
    with Room() as room:
        room.recording.fails = StorageFailed("cannot sync")
        until(lambda: room.states() == ["failed", "ready"])
        room.port.batches.append([b"abc"])
        until(lambda: room.recording.appended == 3)
        assert not room.recording.closed

    assert (len(room.recordings), room.recording.resumed, room.recording.closed) == (1, 1, True)
    assert (room.cells[RecorderCounter.FAULTS], room.cells[RecorderCounter.RESTARTS]) == (1, 1)
    assert (room.cells[RecorderCounter.LOST], room.reports) == (0, [])


def test_what_cannot_be_kept_after_a_failed_write_is_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with Room() as room:
        room.recording.resumes = [StorageFailed("not yet"), 7]
        room.recording.fails = StorageFailed("cannot write")
        until(lambda: room.states() == ["failed", "failed", "ready"])

    assert (room.recording.resumed, room.cells[RecorderCounter.LOST]) == (2, 7)
    assert "has lost 7 messages" in caplog.text


def test_a_disk_that_has_no_room_to_resume_costs_no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "ROOM_NS", 1)
    with Room(restarts=RestartPolicy(max_restarts=1, within_ns=60_000_000_000, initial_ns=1, max_ns=1)) as room:
        room.recording.resumes = [*[OutOfSpace("no room")] * 4, 0]
        room.recording.fails = StorageFailed("cannot write")
        until(lambda: room.states() == ["failed", "full", "ready"])

    assert (room.recording.resumed, room.cells[RecorderCounter.FAULTS], room.reports) == (5, 1, [])


def test_what_a_broken_recording_still_has_at_the_end_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    slow = RestartPolicy(max_restarts=2, within_ns=60_000_000_000, initial_ns=10**12, max_ns=10**12)
    with Room(restarts=slow) as room:
        room.recording.unwritten = 4
        room.recording.resumes = [StorageFailed("for good")]
        room.recording.fails = StorageFailed("cannot write")
        until(lambda: room.states() == ["failed"])

    assert (room.recording.resumed, room.recording.closed, room.cells[RecorderCounter.LOST]) == (1, True, 4)
    assert "has lost 4 messages" in caplog.text


def test_a_sync_that_fails_at_the_end_is_tried_anew_once() -> None:
    with Room() as room:
        room.port.batches.append([b"abc"])
        until(lambda: room.recording.appended == 3)
        ask(room.actor, lambda: setattr(room.recording, "fails", StorageFailed("cannot sync")), DEADLINE_S)
        room.actor.request_stop()

    assert (room.recording.resumed, room.recording.durable, room.recording.closed) == (1, 3, True)
    assert room.reports == []


def test_the_end_takes_all_that_has_come_and_does_not_wait_for_who_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with Room() as room:
        room.port.batches += [[b"x"]] * 100
    assert room.cells[RecorderCounter.RECORDS] == 100

    monkeypatch.setattr(recorder, "STOP_NS", 20_000_000)
    with Room() as room:
        monkeypatch.setattr(room.port, "poll", lambda: 1)
        room.port.now = [b"x"]
    assert (room.recording.closed, room.recording.durable) == (True, room.recording.appended)


def test_a_purge_that_fails_is_counted_and_said_once_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder, "PURGE_NS", 1)
    with Room(retention=Retention(size_bytes=1 << 20)) as room:
        room.recording.purge_fails = FormatRefused("not a consumer's position")
        until(lambda: len(room.recording.purges) > 2)
        room.port.batches.append([b"abc"])
        until(lambda: room.recording.appended == 3)

    assert room.cells[RecorderCounter.UNPURGED] >= 2
    assert [record.getMessage().count("not a consumer's position") for record in caplog.records] == [1]
    assert (room.states(), room.cells[RecorderCounter.FAULTS]) == ([], 0)


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
