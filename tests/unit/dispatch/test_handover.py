"""Handing over: one copy a batch, to each mailbox only what its handler takes, at its turn between the others."""

from __future__ import annotations

import gc
import logging
from collections.abc import Sequence

import actorbus.dispatch as d
from actorbus.clock import SystemClock
from actorbus.dispatch.handover import Handover
from tests.unit.dispatch.fakes import FakeDecoding, FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Bench, Halt, Sees, Tick, encoded


class Box:
    """A mailbox that keeps what it is handed."""

    def __init__(self) -> None:
        self.parcels: list[d.Parcel] = []
        self.events: list[d.StreamEvent] = []

    def post(self, parcel: d.Parcel) -> None:
        self.parcels.append(parcel)

    def tell(self, event: d.StreamEvent) -> None:
        self.events.append(event)

    @property
    def numbers(self) -> list[list[int]]:
        return [[message.n for message in parcel.messages] for parcel in self.parcels]  # type: ignore[attr-defined]


class Ticking(d.Handler):
    def __init__(self, log: list[object], name: str) -> None:
        self.log_of, self.label = log, name

    @d.on(Tick)
    def tick(self, message: Tick) -> None:
        self.log_of.append((self.label, message.n))
        if message.n < 0:
            raise ValueError(message.n)


class Whole(d.BatchHandler[Tick]):
    def __init__(self, log: list[object]) -> None:
        self.log_of = log

    def on_batch(self, messages: Sequence[Tick], meta: d.BatchMeta) -> None:
        self.log_of.append([(message.n, meta[index].sequence) for index, message in enumerate(messages)])
        if messages[0].n < 0:
            raise ValueError("batch")


def dispatcher_of(
    *handlers: tuple[d.Handler, int], mails: dict[str, tuple[Box, int]], on_error: str = "skip"
) -> tuple[FakePort, d.StreamDispatcher, list[tuple[str, int]]]:
    port = FakePort()
    log = logging.getLogger("test")
    states = {f"h{n}": d.HandlerState(f"h{n}", on_error, FakeLatency(), log) for n in range(len(handlers))}
    routes = [d.Route(f"h{n}", handler, priority, n) for n, (handler, priority) in enumerate(handlers)]
    restarts: list[tuple[str, int]] = []
    made = d.StreamDispatcher(
        "ticks",
        port,
        FakeDecoding(Tick),
        {1001: Tick},
        routes,
        states,
        SystemClock(),
        on_stopped=lambda *_: None,
        on_event=lambda event: None,
        on_restart=lambda name, handler, error, stream, record: restarts.append((name, record[3])),
        mails=[d.MailRoute(name, Ticking, priority, 99, (), box) for name, (box, priority) in mails.items()],
    )
    return port, made, restarts


def test_mailboxes_are_handed_the_batch_at_their_turn() -> None:
    log: list[object] = []
    above, between, below = Box(), Box(), Box()
    port, made, _ = dispatcher_of(
        (Ticking(log, "a"), 5), (Ticking(log, "b"), 1), mails={"x": (above, 9), "y": (between, 3), "z": (below, 0)}
    )
    port.feed(*encoded(Tick(1), Tick(2)))
    made.step()

    assert (above.numbers, between.numbers, below.numbers) == ([[1, 2]], [[1], [2]], [[1, 2]])
    assert log == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert made.samples()[0][2] == ["x", "h0", "y", "h1", "z"]
    assert between.parcels[1].record(0) == port.record(1)
    assert made.messages() == {"h0": 2, "h1": 2}


def test_what_cannot_be_decoded_is_not_handed_over() -> None:
    box = Box()
    port, made, _ = dispatcher_of(mails={"x": (box, 0)})
    port.feed(*encoded(Tick(1)), b"\xc1", *encoded(Tick(3)))
    made.step()

    assert box.numbers == [[1, 3]]
    assert [box.parcels[0].place(index) for index in range(2)] == [0, 2]
    assert port.rejected[0][0] == 1


