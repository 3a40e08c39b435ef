"""Three streams on one poller with a window of 32 KiB, and a stream whose handler publishes back to it.

numbers -> a -> Forward -> b -> Forward -> c -> Last
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import cast

import actorbus as ab

PARTS = "tests.system.chains"
CHANNEL = "aeron:ipc?term-length=64k"
"""Aeron's window is half a term: 32 KiB."""


class Number(ab.Message, type_id=1001, version=1):
    n: int
    turn: int = 0


class Numbers(ab.Source[Number]):
    def __init__(self, *, count: int) -> None:
        self.count = count

    def produce(self) -> Iterator[Number]:
        for n in range(self.count):
            yield Number(n)


class Forward(ab.Handler):
    out = ab.Output(Number)

    @ab.on(Number)
    def number(self, message: Number) -> None:
        self.out.publish(message)


class Turn(ab.Handler):
    """Publishes each message back to the stream it came from, once."""

    out = ab.Output(Number)

    @ab.on(Number)
    def number(self, message: Number) -> None:
        if message.turn == 0:
            self.out.publish(Number(message.n, 1))


class Flood(ab.Handler):
    """Publishes each message of turn 0 back many times at once: more than any outbox takes."""

    out = ab.Output(Number)

    def __init__(self, *, times: int) -> None:
        self.times = times
        self.refused = 0
        floods.append(self)

    @ab.on(Number)
    def number(self, message: Number) -> None:
        if message.turn:
            return
        for n in range(self.times):
            try:
                self.out.publish(Number(n, 1))
            except ab.BackPressured:
                self.refused += 1


class Last(ab.Handler):
    """Counts by turn, notes what is out of order, and the longest time without a message."""

    def __init__(self) -> None:
        self.seen = [0, 0]
        self.next = [0, 0]
        self.wrong = 0
        self.stall_ns = 0
        self.last_ns = 0
        lasts.append(self)

    @ab.on(Number)
    def number(self, message: Number) -> None:
        turn = message.turn
        if message.n != self.next[turn]:
            self.wrong += 1
        self.next[turn] = message.n + 1
        self.seen[turn] += 1
        now = time.monotonic_ns()
        if self.last_ns and now - self.last_ns > self.stall_ns:
            self.stall_ns = now - self.last_ns
        self.last_ns = now


class Gate(Last):
    """Takes nothing before the gate opens."""

    @ab.on(Number)
    def number(self, message: Number) -> None:
        opened.wait(30)
        self.seen[message.turn] += 1


class Sleeper(ab.Handler):
    """A second for every message."""

    @ab.on(Number)
    def number(self, message: Number) -> None:
        asleep.wait(1)


asleep = threading.Event()
opened = threading.Event()
floods: list[Flood] = []
lasts: list[Last] = []


def _topology(streams: str, count: int, handlers: dict[str, object]) -> dict[str, object]:
    return {
        "version": 1,
        "name": "chain",
        "pollers": {"main": {"streams": list(streams)}},
        "streams": {
            name: {"stream_id": number, "channel": CHANNEL, "messages": [f"{PARTS}:Number"]}
            for number, name in enumerate(streams, 1001)
        },
        "sources": {"numbers": {"stream": streams[0], "class": f"{PARTS}:Numbers", "options": {"count": count}}},
        "handlers": handlers,
    }


def _run(topology: dict[str, object], done: int, timeout_s: float) -> tuple[ab.Node, Last]:
    """Run until `done` messages reached the last handler and nothing moves any more."""
    lasts.clear()
    began = time.monotonic()
    with ab.Node.from_dict(topology) as node:
        last = lasts[0]
        while sum(last.seen) < done and node.failed is None:
            assert time.monotonic() - began < timeout_s, f"{last.seen} of {done} within {timeout_s:g} s"
            node.wait(for_ns=20_000_000)
    assert node.failed is None, f"the node failed: {node.failed}"
    return node, last


def chain(count: int, timeout_s: float, middle: str = "inline") -> str:
    """Send `count` messages through three streams; returns the figure, or raises AssertionError."""
    first = {"stream": "a", "class": f"{PARTS}:Forward", "publishes": {"out": "b"}}
    second = {"stream": "b", "class": f"{PARTS}:Forward", "publishes": {"out": "c"}, "dispatch": middle}
    handlers = {"first": first, "second": second, "last": {"stream": "c", "class": f"{PARTS}:Last"}}
    began = time.monotonic()
    node, last = _run(_topology("abc", count, handlers), count, timeout_s)
    seconds = time.monotonic() - began
    stats = node.stats()
    assert (last.seen[0], last.wrong) == (count, 0), f"{last.seen[0]} of {count}, {last.wrong} out of order"
    for name, stream in stats.streams.items():
        assert (stream.published, stream.received, stream.dropped, stream.missing) == (count, count, 0, 0), (
            name,
            stream,
        )
    for name, handler in stats.handlers.items():
        assert (handler.messages, handler.errors) == (count, 0), (name, handler)
    assert last.stall_ns < 1_000_000_000, f"a stall of {last.stall_ns / 1e9:.3f} s"
    return (
        f"{count:,} messages through three streams on one poller ({middle} in the middle), none lost or out of order, "
        f"longest stall {last.stall_ns / 1e6:.0f} ms, {count / seconds:,.0f} msg/s"
    )


