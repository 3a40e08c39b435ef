"""`publish` and `publish-many`: from call to return, in turns inside one process; the streams are drained natively.

A turn publishes blocks without a pause, as the native reader is quicker than any of them; a back-pressured call is part
of the time. The distribution comes from single calls, with the clock's own cost (measured beside it) left in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from actorbus.bench import floor, rig, topologies
from actorbus.bench.case import Case
from actorbus.bench.peers import pyaeron_raw
from actorbus.bench.record import Result, figure, ratio
from actorbus.bench.scenarios.registry import Session
from actorbus.bench.side import ready
from actorbus.bench.words import READY, STOP, TURN, Latencies, Words, curve
from actorbus.bench.work import typed_message
from actorbus.errors import Refused
from actorbus.topology.node import Node
from actorbus.transport import Client

__all__ = ["drain", "publish", "run"]

BLOCK = 256
BLOCKS = 40
SYSTEMS = ("actorbus", "pyaeron+msgspec")
CHANNEL = "aeron:ipc?term-length=4m"
"""Small terms: the first turns go round them, then every page has been touched (an untouched one costs 2 to 3x)."""
WARM_ROUNDS = 12


def run(session: Session) -> list[Result]:
    """Measure the scenario of the session's name."""
    many = session.name == "publish-many"
    if sum(session.can(system) for system in SYSTEMS) < len(SYSTEMS):
        return []
    effort = session.effort
    found = session.attempt(session.name, lambda: _measure(effort.rounds, many))
    if found is None:
        return []
    results: list[Result] = []
    names = ("actorbus publish_many" if many else "actorbus", "pyaeron+msgspec")
    for name, lane in zip(names, ("ours", "peers"), strict=True):
        costs = msgspec.convert(found[lane], list[float])
        made = figure(name, "publish_ns", costs, "a message, mean of blocks")
        percentiles_ns = msgspec.convert(found[f"{lane}_curve"], dict[str, int])
        results.append(msgspec.structs.replace(made, percentiles_ns=percentiles_ns))
        results.append(figure(name, "msgs_per_s", [1e9 / cost for cost in costs], "one thread"))
    results.append(
        ratio(names[1], names[0], msgspec.convert(found["peers"], list[float]),
              msgspec.convert(found["ours"], list[float]), "cost a message")
    )  # fmt: skip
    for name, lane in (("msgspec encode alone", "encode"), ("pyaeron offer alone", "offer")):
        costs = msgspec.convert(found[lane], list[float])
        results.append(figure(name, "publish_ns", costs, "a message, mean of blocks", "part of the above"))
    clock = msgspec.convert(found["clock_ns"], float)
    results.append(figure("clock", "publish_ns", [clock], "two readings", "part of every percentile above"))
    return results


def _measure(rounds: int, many: bool) -> dict[str, object]:
    writer, reader = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        Words.make(place)
        lanes = [
            msgspec.to_builtins(Case(system=system, lane=lane, directory=directory, place=place, channel=CHANNEL))
            for lane, system in enumerate(SYSTEMS)
        ]
        common = {"cases": lanes, "place": place}
        here = "actorbus.bench.scenarios.publishing"
        answers = rig.run(
            rig.Side(f"{here}:publish", {**common, "rounds": rounds, "many": many}, writer),
            rig.Side(f"{here}:drain", common, reader),
            within_s=60 + rounds * 2,
        )
    return answers[0]


def drain(cases: list[object], place: str) -> dict[str, object]:
    """Take everything natively. The reader's process."""
    words, found = Words.of(place), msgspec.convert(cases, list[Case])
    with Client.connect(found[0].directory, name="bench-drain") as client:
        subscriptions = [floor.add_subscription(client, case.channel, case.stream_id) for case in found]
        ready(words)
        taken = [0] * len(found)
        while (turn := words[TURN]) != STOP:
            for lane, subscription in enumerate(subscriptions):
                taken[lane] += floor.drain(subscription, words, turn, 0.0001).messages
    return {"taken": taken}


def publish(cases: list[object], place: str, rounds: int, many: bool) -> dict[str, object]:
    """Publish in turns and take times. The writer's process."""
    words, found = Words.of(place), msgspec.convert(cases, list[Case])
    words.wait(READY, 1)
    messages = [typed_message(number) for number in range(BLOCK)]
    with Node.from_dict(topologies.writer(found[0], waits=True)) as node, pyaeron_raw.client(found[1]) as aeron:
        publication: Any = aeron.add_exclusive_publication(found[1].channel, found[1].stream_id)
        publication.await_connected(20)
        publisher = node.publisher("main")
        encode, offer = msgspec.msgpack.Encoder().encode, publication.offer
        _await(lambda: publisher.publish(messages[0]))

        def ours_many() -> None:
            publisher.publish_many(messages)

        def ours_one() -> None:
            one = publisher.publish
            for message in messages:
                one(message)

        def theirs() -> None:
            for message in messages:
                while not offer(encode(message)):
                    pass

        def their_one(message: object) -> None:
            offer(encode(message))

        answer: dict[str, object] = {"clock_ns": _clock_ns()}
        lanes = {"ours": ours_many if many else ours_one, "peers": theirs, **_parts(messages, encode, offer)}
        costs: dict[str, list[float]] = {lane: [] for lane in lanes}
        for number in range(rounds + WARM_ROUNDS):
            for lane in sorted(lanes, reverse=number % 2 == 0):
                cost = _turn(lanes[lane])
                if number >= WARM_ROUNDS:
                    costs[lane].append(cost)
        answer |= costs
        answer |= {
            "ours_curve": {} if many else _single(publisher.publish, messages),
            "peers_curve": {} if many else _single(their_one, messages),
        }
        publication.close()
    words[TURN] = STOP
    return answer


def _parts(
    messages: list[Any], encode: Callable[[object], bytes], offer: Callable[[bytes], object]
) -> dict[str, Callable[[], None]]:
    """Return what both do at least: the encode alone, and pyaeron's offer of a finished body alone."""
    bodies = [encode(message) for message in messages]

    def encode_alone() -> None:
        for message in messages:
            encode(message)

    def offer_alone() -> None:
        for body in bodies:
            while not offer(body):
                pass

    return {"encode": encode_alone, "offer": offer_alone}


def _await(first: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            first()
        except Refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _turn(block: Callable[[], None]) -> float:
    """Return ns a message over some blocks."""
    clock, spent = time.perf_counter_ns, 0
    for _ in range(BLOCKS):
        began = clock()
        block()
        spent += clock() - began
    return spent / (BLOCK * BLOCKS)


def _single(publish_one: Callable[[Any], object], messages: list[Any]) -> dict[str, int]:
    """Return the percentiles of single calls, two clock readings included."""
    clock, found = time.perf_counter_ns, Latencies()
    for _ in range(BLOCKS):
        for message in messages:
            began = clock()
            publish_one(message)
            found.record(clock() - began)
    return curve(found.snapshot())


def _clock_ns() -> float:
    clock = time.perf_counter_ns
    spent = sorted(-clock() + clock() for _ in range(10_001))
    return float(spent[5000])
