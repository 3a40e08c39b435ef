"""`publish` and `publish-many`: from call to return, in turns inside one process; the streams are drained natively.

Every lane has a publication of its own. A turn is bursts that fit into the publication's window: before each the lane
waits, untimed, until the reader has taken all; a burst in which Aeron refused an offer all the same (its driver had
not moved the window yet) is discarded, and told. The distribution comes from single calls, with the clock's own cost
(measured beside it) left in.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actorbus.bench import floor, peers, rig
from actorbus.bench.case import Case
from actorbus.bench.record import figure, pooled, ratio
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.side import ready
from actorbus.bench.words import READY, STOP, TURN, Dump, Latencies, Words, curve, merged
from actorbus.bench.work import typed_messages
from actorbus.transport import Client

__all__ = ["drain", "publish", "run"]

DIFFERENT, BLOCK, BLOCKS = 4096, 256, 40
"""Messages that differ, in one block, and blocks of a burst: 1.3 MB of our messages, of a window of 2 MiB."""
CHANNEL = "aeron:ipc?term-length=4m"
WARM_BURSTS = 10
"""They go round the terms, so that every page has been touched: an untouched one costs 2 to 3x."""
SINGLE_BURSTS = 20
LOOK_S = 0.0002
PATIENCE_S = 20.0
PATIENCE_TURNS = 5
"""A turn whose bursts are refused ends after so many times its length."""
EACH, MANY = "a message, mean of bursts", "a message of a list, mean of bursts"
PARTS, RATES = "a message, parts of it", "one thread"


class Part(msgspec.Struct, frozen=True):
    """A lane: a system's way to publish."""

    case: Case
    part: str
    """Empty: message by message; `many`: a list by one call; `offer`, `encode`: those alone."""


class Told(msgspec.Struct):
    """What a lane did in one process."""

    costs: list[float | None]
    """ns a message of each turn; None: an offer was refused in all of it."""
    single: Dump
    discarded: int = 0
    """Bursts in which an offer was refused."""
    sent: int = 0
    taken: int = 0


def run(session: Session) -> None:
    """Measure the scenario of the session's name."""
    many, effort = session.name == "publish-many", session.effort
    ours = Case(system="actorbus", channel=CHANNEL, labelled="actorbus, publish_many" if many else "")
    theirs = Case(system="pyaeron+msgspec", channel=CHANNEL)
    lanes = [Part(ours, "many" if many else "")] if session.can("actorbus") else []
    if session.can(theirs.system):
        lanes.append(Part(theirs, ""))
        for part, words in (("encode", "msgspec's encode alone"), ("offer", "pyaeron's offer alone")):
            lanes.append(Part(msgspec.structs.replace(theirs, labelled=words), part))
    if not lanes:
        return
    found = [
        session.attempt(f"{session.name}, fork {fork + 1} of {effort.forks}", lambda: _fork(session, lanes))
        for fork in range(effort.forks)
    ]
    forks = [each for each in found if each is not None]
    for number, lane in enumerate(lanes):
        _keep(session, lane, [told[number] for told, _ in forks], MANY if lane.part == "many" else EACH)
    if len(lanes) > 1:
        pairs = [_pairs(told[0].costs, told[1].costs) for told, _ in forks]
        session.keep(
            ratio, ours.label, theirs.label, [[1e9 / mine for mine, _ in fork] for fork in pairs],
            [[1e9 / other for _, other in fork] for fork in pairs], asked=effort.forks, case=EACH,
        )  # fmt: skip
    clocks = [clock for _, clock in forks]
    session.keep(figure, "clock", "publish_ns", clocks, case=PARTS, note="two readings, in each percentile")


def _pairs(ours: Sequence[float | None], theirs: Sequence[float | None]) -> list[tuple[float, float]]:
    """Return the turns of a round in which neither was refused."""
    return [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]


def _keep(session: Session, lane: Part, told: Sequence[Told], case: str) -> None:
    label, discarded = lane.case.label, sum(each.discarded for each in told)
    costs = [[cost for cost in each.costs if cost is not None] for each in told]
    more: dict[str, object] = {"asked": session.effort.forks, "ran": peers.ran(lane.case, "publish")}
    if discarded:
        more["note"] = f"{discarded} bursts discarded"
    if lane.part in ("encode", "offer"):
        session.keep(pooled, label, "publish_ns", costs, case=PARTS, **more)
        return
    singles = curve(merged([each.single for each in told]))
    more["lost"] = sum(each.sent - each.taken for each in told)
    session.keep(pooled, label, "publish_ns", costs, case=case, percentiles_ns=singles, **more)
    session.keep(pooled, label, "msgs_per_s", [[1e9 / cost for cost in each] for each in costs], case=RATES, **more)


