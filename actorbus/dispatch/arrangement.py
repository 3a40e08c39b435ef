"""The handlers of one stream: who is there, in which order, and the loop that is compiled of them.

Everything a batch needs is made here, when somebody comes or goes; `stream.py`, which extends this, only runs it.
A handler that leaves in the middle of a batch leaves the loop at once; the order is worked out anew between batches.
Thread: the poller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from actorbus.dispatch.handler import Handler
from actorbus.dispatch.handover import Handover
from actorbus.dispatch.loop import build_loop
from actorbus.dispatch.meta import Meta, Standing
from actorbus.dispatch.order import MailRoute, Stages, arrange
from actorbus.dispatch.port import Port
from actorbus.dispatch.routes import Call, Route, calls_for, in_priority_order, takes
from actorbus.dispatch.state import HandlerState
from actorbus.dispatch.tally import Tally

__all__ = ["Arrangement"]


class Arrangement:
    """Handlers of this thread (`routes`) and those with mailboxes (`mails`) on one stream, and their counts."""

    def __init__(
        self,
        name: str,
        port: Port,
        types: Mapping[int, type],
        routes: Sequence[Route],
        states: Mapping[str, HandlerState],
        mails: Sequence[MailRoute] = (),
        numbers: Iterator[int] | None = None,
    ) -> None:
        self.name = name
        self._port = port
        self._types = dict(types)
        self._routes = in_priority_order(routes)
        self._mails = Handover(name, port, tuple(self._types.values()), mails, numbers)
        self._states = states
        self._standing = Standing()
        self._meta = Meta(name, port.record, port.recorded, self._standing)
        self._tally = Tally(port, self._types, states)
        self._stages = Stages([], [], [])
        self._arrange()

    def _is_out(self, name: str) -> bool:
        state = self._states[name]
        return state.stopped or state.away

    def _arrange(self) -> None:
        """Work out the order anew. Between batches: in one, nobody may move to another stage."""
        self._rearrange = False
        there = [route for route in self._routes if not self._is_out(route.name)]
        self._stages = arrange(there, self._mails.routes)
        self._simple = self._stages.is_loop and not self._mails.routes
        """Whether the loop is all that happens to a batch, and is up to date."""
        self._build()

    def rebuild(self) -> None:
        """Go on without the handlers that are out, and from the next batch on in a new order. The poller's thread."""
        out = [route for route in self._routes if self._is_out(route.name)]
        for route in out:
            self._tally.leave(route.name, self._tally.came_for(route))
        self._stages = self._stages.without(route.name for route in out)
        self._rearrange, self._simple = True, False
        self._build()

    def restore(self, name: str, handler: Handler) -> None:
        """Take a handler in again, as a new object. The poller's thread, between batches."""
        for place, route in enumerate(self._routes):
            if route.name == name:
                self._tally.come_back(route)
                self._routes[place] = route._replace(handler=handler)
        self._rearrange, self._simple = True, False
        self._build()

    def _build(self) -> None:
        """Compile the loop."""
        self._stale_loop = False
        self._calls_by_type: dict[type, list[Call]] = {
            message_type: self._calls_of(message_type) for message_type in self._types.values()
        }
        self._loop, self._calls = build_loop(self._calls_by_type)

    def _calls_of(self, message_type: type) -> list[Call]:
        calls: list[Call] = []
        for item in self._stages.loop:
            if isinstance(item, Route):
                calls += calls_for([item], message_type)
            elif takes(item.cls, message_type):
                calls.append(self._mails.call(item, self._meta))
        return calls

    def messages(self) -> dict[str, int]:
        """Return how many messages each handler of this thread was given on this stream (raising ones included)."""
        return self._tally.messages(self._routes)

    def dead_letters(self) -> dict[str, int]:
        """Return how many messages came for each handler of this thread while it was out because of an error."""
        return self._tally.dead_letters(self._routes)
