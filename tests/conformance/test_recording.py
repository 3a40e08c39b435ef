"""What every recording does, whatever its backend: written, read from anywhere, followed live."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from actorbus.errors import InvalidValue, MessageTooLarge, UsageError
from actorbus.journal import open_recording
from actorbus.limits import MESSAGE_MAX_BYTES, MIB
from actorbus.recording import (
    EARLIEST,
    LIVE,
    Place,
)
from tests.conformance.recordings import (
    BARS,
    NEWS,
    Kind,
    fill,
    opened,
    payloads,
    read_all,
)

SECOND_NS = 1_000_000_000


# ---- what is written is read -----------------------------------------------------------------------------------------


def test_records_come_back_byte_for_byte_with_their_facts(kind: Kind, folder: Path) -> None:
    with opened(kind, folder, segment_bytes=1 * MIB) as recording:
        bars, news = recording.add_stream(BARS), recording.add_stream(NEWS)
        given = [b"", b"\0" * 7, bytes(range(256)), b'{"crc":"\n\\', b"x" * 100_000, "\u00e9".encode()]
        for number, payload in enumerate(given):
            sequence = recording.append(
                (bars, news)[number % 2], payload, session=-(2**31) + number, stream_position=2**40 + number
            )
            assert sequence == number
        recording.write()
        assert recording.recovery.state == "new"
    records = read_all(folder)
    assert [record.payload for record in records] == given
    assert [record.stream for record in records] == [bars, news] * 3
    assert [record.session for record in records] == [-(2**31) + number for number in range(6)]
    assert [record.stream_position for record in records] == [2**40 + number for number in range(6)]
    assert [record.sequence for record in records] == list(range(6))
    assert sorted({record.position for record in records}) == [record.position for record in records]
    assert all(later.time_ns > earlier.time_ns for earlier, later in itertools.pairwise(records))


def test_payloads_may_be_any_buffer(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        number = recording.add_stream(BARS)
        taken = bytearray(b"abc")
        recording.append(number, taken)
        taken[:] = b"xyz"  # it was copied
        recording.append(number, memoryview(b"0123456789")[2:5])
    assert [record.payload for record in read_all(folder)] == [b"abc", b"234"]


def test_an_empty_recording_is_one(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        assert (recording.first_sequence, recording.next_sequence) == (0, 0)
        assert recording.positions.appended == recording.positions.durable
        assert recording.positions.appended == recording.positions.written
    with open_recording(folder) as reader:
        assert reader.read() is None
        assert (reader.first_sequence, reader.next_sequence) == (0, 0)
        for place in (EARLIEST, LIVE, Place("sequence", 0), Place("position", 0), Place("time", SECOND_NS)):
            reader.seek(place)
            assert reader.read() is None


def test_time_rises_though_the_clock_does_not(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        number = recording.add_stream(BARS)
        for time_ns in (5000, 5000, 100, 6000):
            recording.append(number, b"x", time_ns=time_ns)
    with opened(kind, folder) as recording:
        recording.append(number, b"x", time_ns=1)
    assert [record.time_ns for record in read_all(folder)] == [5000, 5001, 5002, 6000, 6001]


def test_positions_follow_each_other(kind: Kind, folder: Path) -> None:
    with opened(kind, folder, sync="none") as recording:
        number = recording.add_stream(BARS)
        begun = recording.positions.appended
        recording.append(number, b"x" * 50)
        first = recording.positions
        assert first.appended > first.written >= first.durable
        assert first.written <= begun
        assert recording.write() >= first.appended  # a backend may write records of its own behind
        second = recording.positions
        assert second.written == second.appended > second.durable == first.durable
        assert recording.sync() == second.written
        assert recording.positions.durable == second.written
        with recording.reader() as reader:
            assert reader.end_position == second.written
            record = reader.read()
            assert record is not None
            assert record.position <= second.written


def test_durable_means_that_a_write_is_synced(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        number = recording.add_stream(BARS)
        for payload in payloads(1000):
            recording.append(number, payload)
        recording.write()
        positions = recording.positions
        assert positions.appended == positions.written == positions.durable > 0


def test_a_tick_writes_when_nothing_more_is_coming(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        recording.append(recording.add_stream(BARS), b"x")
        recording.tick(idle=True)
        assert recording.positions.durable == recording.positions.appended > 0


def test_the_largest_message_is_recorded_and_a_larger_one_refused(kind: Kind, folder: Path) -> None:
    with opened(kind, folder, segment_bytes=32 * MIB) as recording:
        number = recording.add_stream(BARS)
        largest = bytes(MESSAGE_MAX_BYTES - 1) + b"!"
        assert recording.append(number, largest) == 0
        with pytest.raises(MessageTooLarge) as refused:
            recording.append(number, largest + b"!")
        assert str(MESSAGE_MAX_BYTES + 1) in str(refused.value)
        assert recording.append(number, b"next") == 1
    assert [record.payload for record in read_all(folder)] == [largest, b"next"]


def test_an_unknown_stream_is_refused(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        with pytest.raises(UsageError, match="no stream 0"):
            recording.append(0, b"x")
        assert recording.add_stream(BARS) == 0
        with pytest.raises(UsageError, match="no stream 1"):
            recording.append(1, b"x")
        assert recording.append(0, b"x") == 0


# ---- streams -----------------------------------------------------------------------------------------------------


def test_a_stream_keeps_its_number_and_new_facts_are_a_new_row(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        assert [recording.add_stream(stream) for stream in (BARS, NEWS, BARS)] == [0, 1, 0]
    changed = type(BARS)(name=BARS.name, channel=BARS.channel, stream_id=BARS.stream_id, format="json")
    with opened(kind, folder) as recording:
        assert [recording.add_stream(stream) for stream in (NEWS, changed, BARS)] == [1, 2, 0]
    with open_recording(folder) as reader:
        assert {number: row.name for number, row in reader.streams.items()} == {0: "bars", 1: "news", 2: "bars"}
        assert reader.streams[0].types == BARS.types
        assert reader.streams[1].framed is False


# ---- places ------------------------------------------------------------------------------------------------------


def test_reading_begins_at_every_sequence(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        data = fill(recording, 200, size=1000)
    assert len(list(folder.glob(kind.glob))) > 2
    with open_recording(folder) as reader:
        for sequence in range(200):
            reader.seek(Place("sequence", sequence))
            record = reader.read()
            assert record is not None
            assert (record.sequence, record.payload) == (sequence, data[sequence])
        reader.seek(Place("sequence", 200))
        assert reader.read() is None
        with pytest.raises(InvalidValue, match="201") as refused:
            reader.seek(Place("sequence", 201))
        assert "200" in str(refused.value)


def test_reading_goes_on_behind_every_position(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        fill(recording, 200, size=1000)
    records = read_all(folder)
    ends = {record.sequence: record.position for record in records}
    with open_recording(folder) as reader:
        for sequence, position in ends.items():
            reader.seek(Place("position", position))
            record = reader.read()
            assert (None if record is None else record.sequence) == (sequence + 1 if sequence < 199 else None)
            reader.seek(Place("position", position - 1))
            record = reader.read()
            assert record is not None
            assert record.sequence == sequence
        with pytest.raises(InvalidValue, match="beyond the end|does not exist yet"):
            reader.seek(Place("position", reader.end_position + 1))


def test_reading_begins_at_every_time(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        fill(recording, 200, size=1000)
    times = [record.time_ns for record in read_all(folder)]
    with open_recording(folder) as reader:
        for sequence, time_ns in enumerate(times):
            for wanted in (time_ns, time_ns - 1):
                reader.seek(Place("time", wanted))
                record = reader.read()
                assert record is not None
                assert record.sequence == sequence
        reader.seek(Place("time", times[-1] + 1))
        assert reader.read() is None


def test_a_place_given_when_opening_is_where_it_begins(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        fill(recording, 20)
        with recording.reader(Place("sequence", 15)) as reader:
            assert [record.sequence for record in reader] == [15, 16, 17, 18, 19]
    assert [record.sequence for record in read_all(folder, Place("sequence", 18))] == [18, 19]
    assert read_all(folder, LIVE) == []


def test_a_seek_that_is_refused_leaves_the_place(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        fill(recording, 10)
    with open_recording(folder, start=Place("sequence", 4)) as reader:
        with pytest.raises(InvalidValue):
            reader.seek(Place("sequence", 99))
        record = reader.read()
        assert record is not None
        assert record.sequence == 4
        assert reader.position == record.position


# ---- live ----------------------------------------------------------------------------------------------------------


def test_a_reader_follows_the_writer_over_segments(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording, open_recording(folder) as reader:
        seen: list[int] = []
        for _ in range(30):
            fill(recording, 11, size=1000)
            seen += [record.sequence for record in reader]
            assert seen == list(range(recording.next_sequence))
            assert reader.next_sequence == recording.next_sequence
        assert len(list(folder.glob(kind.glob))) > 2


def test_a_reader_sees_what_was_written_and_not_what_was_only_appended(kind: Kind, folder: Path) -> None:
    with opened(kind, folder, sync="none") as recording, open_recording(folder) as reader:
        number = recording.add_stream(BARS)
        recording.append(number, b"x")
        assert reader.read() is None
        recording.write()
        record = reader.read()
        assert record is not None
        assert record.payload == b"x"
        assert reader.read() is None


def test_rolling_begins_a_new_segment_and_loses_nothing(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        data: list[bytes] = []
        for _ in range(5):
            data += fill(recording, 3)
            recording.roll()
        recording.roll()
    assert len(list(folder.glob(kind.glob))) >= 6
    assert [record.payload for record in read_all(folder)] == data
