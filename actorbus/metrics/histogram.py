"""Durations: a histogram an owner records into, and immutable snapshots of it.

Rules of this file:

* One writer. A record is a handful of plain stores; readers see whole numbers, a snapshot is not one instant.
* A percentile is never understated, and overstated by less than 1/128 = 0.79 % (native/ab_histogram.h). Min and max
  are exact. 0 .. 2^40 - 1 ns (18 minutes) are told apart; the rest is clamped, and counted in ``below`` and ``above``.
* After ``Statistics.close`` a histogram goes on in private memory, as counters do. Copying takes the lock that close
  holds; recording takes none: no thread switch can come between reading the pointer and the native call, under the GIL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final, Self, final, override

import msgspec

from actorbus.errors import ClosedError, InvalidValue
from actorbus.ffi.stats import (
    HistogramFacts,
    HistogramPointer,
    copy_histogram,
    histogram_buckets,
    histogram_record,
    histogram_record_many,
    histogram_value_at,
    merge_histogram,
    new_histogram,
    summarise_histogram,
)

__all__ = ["Histogram", "HistogramSnapshot", "LatencySummary"]

_MILLIONTHS_A_PERCENT: Final = 10_000
LONGEST_NS: Final = 1 << 62
"""What is longer is recorded as that: a hostile sender's publish time may be any 64 bits."""


class LatencySummary(msgspec.Struct, frozen=True, kw_only=True):
    """The usual figures of a histogram, ns; all 0 when nothing was recorded."""

    count: int = 0
    min: int = 0
    mean: float = 0.0
    p50: int = 0
    p95: int = 0
    p99: int = 0
    p999: int = 0
    max: int = 0


@final
class HistogramSnapshot:
    """What was recorded up to a moment; never changes. Any thread."""

    __slots__: tuple[str, ...] = ("_facts", "_memory")

    def __init__(self, memory: HistogramPointer) -> None:
        """Take over `memory`, which nobody writes to any more. Made by ``snapshot`` and the reader."""
        self._memory = memory
        self._facts: HistogramFacts = summarise_histogram(memory)

    @classmethod
    def merged(cls, *snapshots: Self) -> Self:
        """Return one snapshot of all that any of them recorded; of none: an empty one."""
        memory = new_histogram()
        for snapshot in snapshots:
            snapshot.add_to(memory)
        return cls(memory)

    def add_to(self, memory: HistogramPointer) -> None:
        """Add all records to `memory`, which is the caller's own."""
        merge_histogram(memory, self._memory)

    @property
    def count(self) -> int:
        """How many durations were recorded."""
        return self._facts.count

    @property
    def min_ns(self) -> int:
        """The shortest; 0 when nothing was recorded."""
        return self._facts.min_ns

    @property
    def max_ns(self) -> int:
        """The longest, also beyond 2^40 ns; 0 when nothing was recorded."""
        return self._facts.max_ns

    @property
    def sum_ns(self) -> int:
        """All together."""
        return self._facts.sum_ns

    @property
    def mean_ns(self) -> float:
        """The average; 0.0 when nothing was recorded."""
        return self._facts.sum_ns / self._facts.count if self._facts.count else 0.0

    @property
    def below(self) -> int:
        """How many were negative (a clock went back) and were recorded as 0."""
        return self._facts.below

    @property
    def above(self) -> int:
        """How many were 2^40 ns or more and were recorded as 2^40 - 1."""
        return self._facts.above

    def percentile(self, percent: float) -> int:
        """Return the duration in ns that `percent` of the records do not exceed; 0 gives the min, 100 the max.

        Args:
            percent: 0 .. 100; its first four decimals count.

        Raises:
            InvalidValue: `percent` is outside.
        """
        if not 0 <= percent <= 100:
            raise InvalidValue(f"percentile {percent} is not in 0 .. 100")
        return histogram_value_at(self._memory, round(percent * _MILLIONTHS_A_PERCENT))

    def summary(self) -> LatencySummary:
        """Return the usual figures."""
        facts = self._facts
        return LatencySummary(
            count=facts.count,
            min=facts.min_ns,
            mean=self.mean_ns,
            p50=self.percentile(50),
            p95=self.percentile(95),
            p99=self.percentile(99),
            p999=self.percentile(99.9),
            max=facts.max_ns,
        )

    def buckets(self) -> Iterator[tuple[int, int]]:
        """Yield (highest duration in ns, count) of every bucket that holds something, ascending."""
        return histogram_buckets(self._memory)

    @override
    def __repr__(self) -> str:
        return f"HistogramSnapshot({self.summary()})"


@final
class Histogram:
    """Records durations. Made by ``Statistics.histogram``."""

    __slots__: tuple[str, ...] = ("_address", "_lock", "_memory", "group", "name")

    group: str
    name: str

    def __init__(self, group: str, name: str, address: int, memory: HistogramPointer, lock: threading.RLock) -> None:
        self.group = group
        self.name = name
        self._lock = lock
        self._address = address
        self._memory = memory

    @property
    def address(self) -> int:
        """Where native code records. ``ClosedError`` after the statistics were closed: nobody may write there then."""
        if self._address == 0:
            raise ClosedError(f"the statistics of {self.group} {self.name} are closed", hint="stop writers before")
        return self._address

    def record(self, ns: int) -> None:
        """Record one duration; more than LONGEST_NS counts as that. By the owner's thread only."""
        if ns > LONGEST_NS:  # before the pointer is read: no thread switch may come between it and the call
            ns = LONGEST_NS
        histogram_record(self._memory, ns)

    def record_many(self, ns: int, count: int) -> None:
        """Record the same duration `count` times: of messages measured together. By the owner's thread only."""
        if ns > LONGEST_NS:
            ns = LONGEST_NS
        histogram_record_many(self._memory, ns, count)

    def percentile(self, percent: float) -> int:
        """Return the duration in ns that `percent` of the records do not exceed; several at once: use ``snapshot``."""
        return self.snapshot().percentile(percent)

    def snapshot(self) -> HistogramSnapshot:
        """Return a copy of what was recorded until now. Any thread."""
        with self._lock:
            return HistogramSnapshot(copy_histogram(self._memory))

    def replace_lock(self, lock: threading.RLock) -> None:
        """Use another lock: in a child of fork the old one may be held for ever."""
        self._lock = lock

    def detach(self) -> None:
        """Go on with a private copy. Called by ``Statistics``, which holds the lock, before the memory goes."""
        if self._address != 0:
            self._address = 0
            self._memory = copy_histogram(self._memory)

    @override
    def __repr__(self) -> str:
        return f"Histogram({self.group}/{self.name}: {self.snapshot().summary()})"
