"""Numbers of a process: counters, gauges and latency histograms in one memory-mapped file, readable from outside.

The file is a black box: it is there while the process works, hangs, and after it was killed. docs/statistics-format.md
has its bytes. This package knows how numbers are kept, not what they measure.
"""

from __future__ import annotations

from actorbus.metrics.counters import CounterBlock, Gauge
from actorbus.metrics.histogram import Histogram, HistogramSnapshot, LatencySummary
from actorbus.metrics.place import default_directory, list_statistics
from actorbus.metrics.reader import StatisticsReader
from actorbus.metrics.snapshot import Liveness, StatisticsSnapshot
from actorbus.metrics.statistics import DEFAULT_SIZE, Statistics
from actorbus.metrics.stream import (
    HANDLER,
    RECORDER,
    STREAM,
    HandlerCounter,
    HandlerCounters,
    RecorderCounter,
    RecorderCounters,
    StreamCounter,
    StreamCounters,
)

__all__ = [
    "DEFAULT_SIZE",
    "HANDLER",
    "RECORDER",
    "STREAM",
    "CounterBlock",
    "Gauge",
    "HandlerCounter",
    "HandlerCounters",
    "Histogram",
    "HistogramSnapshot",
    "LatencySummary",
    "Liveness",
    "RecorderCounter",
    "RecorderCounters",
    "Statistics",
    "StatisticsReader",
    "StatisticsSnapshot",
    "StreamCounter",
    "StreamCounters",
    "default_directory",
    "list_statistics",
]
