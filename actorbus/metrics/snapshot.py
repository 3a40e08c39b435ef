"""All statistics of a process at one moment, whether they were read inside it or from its file.

Rules of this file:

* Records are frozen; nobody changes their dicts. The first key is the group, the second the name.
* Several numbers are not one instant: each was true at some moment of the read.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from actorbus.ffi.stats import Liveness
from actorbus.metrics.histogram import HistogramSnapshot
from actorbus.metrics.stream import HANDLER, STREAM, HandlerCounters, StreamCounters

__all__ = ["Liveness", "StatisticsSnapshot"]


class StatisticsSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a process counted and measured, and whether it lives."""

    name: str
    """Of the topology or application."""
    pid: int
    driver_directory: str
    """Empty: none."""
    writer: Liveness
    """Whether the process exists: ``alive`` (perhaps hung: see the heartbeat), ``dead``, or ``unknown``."""
    closed: bool
    """Closed in order: the values are final."""
    created_time_ns: int
    """Realtime, ns since the epoch."""
    heartbeat_time_ns: int
    """Realtime of the last heartbeat."""
    heartbeat_age_ns: int
    """Monotonic time since the last heartbeat: what tells a process that hangs."""
    counters: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Blocks of 16 numbers."""
    gauges: Mapping[str, Mapping[str, int]]
    histograms: Mapping[str, Mapping[str, HistogramSnapshot]]

    @property
    def streams(self) -> dict[str, StreamCounters]:
        """The counters of each stream."""
        return {name: StreamCounters.from_block(block) for name, block in self.counters.get(STREAM, {}).items()}

    @property
    def handlers(self) -> dict[str, HandlerCounters]:
        """The counters of each handler; its latency is ``histograms["handler"]``."""
        return {name: HandlerCounters.from_block(block) for name, block in self.counters.get(HANDLER, {}).items()}
