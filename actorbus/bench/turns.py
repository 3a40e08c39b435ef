"""Throughput: several systems take turns inside one pair of processes, so that all see the machine's speeds alike.

    reader's process   TURN = lane ─ settle ─ [ count for a while ] ─ next lane ...   round after round
    writer's process   floods the lane that TURN names; AT says which it has arrived at

After a turn the reader goes on taking the old lane until the writer has arrived at the next, as a writer may wait in
a full socket. The order of the lanes is reversed every second round. The first round warms up and is not counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import msgspec

from actorbus.bench import peers, rig
from actorbus.bench.case import Case, Sink
from actorbus.bench.side import ready
from actorbus.bench.words import AT, READY, STOP, TURN, Words

__all__ = ["measure", "read", "write"]

SETTLE_S = 0.02
FIRST_S = 10.0
"""How long the first message of a lane may take to come."""


def measure(cases: Sequence[Case], *, rounds: int, turn_s: float) -> list[list[float]]:
    """Return messages a second of every counted turn, by lane.

    Args:
        cases: the lanes, without directory and place.
        rounds: turns of each lane that count.
        turn_s: how long a turn is counted.

    Raises:
        BrokenError: a process failed.
    """
    writer, reader = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        Words.make(place)
        lanes = [
            msgspec.to_builtins(msgspec.structs.replace(case, lane=lane, directory=directory, place=place))
            for lane, case in enumerate(cases)
        ]
        common = {"cases": lanes, "place": place}
        seconds = (rounds + 2) * (turn_s + 0.5) * len(cases) + 60
        answers = rig.run(
            rig.Side("actorbus.bench.turns:write", common, writer),
            rig.Side("actorbus.bench.turns:read", {**common, "rounds": rounds, "turn_s": turn_s}, reader),
            within_s=seconds,
        )
    return msgspec.convert(answers[1]["rates"], list[list[float]])


def _cases(values: Sequence[object]) -> list[Case]:
    return msgspec.convert(values, list[Case])


def write(cases: Sequence[object], place: str) -> dict[str, object]:
    """Flood the lane whose turn it is. The writer's process."""
    words = Words.of(place)
    words.wait(READY, 1)
    sources = [peers.find(case.system).source(case) for case in _cases(cases)]
    sent = [0] * len(sources)
    ready(words, 1)
    while (turn := words[TURN]) != STOP:
        words[AT] = turn
        sent[turn] += sources[turn].flood(words, turn)
    words[AT] = STOP
    for source in sources:
        source.close()
    return {"sent": sent}


def read(cases: Sequence[object], place: str, rounds: int, turn_s: float) -> dict[str, object]:
    """Take turns and count. The reader's process."""
    words = Words.of(place)
    found = _cases(cases)
    sinks = [peers.find(case.system).sink(case) for case in found]
    if any(case.busy_thread for case in found):
        threading.Thread(target=_work_for_ever, daemon=True).start()
    ready(words)
    words.wait(READY + 1, 1)
    _first(sinks, words)
    rates: list[list[float]] = [[] for _ in sinks]
    for number in range(rounds + 1):
        order = range(len(sinks)) if number % 2 else range(len(sinks) - 1, -1, -1)
        for lane in order:
            _turn_to(lane, sinks, words)
            sink = sinks[lane]
            sink.take(SETTLE_S)
            before, began = sink.count, time.perf_counter()
            sink.take(turn_s)
            count, ended = sink.count, time.perf_counter()
            if number:
                rates[lane].append((count - before) / (ended - began))
    _turn_to(STOP, sinks, words)
    for sink in sinks:
        sink.close()
    return {"rates": rates}


def _first(sinks: Sequence[Sink], words: Words) -> None:
    """Wait until every lane has brought something.

    Raises:
        TimeoutError: names the lane.
    """
    for lane, sink in enumerate(sinks):
        _turn_to(lane, sinks, words)
        deadline = time.monotonic() + FIRST_S
        while not sink.count:
            sink.take(SETTLE_S)
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came on lane {lane} within {FIRST_S:g} s")


def _turn_to(lane: int, sinks: Sequence[Sink], words: Words) -> None:
    old = words[TURN]
    words[TURN] = lane
    deadline = time.monotonic() + FIRST_S
    while words[AT] != lane:
        sinks[old].take(SETTLE_S / 10)
        if time.monotonic() > deadline:
            raise TimeoutError(f"the writer did not come from lane {old} to {lane} within {FIRST_S:g} s")


def _work_for_ever() -> None:
    """Do what an application's own computation does: never gives the GIL away by itself."""
    number = 0
    while True:
        number = (number * 1_103_515_245 + 12_345) & 0x7FFFFFFF
