"""Running parcels on a handler's own thread: meta, errors, parts, batches, async methods."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

import actorbus.dispatch as d
from actorbus.clock import SystemClock
from actorbus.dispatch.mailed import MailDispatcher
from actorbus.errors import UsageError
from tests.unit.dispatch.fakes import FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Tick


class Plain(d.Handler):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.meta: d.Meta | None = None

    @d.on(Tick)
    def tick(self, message: Tick, meta: d.Meta) -> None:
        self.meta = meta
        self.seen.append((message.n, meta.sequence))
        if message.n < 0:
            raise ValueError(message.n)


class Whole(d.BatchHandler[Tick]):
    def __init__(self) -> None:
        self.seen: list[list[tuple[int, int]]] = []

    def on_batch(self, messages: Sequence[Tick], meta: d.BatchMeta) -> None:
        self.seen.append([(message.n, meta[index].sequence) for index, message in enumerate(messages)])
        if messages[0].n < 0:
            raise ValueError("batch")


class Async(d.Handler):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    @d.on(Tick)
    async def tick(self, message: Tick, meta: d.Meta) -> None:
        await asyncio.get_running_loop().run_in_executor(None, int)
        self.seen.append((message.n, meta.sequence))
        if message.n < 0:
            raise ValueError(message.n)


class Bench:
    def __init__(self, handler: d.Handler, on_error: str = "skip", *, leave: bool = False) -> None:
        self.state = d.HandlerState("h", on_error, FakeLatency(), logging.getLogger("test"))
        self.failed: list[tuple[int, str]] = []
        self.leave = leave
        self.dispatcher = MailDispatcher(self.state, {"ticks": (Tick,)}, SystemClock(), failed=self._failed)
        self.dispatcher.host(handler)

    def _failed(self, parcel: d.Parcel, index: int, error: BaseException) -> None:
        self.failed.append((index, str(error)))
        self.state.away = self.leave


def parcel(*numbers: int) -> d.Parcel:
    port = FakePort()
    port.feed(*(b"x" for _ in numbers))
    port.poll()
    return d.Parcel(d.Origin("ticks", 0, port), [Tick(n) for n in numbers])


def test_messages_come_in_order_each_with_its_own_meta_that_goes_stale() -> None:
    handler = Plain()
    bench = Bench(handler)

    assert bench.dispatcher.run(parcel(7, 8, 9), 0, 256) == 3
    assert handler.seen == [(7, 0), (8, 1), (9, 2)]
    assert bench.dispatcher.handled == 3
    assert handler.meta is not None
    with pytest.raises(UsageError):
        _ = handler.meta.sequence


def test_a_parcel_is_handled_in_parts() -> None:
    handler = Plain()
    bench = Bench(handler)
    one = parcel(5, 6, 7)

    assert bench.dispatcher.run(one, 0, 2) == 2
    assert bench.dispatcher.run(one, 2, 4) == 3
    assert handler.seen == [(5, 0), (6, 1), (7, 2)]


def test_an_error_is_counted_and_told_with_its_place() -> None:
    bench = Bench(Plain())

    assert bench.dispatcher.run(parcel(1, -2, 3, -4), 1, 4) == 4
    assert bench.failed == [(1, "-2"), (3, "-4")]
    assert (bench.state.errors, bench.dispatcher.handled) == (2, 3)


def test_a_handler_that_is_out_leaves_the_parcel_where_it_stands() -> None:
    bench = Bench(Plain(), leave=True)
    one = parcel(1, -2, 3)

    assert bench.dispatcher.run(one, 0, 3) == 2
    again = Plain()
    bench.dispatcher.host(again)
    bench.state.away = False
    assert bench.dispatcher.run(one, 2, 3) == 3
    assert again.seen == [(3, 2)]
    assert bench.dispatcher.handled == 3


def test_a_batch_handler_gets_all_and_its_error_is_that_of_all() -> None:
    handler = Whole()
    bench = Bench(handler, "quarantine")
    bench.dispatcher.run(parcel(1, 2), 0, 1)
    bench.dispatcher.run(parcel(-1, 2), 0, 1)

    assert handler.seen == [[(1, 0), (2, 1)], [(-1, 0), (2, 1)]]
    assert bench.failed == [(0, "batch"), (1, "batch")]
    assert (bench.state.errors, bench.dispatcher.handled) == (1, 4)


def test_async_methods_are_awaited_one_after_the_other() -> None:
    handler = Async()
    bench = Bench(handler)
    asyncio.run(bench.dispatcher.run_async(parcel(1, -2, 3), 0, lambda: True))

    assert handler.seen == [(1, 0), (-2, 1), (3, 2)]
    assert bench.failed == [(1, "-2")]


def test_an_async_parcel_is_left_when_control_waits() -> None:
    bench = Bench(Async())

    assert asyncio.run(bench.dispatcher.run_async(parcel(1, 2, 3), 0, lambda: False)) == 1
