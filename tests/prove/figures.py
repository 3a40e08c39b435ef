"""The figures of issue 3, line 7: our typed path beside pyaeron + msgspec, in one run.

How it is measured: a driver in a process of its own, unpinned; publisher pinned to core 0, subscriber to core 1. In the
typed case both variants live in one pair of processes and take turns, since the machine changes speed within seconds:
a flag in shared memory says whose stream the publisher floods. Payloads differ in every message and are read by both.
All clients are closed. Throughput is counted at the handler.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyaeron

import actorbus as ab
from tests.system.hostile import frame as wire_frame
from tests.system.processes import environment, external_driver

CHANNEL = "aeron:ipc?term-length=16m"
OURS, PEERS, DONE = 0, 1, 2
STREAMS = (5001, 5002)
FRAMES = 65_536
TURN_S = 0.1


class Quote(ab.Message, type_id=5001, version=1):
    seq: int
    symbol: str
    bid: int
    ask: int
    ts: int


class Fill(ab.Message, type_id=5002, version=1):
    seq: int
    symbol: str
    price: int
    quantity: int
    side: int


class Sink(ab.Handler):
    """The work of both variants: keep one number, count."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        sinks.append(self)

    @ab.on(Quote)
    def quote(self, m: Quote) -> None:
        self.last = m.bid
        self.count += 1

    @ab.on(Fill)
    def fill(self, m: Fill) -> None:
        self.count += 1


sinks: list[Sink] = []


class Pairs(NamedTuple):
    """Messages a second of each turn, their ratios, and what the list decode costs."""

    ours: list[float]
    peers: list[float]
    ratios: list[float]
    decode_ns: float
    decode_share: float


def _bodies() -> list[bytes]:
    encode = msgspec.msgpack.encode
    return [
        encode(Fill(n, "EURUSD.SPOT", 1_085_000 + n, 250_000_000_000, 1))
        if n % 4 == 3
        else encode(Quote(n, "EURUSD.SPOT", 1_085_000 + n, 1_085_100 + n, 1_700_000_000_000_000_000 + n))
        for n in range(FRAMES)
    ]


def _flags(path: str) -> memoryview:
    with Path(path).open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 8)).cast("q")


def flood(directory: str, flags: str) -> None:
    """The publisher's process: offer the stream that the flag names, as fast as it goes."""
    os.sched_setaffinity(0, {0})
    flag = _flags(flags)
    bodies = _bodies()
    framed = [
        wire_frame(body, publisher=77, sequence=n, type_id=5002 if n % 4 == 3 else 5001)
        for n, body in enumerate(bodies)
    ]
    with (
        pyaeron.Aeron(dir=directory) as aeron,
        aeron.add_exclusive_publication(CHANNEL, STREAMS[OURS]) as ours,
        aeron.add_exclusive_publication(CHANNEL, STREAMS[PEERS]) as peers,
    ):
        ours.await_connected(20)
        peers.await_connected(20)
        # Lists of 256 and a bare loop: the publisher must be faster than any subscriber it feeds.
        chunks = [[frames[at : at + 256] for at in range(0, FRAMES, 256)] for frames in (framed, bodies)]
        offers = (ours.offer, peers.offer)
        while (turn := flag[0]) != DONE:
            offer = offers[turn]
            for chunk in chunks[turn]:
                for frame in chunk:
                    while not offer(frame):
                        if flag[0] != turn:
                            break
                if flag[0] != turn:
                    break


def typed_pairs(pairs: int) -> Pairs:
    """Return interleaved pairs of turns, run in a process of its own pinned to core 1."""
    with external_driver() as directory, tempfile.TemporaryDirectory() as place:
        flags = Path(place) / "flags"
        flags.write_bytes(bytes(8))
        publisher = subprocess.Popen(
            [sys.executable, "-m", "tests.prove.figures", "flood", str(directory), str(flags)], env=environment()
        )
        try:
            out = subprocess.run(
                [sys.executable, "-m", "tests.prove.figures", "take", str(directory), str(flags), str(pairs)],
                env=environment(),
                stdout=subprocess.PIPE,
                text=True,
                timeout=120,
                check=True,
            ).stdout
        finally:
            _flags(str(flags))[0] = DONE
            publisher.wait(20)
    result = json.loads(out)
    return Pairs(**result)


