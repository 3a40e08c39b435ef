"""Totals of a node as Aeron counters, so that Aeron's own tools (`AeronStat`) show them beside the driver's (D9).

The numbers themselves live in the statistics file, which outlives client and driver; this is a copy of their sums,
written four times a second while the client is open. Thread: the session supervisor's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from actorbus.metrics import CounterBlock, StreamCounter
from actorbus.transport import Client, Counter

__all__ = ["MIRRORED", "Mirror"]


class _Total(NamedTuple):
    type_id: int
    label: str
    cells: Sequence[int]


MIRRORED = (
    _Total(1101, "published", (StreamCounter.PUBLISHED,)),
    _Total(1102, "received", (StreamCounter.RECEIVED,)),
    _Total(1103, "missing", (StreamCounter.MISSING,)),
    _Total(1104, "dropped", (StreamCounter.DROPPED,)),
    _Total(1105, "quarantined", (StreamCounter.QUARANTINED,)),
)
"""What is mirrored. Type ids of 1000 and above are applications' (aeronc.h); ours are stable."""


class Mirror:
    """The counters of one node in the driver's counters file; the client closes them with itself."""

    def __init__(self, client: Client, name: str) -> None:
        self._counters: list[tuple[Counter, Sequence[int]]] = [
            (client.add_counter(f"actorbus {name}: {total.label}", type_id=total.type_id), total.cells)
            for total in MIRRORED
        ]

    def update(self, blocks: Iterable[CounterBlock]) -> None:
        """Write the sums over all streams."""
        numbers = [block.read() for block in blocks]
        for counter, cells in self._counters:
            counter.set(sum(block[cell] for block in numbers for cell in cells))
