"""Statistics of another process, read from its file while it works, hangs, or is dead.

Rules of this file:

* The file is opened read-only and never mapped: each snapshot is a copy, validated whole before anything of it is used.
  No contents and no moment of truncation can do more than raise.
* The reader holds the file open: it goes on reading after the writer closed in order and removed it (``closed``).
* One thread at a time.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self, final, override

from actorbus.errors import ClosedError, EnvironmentFault, PermissionRefused
from actorbus.ffi.stats import COUNTER_BLOCK, EntryFacts, HeaderFacts, read_statistics
from actorbus.metrics.histogram import HistogramSnapshot
from actorbus.metrics.snapshot import StatisticsSnapshot

__all__ = ["StatisticsReader"]


@final
class StatisticsReader:
    """Reads one statistics file. Use ``StatisticsReader.open``."""

    __slots__: tuple[str, ...] = ("_descriptor", "path")

    path: Path

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take over an open descriptor."""
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open and check a statistics file.

        Raises:
            EnvironmentFault: there is none, or it cannot be read (``PermissionRefused``: not by us).
            DecodeError: it is no sound statistics file, one of another version, or one not finished.
        """
        path = Path(path)
        try:
            # Not blocking: a named pipe in its place must not hold us.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError as error:
            hint = "its process closed in order, or never was; `list_statistics()` has those there are"
            raise EnvironmentFault(f"no statistics file {path}", hint=hint) from error
        except PermissionError as error:
            raise PermissionRefused(f"may not read the statistics file {path}", why=str(error)) from error
        except OSError as error:
            raise EnvironmentFault(f"cannot open the statistics file {path}", why=str(error)) from error
        reader = cls(path, descriptor)
        try:
            reader.snapshot()
        except BaseException:
            reader.close()
            raise
        return reader

    def snapshot(self) -> StatisticsSnapshot:
        """Return everything in the file.

        Raises:
            ClosedError: the reader is closed.
            DecodeError: the file is not sound any more.
            EnvironmentFault: it cannot be read.
        """
        if self._descriptor < 0:
            raise ClosedError(f"the reader of {self.path} is closed")
        return _snapshot(*read_statistics(self._descriptor, str(self.path)))

    def close(self) -> None:
        """Close the file. May be repeated."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()

    @override
    def __repr__(self) -> str:
        return f"StatisticsReader({str(self.path)!r}{', closed' if self._descriptor < 0 else ''})"


def _snapshot(header: HeaderFacts, entries: list[EntryFacts]) -> StatisticsSnapshot:
    counters: dict[str, dict[str, tuple[int, ...]]] = {}
    gauges: dict[str, dict[str, int]] = {}
    histograms: dict[str, dict[str, HistogramSnapshot]] = {}
    for entry in entries:
        if entry.histogram is not None:
            histograms.setdefault(entry.group, {})[entry.name] = HistogramSnapshot(entry.histogram)
        elif entry.kind == COUNTER_BLOCK:
            counters.setdefault(entry.group, {})[entry.name] = entry.numbers
        else:
            gauges.setdefault(entry.group, {})[entry.name] = entry.numbers[0]
    return StatisticsSnapshot(
        name=header.name,
        pid=header.pid,
        driver_directory=header.driver_directory,
        writer=header.writer,
        closed=header.closed,
        created_time_ns=header.created_time_ns,
        heartbeat_time_ns=header.heartbeat_time_ns,
        heartbeat_age_ns=header.heartbeat_age_ns,
        counters=counters,
        gauges=gauges,
        histograms=histograms,
    )
