"""What every recording survives, whatever its backend: kills, second writers, damage; and what it forgets."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InvalidValue, RecordingError
from actorbus.journal import Consumer, open_recording, table
from actorbus.journal.files import is_locked
from actorbus.journal.tools import repair
from actorbus.limits import MIB
from actorbus.recording import (
    CorruptRecord,
    FormatRefused,
    JournalLocked,
    Place,
    PositionPurged,
    RecordedMessage,
    RecordingNotFound,
    RecordingReader,
    Retention,
    StorageFailed,
    SyncMode,
)
from tests.conformance.recordings import (
    BARS,
    Kind,
    fill,
    flip,
    killed,
    opened,
    read_all,
)

# ---- opening again -------------------------------------------------------------------------------------------------


def test_opening_again_extends_it(kind: Kind, folder: Path) -> None:
    data: list[bytes] = []
    uuids: set[str] = set()
    for _ in range(4):
        with opened(kind, folder) as recording:
            assert recording.next_sequence == len(data)
            uuids.add(recording.uuid)
            data += fill(recording, 25)
            last = recording.recovery.state
    assert last == "clean"
    assert len(uuids) == 1
    assert [record.payload for record in read_all(folder)] == data


def test_what_was_written_survives_a_kill_and_what_was_not_is_gone(kind: Kind, folder: Path) -> None:
    recording = opened(kind, folder, sync="none")
    data = fill(recording, 30)
    number = recording.add_stream(BARS)
    recording.append(number, b"written")
    recording.write()
    recording.append(number, b"only appended")
    killed(recording)
    with opened(kind, folder) as again:
        assert again.next_sequence == 31
        assert again.positions.durable == again.positions.appended
        again.append(number, b"after")
    assert [record.payload for record in read_all(folder)] == [*data, b"written", b"after"]


def test_a_copy_of_a_live_recording_is_one(kind: Kind, folder: Path, tmp_path: Path) -> None:
    with opened(kind, folder) as recording:
        data = fill(recording, 100)
        shutil.copytree(folder, tmp_path / "copy")
        assert [record.payload for record in read_all(tmp_path / "copy")] == data
        with opened(kind, tmp_path / "copy") as copy:
            assert copy.next_sequence == 100


def test_a_recording_keeps_its_backend(kind: Kind, folder: Path) -> None:
    opened(kind, folder).close()
    with open_recording(folder, write=True) as recording:
        assert recording.backend == kind.name
    other = "journal" if kind.name == "jsonl" else "jsonl"
    with pytest.raises(FormatRefused, match=f"backend {kind.name}"):
        open_recording(folder, write=True, backend=other)


# ---- a disk that fails ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def failing_disk() -> Generator[None]:
    """No file of this process can grow or be written behind its first byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("sync", ["durable", "interval", "none"])
def test_after_a_failed_write_it_goes_on_with_all_that_was_appended(kind: Kind, folder: Path, sync: SyncMode) -> None:
    with opened(kind, folder, sync=sync) as recording:
        data = fill(recording, 5)
        number = recording.add_stream(BARS)
        for again in range(3):
            with failing_disk():
                for text in (b"one %d" % again, b"two %d" % again):
                    recording.append(number, text, session=3, stream_position=7)
                    data.append(text)
                assert recording.unwritten == 2
                for _ in range(2):
                    with pytest.raises(StorageFailed):
                        recording.write()
                for _ in range(2):
                    with pytest.raises(StorageFailed):
                        recording.resume()
                assert recording.unwritten == 2
                with pytest.raises(StorageFailed):
                    recording.append(number, b"refused")
            assert recording.resume() == 0
            assert (recording.unwritten, recording.next_sequence) == (0, len(data))
            data.append(b"after %d" % again)
            assert recording.append(number, data[-1]) == len(data) - 1
            recording.sync()
            assert [record.payload for record in read_all(folder)] == data
        with pytest.raises(InvalidValue):
            recording.resume()
    found = read_all(folder)
    assert [record.payload for record in found] == data
    assert [record.sequence for record in found] == list(range(len(data)))
    assert (found[5].session, found[5].stream_position) == (3, 7)


def test_a_write_that_fails_in_an_append_is_told_by_the_next_one_and_the_record_is_taken_once(
    kind: Kind, folder: Path
) -> None:
    with opened(kind, folder) as recording:
        number = recording.add_stream(BARS)
        taken = 0
        with failing_disk(), contextlib.suppress(StorageFailed):
            while True:
                recording.append(number, b"%d" % taken)
                taken += 1
        assert recording.next_sequence == taken
        assert recording.resume() == 0
        recording.append(number, b"%d" % taken)
    assert [record.payload for record in read_all(folder)] == [b"%d" % at for at in range(taken + 1)]


