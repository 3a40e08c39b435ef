"""Moving messages from ports into a recording, in Python, with ports and recordings made by hand."""

from __future__ import annotations

from typing import cast

import pytest

from actorbus.actors.poller import Waiter
from actorbus.actors.tapes import PortTape, Recorded
from actorbus.codec import ControlKind, control
from actorbus.dispatch import Port
from actorbus.dispatch.port import NOTICES
from actorbus.ffi import Marks, RecordSink
from actorbus.recording import OutOfSpace, Positions, RecordedStream, RecordingPort

HELLO = control(ControlKind.HELLO, publisher=7, sequence=0)
LOOKS_LIKE_IT = HELLO[:2] + b"\x09" + HELLO[3:]  # a control frame of a kind that is none: a peer's, and recorded
DATA = bytes([1, 1, 0, 0, 9, 0, 1, 0]) + bytes(24) + b"body"


class FakePort:
    def __init__(self, batches: list[list[bytes] | int]) -> None:
        self._batches = batches
        self._now: list[bytes] = []

    def poll(self) -> int:
        if not self._batches:
            return 0
        batch = self._batches.pop(0)
        if isinstance(batch, int):
            return batch
        self._now = batch
        return len(batch)

    def bodies(self) -> list[bytes]:
        return self._now

    def record(self, place: int) -> tuple[int, ...]:
        return (7, 64 * (place + 1), 0, 0, 0, 0, 1_000 + place, 1, 0)


class FakeSink:
    """What a port tape needs of a subscription."""

    def __init__(self) -> None:
        self.repeated = 0
        self.followed: list[object] = []

    def follow(self, marks: object, stream: int, *, framed: bool) -> None:
        self.followed.append((marks, stream, framed))


class FakeMarks:
    def __init__(self) -> None:
        self.positions: list[int] = []
        self.sweeps: list[int] = []
        self.raised: list[tuple[int, int, int, int]] = []

    def raise_to(self, stream: int, session: int, position: int, stream_position: int) -> None:
        self.raised.append((stream, session, position, stream_position))

    def at(self, position: int) -> None:
        self.positions.append(position)

    def sweep(self, position: int, subscriptions: object = ()) -> None:
        self.sweeps.append(position)


class FakeWaiter:
    def __init__(self) -> None:
        self.waits = 0

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        self.waits += 1
        return -1


class FakeRecording:
    def __init__(self) -> None:
        self.records: list[tuple[int, bytes, int, int, int]] = []
        self.room = 1_000
        self.writes = 0

    @property
    def positions(self) -> Positions:
        return Positions(len(self.records))

    def append(self, stream: int, payload: bytes, *, session: int, stream_position: int, time_ns: int) -> int:
        if len(self.records) >= self.room:
            raise OutOfSpace("no room")
        self.records.append((stream, payload, session, stream_position, time_ns))
        return len(self.records) - 1

    def tick(self, *, idle: bool = False) -> None:
        self.writes += not idle


class Bench:
    def __init__(self, batches: list[list[bytes] | int], *, framed: bool = True, shed: bool = False) -> None:
        self.recording = FakeRecording()
        self.waiter = FakeWaiter()
        self.told: list[str] = []
        self.sink = FakeSink()
        self.marks = FakeMarks()
        stream = Recorded(
            "bars",
            RecordedStream(name="bars", framed=framed),
            cast("Port", FakePort(batches)),
            cast("RecordSink", self.sink),
        )
        self.tape = PortTape([stream], cast("Waiter", self.waiter), lambda stream: self.told.append(stream.name))
        self.tape.attach(cast("RecordingPort", self.recording), [3], shed=shed, marks=cast("Marks", self.marks))

    def run(self) -> None:
        while self.tape.step(0, 0):
            pass


def test_frames_are_appended_as_received_with_their_address_and_without_our_own_words() -> None:
    bench = Bench([[HELLO, DATA, DATA], NOTICES, [DATA]])
    bench.run()

    assert bench.recording.records == [(3, DATA, 7, 128, 1001), (3, DATA, 7, 192, 1002), (3, DATA, 7, 64, 1000)]
    assert (bench.tape.counts.records, bench.tape.counts.bytes) == (3, 3 * len(DATA))
    assert bench.told == ["bars"]
    assert bench.recording.writes == 2
    assert bench.waiter.waits == 1


def test_foreign_bytes_are_never_taken_for_our_own_words() -> None:
    bench = Bench([[HELLO]], framed=False)
    bench.run()

    assert [record[1] for record in bench.recording.records] == [HELLO]
    assert (bench.tape.counts.records, bench.tape.counts.words) == (1, 1)


def test_what_only_looks_like_our_own_words_is_recorded_as_it_came() -> None:
    bench = Bench([[LOOKS_LIKE_IT, HELLO, HELLO + b"more"]])
    bench.run()

    assert [record[1] for record in bench.recording.records] == [LOOKS_LIKE_IT, HELLO + b"more"]


def test_hold_keeps_what_does_not_fit_and_takes_nothing_more_until_there_is_room() -> None:
    bench = Bench([[DATA] * 3, [DATA]])
    bench.recording.room = 1
    bench.run()
    assert (len(bench.recording.records), bench.tape.is_full, bench.tape.counts.shed) == (1, True, 0)
    assert bench.tape.counts.held >= 1

    bench.recording.room = 1_000
    bench.run()
    assert (len(bench.recording.records), bench.tape.is_full) == (4, False)
    assert [record[3] for record in bench.recording.records] == [64, 128, 192, 64]


def test_shed_leaves_out_what_does_not_fit_and_counts_it() -> None:
    bench = Bench([[DATA] * 3, [DATA]], shed=True)
    bench.recording.room = 1
    bench.run()

    assert (len(bench.recording.records), bench.tape.counts.shed, bench.tape.counts.records) == (1, 3, 1)


@pytest.mark.parametrize(("shed", "left"), [(False, 1), (True, 0)])
def test_without_a_recording_messages_stay_where_they_are_or_are_shed(shed: bool, left: int) -> None:
    bench = Bench([[DATA]], shed=shed)
    bench.tape.attach(None, [0], shed=shed)
    bench.run()

    assert bench.tape.counts.shed == 1 - left
    bench.tape.attach(cast("RecordingPort", bench.recording), [3], shed=shed)
    bench.run()
    assert len(bench.recording.records) == left


def test_sessions_are_marked_up_to_what_was_appended_and_not_to_what_was_taken() -> None:
    bench = Bench([[DATA] * 3])
    bench.recording.room = 1
    bench.run()
    bench.tape.sweep(9)
    assert (bench.marks.raised, bench.marks.sweeps) == ([(3, 7, 9, 64)], [9])

    bench.recording.room = 1_000
    bench.run()
    bench.tape.sweep(11)
    bench.tape.sweep(12)
    bench.sink.repeated = 4
    assert bench.marks.raised == [(3, 7, 9, 64), (3, 7, 11, 192)]
    assert (bench.marks.sweeps, bench.marks.positions, bench.tape.counts.repeated) == ([9, 11, 12], [3], 4)
    assert bench.sink.followed == [(bench.marks, 3, True)]
