"""The border to native statistics: errors become ours, views and pointers reach the same memory."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.errors import ClosedError, DecodeError, EnvironmentFault, InvalidValue, OutOfMemory
from actorbus.ffi import stats


@pytest.fixture
def memory() -> Iterator[stats.StatisticsMemory]:
    made = stats.StatisticsMemory(None, size=stats.SIZE_MIN, name="test", driver_directory="")
    yield made
    made.close()


def test_address_and_view_are_the_same_memory(memory: stats.StatisticsMemory) -> None:
    for kind, count in ((stats.COUNTER_BLOCK, stats.BLOCK_SLOTS), (stats.GAUGE, 1)):
        address, view = memory.numbers(kind, "g", "n")
        assert len(view) == count
        view[count - 1] = -5
        assert ctypes.c_int64.from_address(address + 8 * (count - 1)).value == -5
        view.release()


def test_address_and_pointer_of_a_histogram_are_the_same_memory(memory: stats.StatisticsMemory) -> None:
    address, pointer = memory.histogram("g", "n")
    stats.histogram_record(pointer, 77)
    assert ctypes.c_uint64.from_address(address + 8).value == 77  # max_ns
    assert stats.summarise_histogram(pointer) == stats.HistogramFacts(1, 77, 77, 77, 0, 0)


def test_a_copy_is_apart_from_what_it_copied(memory: stats.StatisticsMemory) -> None:
    _, pointer = memory.histogram("g", "n")
    stats.histogram_record_many(pointer, 5, 3)
    copied = stats.copy_histogram(pointer)
    stats.histogram_record(pointer, 9)
    stats.merge_histogram(copied, copied)
    assert stats.summarise_histogram(copied).count == 6
    assert stats.histogram_value_at(pointer, 1_000_000) == 9
    assert list(stats.histogram_buckets(copied)) == [(5, 6)]
    assert stats.summarise_histogram(stats.new_histogram()).count == 0


def test_errors_of_native_code_are_typed(memory: stats.StatisticsMemory, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="1 is not in 65536"):
        stats.StatisticsMemory(None, size=1, name="n", driver_directory="")
    with pytest.raises(EnvironmentFault, match="No such file"):
        stats.StatisticsMemory(tmp_path / "no" / "such", size=stats.SIZE_MIN, name="n", driver_directory="")
    memory.histogram("g", "one")
    with pytest.raises(OutOfMemory, match="no room for histogram"):
        memory.histogram("g", "two")


def test_retired_memory_has_no_file_and_still_works(tmp_path: Path) -> None:
    path = tmp_path / "s"
    memory = stats.StatisticsMemory(path, size=stats.SIZE_MIN, name="n", driver_directory="")
    _, view = memory.numbers(stats.GAUGE, "g", "n")
    memory.retire()
    assert not path.exists()
    view[0] = 4
    memory.heartbeat()
    memory.retire()
    view.release()
    memory.close()


def test_closed_memory_takes_nothing() -> None:
    memory = stats.StatisticsMemory(None, size=stats.SIZE_MIN, name="n", driver_directory="")
    memory.close()
    memory.close()
    memory.retire()
    memory.heartbeat()
    with pytest.raises(ClosedError, match="no gauge g/n"):
        memory.numbers(stats.GAUGE, "g", "n")
    with pytest.raises(ClosedError, match="no histogram g/n"):
        memory.histogram("g", "n")


def test_a_file_is_read_into_facts(tmp_path: Path) -> None:
    memory = stats.StatisticsMemory(tmp_path / "s", size=stats.SIZE_MIN, name="n", driver_directory="d")
    _, view = memory.numbers(stats.GAUGE, "g", "one")
    view[0] = 11
    view.release()
    stats.histogram_record(memory.histogram("g", "two")[1], 5)
    descriptor = os.open(tmp_path / "s", os.O_RDONLY)
    try:
        header, entries = stats.read_statistics(descriptor, "s")
        assert (header.name, header.driver_directory, header.pid) == ("n", "d", os.getpid())
        assert (header.closed, header.writer) == (False, "alive")
        assert [(entry.kind, entry.group, entry.name) for entry in entries] == [
            (stats.GAUGE, "g", "one"),
            (stats.HISTOGRAM, "g", "two"),
        ]
        assert entries[0].numbers == (11,)
        copied = entries[1].histogram
        assert copied is not None
        memory.close()
        assert stats.summarise_histogram(copied).max_ns == 5
        assert stats.read_statistics(descriptor, "s")[0].closed
    finally:
        os.close(descriptor)


def test_reading_names_where(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"x" * 5000)
    descriptor = os.open(tmp_path / "s", os.O_RDONLY)
    try:
        with pytest.raises(DecodeError, match=r"not a statistics file.*, the-file"):
            stats.read_statistics(descriptor, "the-file")
    finally:
        os.close(descriptor)
    with pytest.raises(EnvironmentFault, match="cannot look at"):
        stats.read_statistics(descriptor, "closed")
