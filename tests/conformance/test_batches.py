"""Batch frames over three transports: what is gathered arrives whole, in order, in time, or is counted."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import actorbus as ab
from actorbus.topology.node import Node
from tests.conformance.places import until
from tests.conformance.test_fixed import MADE, Arrays, Each
from tests.conformance.test_node import TRANSPORTS, channel
from tests.support.fixed import Halt, Side, Tick

COUNT = 1500
HOUR = "1h"


def topology(transport: str, form: str, batch: dict[str, object], **handlers: object) -> dict[str, object]:
    return {
        "version": 1,
        "name": "batches",
        "profile": "ci",
        "driver": {"mode": "none" if transport == "in-process" else "embedded"},
        "streams": {
            "ticks": {
                "stream_id": 1,
                "messages": [Tick, Halt],
                "channel": channel(transport, set()),
                "codec": {"format": form},
                "back_pressure": {"policy": "block", "timeout": "20s"},
                "batch": batch,
            }
        },
        "handlers": handlers or {"keeper": {"stream": "ticks", "class": Keeper}},
    }


class Keeper(ab.Handler):
    """Keeps what came, with its address."""

    def __init__(self) -> None:
        MADE["keeper"] = self
        self.kept: list[tuple[ab.Message, int, int]] = []

    @ab.on(Tick)
    def tick(self, message: Tick, meta: ab.Meta) -> None:
        self.kept.append((message.copy(), meta.sequence, meta.index))

    @ab.on(Halt)
    def halt(self, message: Halt, meta: ab.Meta) -> None:
        self.kept.append((message.copy(), meta.sequence, meta.index))


def tick(number: int) -> Tick:
    return Tick(f"S{number % 9}", number / 2, number, Side.SELL if number % 3 else Side.NONE)


@pytest.mark.parametrize("form", ["msgpack", "json", "struct"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_many_are_sent_in_frames_and_arrive_one_by_one(transport: str, form: str) -> None:
    sent: list[ab.Message] = [tick(number) for number in range(COUNT)]
    sent[700] = Halt(700)
    with Node.from_dict(topology(transport, form, {"max_messages": 60, "max_bytes": "4k"})) as node:
        publisher = node.publisher("ticks")
        assert publisher.publish_many(sent) == COUNT
        assert publisher.publish(Halt(-1)) == COUNT
    kept = MADE["keeper"].kept
    assert [message for message, _, _ in kept] == [*sent, Halt(-1)]
    assert [sequence for _, sequence, _ in kept] == list(range(COUNT + 1))
    assert max(index for _, _, index in kept) > 10
    figures = node.stats().streams["ticks"]
    assert (figures.published, figures.received, figures.gaps, figures.malformed) == (COUNT + 1, COUNT + 1, 0, 0)
    assert figures.published_bytes == figures.bytes


@pytest.mark.parametrize("form", ["msgpack", "json", "struct"])
def test_a_linger_gathers_lone_messages_and_ends(form: str) -> None:
    with Node.from_dict(topology("in-process", form, {"max_messages": 1000, "linger": "30ms"})) as node:
        publisher = node.publisher("ticks")
        began = time.monotonic()
        assert [publisher.publish(tick(number)) for number in range(50)] == list(range(50))
        in_time = time.monotonic() - began < 0.02
        assert not in_time or node.stats().streams["ticks"].published == 0
        until(lambda: len(MADE["keeper"].kept) == 50, "the linger ends")
        assert time.monotonic() - began >= 0.03
    indexes = [index for _, _, index in MADE["keeper"].kept]
    assert not in_time or indexes == list(range(50))


def test_a_full_frame_goes_at_once_and_another_type_ends_one() -> None:
    with Node.from_dict(topology("in-process", "struct", {"max_messages": 4, "linger": HOUR})) as node:
        publisher = node.publisher("ticks")
        for number in range(4):
            publisher.publish(tick(number))
        until(lambda: len(MADE["keeper"].kept) == 4, "a full frame")
        publisher.publish(tick(4))
        publisher.publish(Halt(5))
        until(lambda: len(MADE["keeper"].kept) == 5, "the frame before another type")
        assert publisher.flush()
        until(lambda: len(MADE["keeper"].kept) == 6, "what was flushed")
        publisher.publish(tick(6))
    assert [(sequence, index) for _, sequence, index in MADE["keeper"].kept] == [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 0),
        (5, 0),
        (6, 0),  # flushed by the close
    ]
    assert node.stats().streams["ticks"].dropped == 0


def test_a_message_that_nobody_hears_is_not_accepted_into_a_frame() -> None:
    values: Any = topology("in-process", "struct", {"max_messages": 4, "linger": HOUR})
    values["handlers"] = {}
    values["streams"]["ticks"]["not_connected"] = {"policy": "raise"}
    with Node.from_dict(values) as node:
        publisher = node.publisher("ticks")
        with pytest.raises(ab.NotConnected):
            publisher.publish(tick(1))
        assert publisher.flush()
    assert node.stats().streams["ticks"].dropped == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_array_is_published_as_it_lies(transport: str) -> None:
    handlers = {
        "arrays": {"stream": "ticks", "class": Arrays, "priority": 2},
        "each": {"stream": "ticks", "class": Each, "priority": 1},
    }
    with Node.from_dict(topology(transport, "struct", {}, **handlers)) as node:
        publisher = node.publisher("ticks")
        columns = np.zeros(COUNT, ab.dtype_of(Tick))
        expected = [tick(number) for number in range(COUNT)]
        for name in columns.dtype.names or ():
            columns[name] = [getattr(each, name) for each in expected]
        assert publisher.publish(tick(-1)) == 0
        assert publisher.publish_columns(columns) == COUNT
        assert publisher.publish_columns(columns[:0]) == 0
        assert publisher.publish_columns(columns[::-7]) == len(columns[::-7])
        assert publisher.publish(Halt(5)) == 1 + COUNT + len(columns[::-7])
    each, arrays = MADE["each"], MADE["arrays"]
    assert each.kept == [tick(-1), *expected, *expected[::-7], Halt(5)]
    assert each.sum == arrays.sum
    assert arrays.sequences == list(range(1 + COUNT + len(expected[::-7])))
    figures = node.stats().streams["ticks"]
    assert (figures.published, figures.gaps, figures.malformed) == (len(each.kept), 0, 0)
