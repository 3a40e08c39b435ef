"""A struct stream over three transports: flyweights, arrays, copies and subscriptions see the same messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import actorbus as ab
from actorbus.topology.node import Node
from tests.conformance.test_node import TRANSPORTS, channel
from tests.support.fixed import Halt, Side, Tick

COUNT = 700
SENT = [Tick(f"S{number % 7}", number / 4, number, Side.BUY if number % 2 else Side.SELL) for number in range(COUNT)]
MADE: dict[str, Any] = {}


class Each(ab.Handler):
    """Reads where they lie, keeps copies."""

    def __init__(self) -> None:
        MADE["each"] = self
        self.kept: list[ab.Message] = []
        self.sum = 0.0

    @ab.on(Tick)
    def tick(self, message: Tick, meta: ab.Meta) -> None:
        assert meta.type_id == 1001
        self.sum += message.value
        self.kept.append(message.copy())

    @ab.on(Halt)
    def halt(self, message: Halt) -> None:
        self.kept.append(message.copy())


class Arrays(ab.ColumnHandler[Tick]):
    """Sums two columns."""

    def __init__(self) -> None:
        MADE["arrays"] = self
        self.sum = 0.0
        self.sequences: list[int] = []

    def on_columns(self, columns: Any, meta: ab.BatchMeta) -> None:
        self.sum += float((columns["bid"] * columns["size"]).sum())
        self.sequences += [one.sequence for one in meta]


class Batches(ab.BatchHandler[Tick]):
    """Keeps whole batches, on a thread of its own."""

    def __init__(self) -> None:
        MADE["batches"] = self
        self.kept: list[Tick] = []

    def on_batch(self, messages: Sequence[Tick], meta: ab.BatchMeta) -> None:
        assert len(messages) == len(meta)
        self.kept += messages


def topology(transport: str) -> dict[str, object]:
    return {
        "version": 1,
        "name": "fixed",
        "profile": "ci",
        "driver": {"mode": "none" if transport == "in-process" else "embedded"},
        "streams": {
            "ticks": {
                "stream_id": 1,
                "messages": [Tick, Halt],
                "channel": channel(transport, set()),
                "codec": {"format": "struct"},
                "back_pressure": {"policy": "block", "timeout": "20s"},
            }
        },
        "handlers": {
            "arrays": {"stream": "ticks", "class": Arrays, "priority": 9},
            "each": {"stream": "ticks", "class": Each, "priority": 5},
            "batches": {"stream": "ticks", "class": Batches, "priority": 1, "dispatch": "mailbox"},
        },
    }


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_kind_of_handler_sees_the_same(transport: str) -> None:
    with Node.from_dict(topology(transport)) as node:
        publisher = node.publisher("ticks")
        for number, tick in enumerate(SENT[: COUNT // 2]):
            assert publisher.publish(tick) == number
        assert publisher.publish(Halt(1)) == COUNT // 2
        assert publisher.publish_many(SENT[COUNT // 2 :]) == COUNT - COUNT // 2
    each, arrays, batches = MADE["each"], MADE["arrays"], MADE["batches"]
    assert each.kept == [*SENT[: COUNT // 2], Halt(1), *SENT[COUNT // 2 :]]
    assert batches.kept == SENT
    assert each.sum == arrays.sum == sum(tick.bid * tick.size for tick in SENT)
    assert arrays.sequences == [number for number in range(COUNT + 1) if number != COUNT // 2]
