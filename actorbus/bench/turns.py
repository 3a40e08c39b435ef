"""Throughput: several systems take turns inside one pair of processes, so that all see the machine's speeds alike.

    reader's process   TURN = lane ─ settle ─ [ count for a while ] ─ next lane ...   round after round
    writer's process   floods the lane that TURN names; AT says which it has arrived at

After a turn the reader goes on taking the old lane until the writer has arrived at the next, as a writer may wait in
a full socket. The order of the lanes is reversed every second round. The first round warms up and is not counted.
At the end everything that was sent must come: what does not is told as lost, and a body that is not what was sent as
wrong. A comparison is made in several *forks*: fresh pairs of processes with a fresh driver.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import msgspec

from actorbus.bench import peers, rig
from actorbus.bench.busy import BusyThread
from actorbus.bench.case import Case, Sink, Source
from actorbus.bench.side import ready
from actorbus.bench.topologies import switch_interval_s
from actorbus.bench.words import AT, DONE, LANES_MAX, READY, STOP, TURN, Words
from actorbus.errors import BrokenError

__all__ = ["Lane", "LaneFailed", "measure", "read", "write"]

SETTLE_S = 0.02
FIRST_S = 10.0
"""How long the first message of a lane may take to come."""
QUIET_S = 1.0
"""Nothing for so long at the end: no more comes."""
WRITER, READER = 0, 1


class Lane(msgspec.Struct):
    """What one lane did."""

    rates: list[list[float]]
    """Messages a second of every counted turn, by fork."""
    sent: int = 0
    taken: int = 0
    wrong: int = 0
    one_process: bool = False
    """Who sends is the reader's process: it counts what it took, and nothing is lost."""

    @property
    def lost(self) -> int:
        """Messages that were sent and did not come."""
        return 0 if self.one_process else self.sent - self.taken


class LaneFailed(BrokenError):
    """A process died, or was late, while it worked on a lane."""

    def __init__(self, what: str, *, why: str, lane: int | None) -> None:
        super().__init__(what, why=why)
        self.lane = lane


def measure(
    cases: Sequence[Case], *, rounds: int, turn_s: float, forks: int = 1, between: Callable[[], object] = lambda: None
) -> list[Lane]:
    """Measure lanes in turns.

    Args:
        cases: the lanes, without directory and place.
        rounds: turns of each lane that count, in each fork.
        turn_s: how long a turn is counted.
        forks: fresh pairs of processes.
        between: called before each fork.

    Raises:
        LaneFailed: a process failed; `lane` is the one it worked on.
    """
    assert len(cases) <= LANES_MAX, len(cases)
    lanes = [Lane(rates=[]) for _ in cases]
    for _ in range(forks):
        between()
        for lane, more in zip(lanes, _fork(cases, rounds, turn_s), strict=True):
            lane.rates += more.rates
            lane.sent += more.sent
            lane.taken += more.taken
            lane.wrong += more.wrong
            lane.one_process = more.one_process
    return lanes


def _fork(cases: Sequence[Case], rounds: int, turn_s: float) -> list[Lane]:
    writer, reader = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        words = Words.make(place)
        lanes = [
            msgspec.to_builtins(msgspec.structs.replace(case, lane=lane, directory=directory, place=place))
            for lane, case in enumerate(cases)
        ]
        common = {"cases": lanes, "place": place}
        seconds = (rounds + 2) * (turn_s + 0.5) * len(cases) + 60
        try:
            answers = rig.run(
                rig.Side("actorbus.bench.turns:write", common, writer),
                rig.Side("actorbus.bench.turns:read", {**common, "rounds": rounds, "turn_s": turn_s}, reader),
                within_s=seconds,
            )
        except rig.SideFailed as error:
            lane = words.done_by(error.side)
            whose = f"{cases[lane].label}: " if lane is not None else ""
            raise LaneFailed(f"{whose}{error.what}", why=error.why or "", lane=lane) from error
    found = msgspec.convert(answers[1]["lanes"], list[Lane])
    sent = msgspec.convert(answers[0]["sent"], list[int])
    return [msgspec.structs.replace(lane, sent=each) for lane, each in zip(found, sent, strict=True)]


def _cases(values: Sequence[object]) -> list[Case]:
    return msgspec.convert(values, list[Case])


def write(cases: Sequence[object], place: str) -> dict[str, object]:
    """Flood the lane whose turn it is. The writer's process."""
    words = Words.of(place)
    words.wait(READY, 1)
    sources: list[Source] = []
    for lane, case in enumerate(_cases(cases)):
        words.doing(WRITER, lane)
        sources.append(peers.find(case.system).source(case))
    sent = [0] * len(sources)
    ready(words, 1)
    while (turn := words[TURN]) != STOP:
        words[AT] = turn
        words.doing(WRITER, turn)
        sent[turn] += sources[turn].flood(words, turn)
    for lane, messages in enumerate(sent):
        words.tell_sent(lane, messages)
    words[AT] = STOP
    words.wait(DONE, 1, QUIET_S * len(sources) + 60)
    for lane, source in enumerate(sources):
        words.doing(WRITER, lane)
        source.close()
    return {"sent": sent}


def read(cases: Sequence[object], place: str, rounds: int, turn_s: float) -> dict[str, object]:
    """Take turns and count. The reader's process."""
    words = Words.of(place)
    found = _cases(cases)
    sinks: list[Sink] = []
    for lane, case in enumerate(found):
        words.doing(READER, lane)
        sinks.append(peers.find(case.system).sink(case))
    busy = BusyThread()
    ready(words)
    words.wait(READY + 1, 1)
    _first(sinks, words)
    rates: list[list[float]] = [[] for _ in sinks]
    for number in range(rounds + 1):
        for lane in range(len(sinks)) if number % 2 else reversed(range(len(sinks))):
            _turn_to(lane, sinks, words)
            sys.setswitchinterval(switch_interval_s(found[lane].profile))
            sink = sinks[lane]
            with busy.working(found[lane].busy_thread):
                sink.take(SETTLE_S)
                before, began = sink.count, time.perf_counter()
                sink.take(turn_s)
                count, ended = sink.count, time.perf_counter()
            if number:
                rates[lane].append((count - before) / (ended - began))
    _turn_to(STOP, sinks, words)
    lanes: list[Lane] = []
    for lane, sink in enumerate(sinks):
        words.doing(READER, lane)
        _rest(sink, words.sent(lane) or 0)
        lanes.append(Lane([rates[lane]], taken=sink.count, wrong=sink.wrong, one_process=not words.sent(lane)))
    words[DONE] = 1
    for lane, sink in enumerate(sinks):
        words.doing(READER, lane)
        sink.close()
    return {"lanes": msgspec.to_builtins(lanes)}


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
    words.doing(READER, max(lane, 0))


def _rest(sink: Sink, sent: int) -> None:
    """Take what is still under way, until all has come or nothing comes."""
    seen, quiet_since = sink.count, time.monotonic()
    while sink.count < sent and time.monotonic() - quiet_since < QUIET_S:
        sink.take(SETTLE_S)
        if sink.count != seen:
            seen, quiet_since = sink.count, time.monotonic()
