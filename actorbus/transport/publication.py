"""A publication of a client: one exclusive Aeron publication and how it was configured.

Guarantees
* Offers go through ports (`make_port`), which keep the GIL from reading the sequence to the end of the offer (D7).
* After close() every method raises ClosedError, and every port answers AB_STALE.
Thread: any; the GIL is the lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from actorbus.errors import DriverLost
from actorbus.ffi import OfferPort, PublicationHandle, PublicationInfo, Writer, make_offer_port
from actorbus.ffi.native import lib
from actorbus.transport.driver import CLOSE_TIMEOUT_S, deadline_in

if TYPE_CHECKING:
    from actorbus.transport.client import Client

__all__ = ["Publication"]

NAP_FIRST_S: Final = 50e-6
NAP_LONGEST_S: Final = 1e-3
WINDOW_SLICE_NS: Final = 10_000_000
"""wait_window_ns comes back at least so often, so that its caller can look whether it should still wait."""


class Publication:
    """An open publication; made by `Client.add_publication`."""

    def __init__(
        self, client: Client, handle: PublicationHandle, channel: str, *, framed: bool, publisher: int
    ) -> None:
        self._client = client
        self._handle = handle
        self._control = make_offer_port(handle.handle, None, _refused)
        self.channel: str = channel
        self.framed: bool = framed
        self.publisher: int = publisher
        """The random id of this publisher start, in every frame."""
        self.info: PublicationInfo = handle.info()
        self.session_id: int = self.info.session_id
        self.stream_id: int = self.info.stream_id
        self.max_message_length: int = self.info.max_message_length
        """The longest message of the channel in bytes, our frame included."""
        self.max_body_length: int = handle.state()[1]
        """The longest body in bytes."""

    @property
    def handle(self) -> int:
        """The native handle."""
        return self._handle.handle

    @property
    def sequence(self) -> int:
        """The sequence the next message will have."""
        return self._handle.state()[0]

    @property
    def position(self) -> int:
        """Bytes of the stream so far."""
        return self._handle.position

    @property
    def position_limit(self) -> int:
        """Up to where the subscribers' progress lets it go on."""
        return self._handle.position_limit

    @property
    def last_error(self) -> str:
        """What Aeron said to the last offer that failed."""
        return self._handle.last_error()

    def is_connected(self) -> bool:
        """Whether somebody subscribes."""
        return self._handle.is_connected

    def make_port(
        self,
        encode: Callable[[object], bytes] | None,
        refused: Callable[[object, object, int], int],
        writer: Writer | None = None,
    ) -> OfferPort:
        """Return a port to publish through; see `actorbus.ffi.OfferPort` and `make_offer_port`."""
        return make_offer_port(self._handle.handle, encode, refused, writer)

    def say_hello(self) -> bool:
        """Tell subscribers who publishes and from which sequence on. False when it was refused: nobody is connected."""
        return self._control.control(lib.AB_HELLO) == lib.AB_OK

    def say_beat(self) -> bool:
        """Tell subscribers the next sequence, so that a lost tail is seen. False when it was refused."""
        return self._control.control(lib.AB_BEAT) == lib.AB_OK

    def say_bye(self) -> bool:
        """Tell subscribers that this publisher ends, and its last sequence. False when it was refused."""
        return self._control.control(lib.AB_BYE) == lib.AB_OK

    def wait_connected(self, deadline_ns: int) -> bool:
        """Wait until somebody subscribes; False at the deadline.

        Raises:
            DriverLost: the connection to the driver is lost meanwhile.
        """
        nap_s = NAP_FIRST_S
        while not self._handle.is_connected:
            if self._client.is_lost:
                raise DriverLost("the connection to the media driver is lost", where=self._handle.where)
            left_s = (deadline_ns - time.monotonic_ns()) / 1e9
            if left_s <= 0:
                return False
            time.sleep(min(nap_s, left_s))
            nap_s = min(2 * nap_s, NAP_LONGEST_S)
        return True

    def wait_window_ns(self, deadline_ns: int) -> None:
        """Wait, without the GIL, until the publication may take more, for some milliseconds, or until the deadline."""
        until = min(deadline_ns, time.monotonic_ns() + WINDOW_SLICE_NS)
        nap_s = NAP_FIRST_S
        while True:
            left_s = (until - time.monotonic_ns()) / 1e9
            if left_s <= 0:
                return
            time.sleep(min(nap_s, left_s))
            limit = self._handle.position_limit
            if limit < 0 or (limit > self._handle.position and self._handle.is_connected):
                return
            nap_s = min(2 * nap_s, NAP_LONGEST_S)

    def close(self, deadline_ns: int | None = None) -> None:
        """Close it and wait until Aeron has. Again does nothing."""
        self._client.forget(self)
        self._handle.close(deadline_in(CLOSE_TIMEOUT_S) if deadline_ns is None else deadline_ns)

    def __repr__(self) -> str:
        return f"Publication({self.channel!r}, stream_id={self.stream_id}, session_id={self.session_id})"


def _refused(_message: object, _body: object, code: int) -> int:
    return code
