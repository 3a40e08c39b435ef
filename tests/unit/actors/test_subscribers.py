"""Subscriptions of an application: opened, ended together; what they read is tests/integration/test_replays.py."""

from __future__ import annotations

import pytest

import actorbus as ab
from actorbus.actors.subscribers import Subscribers
from actorbus.clock import SystemClock
from tests.unit.topology.test_subscribing import Tick


def test_without_subscriptions_there_is_nothing_to_end() -> None:
    subscribers = Subscribers(SystemClock(), report=lambda *_: None, on_event=lambda _: None)
    subscribers.end()
    subscribers.end()


def test_the_end_of_the_node_ends_the_loop_of_a_subscription() -> None:
    streams = {"ticks": {"channel": "aeron:ipc", "stream_id": 1, "messages": [Tick]}}
    values = {"version": 1, "name": "s", "driver": {"mode": "none"}, "streams": streams}
    with ab.Node.from_dict(values) as node:
        subscription = node.subscribe("ticks", Tick)
        node.publisher("ticks", Tick).publish(Tick(1))
        assert subscription.take(5.0) == [Tick(1)]
        assert node.stats().subscriptions["ticks-1"].received == 1
    assert list(subscription) == []


def _blocks(node: ab.Node) -> set[str]:
    session = node._need_supervisor().session  # pyright: ignore[reportPrivateUsage]
    return set(session.statistics.snapshot().counters["subscription"])


def test_counters_are_used_again() -> None:
    """A thousand subscriptions one after the other took all the room of the statistics."""
    streams = {"ticks": {"channel": "aeron:ipc", "stream_id": 1, "messages": [Tick]}}
    values = {"version": 1, "name": "s", "driver": {"mode": "none"}, "streams": streams}
    with ab.Node.from_dict(values) as node:
        with node.subscribe("ticks", Tick), node.subscribe("ticks", Tick):
            blocks = _blocks(node)
        for _ in range(5):
            with node.subscribe("ticks", Tick):
                assert _blocks(node) == blocks


def test_what_could_not_be_opened_leaves_nothing_behind() -> None:
    streams = {"ticks": {"channel": "aeron:ipc", "stream_id": 1, "messages": [Tick]}}
    values = {"version": 1, "name": "s", "driver": {"mode": "none"}, "streams": streams}
    with ab.Node.from_dict(values) as node, pytest.raises(ab.RecordingError):
        node.subscribe("ticks", Tick, start="earliest", recording="/nowhere")
