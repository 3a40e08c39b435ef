"""Who is on a stream: the loop of those who are there, and the order worked out anew when somebody comes or goes."""

from __future__ import annotations

import logging

import actorbus.dispatch as d
from actorbus.dispatch.arrangement import Arrangement
from tests.unit.dispatch.fakes import FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Sees, Tick


class Whole(d.BatchHandler[Tick]):
    def on_batch(self, messages: object, meta: d.BatchMeta, /) -> None:
        pass


class Arranged(Arrangement):
    """Shows what it made."""

    def loop_names(self) -> list[str]:
        return [call.route.name for call in self._calls]

    @property
    def is_simple(self) -> bool:
        return self._simple

    def arrange(self) -> None:
        self._arrange()


def arranged(*handlers: tuple[str, int, type[d.Handler]]) -> tuple[Arranged, dict[str, d.HandlerState]]:
    states = {name: d.HandlerState(name, "skip", FakeLatency(), logging.getLogger("t")) for name, _, _ in handlers}
    routes = [d.Route(name, cls(), priority, order) for order, (name, priority, cls) in enumerate(handlers)]
    return Arranged("ticks", FakePort(), {1001: Tick}, routes, states), states


def test_the_loop_calls_handlers_by_priority() -> None:
    made, _ = arranged(("low", 1, Sees), ("high", 9, Sees))
    assert made.loop_names() == ["high", "low"]
    assert made.is_simple


def test_who_is_out_is_left_out_at_once_and_the_order_is_worked_out_between_batches() -> None:
    made, states = arranged(("low", 1, Sees), ("high", 9, Sees))
    states["high"].stopped = True
    made.rebuild()
    assert made.loop_names() == ["low"]
    assert not made.is_simple
    made.arrange()
    assert made.is_simple


def test_who_comes_back_is_in_the_loop_again_as_the_new_object() -> None:
    made, states = arranged(("one", 1, Sees))
    states["one"].away = True
    made.rebuild()
    states["one"].away = False
    made.restore("one", Sees())
    made.arrange()
    assert made.loop_names() == ["one"]


def test_a_batch_handler_is_no_part_of_the_loop() -> None:
    made, _ = arranged(("whole", 9, Whole), ("one", 1, Sees))
    assert made.loop_names() == ["one"]
    assert not made.is_simple
