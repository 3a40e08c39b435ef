"""Counters and gauges: one owner's int64, before and after close."""

from __future__ import annotations

import ctypes
import threading

import pytest

from actorbus.errors import ClosedError
from actorbus.metrics import CounterBlock, Statistics, StreamCounter


def count_until(block: CounterBlock, started: threading.Event, ended: threading.Event) -> None:
    while not ended.is_set():
        block.add(0)
        block.read()
        started.set()


def test_a_block_counts_by_enum_and_by_number() -> None:
    with Statistics.private() as statistics:
        block = statistics.counter_block("stream", "bars")
        block.add(StreamCounter.GAPS)
        block.add(StreamCounter.GAPS, 2)
        block[3] = 7
        assert block[StreamCounter.GAPS] == 3
        assert block.read() == (0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0)
        assert len(block) == 16


def test_native_code_writes_where_the_address_says() -> None:
    with Statistics.private() as statistics:
        block = statistics.counter_block("stream", "bars")
        (ctypes.c_int64 * 16).from_address(block.address)[5] = -12
        assert block[5] == -12


@pytest.mark.parametrize("index", [16, -17, 1000])
def test_an_index_beyond_the_block_is_an_index_error(index: int) -> None:
    with Statistics.private() as statistics:
        block = statistics.counter_block("stream", "bars")
        with pytest.raises(IndexError):
            block.add(index)


def test_a_number_beyond_int64_is_refused_and_changes_nothing() -> None:
    with Statistics.private() as statistics:
        block = statistics.counter_block("stream", "bars")
        with pytest.raises(ValueError, match="format 'q'"):
            block[0] = 2**63
        assert block[0] == 0


def test_a_gauge_goes_up_and_down() -> None:
    with Statistics.private() as statistics:
        gauge = statistics.gauge("poller", "outbox")
        gauge.set(10)
        gauge.add(-15)
        assert gauge.read() == -5


def test_after_close_numbers_stay_readable_and_writing_harms_nobody() -> None:
    statistics = Statistics.private()
    block, gauge = statistics.counter_block("stream", "bars"), statistics.gauge("poller", "outbox")
    block.add(0, 5)
    gauge.set(6)
    statistics.close()
    assert block.read()[0] == 5
    assert gauge.read() == 6
    block.add(0)
    block[1] = 2
    gauge.set(8)
    assert block.read()[:2] == (6, 2)
    assert gauge.read() == 8


def test_after_close_there_is_no_address() -> None:
    statistics = Statistics.private()
    block = statistics.counter_block("stream", "bars")
    statistics.close()
    with pytest.raises(ClosedError, match="stream bars are closed"):
        _ = block.address


def test_a_thread_that_counts_while_close_runs_is_not_harmed() -> None:
    for _ in range(20):
        statistics = Statistics.private()
        block = statistics.counter_block("stream", "bars")
        started, ended = threading.Event(), threading.Event()
        thread = threading.Thread(target=count_until, args=(block, started, ended))
        thread.start()
        assert started.wait(10)
        statistics.close()
        ended.set()
        thread.join(10)
        assert block[0] > 0


def test_the_representation_names_the_block_and_its_numbers() -> None:
    with Statistics.private() as statistics:
        gauge = statistics.gauge("poller", "outbox")
        gauge.set(3)
        assert repr(gauge) == "Gauge(poller/outbox: [3])"
