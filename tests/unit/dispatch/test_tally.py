"""The tally: what came for a handler, less what it missed while it was out."""

from __future__ import annotations

import logging

import actorbus.dispatch as d
from actorbus.dispatch.tally import Tally
from tests.unit.dispatch.fakes import FakeLatency, FakePort
from tests.unit.dispatch.test_stream import Tick, Ticking


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
