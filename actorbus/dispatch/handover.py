"""Hands the batches of a stream to the mailboxes of handlers with threads of their own. Thread: the poller's.

One copy of a batch (`Origin`) serves all of them; it is made only when there is a mailbox.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from actorbus.dispatch.events import StreamEvent
from actorbus.dispatch.handler import Handler
from actorbus.dispatch.meta import Meta
from actorbus.dispatch.order import MailRoute
from actorbus.dispatch.parcel import Origin, Parcel
from actorbus.dispatch.port import REASON_HANDLER, Port
from actorbus.dispatch.routes import Call, Route, takes

__all__ = ["Handover"]


class Handover:
    """The mailboxes of one stream."""

    def __init__(
        self,
        stream: str,
        port: Port,
        types: Sequence[type],
        routes: Sequence[MailRoute],
        numbers: Iterator[int] | None = None,
    ) -> None:
        """Make it; `numbers` numbers the batches, over all streams of a poller."""
        self.routes = tuple(routes)
        self._stream = stream
        self._port = port
        self._numbers = numbers if numbers is not None else itertools.count()
        self._origin: Origin | None = None
        self._only: dict[str, frozenset[type] | None] = {}
        for route in routes:
            taken = frozenset(each for each in types if takes(route.cls, each))
            self._only[route.name] = None if len(taken) == len(set(types)) else taken

    def begin(self) -> None:
        """Copy what mailboxes may need of the port's batch."""
        if self.routes:
            self._origin = Origin(self._stream, next(self._numbers), self._port)

    def hand(self, route: MailRoute, messages: Sequence[object], places: Sequence[int] | None) -> None:
        """Give a batch to a mailbox: those of its messages that the handler takes."""
        if self._origin is None:
            return
        only = self._only[route.name]
        parcel = Parcel(self._origin, messages, places)
        if only is not None:
            parcel = parcel.keep(lambda _, message: type(message) in only)
        if len(parcel):
            route.mail.post(parcel)

    def call(self, route: MailRoute, meta: Meta) -> Call:
        """Return the call that hands over one message, for a mailbox whose turn is between two inline handlers."""

        def post(message: object) -> None:
            if self._origin is not None:
                route.mail.post(Parcel(self._origin, [message], [meta.place()]))

        stand_in = Route(route.name, Handler(), route.priority, route.order)
        return Call(stand_in, post, takes_meta=False, posted=True)

    def tell(self, event: StreamEvent) -> None:
        """Give an event to every mailbox."""
        for route in self.routes:
            route.mail.tell(event)

    def reject(self, place: int, why: str) -> None:
        """Put a message of the current batch into the quarantine, once."""
        if self._origin is not None:
            if place in self._origin.rejected:
                return
            self._origin.rejected.add(place)
        self._port.reject(place, REASON_HANDLER, why)

    def reject_of(self, origin: Origin, place: int, why: str) -> None:
        """Put a message of a batch that was handed over into the quarantine, once."""
        if place not in origin.rejected:
            origin.rejected.add(place)
            self._port.put(*origin.refused(place, REASON_HANDLER, why))
