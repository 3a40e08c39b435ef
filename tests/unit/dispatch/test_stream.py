"""The dispatcher on a fake port: order, errors, addresses, samples."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
import pytest

import actorbus.dispatch as d
from actorbus.clock import ManualClock
from actorbus.errors import InternalError, UsageError
from tests.unit.dispatch.fakes import FakeDecoding, FakeLatency, FakePort


class Tick(msgspec.Struct, frozen=True, array_like=True, tag=1001):
    n: int


class Halt(msgspec.Struct, frozen=True, array_like=True, tag=1002):
    why: str


def encoded(*messages: msgspec.Struct) -> list[bytes]:
    return [msgspec.msgpack.encode(message) for message in messages]


class Bench:
    """One stream with handlers, and what they saw in the order they saw it."""

    def __init__(self, *handlers: tuple[str, int, type[d.Handler]], on_error: str = "skip") -> None:
        self.port = FakePort()
        self.seen: list[tuple[str, object]] = []
        self.events: list[d.StreamEvent] = []
        self.stopped: list[str] = []
        self.states: dict[str, d.HandlerState] = {}
        routes = []
        for order, (name, priority, cls) in enumerate(handlers):
            handler = cls()
            handler.__dict__["see"] = lambda message, name=name: self.seen.append((name, message))
            routes.append(d.Route(name, handler, priority, order))
            log = logging.getLogger("test.silent")
            log.disabled = True
            self.states[name] = d.HandlerState(name, on_error, FakeLatency(), log)
        self.dispatcher = d.StreamDispatcher(
            "ticks",
            self.port,
            FakeDecoding(Tick, Halt),
            {1001: Tick, 1002: Halt},
            routes,
            self.states,
            ManualClock(),
            on_stopped=lambda name, handler, error: self.stopped.append(name),
            on_event=self.events.append,
        )


class Sees(d.Handler):
    see: Callable[[object], None]

    @d.on(Tick)
    def tick(self, message: Tick) -> None:
        self.see(message)


class SeesAll(d.Handler):
    see: Callable[[object], None]

    @d.on(object)
    def anything(self, message: object) -> None:
        self.see(message)


class Raises(d.Handler):
    see: Callable[[object], None]

    @d.on(Tick)
    def tick(self, message: Tick) -> None:
        self.see(message)
        if message.n % 2:
            raise ValueError(f"odd {message.n}")


def test_every_handler_sees_a_message_before_any_sees_the_next_and_high_priority_first() -> None:
    """inv_priority_order: message by message, high to low, ties in the order of the file."""
    bench = Bench(("low", 1, Sees), ("first", 5, Sees), ("second", 5, SeesAll))
    bench.port.feed(*encoded(Tick(1), Tick(2), Tick(3)))

    assert bench.dispatcher.step() == 3

    names = [name for name, _ in bench.seen]
    assert names == ["first", "second", "low"] * 3
    assert [message for _, message in bench.seen][::3] == [Tick(1), Tick(2), Tick(3)]


def test_a_handler_gets_only_its_types_and_object_takes_the_rest() -> None:
    bench = Bench(("ticks", 2, Sees), ("all", 1, SeesAll))
    bench.port.feed(*encoded(Halt("x"), Tick(1)), type_ids=(1002, 1001))

    bench.dispatcher.step()

    assert bench.seen == [("all", Halt("x")), ("ticks", Tick(1)), ("all", Tick(1))]
    assert bench.dispatcher.messages() == {"ticks": 1, "all": 2}


def test_a_raising_handler_does_not_keep_the_message_from_the_others() -> None:
    bench = Bench(("bad", 2, Raises), ("good", 1, Sees))
    bench.port.feed(*encoded(*(Tick(n) for n in range(10))))

    bench.dispatcher.step()

    assert [message.n for name, message in bench.seen if name == "good"] == list(range(10))
    assert bench.states["bad"].errors == 5
    assert bench.port.rejected == []


def test_quarantine_takes_each_failed_message_once_at_its_own_place() -> None:
    bench = Bench(("bad", 2, Raises), ("worse", 1, Raises), on_error="quarantine")
    bench.port.feed(*encoded(*(Tick(n) for n in range(4))))

    bench.dispatcher.step()

    assert [(place, reason) for place, reason, _ in bench.port.rejected] == [(1, 4), (3, 4)]
    assert bench.port.rejected[0][2] == "bad: ValueError: odd 1"
    assert bench.states["worse"].errors == 2


@pytest.mark.parametrize("skip", [0, 1])
def test_a_stopped_handler_gets_nothing_more_and_the_others_get_everything_once(skip: int) -> None:
    """Both when the error meets the traced first message and when it meets the compiled loop."""
    bench = Bench(("bad", 2, Raises), ("good", 1, Sees), on_error="stop")
    bench.port.feed(*encoded(*(Tick(n) for n in range(1 - skip, 10))))

    bench.dispatcher.step()

    assert [message.n for name, message in bench.seen if name == "good"] == list(range(1 - skip, 10))
    assert [message.n for name, message in bench.seen if name == "bad"] == list(range(1 - skip, 2))
    assert bench.stopped == ["bad"]
    bench.port.feed(*encoded(Tick(11)))
    bench.dispatcher.step()
    assert bench.seen[-1] == ("good", Tick(11))
    assert bench.states["bad"].errors == 1
    assert bench.dispatcher.messages() == {"bad": 1 + skip, "good": 10 + skip}


def test_a_body_that_does_not_decode_is_quarantined_and_the_others_are_handled_at_their_own_place() -> None:
    class Places(d.Handler):
        places: list[tuple[int, int]]

        def __init__(self) -> None:
            self.places = []

        @d.on(Tick)
        def tick(self, message: Tick, meta: d.Meta) -> None:
            self.places.append((message.n, meta.sequence))

    bench = Bench(("places", 1, Places))
    wrong = msgspec.msgpack.encode((1001, "not a number"))
    good = encoded(*(Tick(n) for n in range(4)))
    bench.port.feed(good[0], wrong, good[2], good[3])

    bench.dispatcher.step()

    handler = bench.dispatcher._routes[0].handler
    assert isinstance(handler, Places)
    assert handler.places == [(0, 0), (2, 2), (3, 3)]
    assert [(place, reason) for place, reason, _ in bench.port.rejected] == [(1, 3)]
    assert "Expected `int`" in bench.port.rejected[0][2]
    assert bench.dispatcher.messages() == {"places": 3}


def test_meta_follows_the_message_and_is_stale_after_it() -> None:
    kept: list[d.Meta] = []
    sequences: list[int] = []

    class Keeps(d.Handler):
        @d.on(Tick)
        def tick(self, message: Tick, meta: d.Meta) -> None:
            kept.append(meta)
            sequences.append(meta.sequence)
            assert meta.copy().position == meta.position

    bench = Bench(("keeps", 1, Keeps))
    for _ in range(3):
        bench.port.feed(*encoded(*(Tick(n) for n in range(5))))
        bench.dispatcher.step()

    assert sequences == list(range(15))
    with pytest.raises(UsageError, match="keep meta.copy"):
        kept[0].sequence  # noqa: B018


def test_events_come_in_order_before_the_messages_that_follow_them() -> None:
    order: list[object] = []

    class Hears(d.Handler):
        def on_event(self, event: d.StreamEvent, /) -> None:
            order.append(event)

        @d.on(Tick)
        def tick(self, message: Tick) -> None:
            order.append(message.n)

    bench = Bench(("hears", 1, Hears))
    bench.port.notice((1, 7, 99, 0, 0, 0))
    bench.port.feed(*encoded(Tick(1)))
    bench.port.notice((3, 7, 99, 5, 8, 0))
    bench.port.feed(*encoded(Tick(9)))
    while bench.dispatcher.step():
        pass

    joined, first, gap, last = order
    assert isinstance(joined, d.PublisherJoined)
    assert (first, last) == (1, 9)
    assert isinstance(gap, d.Gap)
    assert gap.missing == 4
    assert bench.events == [joined, gap]


def test_an_event_handler_that_raises_is_counted_and_the_next_one_still_hears() -> None:
    heard: list[object] = []

    class Breaks(d.Handler):
        def on_event(self, event: d.StreamEvent, /) -> None:
            raise RuntimeError("no")

    class Hears(d.Handler):
        def on_event(self, event: d.StreamEvent, /) -> None:
            heard.append(event)

    bench = Bench(("breaks", 2, Breaks), ("hears", 1, Hears))
    bench.port.notice((2, 7, 99, 3, 0, 0))
    bench.dispatcher.step()

    assert len(heard) == 1
    assert bench.states["breaks"].errors == 1


def test_the_first_batch_is_sampled_with_the_handlers_in_the_order_they_ran() -> None:
    bench = Bench(("low", 1, Sees), ("high", 9, Sees))
    bench.port.feed(*encoded(Tick(1), Tick(2)))
    bench.dispatcher.step()

    assert bench.dispatcher.samples() == [("ticks", 0, ["high", "low"])]
    latency = bench.states["low"].latency
    assert isinstance(latency, FakeLatency)
    assert len(latency.values) == 1
    assert len(bench.seen) == 4


def test_more_messages_than_records_is_our_own_error() -> None:
    bench = Bench(("a", 1, Sees))
    bench.port.feed(*encoded(Tick(1)))
    bench.port.poll()

    with pytest.raises(InternalError, match="inv_body_belongs_to_its_record"):
        bench.dispatcher.dispatch(2)


def test_a_rehearsal_goes_the_way_of_a_message_and_nothing_is_counted_or_handled() -> None:
    bench = Bench(("a", 1, Sees))
    bench.port.feed(*encoded(Tick(1)))
    assert bench.dispatcher.step() == 1
    for _ in range(200):
        bench.dispatcher.rehearse()
    assert bench.seen == [("a", Tick(1))]
    assert bench.dispatcher.messages() == {"a": 1}
    bench.port.feed(*encoded(Tick(2), Tick(3)))
    assert bench.dispatcher.step() == 2
    assert [message for _, message in bench.seen] == [Tick(1), Tick(2), Tick(3)]


def test_a_handler_that_leaves_with_the_traced_message_gets_nothing_more_of_the_batch() -> None:
    bench = Bench(("stops", 2, Raises), ("stays", 1, Sees), on_error="stop")
    bench.port.feed(*encoded(Tick(1), Tick(2)))
    assert bench.dispatcher.step() == 2
    assert bench.seen == [("stops", Tick(1)), ("stays", Tick(1)), ("stays", Tick(2))]
    assert bench.stopped == ["stops"]
    assert bench.dispatcher.messages() == {"stops": 1, "stays": 2}
