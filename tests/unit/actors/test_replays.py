"""A subscription that reads a recording alone; tests/integration/test_replays.py has those that go on live."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from actorbus.actors.parts import ReplayPart, TapePlace
from actorbus.actors.rehearsal import Stepped
from actorbus.actors.replays import FollowedSubscription, Following
from actorbus.dispatch import ColumnHandler, Handler, HandlerState, on
from actorbus.dispatch.parcel import Origin, records_of
from actorbus.errors import ActorBusError
from actorbus.ffi import ReplayOrder, attach_replay, replay_state
from actorbus.journal import Consumer, open_recording, positions_of, recording_table
from actorbus.recording import EARLIEST, NOW, Place, RecordedStream
from tests.unit.topology.test_subscribing import Tick, frame, part_of


def recorded(directory: Path, count: int) -> None:
    with open_recording(directory, write=True, sync="none") as recording:
        number = recording.add_stream(RecordedStream(name="ticks", format="msgpack"))
        for n in range(count):
            recording.append(number, frame(n), session=7, stream_position=64 * (n + 1), time_ns=1_000 + n)


def test_it_gives_what_the_recording_has_and_ends_there(tmp_path: Path) -> None:
    recorded(tmp_path, 10)
    subscription = FollowedSubscription(part_of("ticks"), [Tick])
    try:
        attach_replay(subscription.handle, ReplayOrder(str(tmp_path), (0,), EARLIEST, NOW, math.inf, join=False))
        numbers: list[int] = []
        places: list[tuple[int, int] | None] = []
        for _ in range(20):
            count = subscription.port.poll()
            if count == -1:
                subscription.port.notices()
            for place in range(max(0, count)):
                numbers.append(subscription.port.record(place)[3])
                places.append(subscription.port.recorded(place))
        assert numbers == list(range(10))
        assert [place[0] for place in places if place is not None] == numbers
        assert replay_state(subscription.handle, "here").phase == "ended"
    finally:
        subscription.close()
        subscription.close()


def test_a_folder_without_a_recording_is_refused(tmp_path: Path) -> None:
    subscription = FollowedSubscription(part_of("ticks"), [Tick])
    with pytest.raises(ActorBusError, match="holds no recording"):
        attach_replay(subscription.handle, ReplayOrder(str(tmp_path), (0,), EARLIEST, None, 1.0, join=False))
    assert replay_state(subscription.handle, "here").phase == "none"
    subscription.close()


def test_a_part_goes_on_live_unless_it_has_an_end() -> None:
    part = ReplayPart(lambda: TapePlace("d", (0,)), EARLIEST)
    assert part.end is None
    assert part.speed == math.inf


def test_a_batch_larger_than_usual_knows_where_each_of_its_messages_was(tmp_path: Path) -> None:
    with open_recording(tmp_path, write=True, sync="none") as recording:
        number = recording.add_stream(RecordedStream(name="ticks", format="msgpack"))
        for n in range(1_000):
            recording.append(number, frame(n % 100), session=7, stream_position=64 * (n + 1))
    subscription = FollowedSubscription(part_of("ticks"), [Tick], batch=(2_000, 1 << 20))
    try:
        attach_replay(subscription.handle, ReplayOrder(str(tmp_path), (0,), EARLIEST, NOW, math.inf, join=False))
        found: list[int] = []
        while replay_state(subscription.handle, "here").phase != "ended":
            count = subscription.port.poll()
            subscription.port.notices()
            for place in range(max(0, count)):
                recorded_at = subscription.port.recorded(place)
                found.append(-1 if recorded_at is None else recorded_at[0])
        assert found == list(range(1_000))
    finally:
        subscription.close()


def test_what_is_copied_of_a_batch_has_each_records_own_time(tmp_path: Path) -> None:
    recorded(tmp_path, 4)
    subscription = FollowedSubscription(part_of("ticks"), [Tick])
    try:
        attach_replay(subscription.handle, ReplayOrder(str(tmp_path), (0,), EARLIEST, NOW, math.inf, join=False))
        port = subscription.port
        while (count := port.poll()) <= 0:
            port.notices()
        asked = [port.record(place) for place in range(count)]
        origin = Origin("ticks", 0, port)
        assert [record[6] for record in asked] == [1_000, 1_001, 1_002, 1_003]
        assert list(records_of(port.packed())) == asked
        assert [origin.record(place) for place in range(count)] == asked
    finally:
        subscription.close()


class _Run:
    """One life of a handler that resumes, of 20 records: `Following` without a poller."""

    def __init__(self, directory: Path, handler: object | None = None, start: Place = EARLIEST) -> None:
        uuid = recording_table(directory).uuid
        part = ReplayPart(
            lambda: TapePlace(str(directory), (0,)), start, consumer=lambda: Consumer(directory, uuid, "seen")
        )
        self.unsent: list[int] = []
        self.state = SimpleNamespace(stopped=False, away=False, failed=False)
        self.following = Following("seen", part, part_of("ticks"), Seen, [Tick], "quarantine", self.unsent)
        self._next = self.following.stepped(Stepped(self._step), cast("HandlerState", self.state))
        self.place = lambda: positions_of(directory, uuid).get("seen")
        self.handled: list[int] = []
        self.following.begin(cast("Handler", handler or Seen()))

    def _step(self) -> int:
        port = self.following.subscription.port
        count = port.poll()
        if count == -1:
            return len(port.notices()) or 1
        self.handled += [port.record(place)[3] for place in range(max(0, count))]
        return max(0, count)

    def handle(self, count: int) -> None:
        """Handle so many messages more, or what there is."""
        count += len(self.handled)
        for _ in range(50):
            if len(self.handled) < count:
                self._next.step()

    def end(self) -> None:
        self.following.close()
        self.following.subscription.close()


class Seen(Handler):
    """Takes ticks."""

    @on(Tick)
    def on_tick(self, tick: Tick) -> None:
        """Do nothing."""


def test_a_place_is_stored_when_what_was_published_up_to_it_is_sent(tmp_path: Path) -> None:
    recorded(tmp_path, 20)
    run = _Run(tmp_path)
    run.handle(3)
    before = run.place()
    run.unsent[:] = [1, 2]
    run.handle(4)
    run.following.sync()
    assert run.place() == before
    run.unsent.clear()
    run.following.settle()
    assert run.place() is not None
    assert cast("int", run.place()) > cast("int", before)
    run.unsent.append(1)
    run.handle(5)
    run.end()  # the outbox is given up: what it held comes again
    again = _Run(tmp_path)
    again.handle(20)
    assert (run.handled, again.handled) == (list(range(12)), list(range(7, 20)))
    again.end()


def test_a_message_whose_output_failed_is_not_passed(tmp_path: Path) -> None:
    recorded(tmp_path, 20)
    run = _Run(tmp_path)
    run.handle(3)
    run.unsent.append(1)
    run.handle(1)
    run.unsent.clear()
    run.state.failed = True
    run.state.stopped = True
    run.end()
    again = _Run(tmp_path)
    again.handle(1)
    assert again.handled == [3]
    again.end()


def test_what_is_for_others_is_passed_over(tmp_path: Path) -> None:
    recorded(tmp_path, 20)
    with open_recording(tmp_path, write=True, sync="none") as recording:
        other = recording.add_stream(RecordedStream(name="other", format="msgpack"))
        for n in range(100):
            recording.append(other, frame(n), session=8, stream_position=64 * (n + 1), time_ns=2_000 + n)
        end = recording.positions.appended
    run = _Run(tmp_path)
    run.handle(20)
    last = cast("int", run.place())
    run.handle(1)  # there is none
    run.following.sync()
    assert last < end - 100 * 64
    assert cast("int", run.place()) >= end - 100
    run.end()


def test_who_has_a_place_of_its_own_keeps_what_is_behind_it(tmp_path: Path) -> None:
    recorded(tmp_path, 20)
    handler = Seen()
    handler.resume_position = lambda: None  # type: ignore[attr-defined]
    run = _Run(tmp_path, handler)
    begun = run.place()
    run.following.sync()
    assert run.place() == begun
    run.end()


def test_a_place_behind_the_end_is_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorded(tmp_path, 20)
    handler = Seen()
    handler.resume_position = lambda: 1 << 40  # type: ignore[attr-defined]
    run = _Run(tmp_path, handler)
    run.handle(1)
    assert run.handled == []
    assert "what was between is lost" in caplog.text
    run.end()


def test_a_start_that_fails_lets_go_of_the_place_and_leaves_none(tmp_path: Path) -> None:
    recorded(tmp_path, 20)
    with pytest.raises(ActorBusError, match="does not exist yet"):
        _Run(tmp_path, start=Place("sequence", 5_000))
    run = _Run(tmp_path, start=Place("sequence", 15))
    run.handle(20)
    assert run.handled == [15, 16, 17, 18, 19]
    run.end()


def test_a_column_handler_reads_a_recording_in_batches(tmp_path: Path) -> None:
    class Columns(ColumnHandler[Tick]):
        def on_columns(self, columns: object, meta: object, /) -> None:
            """Do nothing."""

    recorded(tmp_path, 20)
    part = ReplayPart(
        lambda: TapePlace(str(tmp_path), (0,)),
        EARLIEST,
        consumer=lambda: Consumer(tmp_path, recording_table(tmp_path).uuid, "columns"),
    )
    following = Following("columns", part, part_of("ticks"), Columns, [Tick], "quarantine")
    following.begin(Columns())
    port = following.subscription.port
    counts: list[int] = []
    for _ in range(5):
        counts.append(port.poll())
        port.notices()
    assert max(counts) == 20
    following.close()
    following.subscription.close()
