"""A subscription of a client and how it was configured.

Guarantees
* After close() its port answers AB_STALE; the batch a decoder still holds stays readable.
Thread: everything that looks at images, and the port, belongs to its poller's thread (trap P15); `close` comes
after that thread is done with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorbus.ffi import PollPort, SubscriptionHandle, make_poll_port
from actorbus.transport.driver import CLOSE_TIMEOUT_S, deadline_in

if TYPE_CHECKING:
    from actorbus.transport.client import Client

__all__ = ["Subscription"]


class Subscription:
    """An open subscription; made by `Client.add_subscription`."""

    def __init__(self, client: Client, handle: SubscriptionHandle, channel: str, stream_id: int) -> None:
        self._client = client
        self._handle = handle
        self.channel: str = channel
        self.stream_id: int = stream_id
        self.port: PollPort = make_poll_port(handle.handle)
        """What its poller takes batches from."""

    @property
    def handle(self) -> int:
        """The native handle, for a poll set."""
        return self._handle.handle

    @property
    def channel_status(self) -> int:
        """1 active, -1 the channel broke, anything else: on its way. Any thread."""
        return self._handle.channel_status

    @property
    def endpoint(self) -> str | None:
        """The address it is bound to (`host:port`), which tells a UDP port asked for as 0.

        None while unbound. Any thread.
        """
        return self._handle.endpoint

    def is_connected(self) -> bool:
        """Whether a publication is there. The poller's thread alone may ask."""
        return self._handle.is_connected

    @property
    def image_count(self) -> int:
        """How many publications are there. The poller's thread alone may ask."""
        return self._handle.image_count

    def close(self, deadline_ns: int | None = None) -> None:
        """Close it and wait until Aeron has. Again does nothing."""
        self._client.forget(self)
        self._handle.close(deadline_in(CLOSE_TIMEOUT_S) if deadline_ns is None else deadline_ns)

    def __repr__(self) -> str:
        return f"Subscription({self.channel!r}, stream_id={self.stream_id})"
