"""A node on a real embedded driver: life, messages, errors, what it tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

import actorbus as ab
from actorbus.topology.node import Node

HERE = "tests.unit.topology.test_node"
DEADLINE_S = 10.0


class Collects(ab.Handler):
    def __init__(self) -> None:
        self.seen: list[ab.Bar] = []
        self.events: list[ab.StreamEvent] = []
        collected.append(self)

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        self.seen.append(message)

    def on_event(self, event: ab.StreamEvent, /) -> None:
        self.events.append(event)


class LastWord(ab.Handler):
    """Publishes once more in its on_stop: what a bar builder does with its last bar."""

    out = ab.Output(ab.Bar)

    def __init__(self) -> None:
        self.last: ab.Bar | None = None

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        self.last = message

    def on_stop(self) -> None:
        if self.last is not None:
            self.out.publish(self.last)


class Stops(ab.Handler):
    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        raise ValueError("cannot")


class Raises(ab.Handler):
    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None: ...

    def on_start(self) -> None:
        raise OSError("no licence")


class ThreeBars(ab.Source[ab.Bar]):
    def produce(self) -> Iterator[ab.Bar]:
        yield from (bar(n) for n in range(3))


collected: list[Collects] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    collected.clear()


def bar(n: int) -> ab.Bar:
    price = ab.price("1.25")
    return ab.Bar("X", start_time_ns=n, open=price, high=price, low=price, close=price)


def topology(handlers: dict[str, object] | None = None, **more: object) -> dict[str, object]:
    return {
        "version": 1,
        "name": "test",
        "streams": {
            "bars": {"stream_id": 1, "messages": ["Bar"]},
            "last": {"stream_id": 2, "messages": ["Bar"]},
        },
        "handlers": handlers if handlers is not None else {"c": {"stream": "bars", "class": f"{HERE}:Collects"}},
        **more,
    }


def wait_until(condition) -> None:  # type: ignore[no-untyped-def]
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.005)


def test_what_is_published_is_handled_and_counted_also_after_the_close() -> None:
    with Node.from_dict(topology()) as node:
        publisher = node.publisher("bars")
        assert [publisher.publish(bar(n)) for n in range(10)] == list(range(10))
        assert node.health().ready

    assert collected[0].seen == [bar(n) for n in range(10)]
    stats = node.stats()
    assert (stats.streams["bars"].published, stats.streams["bars"].received) == (10, 10)
    assert stats.handlers["c"].messages == 10
    assert node.health().state == "closed"
    assert node.health().problems == ()
    assert [type(event) for event in collected[0].events] == [ab.Recovered, ab.PublisherJoined]


def test_a_handlers_last_word_reaches_the_handler_behind_it() -> None:
    """Drain, then stop, level by level."""
    handlers = {
        "behind": {"stream": "last", "class": f"{HERE}:Collects"},
        "word": {"stream": "bars", "class": f"{HERE}:LastWord", "publishes": {"out": "last"}},
    }
    with Node.from_dict(topology(handlers)) as node:
        node.publisher("bars").publish_many(bar(n) for n in range(5))

    assert collected[0].seen == [bar(4)]


def test_a_source_is_published_to_its_end_and_wait_says_finished() -> None:
    sources = {"three": {"stream": "bars", "class": f"{HERE}:ThreeBars"}}
    with Node.from_dict(topology(sources=sources)) as node:
        assert node.wait() == "finished"

    assert collected[0].seen == [bar(n) for n in range(3)]


def test_wait_ends_by_time_by_idle_and_when_stopped() -> None:
    with Node.from_dict(topology()) as node:
        assert node.wait(for_ns=20_000_000) == "time"
        node.publisher("bars").publish(bar(1))
        assert node.wait(until_idle_ns=20_000_000) == "idle"
        stop = threading.Event()
        stop.set()
        assert node.wait(stop=stop) == "stopped"


def test_a_handler_stopped_by_its_policy_fails_the_node_but_not_the_others() -> None:
    handlers = {
        "stops": {"stream": "bars", "class": f"{HERE}:Stops", "on_error": "stop", "priority": 2},
        "c": {"stream": "bars", "class": f"{HERE}:Collects", "priority": 1},
    }
    with Node.from_dict(topology(handlers)) as node:
        node.publisher("bars").publish_many(bar(n) for n in range(5))
        assert node.wait(for_ns=5_000_000_000) == "failed"
        wait_until(lambda: len(collected[0].seen) == 5)

    assert isinstance(node.failed, ab.HandlerFailed)
    assert "handler 'stops' was stopped" in str(node.failed)
    assert node.stats().handlers["stops"].messages == 1
    assert not node.health().ready


def test_quarantined_messages_have_their_address_and_reason() -> None:
    handlers = {"stops": {"stream": "bars", "class": f"{HERE}:Stops"}}
    with Node.from_dict(topology(handlers)) as node:
        node.publisher("bars").publish_many(bar(n) for n in range(3))
        wait_until(lambda: node.stats().streams["bars"].quarantined == 3)
        held = node.quarantine("bars")
    assert node.quarantine("bars") == held
    assert [entry.sequence for entry in held] == [0, 1, 2]
    assert {(entry.reason, entry.error) for entry in held} == {("handler_error", "stops: ValueError: cannot")}
    assert node.stats().handlers["stops"].errors == 3


def test_subscribe_reads_in_the_applications_own_loop() -> None:
    with Node.from_dict(topology()) as node, node.subscribe("bars", ab.Bar) as subscription:
        publisher = node.publisher("bars")
        wait_until(lambda: bool(publisher.offer(bar(0))))
        got: list[ab.Bar] = []
        while not got:
            got += subscription.take(DEADLINE_S)
        publisher.publish(bar(1))
        while len(got) < 2:
            got += subscription.take(DEADLINE_S)
    assert got[-2:] == [bar(0), bar(1)]


def test_a_subscription_ends_when_the_node_closes() -> None:
    node = Node.from_dict(topology()).open()
    subscription = node.subscribe("bars", ab.Bar)
    read: list[ab.Bar] = []
    reader = threading.Thread(target=lambda: read.extend(subscription), daemon=True)
    reader.start()
    node.close()
    reader.join(DEADLINE_S)
    assert not reader.is_alive()


def test_misuse_is_told_in_a_sentence() -> None:
    node = Node.from_dict(topology())
    with pytest.raises(ab.ClosedError, match="is new"):
        node.publisher("bars")
    with node:
        with pytest.raises(ab.UsageError, match="no stream 'bar'; the topology has: bars, last"):
            node.publisher("bar")
        with pytest.raises(ab.UsageError, match="carries Bar, not Quote"):
            node.subscribe("bars", ab.Quote)
        with pytest.raises(ab.UsageError, match="is not recorded here; add it to a recorder"):
            node.subscribe("bars", ab.Bar, start="earliest")
        publisher = node.publisher("bars")
        with pytest.raises(ab.UsageError, match="opened before"):
            node.open()
    with pytest.raises(ab.ClosedError):
        publisher.publish(bar(1))
    assert publisher.offer(bar(1)) is ab.OfferResult.CLOSED
    node.close()


def test_a_value_out_of_its_range_is_an_encode_error_that_names_it() -> None:
    with Node.from_dict(topology()) as node:
        publisher = node.publisher("bars")
        for wrong in (2**63, 2**64):
            with pytest.raises(ab.EncodeError, match=f"Bar.volume is {wrong}"):
                publisher.publish(ab.Bar("X", 0, 1, 1, 1, 1, volume=wrong))
        with pytest.raises(ab.UsageError, match="carries Bar, not Quote"):
            publisher.publish(ab.Quote("X", 1, 2))
        assert publisher.publish(bar(1)) == 0


def test_a_start_that_fails_says_why_and_leaves_nothing() -> None:
    before = threading.active_count()
    node = Node.from_dict(topology({"bad": {"stream": "bars", "class": f"{HERE}:Raises"}}))

    with pytest.raises(ab.HandlerFailed, match=r"handler 'bad' \(Raises\) could not start: OSError: no licence"):
        node.open()

    assert threading.active_count() == before
    assert node.health().state == "closed"


def test_two_nodes_live_in_one_process() -> None:
    with Node.from_dict(topology()) as one, Node.from_dict(topology()) as two:
        one.publisher("bars").publish(bar(1))
        two.publisher("bars").publish(bar(2))

    assert [handler.seen for handler in collected] == [[bar(1)], [bar(2)]]


def test_a_consumer_without_sources_is_not_idle_before_its_first_message() -> None:
    with Node.from_dict(topology()) as node:
        assert node.wait(for_ns=100_000_000, until_idle_ns=1_000_000) == "time"


class Asks(ab.Handler):
    """Asks its node, from its own thread, what others ask it for at the same time."""

    node: ab.Node

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.counted: list[int] = []
        asking.append(self)

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        try:
            _ = self.node.publisher("bars")
            self.counted.append(self.node.stats().handlers["asks"].messages)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.failures.append(error)


asking: list[Asks] = []


def test_a_handler_may_ask_its_node_for_publishers_and_statistics_while_others_do() -> None:
    with Node.from_dict(topology({"asks": {"stream": "bars", "class": f"{HERE}:Asks"}})) as node:
        asks = asking[-1]
        asks.node = node
        publisher = node.publisher("bars", ab.Bar)
        for number in range(50):
            publisher.publish(bar(number))
            _ = node.stats()
        wait_until(lambda: len(asks.counted) + len(asks.failures) == 50)
    assert asks.failures == []