def test_a_message_is_quarantined_once_whoever_raises_on_it() -> None:
    box = Box()
    port, made, _ = dispatcher_of((Ticking([], "a"), 5), mails={"x": (box, 0)}, on_error="quarantine")
    port.feed(*encoded(Tick(-1), Tick(2)))
    made.step()
    origin = box.parcels[0].origin
    made.reject_parcel(origin, 0, "x: again")
    made.reject_parcel(origin, 1, "x: ValueError")
    made.reject_parcel(origin, 1, "y: ValueError")

    assert [place for place, _, _ in port.rejected] == [0]
    assert [entry[7] for entry in port.kept] == ["x: ValueError"]


def test_a_batch_handler_gets_its_batch_and_its_error_is_that_of_all() -> None:
    log: list[object] = []
    port, made, _ = dispatcher_of((Whole(log), 5), (Ticking(log, "b"), 1), mails={}, on_error="quarantine")
    port.feed(*encoded(Tick(1), Tick(2)))
    port.feed(*encoded(Tick(-3), Tick(4)))
    made.step()
    made.step()

    assert log[:3] == [[(1, 0), (2, 1)], ("b", 1), ("b", 2)]
    assert sorted({place for place, _, _ in port.rejected}) == [0, 1]
    assert made.messages() == {"h0": 4, "h1": 4}


def test_a_handler_that_restarts_misses_what_comes_meanwhile_and_each_is_a_dead_letter() -> None:
    log: list[object] = []
    first = Ticking(log, "a")
    port, made, restarts = dispatcher_of((first, 5), (Ticking(log, "b"), 1), mails={}, on_error="restart")
    port.feed(*encoded(Tick(1), Tick(-2)))
    made.step()
    assert restarts == [("h0", 1), ("h1", 1)]
    port.feed(*encoded(Tick(3)))
    made.step()
    assert made.dead_letters() == {"h0": 1, "h1": 1}
    made._states["h0"].away = False
    made.restore("h0", Ticking(log, "again"))
    port.feed(*encoded(Tick(4)))
    made.step()

    assert log == [("a", 1), ("b", 1), ("a", -2), ("b", -2), ("again", 4)]
    assert made.messages() == {"h0": 3, "h1": 2}
    assert made.dead_letters() == {"h0": 1, "h1": 2}


def test_a_mailbox_gets_the_messages_its_handler_takes_from_the_one_copy() -> None:
    port, all_of_it, ticks = FakePort(), Box(), Box()

    class Everything(d.Handler):
        @d.on(object)
        def message(self, message: object) -> None: ...

    routes = [d.MailRoute("all", Everything, 0, 0, (), all_of_it), d.MailRoute("ticks", Ticking, 0, 1, (), ticks)]
    handover = Handover("s", port, (Tick, Halt), routes)
    batch = [Tick(1), Halt("x"), Tick(3)]
    port.feed(*encoded(*batch))
    port.poll()
    handover.begin()
    for route in routes:
        handover.hand(route, batch, None)

    assert all_of_it.parcels[0].messages == batch
    assert ticks.parcels[0].messages == [Tick(1), Tick(3)]
    assert ticks.parcels[0].origin is all_of_it.parcels[0].origin
    assert [ticks.parcels[0].place(index) for index in range(2)] == [0, 2]
    handover.reject(1, "first")
    handover.reject(1, "again")
    assert [(place, why) for place, _, why in port.rejected] == [(1, "first")]


def test_without_mailboxes_nothing_is_copied() -> None:
    port = FakePort()
    handover = Handover("s", port, (Tick,), [])
    handover.begin()

    handover.reject(0, "one handler")
    handover.reject(0, "another")
    assert len(port.rejected) == 2  # nobody remembers what was in the batch


def test_no_message_of_a_batch_is_kept_when_the_batch_is_done() -> None:
    """Two batches alive in turn cost 40 ns a message: the memory of one does not serve the next."""
    bench = Bench(("one", 1, Sees))
    bench.port.feed(*encoded(Tick(1), Tick(2)))
    assert bench.dispatcher.step() == 2
    assert [message for _, message in bench.seen] == [Tick(1), Tick(2)]
    seen = [message for _, message in bench.seen]
    holders = [each for each in gc.get_referrers(*seen) if isinstance(each, list) and each is not seen]
    assert holders == []
