"""The poller's end of a mailbox: hands parcels over by the overflow policy, and pauses the stream (D14).

Never waits, never raises. What does not fit is counted here: `dropped`, or (`raise`) `refused` and `dead_letters`.
Threads: the poller's; `relieve` and `reject_soon` are the handler's; the counters any.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from actorbus.actors.inbox import DataEntry, MakeRoom
from actorbus.actors.overflow import conflate, drop_oldest, entry_of, split
from actorbus.dispatch import Origin, Parcel, StreamEvent
from actorbus.dispatch.state import describe
from actorbus.errors import ClosedError, MailboxFull

if TYPE_CHECKING:
    from actorbus.actors.mailbox_handler import MailboxActor

__all__ = ["Holder", "Post"]

EVENT_BYTES = 256
"""What an event counts in a mailbox, so that a storm of them is bounded too."""


class Holder(Protocol):
    """What a post needs of its poller."""

    def hold(self, stream: str, reason: object) -> None: ...
    def release(self, stream: str, reason: object) -> None: ...
    def release_soon(self, stream: str, reason: object) -> None: ...
    def reject_soon(self, stream: str, origin: Origin, place: int, why: str) -> None: ...


class Post:
    """The poller's end of a mailbox (dispatch.order.Mail)."""

    def __init__(self, actor: MailboxActor, poller: Holder) -> None:
        self._actor = actor
        self._poller = poller
        self._inbox = actor.inbox
        self._reason = ("mailbox", actor.setup.handler.name)
        self._waiting: set[str] = set()
        self.dropped = 0
        self.dead_letters = 0
        self.refused = 0
        """Messages the `raise` policy refused: each is an error of the handler, and a dead letter."""
        key = actor.setup.key
        put: dict[str, Callable[[Parcel], None]] = {
            "drop_newest": self._drop_newest,
            "drop_oldest": lambda parcel: self._squeeze(parcel, drop_oldest),
            "conflate": lambda parcel: self._squeeze(parcel, conflate(key or "")),
            "raise": self._refuse,
        }
        self._put = put.get(actor.setup.overflow, self._block)
        actor.post = self

    def post(self, parcel: Parcel) -> None:
        """Hand messages over, by the overflow policy."""
        if self._actor.state.failed:
            self.dead_letters += len(parcel)
            return
        if self._actor.state.stopped:
            return
        try:
            self._put(parcel)
        except ClosedError:
            self.dead_letters += len(parcel)

    def tell(self, event: StreamEvent) -> None:
        """Hand an event over, in order with the messages."""
        with contextlib.suppress(ClosedError):
            self._inbox.offer_data(DataEntry(event, 0, EVENT_BYTES))

    def _block(self, parcel: Parcel) -> None:
        if not self._inbox.force_data(entry_of(parcel)):
            stream = parcel.origin.stream
            self._waiting.add(stream)
            self._poller.hold(stream, self._reason)
            if self._inbox.half_empty:  # emptied between the two lines above, and nobody was waiting then
                self._waiting.discard(stream)
                self._poller.release(stream, self._reason)

    def relieve(self) -> None:
        """Let the paused streams go on when half of the mailbox is free. The handler's thread."""
        if self._waiting and self._inbox.half_empty:
            for stream in list(self._waiting):
                self._waiting.discard(stream)
                self._poller.release_soon(stream, self._reason)

    def _let_in(self, parcel: Parcel) -> Parcel | None:
        """Put in what fits, and one message into an empty mailbox in any case; returns the rest."""
        messages, size = self._inbox.room()
        kept, rest = split(parcel, messages, size)
        if kept is None and messages == self._actor.setup.messages:
            kept, rest = split(parcel, 1, parcel.size)
        if kept is not None:
            self._inbox.force_data(entry_of(kept))
        return rest

    def _drop_newest(self, parcel: Parcel) -> None:
        rest = self._let_in(parcel)
        self.dropped += len(rest) if rest is not None else 0

    def _squeeze(self, parcel: Parcel, make_room: MakeRoom) -> None:
        self.dropped += self._inbox.squeeze_data(entry_of(parcel), make_room)

    def _refuse(self, parcel: Parcel) -> None:
        rest = self._let_in(parcel)
        if rest is None:
            return
        self.refused += len(rest)
        self.dead_letters += len(rest)
        setup = self._actor.setup
        error = MailboxFull(
            f"the mailbox of handler {setup.handler.name!r} is full ({setup.messages} messages, {setup.bytes} bytes)",
            hint="make it larger, make the handler faster, or choose another overflow",
        )
        if self._actor.state.on_error == "quarantine":
            for index in range(len(rest)):
                self._actor.state.kept(rest.origin.stream, rest.record(index), None, error)
                self.reject_soon(rest, index, f"{setup.handler.name}: {describe(error)}")
        elif self._actor.state.on_error == "stop":
            with contextlib.suppress(ClosedError):
                self._actor.actor_ref.tell(lambda: self._actor.overflowed(error))

    def reject_soon(self, parcel: Parcel, index: int, why: str) -> None:
        """Put a message into the quarantine: the poller does it. Any thread."""
        self._poller.reject_soon(parcel.origin.stream, parcel.origin, parcel.place(index), why)
