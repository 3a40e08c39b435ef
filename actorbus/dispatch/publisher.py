"""Sends typed messages into one stream: encode, offer, and what to do when the offer is refused.

Thread: any. The offer is one native call that keeps the GIL, so sequence and position agree without a lock. A thread
that is refused waits here by the stream's back-pressure policy, unless it is a poller's: that one never waits (D14).
The fast way is `OfferPort.publish`, a builtin; everything in this file is what happens off it.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from actorbus.clock import Clock
from actorbus.errors import (
    ActorBusError,
    BackPressured,
    ClosedError,
    DriverLost,
    MessageTooLarge,
    NotConnected,
    UsageError,
)
from actorbus.message import explain_encode_failure

__all__ = ["OfferResult", "Policy", "Publisher", "PublisherPort", "PublisherStatistics"]

M = TypeVar("M", contravariant=True)  # noqa: PLC0105 - short on purpose: it is in every signature

NOT_CONNECTED, BACK_PRESSURED, ADMIN_ACTION, CLOSED, MAX_POSITION, FAILED = -1, -2, -3, -4, -5, -6
TOO_LARGE, STALE, NO_MEMORY, INVALID, RANGE, UNKNOWN_TYPE, MALFORMED = -8, -9, -10, -11, -12, -13, -14
ENCODE = -15


class OfferResult(enum.Enum):
    """What became of an `offer`. True in a boolean context only when the message was accepted."""

    ACCEPTED = "accepted"
    BACK_PRESSURED = "back_pressured"
    NOT_CONNECTED = "not_connected"
    CLOSED = "closed"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    """It does not fit its own declaration, or its type is not one of the stream's."""
    FAILED = "failed"

    def __bool__(self) -> bool:
        return self is OfferResult.ACCEPTED


_RESULT_OF_CODE = {
    NOT_CONNECTED: OfferResult.NOT_CONNECTED,
    BACK_PRESSURED: OfferResult.BACK_PRESSURED,
    ADMIN_ACTION: OfferResult.BACK_PRESSURED,
    CLOSED: OfferResult.CLOSED,
    STALE: OfferResult.CLOSED,
    MAX_POSITION: OfferResult.CLOSED,
    TOO_LARGE: OfferResult.TOO_LARGE,
    INVALID: OfferResult.INVALID,
    RANGE: OfferResult.INVALID,
    UNKNOWN_TYPE: OfferResult.INVALID,
    MALFORMED: OfferResult.INVALID,
}


class Policy(NamedTuple):
    """What to do when refused: for back pressure `block` or `raise`, for no subscriber `wait` or `raise`."""

    back_pressure: str
    back_pressure_timeout_ns: int
    not_connected: str
    not_connected_timeout_ns: int


class PublisherPort(Protocol):
    """What a publisher needs of a native `OfferPort`."""

    def publish(self, message: object, /) -> int: ...
    def offer(self, body: object, /) -> int: ...
    def publish_list(self, bodies: list[bytes], /) -> int: ...
    @property
    def code(self) -> int: ...


class Endpoint(Protocol):
    """What a publisher needs of a transport publication."""

    max_message_length: int

    def wait_window_ns(self, deadline_ns: int) -> None:
        """Wait, without the GIL, until the publication may take more or the deadline passes."""
        ...


class PublisherStatistics(NamedTuple):
    """What a publisher refused, by reason."""

    back_pressured: int
    not_connected: int


