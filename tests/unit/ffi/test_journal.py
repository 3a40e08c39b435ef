from __future__ import annotations

import threading
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, InvalidValue
from actorbus.ffi import open_handles
from actorbus.ffi.journal import COUNTERS, DURABLE, INTERVAL, NONE, JournalHandle
from actorbus.ffi.journal_reader import EARLIEST, JournalReaderHandle
from actorbus.ffi.native import ffi, lib
from actorbus.recording.errors import JournalLocked, RecordingNotFound

SEGMENT = 64 * 1024


def test_what_is_appended_has_contiguous_sequences_and_goes_on_after_a_close(tmp_path: Path) -> None:
    journal = JournalHandle.open(tmp_path / "tape", segment_bytes=SEGMENT)
    assert (journal.opened.created, journal.opened.next_sequence, journal.opened.epoch) == (True, 0, 1)
    assert [
        journal.append(1, body, time_ns=n + 1) for n, body in enumerate((b"a", bytearray(b"b"), memoryview(b"c")))
    ] == [
        0,
        1,
        2,
    ]
    counters = journal.counters()
    assert tuple(counters) == COUNTERS
    assert (counters["appended_sequence"], counters["written_sequence"], counters["durable_sequence"]) == (3, 0, 0)
    journal.sync()
    counters = journal.counters()
    assert counters["appended"] == counters["written"] == counters["durable"] > 0
    assert (counters["durable_sequence"], counters["records"], counters["bytes"]) == (3, 3, 3)
    journal.close()
    journal.close()
    again = JournalHandle.open(tmp_path / "tape", sync=NONE, create=False)
    assert (again.opened.clean, again.opened.next_sequence, again.opened.last_time_ns) == (True, 3, 3)
    assert again.opened.uuid == journal.opened.uuid
    assert again.append(1, b"d") == 3
    again.close()


def test_what_a_kill_leaves_is_what_was_written(tmp_path: Path) -> None:
    journal = JournalHandle.open(tmp_path, segment_bytes=SEGMENT, sync=NONE)
    journal.append(1, b"written")
    journal.write()
    journal.append(1, b"only appended")
    journal.abandon()
    again = JournalHandle.open(tmp_path)
    assert (again.opened.clean, again.opened.next_sequence, again.opened.cut_bytes) == (False, 1, 0)
    again.close()


def test_refusals_say_why_and_whose_fault_it_is(tmp_path: Path) -> None:
    with pytest.raises(RecordingNotFound, match="holds no recording"):
        JournalHandle.open(tmp_path, create=False)
    with pytest.raises(InvalidValue, match="power of two"):
        JournalHandle.open(tmp_path, segment_bytes=100_000)
    journal = JournalHandle.open(tmp_path, segment_bytes=SEGMENT)
    with pytest.raises(JournalLocked, match="another writer"):
        JournalHandle.open(tmp_path)
    with pytest.raises(InvalidValue, match="longer than"):
        journal.append(1, bytes(journal.payload_max + 1))
    with pytest.raises(InvalidValue, match="stream number 65536"):
        journal.append(65536, b"")
    with pytest.raises(InvalidValue, match="nothing to resume"):
        journal.resume()
    journal.close()
    for use in (journal.write, journal.counters, journal.due_ns, journal.roll, lambda: journal.append(0, b"")):
        with pytest.raises(ClosedError, match="closed"):
            use()
    assert lib.ab_slot_count(lib.AB_KIND_JOURNAL) == 0


def test_tick_syncs_as_the_mode_says(tmp_path: Path) -> None:
    for number, (sync, durable) in enumerate(((DURABLE, 1), (INTERVAL, 0), (NONE, 0))):
        journal = JournalHandle.open(tmp_path / str(number), segment_bytes=SEGMENT, sync=sync, sync_ns=10**15)
        assert journal.due_ns() == 2**63 - 1
        journal.append(1, b"x")
        assert journal.due_ns() == 0
        journal.tick(10**9, idle=True)
        counters = journal.counters()
        assert (counters["written_sequence"], counters["durable_sequence"]) == (1, durable)
        journal.close()


def test_counters_live_in_memory_of_the_caller(tmp_path: Path) -> None:
    block = ffi.new("int64_t[]", len(COUNTERS))
    journal = JournalHandle.open(tmp_path, segment_bytes=SEGMENT, counters=int(ffi.cast("uintptr_t", block)))
    journal.append(1, b"x")
    assert block[COUNTERS.index("appended_sequence")] == 1
    journal.close()
    assert block[COUNTERS.index("durable_sequence")] == 1


def test_retention_leaves_what_a_reader_or_a_consumer_is_on(tmp_path: Path) -> None:
    journal = JournalHandle.open(tmp_path, segment_bytes=SEGMENT, sync=NONE)
    for _ in range(300):
        journal.append(1, bytes(1000))
    journal.write()
    segments = journal.counters()["segments"]
    assert segments >= 5
    reader = JournalReaderHandle.open(tmp_path)
    assert journal.purge(bytes_max=1)[:1] + journal.purge(bytes_max=1)[4:] == (0, "reader")
    reader.close()
    assert journal.purge().segments == 0  # no rule
    assert journal.purge(bytes_max=1, keep_position=0).held == "consumer"
    purged = journal.purge(bytes_max=2 * SEGMENT)
    assert (purged.segments, purged.held) == (segments - 2, "")
    reader = JournalReaderHandle.open(tmp_path)
    reader.seek(EARLIEST)
    assert reader.batch()[0].sequence == purged.first_sequence > 0
    reader.close()
    journal.close()


def test_two_threads_inside_one_journal_are_refused_not_run(tmp_path: Path) -> None:
    journal = JournalHandle.open(tmp_path, segment_bytes=SEGMENT)
    refused: list[int] = []
    done = threading.Event()

    def other() -> None:
        while not done.is_set():
            try:
                journal.write()
            except InvalidValue:
                refused.append(1)

    thread = threading.Thread(target=other)
    thread.start()
    kept = 0
    for _ in range(2000):
        try:
            journal.append(1, b"x")
            kept += 1
            journal.write()
        except InvalidValue:
            refused.append(1)
    done.set()
    thread.join()
    journal.sync()
    assert journal.counters()["durable_sequence"] == kept
    journal.close()
    assert open_handles() == lib.ab_slot_count(lib.AB_KIND_NONE)
