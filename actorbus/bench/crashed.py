"""A journal as a killed writer leaves it, and what the disk under it does by itself.

    build(folder, size)       a process fills a journal, says so, and is killed; the last segment is nearly full of
                              small records, which is what recovery has to read again
    fdatasync_ms, direct_mb_s the same disk: a write of 64 KiB and its fdatasync; reading past the page cache

Rules: sync mode none (nothing is durable, so recovery may skip nothing); the folder is the caller's to remove.
"""

from __future__ import annotations

import mmap
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from actorbus.bench.rig import MIB, ROOT
from actorbus.errors import BrokenError
from actorbus.ffi.journal import NONE, JournalHandle

__all__ = ["LARGE", "SEGMENT", "SMALL", "build", "direct_mb_s", "fdatasync_ms", "fill", "forget", "main"]

SEGMENT: Final = 128 * MIB
SMALL: Final = 100
"""Bytes of the records that recovery reads."""
LARGE: Final = 64 * 1024
"""Bytes of the records of the segments before."""
PATIENCE_S = 600.0
SYNC_WRITE: Final = 64 * 1024
READ_BLOCK: Final = 4 * MIB


def fill(folder: Path, size: int, *, small_only: bool = False) -> JournalHandle:
    """Fill a new journal until its segment files are `size` bytes together, the last one nearly full.

    Args:
        folder: of the journal; made.
        size: of all segments together, a multiple of SEGMENT.
        small_only: all records are SMALL, as verify is measured; else those of the last segment only.
    """
    journal = JournalHandle.open(folder, sync=NONE, segment_bytes=SEGMENT)
    large, small = os.urandom(LARGE), [os.urandom(SMALL) for _ in range(1024)]
    segments, position = max(1, size // SEGMENT), 0
    last_from = 0 if small_only else (segments - 1) * (SEGMENT - 4096)
    end = segments * (SEGMENT - 4096) - SEGMENT // 50
    while position < last_from:
        for _ in range(64):
            journal.append(0, large)
        journal.write()
        position = journal.counters()["written"]
    while position < end:
        for body in small:
            journal.append(0, body)
        journal.write()
        position = journal.counters()["written"]
    return journal


def build(folder: Path, size: int) -> None:
    """Have another process fill a journal, and kill it.

    Raises:
        BrokenError: it ended by itself; has its last words.
    """
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, "-m", "actorbus.bench.crashed", str(folder), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as writer:
        assert writer.stdout is not None
        said = writer.stdout.readline()
        if filled := said.strip() == "filled":
            writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read()
    if not filled:
        raise BrokenError("the journal to crash was not filled", why=(said + rest)[-1500:] or "no last words")


def forget(folder: Path) -> None:
    """Write a folder's files to the disk and drop them from the page cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            try:
                os.fsync(file)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)


def fdatasync_ms(folder: Path, times: int = 100) -> list[float]:
    """Return how long fdatasync took after each write of 64 KiB into an allocated file, milliseconds."""
    block, found = os.urandom(SYNC_WRITE), list[float]()
    with tempfile.TemporaryFile(dir=folder) as file:
        number = file.fileno()
        os.posix_fallocate(number, 0, SYNC_WRITE * times)
        os.fsync(number)
        for place in range(times):
            os.pwrite(number, block, place * SYNC_WRITE)
            began = time.perf_counter()
            os.fdatasync(number)
            found.append((time.perf_counter() - began) * 1e3)
    return found


def direct_mb_s(folder: Path) -> float | None:
    """Return how fast the disk gives a folder's segments past the page cache, MB/s; None where it has no O_DIRECT."""
    rates: list[float] = []
    memory = mmap.mmap(-1, READ_BLOCK)  # aligned to a page, as O_DIRECT wants it
    for path in sorted(folder.glob("*.journal")):
        try:
            file = os.open(path, os.O_RDONLY | os.O_DIRECT)
        except OSError:
            return None
        try:
            began, read = time.perf_counter(), 0
            while (taken := os.preadv(file, [memory], read)) > 0:
                read += taken
            rates.append(read / 1e6 / (time.perf_counter() - began))
        finally:
            os.close(file)
    return statistics.median(rates) if rates else None


def main(folder: str, size: str) -> None:
    """Fill, say so, and wait to be killed, or for the parent's end."""
    fill(Path(folder), int(size))
    sys.stdout.write("filled\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
