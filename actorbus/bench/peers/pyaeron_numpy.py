"""pyaeron + numpy: what one writes by hand for columns: slices of a structured array as messages, `frombuffer` on each.

RECORDS of a message were chosen for it: of 28 (one fragment) to 4,096 the quickest here (docs/performance.md).
"""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import actorbus as ab
from actorbus.bench.case import Case
from actorbus.bench.fixed import FixedQuote, columns_of
from actorbus.bench.peers.handles import Handle
from actorbus.bench.peers.pyaeron_raw import PolledSink
from actorbus.bench.peers.pyaeron_trips import client
from actorbus.bench.words import TURN, Words

__all__ = [
    "ABOUT",
    "PACKAGE",
    "RECORDS",
    "ArraySource",
    "Sums",
    "ran",
    "sink",
    "source",
    "two_columns",
]

ABOUT = "pyaeron with numpy, written by hand: an array a message, of one type; no frame, no sequence, no other message."
PACKAGE = "pyaeron"
RECORDS = 1024
COLUMNS = 16_384


class Sums:
    """Who counts."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.last = 0


def two_columns() -> tuple[Handle, Sums]:
    """Return a callback that adds up two columns, as our handler does, and who counts."""
    frombuffer: Any = importlib.import_module("numpy").frombuffer
    dtype, sums = ab.dtype_of(FixedQuote), Sums()

    def handle(buffer: Any, header: object = None) -> None:
        columns = frombuffer(buffer, dtype)
        sums.last = int(columns["bid"].sum()) + int(columns["ask"].sum())
        sums.count += len(columns)

    return handle, sums


class ArraySource:
    """`offer` of slices of an array, again when refused."""

    def __init__(self, case: Case) -> None:
        self._client = client(case)
        self._publication: Any = self._client.add_exclusive_publication(case.channel, case.stream_id)
        columns = columns_of(COLUMNS)
        self._slices = itertools.cycle([columns[at : at + RECORDS] for at in range(0, COLUMNS, RECORDS)])

    def flood(self, words: Words, turn: int) -> int:
        """Send until the turn ends."""
        offer, view, sent = self._publication.offer, words.view, 0
        for part in self._slices:
            while not offer(part.tobytes()):
                pass
            sent += RECORDS
            if view[TURN] != turn:
                break
        return sent

    def close(self) -> None:
        """Close publication and client."""
        self._publication.close()
        self._client.close()


def source(case: Case) -> ArraySource:
    """Open the writing side."""
    return ArraySource(case)


def sink(case: Case) -> PolledSink:
    """Open the reading side."""
    return PolledSink(case, two_columns())


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    return (ArraySource, PolledSink, two_columns)
