"""`fan-out`, `streams`, `kinds`: what a message costs when more exist than it needs. The curves must be flat.

Fan-out proper (every handler takes every message) is measured too, beside pyaeron + msgspec with a list of handlers by
hand: there the cost a *call* is what counts.
"""

from __future__ import annotations

import msgspec

from actorbus.bench.case import Case
from actorbus.bench.scenarios.comparing import compare
from actorbus.bench.scenarios.registry import Session

__all__ = ["COUNTS", "EXIST", "run"]

COUNTS = (1, 10, 100)
EXIST = {
    "fan-out": "handlers that merely exist",
    "streams": "streams that merely exist",
    "kinds": "kinds that merely exist",
}
CHANNEL = "aeron:ipc?term-length=1m"
"""A hundred streams of the usual terms would take 5 GB of shared memory; terms of 1 and 16 MiB run alike."""
FIELDS = {"fan-out": "bystanders", "streams": "streams", "kinds": "kinds"}
BY_HAND = "pyaeron+msgspec"


def run(session: Session) -> None:
    """Measure the three counts as lanes of one pair of processes."""
    if not session.can("actorbus"):
        return
    empty, field = Case(system="actorbus", channel=CHANNEL), FIELDS[session.name]

    def lanes(what: str, word: str, system: str = "actorbus", less: int = 0) -> list[Case]:
        return [
            msgspec.structs.replace(
                empty, system=system, at=count, labelled=f"{system}, {count} {word}", **{what: count - less}
            )
            for count in COUNTS
        ]

    if session.name != "fan-out":
        compare(session, EXIST[session.name], lanes(field, field))
        return
    compare(session, EXIST["fan-out"], lanes(field, "handlers, 1 used", less=1))
    if session.effort.full:
        compare(session, "handlers of every message, by priority", lanes("handlers", "handlers"))
        if session.can(BY_HAND):
            compare(session, "handlers of every message, by hand", lanes("handlers", "handlers", BY_HAND))