# ---- locks, and what is no recording -----------------------------------------------------------------------------


def test_a_second_writer_is_refused_until_the_first_has_gone(kind: Kind, folder: Path) -> None:
    recording = opened(kind, folder)
    for _ in range(50):
        with pytest.raises(JournalLocked, match="being written|recorded to"):
            opened(kind, folder)
    assert fill(recording, 3)
    killed(recording)
    with opened(kind, folder) as again:
        assert again.next_sequence == 3


def test_a_writer_whose_lock_file_was_removed_stays_the_only_one(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        data = fill(recording, 3)
        (folder / "LOCK").unlink()
        with pytest.raises(JournalLocked, match="being written"):
            opened(kind, folder)
        with pytest.raises(JournalLocked, match="being written"):
            repair(folder)
        data += fill(recording, 3)
    assert [record.payload for record in read_all(folder)] == data


def test_the_table_is_read_when_the_lock_is_taken(kind: Kind, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load, locked = table.load_to_write, []

    def look(directory: Path, backend: table.Backend) -> table.RecordingTable | None:
        locked.append(is_locked(directory))
        return load(directory, backend)

    monkeypatch.setattr(table, "load_to_write", look)
    for _ in range(2):
        opened(kind, folder).close()
    assert locked == [True, True]


def test_where_nothing_is_there_is_no_recording(kind: Kind, folder: Path) -> None:
    with pytest.raises(RecordingNotFound, match="no such folder"):
        open_recording(folder)
    folder.mkdir(parents=True)
    with pytest.raises(RecordingNotFound, match=r"recording\.json"):
        open_recording(folder)


def test_a_changed_table_is_refused(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        fill(recording, 3)
    table = folder / "recording.json"
    text = table.read_text()
    for wrong, says in ((text.replace("bars", "cars"), "was changed"), (text.replace(": 1,", ": 9,", 1), "version 9")):
        table.write_text(wrong)
        for write in (False, True):
            with pytest.raises(FormatRefused, match=says):
                open_recording(folder, write=write)  # type: ignore[call-overload]
    table.write_text(text)
    assert len(read_all(folder)) == 3


def test_records_without_a_table_are_not_extended(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        fill(recording, 3)
    (folder / "recording.json").unlink()
    with pytest.raises(FormatRefused, match=r"recording\.json"):
        opened(kind, folder)


def test_what_is_closed_says_so(kind: Kind, folder: Path) -> None:
    recording = opened(kind, folder)
    recording.close()
    recording.close()
    with pytest.raises(ClosedError):
        recording.add_stream(BARS)
    with pytest.raises(ClosedError):
        recording.sync()
    reader = open_recording(folder)
    reader.close()
    reader.close()
    with pytest.raises(ClosedError):
        reader.read()


# ---- damage ------------------------------------------------------------------------------------------------------


def outcomes(reader: RecordingReader) -> list[RecordedMessage | CorruptRecord]:
    """Read to the end, stepping over what is damaged as the errors say."""
    found: list[RecordedMessage | CorruptRecord] = []
    while True:
        try:
            record = reader.read()
        except CorruptRecord as error:
            found.append(error)
            if error.next_position < 0:
                return found
            reader.seek(Place("position", error.next_position))
            continue
        if record is None:
            return found
        found.append(record)


@pytest.mark.parametrize("sequence", [0, 1, 50, 98, 99])
def test_a_changed_bit_is_named_and_its_record_never_returned(kind: Kind, folder: Path, sequence: int) -> None:
    with opened(kind, folder, segment_bytes=1 * MIB) as recording:
        data = fill(recording, 100)
    records = read_all(folder)
    path, offset = flip(kind, folder, records[sequence].position - 30)
    with open_recording(folder) as reader:
        for expected in range(sequence):
            record = reader.read()
            assert record is not None
            assert record.payload == data[expected]
        for _ in range(2):  # it stays where it is
            with pytest.raises(CorruptRecord) as named:
                reader.read()
            assert named.value.file == str(path)
            assert 0 <= named.value.offset <= offset
            assert named.value.sequence == sequence
            assert path.name in str(named.value)
            assert str(sequence) in str(named.value)


def test_what_stands_behind_damage_can_be_read(kind: Kind, folder: Path) -> None:
    with opened(kind, folder, segment_bytes=1 * MIB) as recording:
        for _ in range(10):
            fill(recording, 10)  # each is a write of its own
    records = read_all(folder)
    flip(kind, folder, records[44].position - 30)
    with open_recording(folder) as reader:
        found = outcomes(reader)
    whole = [record.sequence for record in found if isinstance(record, RecordedMessage)]
    assert [one for one in found if isinstance(one, CorruptRecord)]
    assert set(whole) >= {*range(40), *range(50, 100)}
    assert 44 not in whole
    assert all(records[one.sequence] == one for one in found if isinstance(one, RecordedMessage))


def test_damage_is_not_hidden_by_going_on(kind: Kind, folder: Path) -> None:
    """The journal opens behind what it has noted as durable, jsonl refuses; what is damaged stays named."""
    with opened(kind, folder, segment_bytes=1 * MIB) as recording:
        fill(recording, 100)
    before = read_all(folder)
    flip(kind, folder, before[99].position - 30)
    files = {path: path.read_bytes() for path in folder.glob(kind.glob)}
    if kind.name == "journal":
        with opened(kind, folder, segment_bytes=1 * MIB) as again:
            assert again.append(0, b"behind") == 100
    else:
        with pytest.raises(CorruptRecord, match="record 99 is damaged"):
            opened(kind, folder, segment_bytes=1 * MIB)
        assert {path: path.read_bytes() for path in folder.glob(kind.glob)} == files
    with open_recording(folder, start=Place("position", before[98].position)) as reader:
        with pytest.raises(CorruptRecord) as named:
            reader.read()
        assert named.value.sequence == 99


# ---- retention ---------------------------------------------------------------------------------------------------


def test_what_is_old_goes_and_is_named_when_it_is_asked_for(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        for _ in range(5):
            fill(recording, 20)
            recording.roll()
        times = [record.time_ns for record in read_all(folder)]
        cut = recording.purge(Retention(age_ns=1), now_ns=times[59] + 2)
        assert cut.segments == 3 or cut.segments > 3
        assert cut.first_sequence == recording.first_sequence == 60
        records = read_all(folder)
        assert [record.sequence for record in records] == list(range(60, 100))
        with open_recording(folder) as reader:
            for place in (Place("sequence", 59), Place("position", 0)):
                with pytest.raises(PositionPurged, match="sequence 60") as gone:
                    reader.seek(place)
                assert gone.value.first_sequence == 60
                reader.seek(Place("position", gone.value.first_position))
                record = reader.read()
                assert record is not None
                assert record.sequence == 60
        fill(recording, 5)
    with opened(kind, folder) as again:
        assert (again.first_sequence, again.next_sequence) == (60, 105)


def test_a_size_is_kept(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        for _ in range(6):
            fill(recording, 20)
            recording.roll()
        assert recording.purge(Retention(size_bytes=2**40)).segments == 0
        cut = recording.purge(Retention(size_bytes=1))
        assert cut.segments >= 6
        assert (recording.first_sequence, recording.next_sequence) == (120, 120)
        assert fill(recording, 2)
    assert [record.sequence for record in read_all(folder)] == [120, 121]


def test_a_segment_that_is_read_stays(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        for _ in range(3):
            fill(recording, 20)
            recording.roll()
        with open_recording(folder) as reader:
            assert reader.read() is not None
            cut = recording.purge(Retention(size_bytes=1))
            assert (cut.segments, cut.first_sequence) == (0, 0)
            assert "read" in " ".join(cut.kept)
            assert [record.sequence for record in reader] == list(range(1, 60))
        assert recording.purge(Retention(size_bytes=1)).segments >= 3


def test_what_a_consumer_needs_stays(kind: Kind, folder: Path) -> None:
    with opened(kind, folder) as recording:
        for _ in range(4):
            fill(recording, 20)
            recording.roll()
        records = read_all(folder)
        with Consumer(folder, recording.uuid, "audit") as consumer:
            consumer.store(records[29].position)
        cut = recording.purge(Retention(size_bytes=1))
        assert cut.first_sequence == 20
        assert "audit" in " ".join(cut.kept)
        assert recording.purge(Retention(size_bytes=1, consumers=False)).first_sequence == 80


# ---- bounds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"segment_bytes": 100}, {"segment_bytes": 2**40}, {"interval_ns": 0}])
def test_arguments_out_of_bounds_are_refused(kind: Kind, folder: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidValue, match=str(next(iter(wrong.values())))):
        open_recording(folder, write=True, backend=kind.name, **wrong)  # type: ignore[call-overload]


def test_errors_of_recordings_are_recording_errors(kind: Kind, folder: Path) -> None:
    with pytest.raises(RecordingError):
        open_recording(folder)
