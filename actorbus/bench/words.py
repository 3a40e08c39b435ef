"""Shared words between the processes of a case, and a latency record that needs no statistics file.

    word     written by   meaning
    TURN     the reader   whose turn it is: the lane that is flooded now; STOP: nobody's, the case ends
    AT       the writer   the turn it has arrived at: what it sends from now on belongs to it
    READY    each side    one more side is ready (two words: READY and READY + 1)
    GO       the parent   1: begin

* A word has one writer and is an aligned 8-byte store, so readers see whole numbers; no other order is relied upon.
* The memory is a file in the case's folder, mapped by every process of the case.
"""

from __future__ import annotations

import mmap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actorbus.ffi.native import ffi
from actorbus.ffi.stats import histogram_record, new_histogram
from actorbus.metrics import HistogramSnapshot

if TYPE_CHECKING:
    from actorbus._native import CData

__all__ = ["AT", "GO", "LEVELS", "READY", "STOP", "TURN", "Latencies", "Words", "curve"]

TURN, AT, READY, GO = 0, 8, 16, 32
"""Eight words apart: each on a cache line of its own."""
STOP: Final = -1
COUNT: Final = 64
NAME: Final = "words"
PATIENCE_S: Final = 30.0
LEVELS: Final = (0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 100.0)
"""Percentiles of a curve."""


class Words:
    """The words of a case; `words[TURN]` reads, `words[TURN] = 1` writes."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), COUNT * 8)
        self.view: memoryview[int] = memoryview(self._map).cast("q")

    @classmethod
    def create(cls, path: Path) -> Words:
        """Make the file, all words 0."""
        path.write_bytes(bytes(COUNT * 8))
        return cls(path)

    @classmethod
    def of(cls, place: str) -> Words:
        """Return the words of a case's folder."""
        return cls(Path(place) / NAME)

    @classmethod
    def make(cls, place: str) -> Words:
        """Make the words of a case's folder, all 0."""
        return cls.create(Path(place) / NAME)

    def __getitem__(self, word: int) -> int:
        return self.view[word]

    def __setitem__(self, word: int, value: int) -> None:
        self.view[word] = value

    def address(self, word: int) -> CData:
        """Return a pointer to a word for native code; keep it no longer than this object."""
        return ffi.cast("int64_t *", ffi.from_buffer(self.view[word : word + 1]))

    def mark_arrived(self) -> None:
        """Tell the sender that its first message came. Again does nothing."""
        if not self.view[AT]:
            self.view[AT] = 1

    def wait(self, word: int, value: int, patience_s: float = PATIENCE_S) -> None:
        """Wait until a word has a value.

        Raises:
            TimeoutError: names the word and what it is after `patience_s`.
        """
        deadline = time.monotonic() + patience_s
        while self.view[word] != value:
            if time.monotonic() > deadline:
                raise TimeoutError(f"word {word} is {self.view[word]}, not {value}, after {patience_s:g} s")
            time.sleep(0.0005)


def curve(snapshot: HistogramSnapshot) -> dict[str, int]:
    """Return the percentiles of LEVELS, ns, keyed as `p99.9`; empty when nothing was recorded."""
    return {f"p{level:g}": snapshot.percentile(level) for level in LEVELS} if snapshot.count else {}


class Latencies:
    """Durations in ns, recorded natively; one thread."""

    def __init__(self) -> None:
        self.memory = new_histogram()

    def record(self, ns: int) -> None:
        """Record one."""
        histogram_record(self.memory, ns)

    def snapshot(self) -> HistogramSnapshot:
        """Return what was recorded; record no more after it."""
        return HistogramSnapshot(self.memory)
