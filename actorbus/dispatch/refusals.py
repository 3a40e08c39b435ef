"""What a refused message means: the codes of an offer, and the error that tells the caller why.

The codes are those of native/ab_result.h. Pure functions; any thread.
"""

from __future__ import annotations

import enum
from typing import cast

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

__all__ = [
    "ADMIN_ACTION",
    "BACK_PRESSURED",
    "CLOSED",
    "ENCODE",
    "FAILED",
    "INVALID",
    "MALFORMED",
    "MAX_POSITION",
    "NOT_CONNECTED",
    "NO_MEMORY",
    "RANGE",
    "STALE",
    "TOO_LARGE",
    "UNFIT",
    "UNKNOWN_TYPE",
    "OfferResult",
    "refusal",
    "result_of",
]

NOT_CONNECTED, BACK_PRESSURED, ADMIN_ACTION, CLOSED, MAX_POSITION, FAILED = -1, -2, -3, -4, -5, -6
TOO_LARGE, STALE, NO_MEMORY, INVALID, RANGE, UNKNOWN_TYPE, MALFORMED = -8, -9, -10, -11, -12, -13, -14
ENCODE, UNFIT = -15, -24
"""Native answers, in step with native/ab_result.h; -15, an encoder that raised, is Python's own."""


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


def result_of(code: int) -> OfferResult:
    """Return what an offer's answer means: a sequence, or an AB_ code."""
    return OfferResult.ACCEPTED if code >= 0 else _RESULT_OF_CODE.get(code, OfferResult.FAILED)


def refusal(
    stream: str, types: tuple[type, ...], longest: int, message: object, body: object, code: int, waited_ns: int = 0
) -> ActorBusError:
    """Return the error that tells why a message was refused.

    Args:
        stream: the stream's name.
        types: what it declares.
        longest: the longest message of its channel in bytes, our frame included.
        message: what was published.
        body: its bytes; the encoder's exception for code ENCODE.
        code: the AB_ code.
        waited_ns: how long it waited before.
    """
    kind = type(message).__name__
    waited = f" after {waited_ns / 1e9:.3f} s" if waited_ns else ""
    if code in (BACK_PRESSURED, ADMIN_ACTION):
        return BackPressured(
            f"stream {stream!r} has no room for this {kind}{waited}: its slowest subscriber is behind, "
            "or was killed less than 10 s ago; "
            "speed it up, give the channel a longer term-length, or choose another back_pressure policy"
        )
    if code == NOT_CONNECTED:
        return NotConnected(
            f"stream {stream!r} has no subscriber{waited}: start one on this channel and stream id, "
            "or set not_connected to another policy"
        )
    if code == STALE:
        return ClosedError(f"stream {stream!r} is closed: publish before the node closes")
    if code == CLOSED:  # we did not: Aeron closes what a client has when the client and its driver lost one another
        return DriverLost(
            f"stream {stream!r}: the connection to the media driver is lost, Aeron closed the publication"
        )
    if code == MAX_POSITION:
        return ClosedError(
            f"stream {stream!r} reached the last position of its term length (2^31 terms): "
            "restart the node, with a longer term-length if it comes soon"
        )
    if code == TOO_LARGE:
        length = len(cast("bytes", body)) if hasattr(body, "__len__") else 0
        return MessageTooLarge(
            f"this {kind} is {length} bytes encoded; stream {stream!r} carries "
            f"{longest} with its frame: use a longer term-length (a message is at most "
            "an eighth of it), or split the message"
        )
    if types != (bytes,) and not isinstance(message, types):
        known = ", ".join(known.__name__ for known in types)
        return UsageError(f"stream {stream!r} carries {known}, not {kind}: add it to `messages`")
    if code in (ENCODE, RANGE, MALFORMED, UNKNOWN_TYPE, INVALID):
        return explain_encode_failure(message, body if isinstance(body, BaseException) else None)
    return DriverLost(f"stream {stream!r}: the media driver or its client failed (code {code})")