def take(directory: str, flags: str, pairs: int) -> None:
    """The subscriber's process: our node on its poller's thread, pyaeron on the main thread, in turns."""
    os.sched_setaffinity(0, {1})
    flag = _flags(flags)
    bodies = _bodies()
    sink = Sink()
    decode = msgspec.msgpack.Decoder(Quote | Fill).decode
    table = {Quote: sink.quote, Fill: sink.fill}

    def handle(buffer: bytes, header: object = None) -> None:
        message = decode(buffer)
        table[type(message)](message)

    topology = {
        "version": 1,
        "name": "figures",
        "driver": {"mode": "external", "directory": directory},
        "streams": {
            "quotes": {
                "channel": CHANNEL,
                "stream_id": STREAMS[OURS],
                "messages": ["tests.prove.figures:Quote", "tests.prove.figures:Fill"],
            }
        },
        "handlers": {"sink": {"stream": "quotes", "class": "tests.prove.figures:Sink"}},
    }
    pause = threading.Event()
    rates: tuple[list[float], list[float]] = ([], [])
    with (
        ab.Node.from_dict(topology),
        pyaeron.Aeron(dir=directory) as aeron,
        aeron.add_subscription(CHANNEL, STREAMS[PEERS]) as subscription,
    ):
        # Handlers are made in the module as it was imported by the topology, not in __main__.
        ours = sys.modules["tests.prove.figures"].sinks[-1]
        poll = subscription.poll
        deadline = time.monotonic() + 20
        while not ours.count and time.monotonic() < deadline:
            pause.wait(0.01)
        turns = 5  # a turn of each variant is 5 x 20 ms apart, so that both see the machine's two speeds alike
        for number in range(pairs + 1):
            counts = [0, 0]
            seconds = [0.0, 0.0]
            for _ in range(turns):
                flag[0] = OURS
                pause.wait(TURN_S / 10)
                before, began = ours.count, time.perf_counter()
                pause.wait(TURN_S)
                counts[OURS] += ours.count - before
                seconds[OURS] += time.perf_counter() - began
                flag[0] = PEERS
                until = time.perf_counter() + TURN_S / 10
                while time.perf_counter() < until:
                    poll(handle, 256)
                before, began = sink.count, time.perf_counter()
                until = began + TURN_S
                while time.perf_counter() < until:
                    poll(handle, 256)
                counts[PEERS] += sink.count - before
                seconds[PEERS] += time.perf_counter() - began
            if number:  # the first pair warms up
                rates[OURS].append(counts[OURS] / seconds[OURS])
                rates[PEERS].append(counts[PEERS] / seconds[PEERS])
        flag[0] = DONE
    many = msgspec.msgpack.Decoder(list[Quote | Fill]).decode
    batches = [
        b"\xdd" + (256).to_bytes(4, "big") + b"".join(bodies[start : start + 256]) for start in range(0, FRAMES, 256)
    ]
    costs = []
    for _ in range(5):
        began = time.perf_counter()
        for batch in batches:
            many(batch)
        costs.append((time.perf_counter() - began) / FRAMES)
    decode_s = statistics.median(costs)
    print(
        json.dumps(
            {
                "ours": rates[OURS],
                "peers": rates[PEERS],
                "ratios": [a / b for a, b in zip(*rates, strict=True)],
                "decode_ns": decode_s * 1e9,
                "decode_share": decode_s * statistics.median(rates[OURS]),
            }
        )
    )


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    # The module the topology names, not __main__: its handler is made there.
    own = importlib.import_module("tests.prove.figures")
    if command == "take":
        own.take(rest[0], rest[1], int(rest[2]))
    else:
        own.flood(*rest)
