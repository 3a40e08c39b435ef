"""The tally: what came for a handler, less what it missed while it was out."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest

import actorbus.dispatch as d
from actorbus.dispatch import tally as tally_module
from actorbus.dispatch.tally import Tally
from tests.unit.dispatch.fakes import FakeLatency, FakePort
from tests.unit.dispatch.test_handover import Ticking
from tests.unit.dispatch.test_stream import Tick


def test_a_handler_is_counted_by_the_messages_that_came_while_it_was_there() -> None:
    port = FakePort()
    state = d.HandlerState("h", "restart", FakeLatency(), logging.getLogger("test"))
    route = d.Route("h", Ticking([], "h"), 0, 0)
    tally = Tally(port, {1001: Tick}, {"h": state})

    port.counts[1001] = 10
    tally.not_decoded(1001)
    assert (tally.messages([route]), tally.dead_letters([route])) == ({"h": 9}, {"h": 0})
    state.away = True
    tally.leave("h", 7)
    tally.leave("h", 9)
    assert (tally.messages([route]), tally.dead_letters([route])) == ({"h": 7}, {"h": 2})
    state.away = False
    tally.come_back(route)
    port.counts[1001] = 15
    assert (tally.messages([route]), tally.dead_letters([route])) == ({"h": 12}, {"h": 2})
    assert tally.type_counts() == {1001: 14}


def test_what_a_class_takes_is_worked_out_once_however_often_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 100 handlers of 101 types, asking each time left the poller no time for messages."""
    asked: list[tuple[type, type]] = []

    def takes(cls: type, message_type: type) -> bool:
        asked.append((cls, message_type))
        return True

    monkeypatch.setattr(tally_module, "takes", takes)

    class Counts:
        type_counts: ClassVar[list[tuple[int, int]]] = [(1, 5), (2, 7)]

    routes = [d.Route(f"h{number}", d.Handler(), 0, number) for number in range(100)]
    counted = tally_module.Tally(Counts(), {1: int, 2: str}, {})
    for _ in range(10):
        assert set(counted.messages(routes).values()) == {12}

    assert len(asked) == 2
