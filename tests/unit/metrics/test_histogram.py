"""Histograms: the error bound against sorted lists, clamping, merging, snapshots."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.errors import ClosedError, InvalidValue
from actorbus.metrics import HistogramSnapshot, LatencySummary, Statistics
from actorbus.metrics.histogram import LONGEST_NS, Histogram

durations = st.integers(0, 2**40 - 1)
spread_durations = st.integers(0, 40).flatmap(lambda bits: st.integers(0, 2**bits - 1 if bits else 0))


def recorded(values: list[int]) -> HistogramSnapshot:
    with Statistics.private(size=65536) as statistics:
        histogram = statistics.histogram("test", "values")
        for value in values:
            histogram.record(value)
        return histogram.snapshot()


@given(st.lists(durations | spread_durations, min_size=1), st.integers(0, 1_000_000))
def test_inv_percentile_bound(values: list[int], millionths: int) -> None:
    """A percentile is never understated and less than 1/128 too high."""
    snapshot = recorded(values)
    rank = max(1, math.ceil(len(values) * millionths / 1_000_000))
    exact = sorted(values)[rank - 1]
    assert exact <= snapshot.percentile(millionths / 10_000) <= exact + exact // 128


@given(st.lists(spread_durations))
def test_count_sum_min_and_max_are_exact(values: list[int]) -> None:
    snapshot = recorded(values)
    assert (snapshot.count, snapshot.sum_ns) == (len(values), sum(values))
    assert (snapshot.min_ns, snapshot.max_ns) == (min(values, default=0), max(values, default=0))
    assert snapshot.percentile(0) == snapshot.min_ns
    assert snapshot.percentile(100) == snapshot.max_ns


@given(st.lists(st.lists(spread_durations), max_size=4))
def test_merging_equals_recording_into_one(lists: list[list[int]]) -> None:
    merged = HistogramSnapshot.merged(*map(recorded, lists))
    together = recorded([value for values in lists for value in values])
    assert merged.summary() == together.summary()
    assert list(merged.buckets()) == list(together.buckets())


@given(st.lists(spread_durations))
def test_buckets_ascend_and_hold_every_record_once(values: list[int]) -> None:
    buckets = list(recorded(values).buckets())
    assert sum(count for _, count in buckets) == len(values)
    assert [highest for highest, _ in buckets] == sorted({highest for highest, _ in buckets})


def test_an_empty_histogram_answers_zero() -> None:
    snapshot = recorded([])
    assert snapshot.summary() == LatencySummary()
    assert HistogramSnapshot.merged().summary() == LatencySummary()


def test_what_is_out_of_range_is_clamped_and_counted() -> None:
    snapshot = recorded([-1, -(2**62), 2**40, 2**62, 5])
    assert (snapshot.below, snapshot.above, snapshot.count) == (2, 2, 5)
    assert snapshot.min_ns == 0
    assert snapshot.max_ns == 2**62
    assert snapshot.percentile(99) == 2**40 - 1


@pytest.mark.parametrize("percent", [-0.1, 100.1, math.nan, math.inf])
def test_a_percentile_outside_0_to_100_is_refused(percent: float) -> None:
    with pytest.raises(InvalidValue, match=r"is not in 0 \.\. 100"):
        recorded([1]).percentile(percent)


def test_a_summary_has_the_usual_figures() -> None:
    summary = recorded(list(range(100))).summary()
    assert summary == LatencySummary(count=100, min=0, mean=49.5, p50=49, p95=94, p99=98, p999=99, max=99)


def test_recording_many_equals_recording_often() -> None:
    with Statistics.private() as statistics:
        many, often = statistics.histogram("test", "many"), statistics.histogram("test", "often")
        many.record_many(1234, 3)
        for _ in range(3):
            often.record(1234)
        assert many.snapshot().summary() == often.snapshot().summary()
        assert many.percentile(50) == often.percentile(50)


def test_a_snapshot_does_not_change_with_later_records() -> None:
    with Statistics.private() as statistics:
        histogram = statistics.histogram("test", "values")
        histogram.record(1)
        before = histogram.snapshot()
        histogram.record(1000)
        assert (before.count, before.max_ns, before.percentile(100)) == (1, 1, 1)


def test_after_close_a_histogram_stays_readable_and_recording_harms_nobody() -> None:
    statistics = Statistics.private()
    histogram = statistics.histogram("test", "values")
    histogram.record(7)
    statistics.close()
    histogram.record(9)
    assert histogram.snapshot().sum_ns == 16
    with pytest.raises(ClosedError):
        _ = histogram.address


def test_threads_that_record_and_read_while_close_runs_are_not_harmed() -> None:
    for _ in range(20):
        statistics = Statistics.private()
        histogram = statistics.histogram("test", "values")
        started, ended = threading.Event(), threading.Event()

        def record(histogram: Histogram = histogram, ended: threading.Event = ended) -> None:
            while not ended.is_set():
                histogram.record(5)

        def read(
            histogram: Histogram = histogram, started: threading.Event = started, ended: threading.Event = ended
        ) -> None:
            while not ended.is_set():
                histogram.snapshot()
                started.set()

        threads = [threading.Thread(target=record), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        assert started.wait(10)
        statistics.close()
        ended.set()
        for thread in threads:
            thread.join(10)
        assert histogram.snapshot().max_ns == 5


def test_a_duration_that_a_forged_clock_made_is_recorded_as_the_longest() -> None:
    snapshot = recorded([2**64, 2**63 + 5, 7])

    assert (snapshot.count, snapshot.min_ns, snapshot.max_ns) == (3, 7, LONGEST_NS)
    assert snapshot.sum_ns == 2 * LONGEST_NS + 7
