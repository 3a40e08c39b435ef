"""The statistics of a node: one memory-mapped file that outlives it when it is killed (architecture D9).

    Statistics.create(...)       file, read from outside with StatisticsReader
    Statistics.private(...)      the same in memory of this process: ``observability: {statistics: false}``

Rules of this file:

* Counters, gauges and histograms are only ever added. Asked for again by group and name one is the same object, so a
  restarted component goes on where it stopped.
* ``close`` comes last: first end everybody who was given an ``address``. The objects made here stay readable after it.
* A child of ``os.fork`` keeps private copies of everything and never touches the file.
* A ``Statistics`` forgotten without ``close`` warns, removes its file and leaves its memory mapped: native code may
  still write there. So does the end of the interpreter, without the warning.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final, override

from actorbus.errors import ClosedError, EnvironmentFault, InvalidValue, PermissionRefused
from actorbus.ffi import stats as native
from actorbus.metrics import place
from actorbus.metrics.counters import CounterBlock, Gauge
from actorbus.metrics.histogram import Histogram
from actorbus.metrics.snapshot import StatisticsSnapshot

__all__ = ["DEFAULT_SIZE", "Statistics"]

DEFAULT_SIZE: Final = 2 * 1024 * 1024
"""Bytes; room for 1,024 entries, of them 56 histograms. A file takes it whole at once, private memory as it is used."""

_open: Final[weakref.WeakSet[Statistics]] = weakref.WeakSet()


@final
class Statistics:
    """Where a node's numbers live. Use ``create`` or ``private``; any thread.

    Attributes:
        path: the file; None for private ones.
        name: of the topology or application.
    """

    __slots__: tuple[str, ...] = (
        "__weakref__",
        "_blocks",
        "_created_time_ns",
        "_driver_directory",
        "_gauges",
        "_heartbeat_ns",
        "_heartbeat_time_ns",
        "_histograms",
        "_lock",
        "_memory",
        "_pid",
        "name",
        "path",
    )

    path: Path | None
    name: str

    def __init__(self, memory: native.StatisticsMemory, path: Path | None, name: str, driver_directory: str) -> None:
        """Take over `memory`."""
        self.path = path
        self.name = name
        self._driver_directory = driver_directory
        self._pid = os.getpid()
        self._created_time_ns = self._heartbeat_time_ns = time.time_ns()
        self._heartbeat_ns = time.monotonic_ns()
        self._lock = threading.RLock()  # between close and everything that needs the memory
        self._memory: native.StatisticsMemory | None = memory
        self._blocks: dict[tuple[str, str], CounterBlock] = {}
        self._gauges: dict[tuple[str, str], Gauge] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}
        _open.add(self)

    @classmethod
    def create(
        cls, path: Path | str | None = None, *, name: str, driver_directory: Path | str = "", size: int = DEFAULT_SIZE
    ) -> Self:
        """Create the file and return the statistics kept in it.

        Args:
            path: the file, which must not exist; its folder is created (0700) when missing. None: a new name in the
                user's private folder in shared memory, where of killed processes' files only the newest 8 stay.
            name: of the topology or application, at most 255 bytes.
            driver_directory: of its media driver, for those who read.
            size: bytes, 64 KiB .. 256 MiB; ``size_for`` computes one.

        Raises:
            InvalidValue: `size`, `name` or `driver_directory` out of bounds.
            OutOfMemory: shared memory has no room for `size`.
            PermissionRefused: the folder is not private, or may not be written.
            EnvironmentFault: the file exists, or any other refusal of the operating system.
        """
        driver_directory = str(driver_directory)
        if path is not None:
            path = Path(path)
            if not path.parent.exists():
                place.private_directory(path.parent)
            memory = native.StatisticsMemory(path, size=size, name=name, driver_directory=driver_directory)
            return cls(memory, path, name, driver_directory)
        directory = place.private_directory(place.default_directory())
        place.remove_old_black_boxes(directory)
        while True:
            path = place.next_path(directory)
            try:
                memory = native.StatisticsMemory(path, size=size, name=name, driver_directory=driver_directory)
            except EnvironmentFault as error:
                # A black box of an earlier process with our pid has this name: take the next.
                if path.exists() and not isinstance(error, PermissionRefused):
                    continue
                raise
            return cls(memory, path, name, driver_directory)

    @classmethod
    def private(cls, *, name: str = "", driver_directory: Path | str = "", size: int = DEFAULT_SIZE) -> Self:
        """Return statistics without a file: the same for those inside, nothing for those outside.

        Raises:
            InvalidValue, OutOfMemory: as ``create``.
        """
        driver_directory = str(driver_directory)
        memory = native.StatisticsMemory(None, size=size, name=name, driver_directory=driver_directory)
        return cls(memory, None, name, driver_directory)

    @staticmethod
    def size_for(*, counter_blocks: int, histograms: int, gauges: int = 0) -> int:
        """Return the least size in bytes that holds so many, whole pages.

        Raises:
            InvalidValue: no file may be that large.
        """
        lengths = native.DATA_LENGTHS
        data = counter_blocks * lengths[native.COUNTER_BLOCK] + histograms * lengths[native.HISTOGRAM]
        data += gauges * lengths[native.GAUGE] + native.HEADER_LENGTH
        # The directory takes ENTRY_LENGTH of each SIZE_PER_ENTRY bytes: the data gets the rest.
        share = native.SIZE_PER_ENTRY // native.ENTRY_LENGTH
        by_data = -(-data * share // (share - 1))
        by_entries = (counter_blocks + histograms + gauges) * native.SIZE_PER_ENTRY
        size = -(-max(by_data, by_entries, native.SIZE_MIN) // native.HEADER_LENGTH) * native.HEADER_LENGTH
        if size > native.SIZE_MAX:
            raise InvalidValue(f"statistics of {size} bytes are larger than {native.SIZE_MAX}", hint="count less")
        return size

    def counter_block(self, group: str, name: str) -> CounterBlock:
        """Return the block of 16 counters of that name; made at the first call, 0 each.

        Args:
            group: what kind of thing counts, ``"stream"``, ``"handler"``, ...; 1 .. 23 bytes.
            name: which one; 1 .. 87 bytes.

        Raises:
            InvalidValue: a text out of bounds.
            OutOfMemory: the size given at the start is used up.
            ClosedError: the statistics are closed and the block was never made.
        """
        with self._lock:
            found = self._blocks.get((group, name))
            if found is None:
                found = CounterBlock(group, name, *self._live().numbers(native.COUNTER_BLOCK, group, name))
                self._blocks[group, name] = found
            return found

    def gauge(self, group: str, name: str) -> Gauge:
        """Return the gauge of that name; made at the first call, 0. Raises as ``counter_block``."""
        with self._lock:
            found = self._gauges.get((group, name))
            if found is None:
                found = Gauge(group, name, *self._live().numbers(native.GAUGE, group, name))
                self._gauges[group, name] = found
            return found

    def histogram(self, group: str, name: str) -> Histogram:
        """Return the histogram of that name; made at the first call, empty. Raises as ``counter_block``."""
        with self._lock:
            found = self._histograms.get((group, name))
            if found is None:
                found = Histogram(group, name, *self._live().histogram(group, name), self._lock)
                self._histograms[group, name] = found
            return found

    def heartbeat(self) -> None:
        """Say "I live" to those who read the file: some times a second, from one thread. Nothing after ``close``."""
        with self._lock:
            self._heartbeat_time_ns, self._heartbeat_ns = time.time_ns(), time.monotonic_ns()
            if self._memory is not None:
                self._memory.heartbeat()

    def snapshot(self) -> StatisticsSnapshot:
        """Return everything counted until now, or until ``close``."""
        with self._lock:
            return StatisticsSnapshot(
                name=self.name,
                pid=self._pid,
                driver_directory=self._driver_directory,
                writer="alive",
                closed=self._memory is None,
                created_time_ns=self._created_time_ns,
                heartbeat_time_ns=self._heartbeat_time_ns,
                heartbeat_age_ns=time.monotonic_ns() - self._heartbeat_ns,
                counters=_by_group({key: block.read() for key, block in self._blocks.items()}),
                gauges=_by_group({key: gauge.read() for key, gauge in self._gauges.items()}),
                histograms=_by_group({key: histogram.snapshot() for key, histogram in self._histograms.items()}),
            )

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._memory is None

    def close(self) -> None:
        """Keep private copies of all numbers, unmap the memory and remove the file. May be repeated.

        Native code that was given an ``address`` must have ended: its next store would end the process.
        """
        with self._lock:
            memory = self._detach()
        if memory is not None:
            memory.close()

    def _live(self) -> native.StatisticsMemory:
        if self._memory is None:
            raise ClosedError(f"the statistics of {self.name!r} are closed", hint="ask for counters before")
        return self._memory

    def _detach(self) -> native.StatisticsMemory | None:
        for found in (*self._blocks.values(), *self._gauges.values(), *self._histograms.values()):
            found.detach()
        memory, self._memory = self._memory, None
        _open.discard(self)
        return memory

    def retire(self) -> None:
        """Remove the file, keep the memory: for ends at which nobody knows who still writes."""
        memory = self._memory
        if memory is not None:
            memory.retire()

    def forget(self) -> None:
        """Become private in a child of fork: the lock may be held by a thread that does not exist here."""
        self._lock = threading.RLock()
        self._detach()
        for histogram in self._histograms.values():
            histogram.replace_lock(self._lock)

    @staticmethod
    def retire_all() -> None:
        """Remove the files of all that are open. Called at the end of the interpreter."""
        for statistics in list(_open):
            statistics.retire()

    @staticmethod
    def forget_all() -> None:
        """Make all that are open private. Called in a child of fork."""
        for statistics in list(_open):
            statistics.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_memory", None) is not None:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=1, source=self)
            self.retire()

    @override
    def __repr__(self) -> str:
        where = "private" if self.path is None else str(self.path)
        return f"Statistics({self.name!r}, {where}{', closed' if self._memory is None else ''})"


def _by_group[Value](flat: dict[tuple[str, str], Value]) -> Mapping[str, Mapping[str, Value]]:
    grouped: dict[str, dict[str, Value]] = {}
    for (group, name), value in flat.items():
        grouped.setdefault(group, {})[name] = value
    return grouped


atexit.register(Statistics.retire_all)
os.register_at_fork(after_in_child=Statistics.forget_all)
