"""Where the conformance suite runs: a client and channels of one transport, and a reader that looks with deadlines."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from actorbus.ffi.native import lib
from actorbus.metrics import STREAM, CounterBlock, Statistics, StreamCounter
from actorbus.transport import Client, Publication, Subscription

__all__ = ["RAW", "Place", "Reader", "answer_code", "connected", "counted", "in_seconds", "sender", "until"]

RAW: Final = [(1, 1)]
WITHIN_S: Final = 20.0
_streams = itertools.count(7001)


def in_seconds(seconds: float) -> int:
    return time.monotonic_ns() + round(seconds * 1e9)


def until(condition: Callable[[], object], what: str, seconds: float = WITHIN_S) -> None:
    """Look until a condition holds; fail at the deadline. Gives the core away between two looks."""
    deadline = in_seconds(seconds)
    while not condition():
        assert time.monotonic_ns() < deadline, f"not within {seconds:g} s: {what}"
        os.sched_yield()


def answer_code(_message: object, _body: object, code: int) -> int:
    return code


class Place:
    """One transport: a client, and a channel and stream id that no other test uses."""

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self.client = client
        self.stream_id = next(_streams)
        self.statistics = Statistics.private(size=Statistics.size_for(counter_blocks=8, histograms=1))
        self._port = _free_port() if name == "udp" else 0

    def channel(self, term_length: str = "64k") -> str:
        where = f"udp?endpoint=127.0.0.1:{self._port}|" if self.name == "udp" else "ipc?"
        return f"aeron:{where}term-length={term_length}"

    def block(self, name: str) -> CounterBlock:
        return self.statistics.counter_block(STREAM, name)

    def publication(
        self,
        *,
        publisher: int = 7,
        frame: bool = True,
        format_id: int = 0,
        types: Sequence[tuple[int, int]] = RAW,
        counters: CounterBlock | None = None,
        term_length: str = "64k",
    ) -> Publication:
        return self.client.add_publication(
            self.channel(term_length),
            self.stream_id,
            frame=frame,
            format=format_id,
            publisher=publisher,
            types=types,
            counters=None if counters is None else counters.address,
        )

    def subscription(
        self,
        *,
        frame: bool = True,
        format_id: int = 0,
        types: Sequence[tuple[int, int, bool]] = ((1, 1, True),),
        counters: CounterBlock | None = None,
        term_length: str = "64k",
    ) -> Subscription:
        return self.client.add_subscription(
            self.channel(term_length),
            self.stream_id,
            frame=frame,
            format=format_id,
            types=types,
            counters=None if counters is None else counters.address,
        )

    def close(self) -> None:
        self.statistics.close()


def counted(block: CounterBlock) -> dict[str, int]:
    """Return the counters that are not 0, by name."""
    return {counter.name.lower(): block[counter] for counter in StreamCounter if block[counter]}


def connected(publication: Publication) -> Publication:
    assert publication.wait_connected(in_seconds(10))
    return publication


def sender(publication: Publication) -> Callable[[bytes], int]:
    """Return what publishes one body, waiting for room with a deadline."""
    port = publication.make_port(None, answer_code)

    def send(body: bytes) -> int:
        answer = port.publish(body)
        deadline = in_seconds(20)
        while answer == lib.AB_BACK_PRESSURED:
            assert time.monotonic_ns() < deadline, "no room within 20 s"
            publication.wait_window_ns(deadline)
            answer = port.retry(body)
        assert answer >= 0, answer
        return answer

    return send


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Reader:
    """Polls a subscription and keeps what came, in order: bodies, records, notices, and all of them as a story."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.bodies: list[bytes] = []
        self.records: list[tuple[int, ...]] = []
        self.notices: list[tuple[int, ...]] = []
        self.story: list[tuple[object, ...]] = []

    def step(self) -> None:
        port = self.subscription.port
        count = port.poll()
        if count > 0:
            self.bodies += port.bodies()
            self.records += port.records()
            self.story += [("message", record[3]) for record in port.records()]
        elif count < 0:
            notices = port.notices()
            self.notices += notices
            self.story += [(kind, first, last) for kind, _, _, first, last, _ in notices]

    def until(self, condition: Callable[[], object], what: str) -> None:
        def look() -> bool:
            self.step()
            return bool(condition())

        until(look, what)

    def messages(self, count: int) -> list[bytes]:
        self.until(lambda: len(self.bodies) >= count, f"{count} messages (there are {len(self.bodies)})")
        return self.bodies

    def kinds(self) -> list[int]:
        return [notice[0] for notice in self.notices]
