"""One node, three transports: the same topology handles and counts the same."""

from __future__ import annotations

import socket

import pytest

import actorbus as ab
from actorbus.topology.plan import load_mapping
from actorbus.transport import LocalBus

TRANSPORTS = ("in-process", "ipc", "udp")
COUNT = 500


class Doubler(ab.Handler):
    """Publishes each bar's news twice, and raises on every hundredth."""

    out = ab.Output(ab.News)

    def __init__(self) -> None:
        self.seen = 0

    @ab.on(ab.Status)
    def status(self, message: ab.Status) -> None:
        self.seen += 1
        for half in "ab":
            self.out.publish(ab.News(symbol=message.symbol, headline=f"{self.seen}{half}"))
        if self.seen % 100 == 0:
            raise ValueError(self.seen)


class Keeper(ab.Handler):
    """Keeps the headlines in order, with their address."""

    kept: list[tuple[str, int]]

    def on_start(self) -> None:
        self.kept = []
        KEPT.append(self.kept)

    @ab.on(ab.News)
    def news(self, message: ab.News, meta: ab.Meta) -> None:
        self.kept.append((message.headline, meta.sequence))


KEPT: list[list[tuple[str, int]]] = []


def channel(transport: str, used: set[int]) -> str:
    if transport != "udp":
        return "aeron:ipc?term-length=64k"
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in used:
            used.add(port)
            return f"aeron:udp?endpoint=127.0.0.1:{port}|term-length=64k"


def topology(transport: str, form: str) -> dict[str, object]:
    used: set[int] = set()
    streams = {
        name: {
            "stream_id": number,
            "messages": [message],
            "channel": channel(transport, used),
            "codec": {"format": form},
            "back_pressure": {"policy": "block", "timeout": "20s"},
        }
        for number, (name, message) in enumerate([("states", "Status"), ("wire", "News")], 1)
    }
    return {
        "version": 1,
        "name": "conformance",
        "profile": "ci",
        "driver": {"mode": "none" if transport == "in-process" else "embedded"},
        "streams": streams,
        "handlers": {
            "doubler": {"stream": "states", "class": f"{__name__}:Doubler", "publishes": {"out": "wire"}},
            "keeper": {"stream": "wire", "class": f"{__name__}:Keeper"},
        },
    }


@pytest.mark.parametrize("form", ["msgpack", "json"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_node_handles_and_counts_the_same(transport: str, form: str) -> None:
    KEPT.clear()
    with ab.Node.from_dict(topology(transport, form)) as node:
        publisher = node.publisher("states")
        state = next(iter(ab.TradingState))
        for number in range(COUNT):
            publisher.publish(ab.Status(symbol=f"S{number}", state=state))
        assert node.steering.settle(timeout_ns=30_000_000_000)
        reasons = [entry.error for entry in node.quarantine("states")]
    figures = node.stats()
    headlines = [f"{number + 1}{half}" for number in range(COUNT) for half in "ab"]
    (kept,) = KEPT
    assert kept == [(headline, number) for number, headline in enumerate(headlines)]
    assert reasons == [f"doubler: ValueError: {number}" for number in range(100, COUNT + 1, 100)]
    for name, published in (("states", COUNT), ("wire", 2 * COUNT)):
        stream = figures.streams[name]
        assert (stream.published, stream.received, stream.published_bytes) == (published, published, stream.bytes)
        assert (stream.gaps, stream.missing, stream.dropped, stream.malformed, stream.invalid_frames) == (0,) * 5
    assert figures.streams["states"].quarantined == 5
    assert (figures.handlers["doubler"].messages, figures.handlers["doubler"].errors) == (COUNT, 5)
    assert (figures.handlers["keeper"].messages, figures.handlers["keeper"].errors) == (2 * COUNT, 0)
    assert node.health().problems == ()


def test_two_nodes_of_one_process_meet_on_a_bus_given_to_both() -> None:
    KEPT.clear()
    values = topology("in-process", "msgpack")
    bus = LocalBus()
    keeper = {"keeper": {"stream": "wire", "class": f"{__name__}:Keeper"}}
    listening = load_mapping({**values, "handlers": keeper}, env={})
    speaking = load_mapping({**values, "handlers": {}}, env={})
    with ab.Node(listening, bus=bus) as listener, ab.Node(speaking, bus=bus) as speaker:
        speaker.publisher("wire").publish(ab.News(symbol="X", headline="heard"))
        assert listener.wait(until_idle_ns=50_000_000, for_ns=10_000_000_000) == "idle"
    assert KEPT == [[("heard", 0)]]
    bus.close()
