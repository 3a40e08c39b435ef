"""`receive`: from the poll's return to the handler's first line, one message a batch.

The batch's receive time is stamped natively when the pass takes its first fragment; the handler reads the same clock
(CLOCK_REALTIME) in its first line. Ticks come one by one, far apart. The clock's cost is left in.
"""

from __future__ import annotations

import time

from actorbus.bench import peers, topologies
from actorbus.bench.case import Case
from actorbus.bench.handlers import Arrival, last_made
from actorbus.bench.record import percentiles
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.side import ready
from actorbus.bench.trips import opened, run_pair
from actorbus.bench.words import DONE, Dump, Words
from actorbus.topology.node import Node

__all__ = ["receive", "run"]

RATE = 2_000
RUNS = 5
"""At least: what lies in the core's caches after half a millisecond differs from process to process, 1.5 to 2 µs."""
HERE = "actorbus.bench.scenarios.receiving"


def run(session: Session) -> None:
    """Measure."""
    if not session.can("actorbus"):
        return
    effort = session.effort
    runs = effort.forks if effort.quick else max(RUNS, effort.forks)
    found = [
        session.attempt(f"receive, run {number + 1} of {runs}", lambda: _measure(effort.seconds))
        for number in range(runs)
    ]
    session.keep(
        percentiles, "actorbus", "receive_ns", [each for each in found if each is not None], asked=runs,
        case="one message a batch", note="decode included",
        ran=[*peers.ran(Case(system="actorbus", form="ticks"), "ticks")[:2], f"{Arrival.__module__}:Arrival"],
    )  # fmt: skip


def _measure(seconds: float) -> Dump:
    case = Case(system="actorbus", form="ticks")
    return run_pair(case, "actorbus.bench.ticks:tick", f"{HERE}:receive", {"seconds": seconds, "rate": RATE}, seconds)[
        0
    ]


def receive(case: dict[str, object], place: str) -> dict[str, object]:
    """Record. The reader's process."""
    words, found = Words.of(place), opened(case)
    with Node.from_dict(topologies.tick_reader(found, Arrival)):
        arrival = last_made(Arrival)
        assert isinstance(arrival, Arrival)
        ready(words)
        while words.sent(0) is None:
            if arrival.count:
                words.mark_arrived()
            time.sleep(0.02)
        words[DONE] = 1
    return {"dump": arrival.found.dump()}