def back_to_itself(count: int, timeout_s: float) -> str:
    """A handler publishes each of `count` messages back to the stream it handles; nothing is lost."""
    handlers = {
        "turn": {"stream": "a", "class": f"{PARTS}:Turn", "publishes": {"out": "a"}},
        "last": {"stream": "a", "class": f"{PARTS}:Last"},
    }
    node, last = _run(_topology("a", count, handlers), 2 * count, timeout_s)
    stream = node.stats().streams["a"]
    assert (last.seen, last.wrong) == ([count, count], 0), f"{last.seen} of {count} each, {last.wrong} out of order"
    assert (stream.published, stream.received, stream.dropped) == (2 * count, 2 * count, 0), stream
    assert node.stats().handlers["turn"].errors == 0
    assert last.stall_ns < 1_000_000_000, f"a stall of {last.stall_ns / 1e9:.3f} s"
    return (
        f"{count:,} messages published back to their own stream, none lost, longest stall {last.stall_ns / 1e6:.0f} ms"
    )


def flood(times: int) -> str:
    """A handler publishes more back to its own stream than its outbox takes: bounded, what is refused is counted."""
    floods.clear()
    handlers = {
        "flood": {
            "stream": "a",
            "class": f"{PARTS}:Flood",
            "publishes": {"out": "a"},
            "options": {"times": times},
        },
        "last": {"stream": "a", "class": f"{PARTS}:Last"},
    }
    lasts.clear()
    with ab.Node.from_dict(_topology("a", 1, handlers)) as node:
        reason = node.wait(until_idle_ns=500_000_000)
        assert reason == "idle", f"{reason}: {node.failed}"
    stream, handler = node.stats().streams["a"], node.stats().handlers["flood"]
    refused, got = floods[0].refused, lasts[0].seen[1]
    assert refused > 0, f"nothing was refused of {times}"
    assert got + stream.dropped + refused == times, f"{got} got, {stream.dropped} dropped, {refused} refused of {times}"
    assert stream.dropped == handler.errors, f"{stream.dropped} dropped, {handler.errors} told to the handler"
    assert stream.received == got + 1
    figure = f"{got:,} handled, {refused:,} refused, {stream.dropped:,} too late"
    return f"{times:,} messages back to their own stream at once: {figure}"


def blocked(seconds: float, timeout_s: float) -> str:
    """A stream nobody reads for some seconds: what a handler publishes to it waits, then is told; its poller goes on.

    a -> Forward -> b -> Gate (a poller of its own)         x -> Last (the poller of a)
    """
    opened.clear()
    lasts.clear()
    topology = _topology("abx", 1, {})
    topology["pollers"] = {"main": {"streams": ["a", "x"]}, "slow": {"streams": ["b"]}}
    del topology["sources"]
    streams = cast("dict[str, dict[str, object]]", topology["streams"])
    streams["b"]["back_pressure"] = {"policy": "block", "timeout": f"{round(timeout_s * 1000)}ms"}
    topology["handlers"] = {
        "forward": {"stream": "a", "class": f"{PARTS}:Forward", "publishes": {"out": "b"}, "on_error": "skip"},
        "gate": {"stream": "b", "class": f"{PARTS}:Gate"},
        "last": {"stream": "x", "class": f"{PARTS}:Last"},
    }
    logging.getLogger("actorbus.handlers.forward").setLevel(logging.CRITICAL)
    with ab.Node.from_dict(topology) as node:
        gate, last = sorted(lasts, key=lambda each: type(each) is Last)
        into, beside = node.publisher("a", Number), node.publisher("x", Number)
        pause, n, others = threading.Event(), 0, 0
        began, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            for _ in range(20):
                n += bool(into.offer(Number(n)))
            others += bool(beside.offer(Number(others)))
            pause.wait(0.002)
        busy = (time.process_time() - cpu) / seconds
        assert others - last.seen[0] < 50, f"{last.seen[0]} of {others} beside it"
        opened.set()
    stats = node.stats()
    forwarded, dropped = stats.handlers["forward"].messages, stats.streams["b"].dropped
    assert gate.seen[0] + dropped == forwarded == n, f"{gate.seen[0]} + {dropped} of {forwarded} of {n}"
    assert 0 < dropped == stats.handlers["forward"].errors, f"{dropped} dropped, {stats.handlers['forward']}"
    assert busy < 0.5, f"{busy:.0%} of a core while it waited"
    return (
        f"{n:,} into a stream nobody read for {seconds:g} s: {gate.seen[0]:,} handled, {dropped:,} told as too late; "
        f"{others:,} beside it went on; {busy:.0%} of a core"
    )


def beside_a_sleeper(count: int, turns: int, least: float) -> str:
    """A mailbox handler that sleeps 1 s per message does not slow another stream of its poller."""
    topology = _topology("fs", count, {})
    topology["handlers"] = {
        "last": {"stream": "f", "class": f"{PARTS}:Last"},
        "sleeper": {"stream": "s", "class": f"{PARTS}:Sleeper", "dispatch": "mailbox", "mailbox": {"messages": 64}},
    }

    def rate(*, sleeping: bool) -> float:
        lasts.clear()
        asleep.clear()
        with ab.Node.from_dict(topology) as node:
            if sleeping:
                slow = node.publisher("s", Number)
                while slow.offer(Number(0)):  # the mailbox and the stream behind it are full
                    pass
            began = time.monotonic()
            before = lasts[0].seen[0]
            while lasts[0].seen[0] < count and node.failed is None:
                assert time.monotonic() - began < 60, f"{lasts[0].seen[0]} of {count}"
                node.wait(for_ns=1_000_000)
            seconds = time.monotonic() - began
            asleep.set()
            assert lasts[0].wrong == 0
            return (count - before) / seconds

    rates = [(rate(sleeping=False), rate(sleeping=True)) for _ in range(turns)]
    alone, beside = (max(each) for each in zip(*rates, strict=True))
    assert beside >= least * alone, f"{beside:,.0f} msg/s beside a sleeper, {alone:,.0f} alone"
    return f"{beside / alone:.0%} of its rate beside a mailbox handler that sleeps 1 s per message"
