"""Handing over: one copy a batch, and to each mailbox only what its handler takes."""

from __future__ import annotations

import gc

import actorbus.dispatch as d
from actorbus.dispatch.handover import Handover
from tests.unit.dispatch.fakes import FakePort
from tests.unit.dispatch.test_stream import Bench, Box, Halt, Sees, Tick, Ticking, encoded


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
