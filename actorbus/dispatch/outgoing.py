"""What a publisher needs of others: a native port, a transport's publication, a poller's outbox. Protocols alone."""

from __future__ import annotations

from typing import Any, Protocol

from actorbus.dispatch.conflation import Line
from actorbus.errors import ActorBusError

__all__ = ["Endpoint", "Outbox", "PublisherPort", "Waiter"]


class PublisherPort(Protocol):
    """What a publisher needs of a native `OfferPort`."""

    def publish(self, message: object, /) -> int: ...
    def fits(self, message: object, /) -> bool: ...
    def offer(self, body: object, /) -> int: ...
    def retry(self, body: object, /) -> int: ...
    def publish_many(self, messages: object, /) -> tuple[int, int]: ...
    def publish_list(self, bodies: list[Any], /) -> tuple[int, int]: ...
    def drop(self) -> int: ...
    def publish_columns(self, records: object, layout: object, start: int, /) -> tuple[int, int]: ...
    def flush(self) -> int: ...
    def give_up(self) -> int: ...
    def linger(self, now_ns: int, /) -> int: ...
    def hold(self, held: bool, /) -> int: ...


class Endpoint(Protocol):
    """What a publisher needs of a transport publication."""

    max_message_length: int

    def wait_window_ns(self, deadline_ns: int) -> None:
        """Wait, without the GIL, until the publication may take more or the deadline passes."""
        ...


class Waiter(Line, Protocol):
    """A publisher as its waiting messages see it."""

    stream: str

    def error(self, message: object, body: object, code: int, waited_ns: int = 0) -> ActorBusError:
        """Return what tells why a message was refused."""
        ...


class Outbox(Protocol):
    """Where a poller's thread leaves refused messages (actors/outbox.py)."""

    def put(self, line: Waiter, owner: str | None, message: object, body: bytes, due_ns: int) -> bool:
        """Queue a message of handler `owner` behind those of its publisher; False when the outbox is full."""
        ...
