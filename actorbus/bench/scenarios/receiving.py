"""`receive`: from the poll's return to the handler's first line, one message a batch.

The batch's receive time is stamped natively when the pass takes its first fragment; the handler reads the same clock
(CLOCK_REALTIME) in its first line. Ticks come one by one, far apart. The clock's cost is left in.
"""

from __future__ import annotations

import time

import msgspec

import actorbus as ab
from actorbus.bench import rig, topologies
from actorbus.bench.case import Case
from actorbus.bench.record import Result, percentiles
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.side import ready
from actorbus.bench.words import STOP, TURN, Latencies, Words, curve
from actorbus.bench.work import Tick
from actorbus.topology.node import Node

__all__ = ["Arrival", "receive", "run"]

RATE = 2_000
RUNS = 5
"""At least: what lies in the core's caches after half a millisecond differs from process to process, 1.5 to 2 µs."""
_arrivals: list[Arrival] = []


class Arrival(ab.Handler):
    """Records how long ago the poll took its message."""

    def __init__(self) -> None:
        self.count = 0
        self.found = Latencies()
        _arrivals.append(self)

    @ab.on(Tick)
    def tick(self, m: Tick, meta: ab.Meta) -> None:
        """Record; ticks of the warm-up have number -1."""
        now = time.time_ns()
        self.count += 1
        if m.n >= 0:
            self.found.record(now - meta.receive_time_ns)


def run(session: Session) -> list[Result]:
    """Measure."""
    if not session.can("actorbus"):
        return []
    runs = session.effort.runs if session.effort.quick else max(RUNS, session.effort.runs)
    curves = [
        session.attempt(f"receive, run {number + 1}", lambda: _measure(session.effort.seconds)) or {}
        for number in range(runs)
    ]
    return [percentiles("actorbus", "receive_ns", curves, "one message a batch", "decode included")]


def _measure(seconds: float) -> dict[str, int]:
    writer, reader = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        Words.make(place)
        case = Case(system="actorbus", lane=0, directory=directory, place=place, cpu=reader)
        arguments: dict[str, object] = {"case": msgspec.to_builtins(case), "place": place}
        answers = rig.run(
            rig.Side("actorbus.bench.trips:tick", {**arguments, "seconds": seconds, "rate": RATE}, writer),
            rig.Side("actorbus.bench.scenarios.receiving:receive", arguments, reader),
            within_s=seconds + 60,
        )
    return msgspec.convert(answers[1], dict[str, int])


def receive(case: dict[str, object], place: str) -> dict[str, int]:
    """Record. The reader's process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    topology = topologies.tick_reader(found)
    topology["handlers"] = {"arrival": {"stream": "main", "class": Arrival}}
    with Node.from_dict(topology):
        arrival = _arrivals[-1]
        ready(words)
        while words[TURN] != STOP:
            if arrival.count:
                words.mark_arrived()
            time.sleep(0.02)
    return curve(arrival.found.snapshot())
