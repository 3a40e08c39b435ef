"""A recording against a list: any order of appends, writes, syncs, rolls, reads, purges, kills and reopenings.

The model is a list of what was appended, how much of it was written, and what was purged. After each step the recording
must have exactly: numbers, bytes, streams, sessions and rising times. A kill may take what was not written, and nothing
else; a copy taken of a live recording must open as a kill's leavings do. CI runs 200 a backend, the proof 5,000.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actorbus.errors import InvalidValue
from actorbus.journal import Consumer, open_recording
from actorbus.recording import (
    JournalLocked,
    Place,
    PositionPurged,
    RecordedMessage,
    RecordedStream,
    RecordingPort,
    RecordingReader,
    Retention,
)
from tests.conformance.recordings import BACKENDS, Kind, killed, opened
from tests.system.processes import SHM

STREAMS = (RecordedStream(name="a"), RecordedStream(name="b", framed=False), RecordedStream(name="c", stream_id=-1))
EXAMPLES_CI = 200


class Given(NamedTuple):
    """What was appended."""

    stream: int
    session: int
    payload: bytes


class RecordingMachine(RuleBasedStateMachine):
    """One recording, its model, and at most one reader that stays open."""

    kind: ClassVar[Kind]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="actorbus-machine-", dir=SHM))
        self.tape = self.folder / "tape"
        self.given: list[Given] = []
        self.written = 0
        """How many records readers see."""
        self.first = 0
        """Sequence of the first record there is."""
        self.recording: RecordingPort = self._open()
        self.reader: RecordingReader | None = None
        self.read = 0
        """What the reader returns next."""
        self.consumer_at: int | None = None
        self.copies = 0

    def _open(self) -> RecordingPort:
        recording = opened(self.kind, self.tape, sync="none")
        for stream in STREAMS:
            recording.add_stream(stream)
        return recording

    def teardown(self) -> None:
        if self.reader is not None:
            self.reader.close()
        self.recording.close()
        with open_recording(self.tape) as reader:
            self._same(list(reader), self.first, len(self.given))
        shutil.rmtree(self.folder)

    # ---- writing -----------------------------------------------------------------------------------------------------

    @rule(
        payloads=st.lists(st.binary(max_size=300), min_size=1, max_size=8),
        stream=st.integers(0, 2),
        session=st.integers(-(2**31), 2**31 - 1),
    )
    def append(self, payloads: list[bytes], stream: int, session: int) -> None:
        for payload in payloads:
            assert self.recording.append(stream, payload, session=session) == len(self.given)
            self.given.append(Given(stream, session, payload))

    @rule(size=st.integers(1000, 3500))
    def append_large(self, size: int) -> None:
        self.append([bytes([size % 251]) * size], 0, 0)

    @rule()
    def write(self) -> None:
        self.recording.write()
        self.written = len(self.given)

    @rule()
    def sync(self) -> None:
        positions = self.recording.positions
        assert positions.appended >= positions.written >= positions.durable
        assert self.recording.sync() == self.recording.positions.appended
        self.written = len(self.given)

    @rule()
    def roll(self) -> None:
        self.recording.roll()
        self.written = len(self.given)

    # ---- the end, and beginning again --------------------------------------------------------------------------------

    @rule()
    def close_and_open(self) -> None:
        self.recording.close()
        self.written = len(self.given)
        self.recording = self._open()
        assert self.recording.recovery.state == "clean"

    @rule()
    def kill_and_open(self) -> None:
        killed(self.recording)
        with open_recording(self.tape) as reader:
            survived = reader.next_sequence
        assert self.written <= survived <= len(self.given)
        del self.given[survived:]
        self.written = survived
        self.recording = self._open()
        assert self.recording.next_sequence == survived
        self.read = min(self.read, survived)

    @rule()
    def copy_and_open(self) -> None:
        self.copies += 1
        copy = self.folder / f"copy-{self.copies}"
        shutil.copytree(self.tape, copy)
        with opened(self.kind, copy) as recording:
            survived = recording.next_sequence
            assert self.written <= survived <= len(self.given)
            assert recording.append(0, b"behind") == survived
        with open_recording(copy) as reader:
            records = list(reader)
        self._same(records[:-1], self.first, survived)
        assert records[-1].payload == b"behind"
        shutil.rmtree(copy)

    @rule()
    def second_writer(self) -> None:
        with pytest.raises(JournalLocked):
            opened(self.kind, self.tape)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _same(self, records: list[RecordedMessage], first: int, end: int) -> None:
        assert [record.sequence for record in records] == list(range(first, end))
        assert [Given(record.stream, record.session, record.payload) for record in records] == self.given[first:end]
        assert all(two.time_ns > one.time_ns for one, two in itertools.pairwise(records))
        assert all(two.position > one.position for one, two in itertools.pairwise(records))

    def _seen(self) -> int:
        """Records may be written before they are asked to be, when enough has come together."""
        with open_recording(self.tape) as reader:
            seen = reader.next_sequence
        assert self.written <= seen <= len(self.given)
        self.written = seen
        return seen

    @rule()
    def read_all(self) -> None:
        seen = self._seen()
        with open_recording(self.tape) as reader:
            assert (reader.first_sequence, reader.next_sequence) == (self.first, seen)
            self._same(list(reader), self.first, seen)

    @rule(data=st.data())
    def read_from_anywhere(self, data: st.DataObject) -> None:
        seen = self._seen()
        sequence = data.draw(st.integers(0, seen + 1), label="sequence")
        with open_recording(self.tape) as reader:
            if sequence < self.first:
                with pytest.raises(PositionPurged) as gone:
                    reader.seek(Place("sequence", sequence))
                assert gone.value.first_sequence == self.first
                return
            if sequence > seen:
                with pytest.raises(InvalidValue):
                    reader.seek(Place("sequence", sequence))
                return
            reader.seek(Place("sequence", sequence))
            records = list(reader)
            self._same(records, sequence, seen)
            if records:
                for place in (
                    Place("time", records[0].time_ns),
                    Place("position", records[0].position - 1),
                ):
                    reader.seek(place)
                    found = reader.read()
                    assert found == records[0], place
                reader.seek(Place("position", records[0].position))
                assert reader.read() == (records[1] if len(records) > 1 else None)

    @precondition(lambda self: self.reader is None)
    @rule()
    def begin_to_follow(self) -> None:
        self.reader = open_recording(self.tape)
        self.read = self.first

    @precondition(lambda self: self.reader is not None)
    @rule(most=st.integers(1, 20))
    def follow(self, most: int) -> None:
        assert self.reader is not None
        for _ in range(most):
            record = self.reader.read()
            if record is None:
                assert self.read >= self.written
                return
            assert record.sequence == self.read
            assert Given(record.stream, record.session, record.payload) == self.given[self.read]
            self.read += 1
            self.written = max(self.written, self.read)

    @precondition(lambda self: self.reader is not None)
    @rule()
    def stop_to_follow(self) -> None:
        assert self.reader is not None
        self.reader.close()
        self.reader = None

    # ---- forgetting --------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def consume(self, data: st.DataObject) -> None:
        seen = self._seen()
        if seen == self.first:
            return
        sequence = data.draw(st.integers(self.first, seen - 1), label="handled")
        with open_recording(self.tape, start=Place("sequence", sequence)) as reader:
            record = reader.read()
            assert record is not None
        with Consumer(self.tape, self.recording.uuid, "audit") as consumer:
            consumer.store(record.position)
        self.consumer_at = sequence + 1

    @rule(keep=st.integers(1, 40_000), consumers=st.booleans())
    def purge(self, keep: int, consumers: bool) -> None:
        cut = self.recording.purge(Retention(size_bytes=keep, consumers=consumers))
        assert cut.records == cut.first_sequence - self.first >= 0
        assert cut.first_sequence == self.recording.first_sequence <= len(self.given)
        if consumers and self.consumer_at is not None and cut.segments:
            assert cut.first_sequence <= self.consumer_at
        if self.reader is not None and self.read < len(self.given):
            assert cut.first_sequence <= self.read or cut.segments == 0
        self.first = cut.first_sequence

    @initialize()
    def begin(self) -> None:
        assert self.recording.recovery.state == "new"

    @invariant()
    def numbers_agree(self) -> None:
        assert self.recording.next_sequence == len(self.given)
        assert self.recording.first_sequence == self.first


def run_machine(kind: Kind, examples: int, steps: int = 30) -> None:
    """Run so many examples on a backend; raises what hypothesis found, shrunk."""
    machine = type(f"{kind.name.title()}Machine", (RecordingMachine,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples <= EXAMPLES_CI,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", BACKENDS, ids=lambda kind: kind.name)
def test_a_recording_is_a_list_that_survives(kind: Kind) -> None:
    run_machine(kind, EXAMPLES_CI)