def _fork(session: Session, lanes: Sequence[Part]) -> tuple[list[Told], float]:
    writer, reader = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        Words.make(place)
        placed = [
            Part(msgspec.structs.replace(lane.case, lane=number, directory=directory, place=place), lane.part)
            for number, lane in enumerate(lanes)
        ]
        common = {"lanes": msgspec.to_builtins(placed), "place": place}
        here, effort = "actorbus.bench.scenarios.publishing", session.effort
        more = {"rounds": effort.turns(), "turn_s": effort.turn_s}
        answers = rig.run(
            rig.Side(f"{here}:publish", {**common, **more}, writer),
            rig.Side(f"{here}:drain", common, reader),
            within_s=120 + effort.turns() * (effort.turn_s * 10 + 1) * len(lanes),
        )
    told, taken = msgspec.convert(answers[0]["told"], list[Told]), msgspec.convert(answers[1]["taken"], list[int])
    for each, messages in zip(told, taken, strict=True):
        each.taken = messages
    return told, msgspec.convert(answers[0]["clock_ns"], float)


def drain(lanes: list[object], place: str) -> dict[str, object]:
    """Take natively what the lane of this turn publishes, and tell how much it was. The reader's process."""
    words, found = Words.of(place), msgspec.convert(lanes, list[Part])
    with Client.connect(found[0].case.directory, name="bench-drain") as client:
        streams = [floor.add_subscription(client, lane.case.channel, lane.case.stream_id) for lane in found]
        records = [floor.OURS if lane.case.system == "actorbus" else floor.HEAD for lane in found]
        taken = [0] * len(found)
        ready(words)
        while (turn := words[TURN]) != STOP:
            taken[turn] += floor.drain(streams[turn], words, turn, LOOK_S, record=records[turn]).messages
            words.tell_sent(turn, taken[turn])
    return {"taken": taken}


def publish(lanes: list[object], place: str, rounds: int, turn_s: float) -> dict[str, object]:
    """Publish in turns and take times. The writer's process."""
    words, found = Words.of(place), msgspec.convert(lanes, list[Part])
    words.wait(READY, 1)
    publishers = [_Publisher(lane, words) for lane in found]
    told = [Told([], []) for _ in found]
    for publisher in publishers:
        publisher.burst(WARM_BURSTS)
    for number in range(rounds):
        for lane in range(len(found)) if number % 2 else reversed(range(len(found))):
            told[lane].costs.append(publishers[lane].turn(turn_s))
    for lane, each, publisher in zip(found, told, publishers, strict=True):
        if not lane.part:
            each.single = publisher.single()
        publisher.wait_drained()
        each.sent, each.discarded = publisher.sent, publisher.discarded
    words[TURN] = STOP
    for publisher in publishers:
        publisher.lane.close()
    return {"told": msgspec.to_builtins(told), "clock_ns": _clock_ns()}


class _Publisher:
    """One lane in the writer's process."""

    def __init__(self, part: Part, words: Words) -> None:
        self.lane: Any = peers.ability(part.case.system, "publishing")(part.case, part.part)
        self.sent = 0
        self.discarded = 0
        """Bursts of turns in which an offer was refused."""
        self._number, self._words = part.case.lane, words
        messages = typed_messages(DIFFERENT)
        self._messages = itertools.cycle(messages)
        prepared = [self.lane.prepared(messages[at : at + BLOCK]) for at in range(0, DIFFERENT, BLOCK)]
        self._blocks = itertools.cycle(prepared)

    def wait_drained(self) -> None:
        """Let the reader take this lane, and wait until it has all.

        Raises:
            TimeoutError: it has not in time.
        """
        words, number, deadline = self._words, self._number, time.monotonic() + PATIENCE_S
        words[TURN] = number
        while (words.sent(number) or 0) < self.sent:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words.sent(number)} of {self.sent} messages were taken within {PATIENCE_S:g} s")

    def burst(self, times: int = 1) -> int:
        """Publish bursts, drained before each; returns the ns of the publishing alone."""
        clock, block, spent = time.perf_counter_ns, self.lane.block, 0
        for _ in range(times):
            self.wait_drained()
            blocks = list(itertools.islice(self._blocks, BLOCKS))
            began = clock()
            for messages in blocks:
                block(messages)
            spent += clock() - began
            self.sent += BLOCK * BLOCKS if self.lane.sends else 0
        return spent

    def turn(self, turn_s: float) -> float | None:
        """Return ns a message of bursts that take so long; None: an offer was refused in each of them."""
        spent, bursts, until = 0, 0, time.monotonic() + max(PATIENCE_TURNS * turn_s, 1.0)
        while spent < turn_s * 1e9 and time.monotonic() < until:
            refused, took = self.lane.refused, self.burst()
            if self.lane.refused == refused:
                spent += took
                bursts += 1
            else:
                self.discarded += 1
        return spent / (BLOCK * BLOCKS * bursts) if bursts else None

    def single(self) -> Dump:
        """Return how long single calls took, two clock readings included."""
        clock, one, found = time.perf_counter_ns, self.lane.one, Latencies()
        record: Callable[[int], None] = found.record
        for _ in range(SINGLE_BURSTS):
            self.wait_drained()
            for message in itertools.islice(self._messages, BLOCK * BLOCKS):
                began = clock()
                one(message)
                record(clock() - began)
            self.sent += BLOCK * BLOCKS
        return found.dump()


def _clock_ns() -> float:
    clock = time.perf_counter_ns
    return float(statistics.median(-clock() + clock() for _ in range(10_001)))
