"""Issue 7, line 4: late joins at random places of a recording that is being written, under load and packet loss.

One publisher says 50,000 numbered messages a second; a recorder writes them; one subscription after another begins at a
random record and goes on live. Each must get every number from there on, once and in order, until well behind the join.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import actorbus as ab
from actorbus.dispatch import ReplayJoined
from actorbus.transport import DriverSettings, ProcessDriver
from tests.prove import Failed
from tests.system.edges import free_ports

__all__ = ["Joins", "late_joins", "line_4"]

RATE = 50_000
PIECE = 250
JOINS = 100
BEHIND = 5_000
"""Messages taken after each join."""
REACH = 250_000
"""Starts are random among the last so many records: five seconds."""
JOIN_S = 60.0
LOSS: Mapping[str, str] = {
    "AERON_UDP_CHANNEL_INCOMING_INTERCEPTORS": "loss",
    "AERON_UDP_CHANNEL_TRANSPORT_BINDINGS_LOSS_ARGS": "rate=0.1|seed=7|recv-msg-mask=0x2",
}
"""One data packet in ten is dropped on arrival, by the driver's own generator."""


class Numbered(ab.Message, type_id=1900, version=1):
    """A numbered message."""

    n: int


class Joins(NamedTuple):
    """What one channel's joins came to."""

    joins: int
    messages: int
    replayed: int
    retries: int
    rate: float
    slowest_s: float


class _Load(threading.Thread):
    """Publishes at the rate until told to stop."""

    def __init__(self, node: ab.Node) -> None:
        super().__init__(name="load")
        self._publisher = node.publisher("numbers", Numbered)
        self.sent = 0
        self.stop = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        begun = time.monotonic()
        try:
            while not self.stop.is_set():
                ahead = self.sent / RATE - (time.monotonic() - begun)
                if ahead > 0:
                    self.stop.wait(ahead)
                # One by one: a list goes out in batch frames, and a record's number counts frames.
                self._publisher.publish_many(Numbered(n) for n in range(self.sent, self.sent + PIECE))
                self.sent += PIECE
        except BaseException as error:  # noqa: BLE001 - told by the proof
            self.error = error


@contextlib.contextmanager
def _running(channel: str, environment: Mapping[str, str]) -> Iterator[tuple[ab.Node, _Load]]:
    with (
        tempfile.TemporaryDirectory(prefix="actorbus-joins-") as folder,
        ProcessDriver(None, DriverSettings(environment=environment)) as driver,
    ):
        values: dict[str, object] = {
            "version": 1,
            "name": "joins",
            "driver": {"mode": "external", "directory": str(driver.directory)},
            "streams": {"numbers": {"channel": channel, "stream_id": 1900, "messages": [Numbered]}},
            "recorders": {
                "tape": {"streams": ["numbers"], "directory": str(Path(folder) / "tape"), "sync": "none"},
            },
        }
        with ab.Node.from_dict(values) as node:
            load = _Load(node)
            load.start()
            try:
                yield node, load
            finally:
                load.stop.set()
                load.join(JOIN_S)
        if load.error is not None:
            raise Failed(f"the publisher failed: {load.error!r}")
        if node.failed is not None:
            raise Failed(f"the node failed: {node.failed!r}")


def _joined(node: ab.Node) -> list[ReplayJoined]:
    events = node._need_supervisor().events  # pyright: ignore[reportPrivateUsage] - what the node was told
    return [event for event in list(events) if isinstance(event, ReplayJoined)]


def _one(node: ab.Node, start: int, before: int) -> tuple[int, ReplayJoined]:
    """Join at record `start`; return how many messages were taken, and the event."""
    expected, deadline = start, time.monotonic() + JOIN_S
    joined: ReplayJoined | None = None
    with node.subscribe("numbers", Numbered, start=ab.Sequence(start)) as subscription:
        for batch in subscription.batches(JOIN_S):
            numbers = [message.n for message in batch]
            wanted = list(range(expected, expected + len(numbers)))
            if numbers != wanted:
                came, due = next(pair for pair in zip(numbers, wanted, strict=True) if pair[0] != pair[1])
                raise Failed(f"a join at {start}: {came} came where {due} was due, joined: {joined}")
            expected += len(numbers)
            if joined is None:
                joined = next(iter(_joined(node)[before:]), None)
            if joined is not None and expected - start >= joined.messages + BEHIND:
                return expected - start, joined
            if time.monotonic() > deadline:
                break
    raise Failed(f"a join at {start} did not go live within {JOIN_S:g} s, {expected - start} messages came")


def late_joins(channel: str, joins: int, environment: Mapping[str, str] | None = None, *, seed: int = 1) -> Joins:
    """Join so often at random places.

    Raises:
        Failed: a message was missing, came twice or in another order; or a join never went live.
    """
    chance = random.Random(seed)
    messages = replayed = retries = 0
    slowest = 0.0
    with _running(channel, environment or {}) as (node, load):
        begun = time.monotonic()
        while min(load.sent, node.stats().recorders["tape"].records) < RATE // 2 and load.error is None:
            load.stop.wait(0.01)
        for number in range(joins):
            written = node.stats().recorders["tape"].records
            start = chance.randrange(max(0, written - REACH), max(1, written))
            count, event = _one(node, start, number)
            messages += count
            replayed += event.messages
            retries += event.retries
            slowest = max(slowest, event.seconds)
        rate = load.sent / (time.monotonic() - begun)
    return Joins(joins, messages, replayed, retries, rate, slowest)


def line_4(joins: int = JOINS) -> str:
    """Join on IPC, and on UDP with 10 % loss."""
    parts: list[str] = []
    with free_ports(1) as port:
        udp = f"aeron:udp?endpoint=127.0.0.1:{port}|term-length=1m"
    for name, channel, environment in (("IPC", "aeron:ipc?term-length=1m", {}), ("UDP with 10 % loss", udp, LOSS)):
        found = late_joins(channel, joins, environment)
        parts.append(
            f"{found.joins} late joins on {name} under {found.rate:,.0f} msg/s: {found.messages:,} messages "
            f"({found.replayed:,} from the recording) contiguous, no duplicate; slowest {found.slowest_s:.2f} s, "
            f"{found.retries} holds given up"
        )
    return "; ".join(parts)
