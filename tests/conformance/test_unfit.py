"""What does not fit its declaration is refused where it is published, by the field's name, and nothing of it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

import actorbus as ab
from actorbus.topology.node import Node
from tests.conformance.test_node import TRANSPORTS
from tests.conformance.test_node import topology as node_topology

KEPT: list[ab.Message] = []


class Tick(ab.Message, type_id=3101):
    symbol: str
    price: int
    tags: list[str] | None = None
    side: ab.Side = ab.Side.UNKNOWN


class Blob(ab.Message, type_id=3102):
    data: bytes


class Keeps(ab.Handler):
    @ab.on(object)
    def any(self, message: ab.Message) -> None:
        KEPT.append(message)


def topology(transport: str, form: str) -> dict[str, object]:
    made = node_topology(transport, form)
    streams = cast("dict[str, dict[str, object]]", made["streams"])
    stream = {**streams["states"], "messages": [Tick, Blob, ab.Quote]}
    handlers = {"keeps": {"stream": "ticks", "class": Keeps}}
    return {**made, "streams": {"ticks": stream}, "handlers": handlers, "sources": {}}


def wrong(**values: object) -> Tick:
    return cast("Any", Tick)(**{"symbol": "A", "price": 1, **values})


UNFIT: list[tuple[ab.Message, str]] = [
    (wrong(price=1.5), "Tick.price is 1.5"),
    (wrong(price="1"), "Tick.price is '1'"),
    (wrong(price=None), "Tick.price is None"),
    (wrong(price=True), "Tick.price is True"),
    (wrong(symbol=7), "Tick.symbol is 7"),
    (wrong(price=1.5, tags=["x"]), "Tick.price is 1.5"),
    (wrong(side=99), "Tick.side is 99"),
    (cast("Any", ab.Quote)("A", "1.0", 2), "Quote.bid is '1.0'"),
]
WAYS: dict[str, Callable[[ab.Publisher[ab.Message], ab.Message], object]] = {
    "publish": lambda publisher, message: publisher.publish(message),
    "publish_many": lambda publisher, message: publisher.publish_many([message]),
    "a tuple": lambda publisher, message: publisher.publish_many((message,)),
    "an iterator": lambda publisher, message: publisher.publish_many(iter([message])),
    "send": lambda publisher, message: asyncio.run(publisher.send(message)),
}


@pytest.mark.parametrize("form", ["msgpack", "json"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_is_refused_by_name_whichever_way_it_is_published(transport: str, form: str) -> None:
    KEPT.clear()
    with Node.from_dict(topology(transport, form)) as node:
        publisher = node.publisher("ticks")
        for message, words in UNFIT:
            for way, publish in WAYS.items():
                with pytest.raises(ab.EncodeError) as refused:
                    publish(publisher, message)
                assert words in str(refused.value), way
            assert publisher.offer(message) is ab.OfferResult.INVALID
        right = wrong(price=2)
        for position in range(40):  # some of them while lists are left to the encoder
            with pytest.raises(ab.EncodeError, match="Tick.price"):
                publisher.publish_many([right] * (position % 5) + [wrong(price=1.5), right])
        assert node.steering.settle(timeout_ns=30_000_000_000)
    assert [message for message in KEPT if message != right] == []
    figures = node.stats().streams["ticks"]
    assert (figures.received, figures.malformed, figures.missing) == (40 // 5 * 10, 0, 0)


def test_what_only_looks_wrong_is_sent() -> None:
    """Bytes are base64 in JSON, so a reader takes text that is."""
    KEPT.clear()
    looks = cast("Any", Blob)("aGk=")
    with Node.from_dict(topology("in-process", "json")) as node:
        publisher = node.publisher("ticks")
        assert publisher.publish(looks) == 0
        assert publisher.publish_many([looks, Blob(b"hi")]) == 2
        assert publisher.offer(looks) is ab.OfferResult.ACCEPTED
        assert node.steering.settle(timeout_ns=30_000_000_000)
    assert [Blob(b"hi")] * 4 == KEPT
