"""A subscription that reads a recording alone; tests/integration/test_replays.py has those that go on live."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from actorbus.actors.parts import ReplayPart, TapePlace
from actorbus.actors.replays import FollowedSubscription
from actorbus.dispatch.parcel import Origin, records_of
from actorbus.errors import ActorBusError
from actorbus.ffi import ReplayOrder, attach_replay, replay_state
from actorbus.journal import open_recording
from actorbus.recording import EARLIEST, NOW, RecordedStream
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
