"""Bodies short, long, empty, two in one, unknown or nested too deep, mixed with good ones of a second publisher.

Both publishers are foreign clients (pyaeron) that write our 32-byte frame by hand: the good one knows from Aeron at
which position each of its messages ended, so that every delivered message can be held against its own address.
"""

from __future__ import annotations

import mmap
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyaeron

import actorbus as ab
from tests.system.processes import environment, wait_for

HEAD = struct.Struct("<BBHHHIHHQq")
CHANNEL = "aeron:ipc?term-length=16m"
STREAM = 3001


class Tick(ab.Message, type_id=3001, version=1):
    n: int
    text: str = ""


class Unhandled(ab.Message, type_id=3002, version=1):
    n: int


Address = tuple[int, int, int]


class Keeps(ab.Handler):
    """Keeps number, session, position and sequence of every message."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Address]] = []
        kept.append(self)

    @ab.on(Tick)
    def tick(self, message: Tick, meta: ab.Meta) -> None:
        self.seen.append((message.n, (meta.session, meta.position, meta.sequence)))


kept: list[Keeps] = []


class Counts(ab.Handler):
    """Counts."""

    def __init__(self) -> None:
        self.count = 0
        counting.append(self)

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        self.count += 1


counting: list[Counts] = []


def frame(
    body: bytes,
    *,
    publisher: int,
    sequence: int,
    type_id: int = 3001,
    version: int = 1,
    header: int = 32,
    count: int = 1,
) -> bytes:
    """Return a frame written by hand, right or wrong."""
    return HEAD.pack(version, 1, 0, type_id, 1, publisher, count, header, sequence, time.time_ns()) + body


def bad_bodies(random_: random.Random, deep: int) -> list[tuple[str, Callable[[int], bytes]]]:
    """Return named makers of bad frames; each takes the sequence to use."""
    encode = msgspec.msgpack.encode
    good = encode(Tick(7, "seven"))

    def made(body: bytes, **fields: int) -> Callable[[int], bytes]:
        return lambda sequence: frame(body, publisher=666, sequence=sequence, **fields)

    nested = b"\x92\xcd\x0b\xb9" + b"\x91" * deep + b"\xc0"
    return [
        ("short", made(good[: random_.randrange(1, len(good))])),
        ("long", made(good + b"\x00")),
        ("empty", made(b"")),
        ("two in one", made(good + good)),
        ("unknown type", made(encode((9999, 1)), type_id=9999)),
        ("another type inside", made(encode((3002, 1)))),
        ("not an array", made(encode({"n": 1}))),
        ("a number", made(encode(3001))),
        ("wrong field type", made(encode((3001, "not a number")))),
        ("nested", made(nested)),
        ("integer above int64", made(encode((3001, 2**63)))),
        ("reserved byte", made(b"\x92\xcd\x0b\xb9\xc1")),
        ("frame version", made(good, version=77)),
        ("header length below 32", made(good, header=16)),
        ("header length beyond the frame", made(good, header=4096)),
        ("count beyond the body", made(good, count=500)),
    ]


def topology(handler: str) -> dict[str, object]:
    return {
        "version": 1,
        "name": "hostile",
        "streams": {
            "ticks": {
                "channel": CHANNEL,
                "stream_id": STREAM,
                "messages": ["tests.system.hostile:Tick", "tests.system.hostile:Unhandled"],
            }
        },
        "handlers": {"keeps": {"stream": "ticks", "class": f"tests.system.hostile:{handler}"}},
    }


def directory_of(node: ab.Node) -> str:
    """Return the driver directory of an open node."""
    return str(node.health().driver_directory)


def mix(rounds: int, seed: int, deep: int = 1_000_000) -> str:
    """Mix good and bad at random; returns the figure, or raises AssertionError."""
    random_ = random.Random(seed)
    expected: dict[int, Address] = {}
    bad: list[tuple[int, int]] = []
    kinds = {"nested": 0}
    with ab.Node.from_dict(topology("Keeps")) as node:
        with (
            pyaeron.Aeron(dir=directory_of(node)) as aeron,
            aeron.add_exclusive_publication(CHANNEL, STREAM) as good,
            aeron.add_exclusive_publication(CHANNEL, STREAM) as evil,
        ):
            good.await_connected(10)
            evil.await_connected(10)

            def offer(publication: object, data: bytes) -> int:
                deadline = time.monotonic() + 20
                while not publication.offer(data):  # type: ignore[attr-defined]
                    assert time.monotonic() < deadline, "no room for 20 s"
                return int(publication.position)  # type: ignore[attr-defined]

            number = wrong = 0
            for _ in range(rounds):
                if random_.random() < 0.5:
                    body = msgspec.msgpack.encode(Tick(number, "x" * random_.randrange(60)))
                    position = offer(good, frame(body, publisher=111, sequence=number))
                    expected[number] = (good.session_id, position, number)
                    number += 1
                else:
                    makers = bad_bodies(random_, deep)
                    # The deepest is a megabyte: a few of them are enough.
                    name, make = makers[random_.randrange(len(makers))]
                    if name == "nested":
                        kinds["nested"] += 1
                        if kinds["nested"] > 20:
                            continue
                    bad.append((evil.session_id, offer(evil, make(wrong))))
                    if name not in ("frame version", "header length below 32", "header length beyond the frame"):
                        wrong += 1
            handler = kept[-1]
            wait_for(lambda: len(handler.seen) >= len(expected), 30, "every good message")
            wait_for(lambda: node.stats().streams["ticks"].quarantined >= len(bad), 30, "every bad message")
            held = {(entry.session, entry.position) for entry in node.quarantine("ticks")}
        stats = node.stats().streams["ticks"]
    assert len(handler.seen) == len(expected)
    for n, address in handler.seen:
        assert expected[n] == address, f"message {n} came as {address}, was sent as {expected[n]}"
    assert [n for n, _ in handler.seen] == list(range(len(expected)))
    assert stats.quarantined == len(bad), f"{stats.quarantined} quarantined of {len(bad)} bad"
    # The newest 1,024 are held, 4 MiB at the most: at least the last ones must be there, and nothing else.
    assert held <= set(bad), "something good is in the quarantine"
    assert bad[-1] in held
    if sum(kinds.values()) == 0:
        assert held == set(bad[-1024:])
    return (
        f"{len(expected)} good each with its own session and position, {len(bad)} bad all quarantined "
        f"({kinds['nested'] and min(kinds['nested'], 20)} of them nested {deep} deep)"
    )


# -- the rate beside unknown types ------------------------------------------------------------------------------------

PLAIN, MIXED, DONE = 0, 1, 2


def flood(directory: str, flags: str) -> None:
    """Offer as fast as it goes, only good messages or 5 % of an unknown type, as the flag says.."""
    with Path(flags).open("r+b") as file:
        flag = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")
    encode = msgspec.msgpack.encode
    with pyaeron.Aeron(dir=directory) as aeron, aeron.add_exclusive_publication(CHANNEL, STREAM) as publication:
        publication.await_connected(10)
        # Made beforehand, so that offering is faster than any handler; each pass over a list rewinds the sequence once.
        frames = [
            [
                frame(encode((9999, n)), publisher=111, sequence=n, type_id=9999)
                if mixed and n % 20 == 0
                else frame(encode(Tick(n, "EURUSD")), publisher=111, sequence=n)
                for n in range(100_000)
            ]
            for mixed in (False, True)
        ]
        offer = publication.offer
        while flag[0] != DONE:
            mode = flag[0]
            for place, data in enumerate(frames[mode]):
                while not offer(data):
                    if flag[0] == DONE:
                        return
                if not place & 1023 and flag[0] != mode:
                    break


def rate_ratio(pairs: int, window_s: float) -> float:
    """Return the median over interleaved pairs of (good rate with 5 % unknown) / (good rate with none)."""
    with tempfile.TemporaryDirectory() as place, ab.Node.from_dict(topology("Counts")) as node:
        flags = Path(place) / "flags"
        flags.write_bytes(bytes(8))
        with flags.open("r+b") as file:
            flag = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.system.hostile", directory_of(node), str(flags)], env=environment()
        )
        pause = threading.Event()
        try:
            handler = counting[-1]
            wait_for(lambda: handler.count > 10_000, 20, "the first messages")

            def rate(mode: int) -> float:
                flag[0] = mode
                pause.wait(window_s / 5)  # what is under way is of the other mode
                before, began = handler.count, time.perf_counter()
                pause.wait(window_s)
                return (handler.count - before) / (time.perf_counter() - began)

            ratios = [1 / (rate(PLAIN) / rate(MIXED)) for _ in range(pairs)]
        finally:
            flag[0] = DONE
            child.wait(20)
    return statistics.median(ratios)


if __name__ == "__main__":
    flood(sys.argv[1], sys.argv[2])
