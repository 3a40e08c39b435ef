"""`fan-out`, `streams`, `kinds`: what a message costs when more exist than it needs. The curves must be flat.

Fan-out proper (every handler takes every message) is measured too: there the cost a *call* is what counts.
"""

from __future__ import annotations

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.record import Result
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.scenarios.throughput import compare

__all__ = ["COUNTS", "run"]

COUNTS = (1, 10, 100)
CHANNEL = "aeron:ipc?term-length=1m"
"""A hundred streams of the usual terms would take 5 GB of shared memory; terms of 1 and 16 MiB run alike."""
SIZES = {"fan-out": "handlers", "streams": "streams", "kinds": "kinds"}


def run(session: Session) -> list[Result]:
    """Measure the three counts as lanes of one pair of processes."""
    field = SIZES[session.name]
    empty = Case(system="actorbus", lane=0, directory="", place="", channel=CHANNEL)

    def lanes(what: str, word: str) -> list[Case]:
        return [
            msgspec.structs.replace(empty, **{what: count}, labelled=f"actorbus, {count} {word}") for count in COUNTS
        ]

    if not session.can("actorbus"):
        return []
    if field == "handlers":
        idle = [msgspec.structs.replace(empty, bystanders=count - 1, labelled=f"actorbus, {count} handlers, 1 used")
                for count in COUNTS]  # fmt: skip
        return [
            *compare(session, "handlers that merely exist", idle),
            *compare(session, "handlers of every message, by priority", lanes(field, "handlers")),
        ]
    return compare(session, f"{field} that merely exist", lanes(field, field))
