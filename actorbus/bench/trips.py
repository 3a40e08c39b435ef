"""Latency: round trips one after the other, and one way under an open-loop load.

Round trip: fresh processes for every run of every system, in turns; asker and answerer spin, each on a core of its own.
One way: ticks are due at a fixed rate; each carries the moment it was due, and the handler records how late it came. A
tick that is sent late because the sender was held up counts from when it was due (coordinated omission).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import msgspec

from actorbus.bench import peers, rig, topologies
from actorbus.bench.case import Case
from actorbus.bench.peers import pyaeron_raw
from actorbus.bench.side import ready
from actorbus.bench.words import AT, READY, STOP, TURN, Latencies, Words, curve
from actorbus.bench.work import Tick, TickSink, last_made
from actorbus.errors import BrokenError, NotConnected
from actorbus.topology.node import Node

__all__ = ["answer", "ask", "hear", "one_way", "round_trip", "tick"]

CONNECT_S = 20.0
PING_WARM_S = 0.5


def round_trip(case: Case, *, seconds: float) -> dict[str, int]:
    """Return the percentiles of the round trips of one run, ns, in fresh processes with a fresh driver."""
    return _pair(case, "ask", "answer", {"seconds": seconds}, seconds)


def one_way(case: Case, *, seconds: float, rate: int) -> dict[str, int]:
    """Return the percentiles of how late ticks came at `rate` a second."""
    return _pair(case, "tick", "hear", {"seconds": seconds, "rate": rate}, seconds)


def _pair(case: Case, near: str, far: str, more: dict[str, object], seconds: float) -> dict[str, int]:
    first, second = rig.two_cpus()
    with rig.driver() as directory, rig.place() as place:
        Words.make(place)

        def side(role: str, cpu: int, **options: object) -> rig.Side:
            found = msgspec.structs.replace(case, directory=directory, place=place, cpu=cpu)
            arguments = {"case": msgspec.to_builtins(found), "place": place, **options}
            return rig.Side(f"actorbus.bench.trips:{role}", arguments, cpu if case.pinned else None)

        answers = rig.run(side(near, first, **more), side(far, second), within_s=seconds + 60)
    found = answers[0] or answers[1]
    if not found:
        raise BrokenError(f"{case.system}: no message was recorded within {seconds:g} s")
    return msgspec.convert(found, dict[str, int])


def ask(case: dict[str, object], place: str, seconds: float) -> dict[str, int]:
    """Ask. One process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    words.wait(READY, 1)
    try:
        return curve(peers.find(found.system).ping(found, words, PING_WARM_S, seconds).snapshot())
    finally:
        words[TURN] = STOP


def answer(case: dict[str, object], place: str) -> dict[str, int]:
    """Answer. The other process."""
    found = msgspec.convert(case, Case)
    peers.find(found.system).pong(found, Words.of(place))
    return {}


# ---- one way -------------------------------------------------------------------------------------------------------


def tick(case: dict[str, object], place: str, seconds: float, rate: int) -> dict[str, int]:
    """Publish ticks at their due times. One process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    words.wait(READY, 1)
    with contextlib.ExitStack() as ends:
        publish = _publisher(found, ends)
        deadline = time.monotonic() + CONNECT_S
        while not words[AT]:  # the other side has had the first
            publish(Tick(-1, 0))
            if time.monotonic() > deadline:
                raise TimeoutError(f"no tick arrived within {CONNECT_S:g} s")
            time.sleep(0.001)
        clock, pause, number = time.monotonic_ns, 1_000_000_000 // rate, 0
        began = clock()
        warm, until, due = began + int(PING_WARM_S * 1e9), began + int((PING_WARM_S + seconds) * 1e9), began
        while due < until:
            due += pause
            while clock() < due:
                pass
            publish(Tick(number if due > warm else -1, due))
            number += 1
        time.sleep(0.2)
    words[TURN] = STOP
    return {}


def _publisher(case: Case, ends: contextlib.ExitStack) -> Callable[[Tick], object]:
    if case.system == "actorbus":
        publisher = ends.enter_context(Node.from_dict(topologies.tick_writer(case))).publisher("main", Tick)

        def publish(message: Tick) -> None:
            with contextlib.suppress(NotConnected):
                publisher.publish(message)

        return publish
    aeron = ends.enter_context(pyaeron_raw.client(case))
    publication: Any = ends.enter_context(aeron.add_exclusive_publication(case.channel, case.stream_id))
    publication.await_connected(CONNECT_S)
    encode, offer = msgspec.msgpack.Encoder().encode, publication.offer

    def send(message: Tick) -> None:
        body = encode(message)
        while not offer(body):
            pass

    return send


def hear(case: dict[str, object], place: str) -> dict[str, int]:
    """Record how late they come. The other process."""
    words, found = Words.of(place), msgspec.convert(case, Case)
    if found.system == "actorbus":
        return _hear_in_a_node(found, words)
    decode, clock, latencies = msgspec.msgpack.Decoder(Tick).decode, time.monotonic_ns, Latencies()

    def handle(buffer: bytes, header: object = None) -> None:
        message = decode(buffer)
        if message.n >= 0:
            latencies.record(clock() - message.due_ns)
        elif not words[AT]:
            words[AT] = 1

    with pyaeron_raw.client(found) as aeron, aeron.add_subscription(found.channel, found.stream_id) as subscription:
        ready(words)
        poll, view = subscription.poll, words.view
        while view[TURN] != STOP:
            for _ in range(1000):
                poll(handle, 256)
    return curve(latencies.snapshot())


def _hear_in_a_node(case: Case, words: Words) -> dict[str, int]:
    with Node.from_dict(topologies.tick_reader(case)):
        sink = last_made()
        assert isinstance(sink, TickSink)
        ready(words)
        while words[TURN] != STOP:
            if sink.count and not words[AT]:
                words[AT] = 1
            time.sleep(0.02)
    return curve(sink.found.snapshot())