class Publisher(Generic[M]):
    """Publishes into one stream of a node; got from `node.publisher(STREAM)`. Usable from any thread."""

    def __init__(
        self,
        stream: str,
        types: tuple[type, ...],
        encode: Callable[[object], bytes] | None,
        policy: Policy,
        clock: Clock,
        make_port: Callable[[Callable[[object], bytes] | None, Callable[[object, object, int], int]], PublisherPort],
        endpoint: Endpoint,
        is_poller_thread: Callable[[], bool],
    ) -> None:
        self.stream = stream
        self._types = types
        self._encode = encode
        self._policy = policy
        self._clock = clock
        self._endpoint = endpoint
        self._is_poller_thread = is_poller_thread
        self._stop = threading.Event()
        self._port = make_port(encode, self._refused)
        # The builtin takes the place of the method below: a Python frame less per message.
        self.publish = self._port.publish

    def publish(self, message: M) -> int:
        """Send one message; returns its sequence (its position where the stream has `frame: none`).

        Raises:
            BackPressured: no room within the policy's timeout (at once for `raise`, and on a poller's thread).
            NotConnected: no subscriber within the policy's timeout (at once for `raise`).
            EncodeError: the message does not fit its own declaration; names the field, the value and the bound.
            MessageTooLarge: longer than the channel carries; names both lengths.
            UsageError: its type is not one of the stream's messages.
            ClosedError: the node is closed.
            DriverLost: the media driver is gone.
        """
        return self._port.publish(message)

    def publish_many(self, messages: Iterable[M]) -> int:
        """Send messages in order; returns how many (all of them), or raises as `publish` does at the first refused."""
        publish = self._port.publish
        sent = 0
        for message in messages:
            publish(message)
            sent += 1
        return sent

    def offer(self, message: M) -> OfferResult:
        """Try once to send: never raises, never waits. On any thread."""
        try:
            code = self._port.offer(self._encode(message) if self._encode is not None else message)
        except Exception:  # noqa: BLE001 - by contract a result, not an exception
            return OfferResult.INVALID
        if code >= 0:
            return OfferResult.ACCEPTED
        return _RESULT_OF_CODE.get(code, OfferResult.FAILED)

    def release(self) -> None:
        """Make every thread that waits in `publish` return with `ClosedError`: the node is closing."""
        self._stop.set()

    # -- off the fast way --------------------------------------------------------------------------------------------

    def _refused(self, message: object, body: object, code: int) -> int:
        """Settle a refused publish: wait and try again by the policy, or raise what tells why."""
        offer = self._port.offer
        started = self._clock.monotonic_ns()
        while code < 0:
            if code in (BACK_PRESSURED, ADMIN_ACTION):
                waits, timeout_ns = self._policy.back_pressure == "block", self._policy.back_pressure_timeout_ns
            elif code == NOT_CONNECTED:
                waits, timeout_ns = self._policy.not_connected == "wait", self._policy.not_connected_timeout_ns
            else:
                raise self._error(message, body, code)
            waited_ns = self._clock.monotonic_ns() - started
            if not waits or waited_ns >= timeout_ns or self._is_poller_thread():
                raise self._error(message, body, code, waited_ns)
            if self._stop.is_set():
                raise ClosedError(f"stream {self.stream!r} was closed while a publish waited for room")
            self._endpoint.wait_window_ns(started + timeout_ns)
            code = offer(body)
        return code

    def _error(self, message: object, body: object, code: int, waited_ns: int = 0) -> ActorBusError:
        kind = type(message).__name__
        waited = f" after {waited_ns / 1e9:.3f} s" if waited_ns else ""
        if code in (BACK_PRESSURED, ADMIN_ACTION):
            return BackPressured(
                f"stream {self.stream!r} has no room for this {kind}{waited}: its slowest subscriber is behind; "
                "speed it up, give the channel a longer term-length, or choose another back_pressure policy"
            )
        if code == NOT_CONNECTED:
            return NotConnected(
                f"stream {self.stream!r} has no subscriber{waited}: start one on this channel and stream id, "
                "or set not_connected to another policy"
            )
        if code in (CLOSED, STALE):
            return ClosedError(f"stream {self.stream!r} is closed: publish before the node closes")
        if code == MAX_POSITION:
            return ClosedError(
                f"stream {self.stream!r} reached the last position of its term length (2^31 terms): "
                "restart the node, with a longer term-length if it comes soon"
            )
        if code == TOO_LARGE:
            length = len(cast("bytes", body)) if hasattr(body, "__len__") else 0
            return MessageTooLarge(
                f"this {kind} is {length} bytes encoded; stream {self.stream!r} carries "
                f"{self._endpoint.max_message_length} with its frame: use a longer term-length (a message is at most "
                "an eighth of it), or split the message"
            )
        if self._types != (bytes,) and not isinstance(message, self._types):
            known = ", ".join(known.__name__ for known in self._types)
            return UsageError(f"stream {self.stream!r} carries {known}, not {kind}: add it to `messages`")
        if code in (ENCODE, RANGE, MALFORMED, UNKNOWN_TYPE, INVALID):
            return explain_encode_failure(message, body if isinstance(body, BaseException) else None)
        return DriverLost(f"stream {self.stream!r}: the media driver or its client failed (code {code})")
