"""The shared memory a topology needs, as a sum that can be read: one line for each log and for the driver itself.

A log is three terms and one page, whole from the start (files are not sparse). A stream has one publication a node; a
UDP stream that is handled here has an image as well, the receiver's copy. Sizes of the driver's own files are those of
`actorbus.transport` and Aeron's defaults.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from actorbus.units import Size

__all__ = ["Budget", "BudgetLine", "driver_bytes", "free_bytes", "log_bytes"]

PAGE = 4096
TERMS_PER_LOG = 3
LOG_METADATA = 4096
METADATA_PER_VALUE = 4
"""Aeron keeps 512 bytes of description for each counter of 128 bytes."""
DRIVER_BUFFERS = 4 * 1024 * 1024
"""To the driver, to the clients, the error log and the loss report: 1 MiB each by Aeron's defaults."""


class BudgetLine(NamedTuple):
    """One summand."""

    what: str
    bytes: int


class Budget(NamedTuple):
    """The sum, and what is free."""

    lines: tuple[BudgetLine, ...]
    directory: str
    free: int | None
    """None: not known."""

    @property
    def total(self) -> int:
        """Bytes of all lines."""
        return sum(line.bytes for line in self.lines)

    def format_text(self) -> str:
        """Return the budget as aligned lines, the sum last."""
        rows = [(line.what, _shown(line.bytes)) for line in self.lines]
        free = "" if self.free is None else f", {_shown(self.free)} free"
        rows.append((f"sum in {self.directory}{free}", _shown(self.total)))
        width = max(len(what) for what, _ in rows)
        return "\n".join(f"  {what:<{width}}  {size:>10}" for what, size in rows)

    def to_dict(self) -> dict[str, object]:
        """Return the budget for `--format json`: bytes."""
        lines = [{"what": line.what, "bytes": line.bytes} for line in self.lines]
        return {"directory": self.directory, "bytes": self.total, "free": self.free, "lines": lines}


def log_bytes(term_length: int) -> int:
    """Return the bytes of one log: three terms and the metadata, in whole pages."""
    whole = TERMS_PER_LOG * term_length + LOG_METADATA
    return -(-whole // PAGE) * PAGE


def driver_bytes(counters_length: int) -> int:
    """Return the bytes of the files a driver makes for itself."""
    return DRIVER_BUFFERS + counters_length * (1 + METADATA_PER_VALUE)


def free_bytes(directory: Path) -> int | None:
    """Return what is free where a directory is, or will be; None when that cannot be told."""
    for place in (directory, *directory.parents):
        try:
            found = os.statvfs(place)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize
    return None


def _shown(size: int) -> str:
    mebibytes = size / (1024 * 1024)
    return f"{mebibytes:,.1f} MiB" if mebibytes >= 1 else str(Size(size))
