"""The streams of a session on a real driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import actorbus as ab
from actorbus.actors.endpoints import BEAT_TICKS, Endpoints
from actorbus.clock import SystemClock
from actorbus.ffi import Event
from actorbus.metrics import Statistics, StreamCounter
from actorbus.topology.assembly import stream_part
from actorbus.topology.plan import load_mapping
from actorbus.transport import Client, EmbeddedDriver

SECOND = 1_000_000_000
BAR = ab.Bar("X", 0, 1, 1, 1, 1)


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    plan = load_mapping({"version": 1, "name": "e", "streams": {"bars": {"stream_id": 1, "messages": ["Bar"]}}})
    with EmbeddedDriver() as driver, Statistics.private() as statistics, Client.connect(driver.directory) as client:
        found = Endpoints(client, statistics, SystemClock())
        found.add([stream_part(plan.streams["bars"])])
        yield found


def test_a_publication_is_opened_once_when_it_is_first_asked_for(endpoints: Endpoints) -> None:
    assert endpoints["bars"].publication is None
    publisher = endpoints.publisher("bars")

    assert endpoints.publisher("bars") is publisher
    assert endpoints["bars"].publication is not None


def test_waiting_for_a_connection_names_the_stream_and_its_channel(endpoints: Endpoints) -> None:
    endpoints.publisher("bars")
    with pytest.raises(ab.NotConnected, match=r"stream 'bars' did not connect .* within 0.05 s.*aeron:ipc"):
        endpoints.wait_connected(["bars"], SECOND // 20)

    endpoints.subscribe("bars", [ab.Bar], endpoints["bars"].counters)
    endpoints.wait_connected(["bars"], 5 * SECOND)


def test_a_quiet_publisher_says_beat_once_a_second_of_ticks_and_bye_at_the_end(endpoints: Endpoints) -> None:
    subscription = endpoints.subscribe("bars", [ab.Bar], endpoints["bars"].counters)
    publisher = endpoints.publisher("bars")
    endpoints.wait_connected(["bars"], 5 * SECOND)
    publisher.publish(BAR)
    publication = endpoints["bars"].publication
    assert publication is not None
    endpoints.tick()
    before = publication.position
    for _ in range(BEAT_TICKS * 2):
        endpoints.tick()
    assert publication.position == before + 2 * 64
    endpoints.farewell()

    seen: list[int] = []
    deadline = SystemClock().monotonic_ns() + 5 * SECOND
    while 2 not in seen and SystemClock().monotonic_ns() < deadline:
        if subscription.port.poll() == -1:
            seen += [notice[0] for notice in subscription.port.notices()]
    assert seen == [4, 1, 2]


def test_a_released_publisher_refuses_at_once(endpoints: Endpoints) -> None:
    publisher = endpoints.publisher("bars")
    endpoints.farewell()
    with pytest.raises(ab.ClosedError):
        publisher.publish(BAR)


def test_what_waits_to_be_conflated_is_sent_when_there_is_room_and_counted_when_it_is_given_up() -> None:
    news = Event()
    stream = {"stream_id": 1, "messages": ["Bar"], "channel": "aeron:ipc?term-length=64k"}
    conflate = {**stream, "back_pressure": {"policy": "conflate", "key": "symbol"}}
    plan = load_mapping({"version": 1, "name": "e", "streams": {"bars": conflate}})
    with EmbeddedDriver() as driver, Statistics.private() as statistics, Client.connect(driver.directory) as client:
        endpoints = Endpoints(client, statistics, SystemClock(), news)
        endpoints.add([stream_part(plan.streams["bars"])])
        publisher = endpoints.publisher("bars")
        subscription = endpoints.subscribe("bars", [ab.Bar], endpoints["bars"].counters)
        endpoints.wait_connected(["bars"], 5 * SECOND)
        sent = 0
        while not news.value:
            publisher.publish(ab.Bar(f"S{sent % 4}", sent, 1, 1, 1, 1))
            sent += 1
        assert not endpoints.flush()
        deadline = SystemClock().monotonic_ns() + 5 * SECOND
        while not endpoints.flush() and SystemClock().monotonic_ns() < deadline:
            if subscription.port.poll() == -1:
                subscription.port.notices()
        assert endpoints.flush()
        assert endpoints["bars"].counters[StreamCounter.PUBLISHED] == sent

        while news.value < 2:
            publisher.publish(ab.Bar("X", sent, 1, 1, 1, 1))
            sent += 1
        endpoints.give_up()
        assert endpoints["bars"].counters[StreamCounter.DROPPED] == 1
        assert endpoints["bars"].counters[StreamCounter.PUBLISHED] == sent - 1
