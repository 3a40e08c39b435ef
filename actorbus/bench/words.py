"""Shared words between the processes of a case, and a latency record that needs no statistics file.

    word       written by   meaning
    TURN       the reader   whose turn it is: the lane that is flooded now; STOP: nobody's, the case ends
    AT         the writer   the turn it has arrived at: what it sends from now on belongs to it
    READY      each side    one more side is ready (READY, READY + 1, ...)
    DOING      each side    the lane it works on, from 1; 0 none: whose fault it is when a side dies
    DONE       the reader   1: all has come, or nothing comes any more; the writer may close
    PID        the writer   its process
    OF_LANE    the writer   how many messages it sent on a lane (see `of_lane`)

* A word has one writer and is an aligned 8-byte store, so readers see whole numbers; no other order is relied upon.
* The memory is a file in the case's folder, mapped by every process of the case.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actorbus.ffi.native import ffi
from actorbus.ffi.stats import histogram_record, histogram_record_many, new_histogram
from actorbus.metrics import HistogramSnapshot

if TYPE_CHECKING:
    from actorbus._native import CData

__all__ = [
    "AT",
    "DOING",
    "DONE",
    "LANES_MAX",
    "LEVELS",
    "PID",
    "READY",
    "STOP",
    "TURN",
    "Dump",
    "Latencies",
    "Words",
    "curve",
    "merged",
    "of_lane",
]

type Dump = list[tuple[int, int]]
"""What a histogram holds, as it crosses from process to process: (ns, how many), ascending."""

TURN, AT, READY, DOING, DONE, PID, OF_LANE = 0, 8, 16, 48, 72, 80, 128
"""Eight words apart: each on a cache line of its own."""
STOP: Final = -1
COUNT: Final = 1024
LANES_MAX: Final = (COUNT - OF_LANE) // 8
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

    def doing(self, side: int, lane: int | None) -> None:
        """Note which lane a side works on; None: none."""
        self.view[DOING + 8 * side] = 0 if lane is None else lane + 1

    def done_by(self, side: int) -> int | None:
        """Return which lane a side works on, or worked on when it died; None: none."""
        return self.view[DOING + 8 * side] - 1 if self.view[DOING + 8 * side] else None

    @property
    def arrived(self) -> bool:
        """Whether the sender's first message came."""
        return self.view[AT] != 0

    def tell_sent(self, lane: int, messages: int) -> None:
        """Tell how many messages were sent on a lane in all; 0 and more."""
        self.view[of_lane(lane)] = messages + 1

    def sent(self, lane: int) -> int | None:
        """Return how many messages were sent on a lane in all; None: not told yet."""
        return self.view[of_lane(lane)] - 1 if self.view[of_lane(lane)] else None

    def wait_done(self, messages: int) -> None:
        """Tell what was sent on the first lane, and wait until the reader wants no more."""
        self.tell_sent(0, messages)
        self.wait(DONE, 1)

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


def of_lane(lane: int) -> int:
    """Return the word that says how many messages were sent on a lane."""
    return OF_LANE + 8 * lane


def merged(dumps: Iterable[Dump]) -> HistogramSnapshot:
    """Return one histogram of all that several runs recorded; its minimum is its lowest bucket's upper end."""
    memory = new_histogram()
    for dump in dumps:
        for ns, count in dump:
            histogram_record_many(memory, ns, count)
    return HistogramSnapshot(memory)


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

    def dump(self) -> Dump:
        """Return what was recorded, for another process to merge; record no more after it."""
        return list(self.snapshot().buckets())
