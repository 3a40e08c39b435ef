"""The two types of the per-message path, made in C (native/ab_ports.c.inc), and their faces for the type checker.

A call through cffi costs as much as Aeron's whole offer, so publish and poll are builtins of types of their own
(docs/performance.md). They are reached through `make_offer_port` and `make_poll_port`; the protocols here say what
they do.

Thread: an OfferPort one at a time (the GIL is its lock); a PollPort its poller's alone (trap P15).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from actorbus.errors import OutOfMemory
from actorbus.ffi.native import lib

__all__ = [
    "Notice",
    "OfferPort",
    "PollPort",
    "Quarantined",
    "Record",
    "make_offer_port",
    "make_poll_port",
    "port_type",
]

type Record = tuple[int, int, int, int, int, int, int, int, int]
"""session, position, index, sequence, publisher, publish_time_ns, receive_time_ns, type_id, version."""

type Notice = tuple[int, int, int, int, int, int]
"""kind (AB_GAP ...), session, publisher, first, last, position."""

type Quarantined = tuple[int, int, int, int, int, int, int, str, bytes, int]
"""session, position, index, type_id, version, sequence, reason, error, body, time_ns."""

type Encode = Callable[[object], bytes]
type Refused = Callable[[object, object, int], int]


class OfferPort(Protocol):
    """Publishes into one publication."""

    def publish(self, message: object, /) -> int:
        """Encode and offer; return the sequence, or what `refused(message, body, code)` returns."""
        ...

    def offer(self, body: object, /) -> int:
        """Offer bytes.

        Return the sequence (>= 0) or a negative AB_ code. Raises TypeError for what is not bytes-like.
        """
        ...

    def fits(self, message: object, /) -> bool:
        """Return whether every value looks like what its field declares; where not, `publish` refuses with AB_UNFIT."""
        ...

    def retry(self, body: object, /) -> int:
        """Offer bytes that were refused before: another refusal is not counted again."""
        ...

    def offer_unchecked(self, body: object, /) -> int:
        """Offer bytes without the check for integers above 2^63 - 1."""
        ...

    def publish_list(self, bodies: list[bytes], /) -> tuple[int, int]:
        """Offer bodies until one is refused; return how many were accepted, and why no more: AB_OK or a code."""
        ...

    def publish_array(self, encoded: object, start: int = 0, /) -> tuple[int, int]:
        """Offer the elements of one msgpack array, from `start` on; return as `publish_list`."""
        ...

    def publish_many(self, messages: object, /) -> tuple[int, int]:
        """Encode a list as one msgpack array and offer its elements; return as `publish_list`.

        Raises what the encoder raises; nothing was offered then. When it raises behind messages that the port's writer
        wrote, those went, and the code is AB_ENCODE: the next one, offered alone, raises it.
        """
        ...

    def publish_columns(self, records: object, layout: object, start: int, /) -> tuple[int, int]:
        """Offer records of a `Layout` from number `start` on, in batch frames; return as `publish_list`."""
        ...

    def flush(self) -> int:
        """Send what waits in a batch frame; AB_OK when nothing waits any more, or why not."""
        ...

    def give_up(self) -> int:
        """Drop what waits in a batch frame, counted; return how many messages."""
        ...

    def linger(self, now_ns: int, /) -> int:
        """Send what waited long enough; return when to look again (monotonic nanoseconds), 0: nothing waits."""
        ...

    def control(self, kind: int, /) -> int:
        """Say Hello (1), Beat (2) or Bye (3); return an AB_ code."""
        ...

    def drop(self) -> int:
        """Give up the next message by policy: counted, its sequence used up and returned."""
        ...

    def hold(self, held: bool, /) -> int:
        """While True, refuse everything but `retry`: messages refused before wait in front; AB_OK or AB_STALE."""
        ...

    @property
    def sequence(self) -> int:
        """The next sequence, or AB_STALE."""
        ...

    @property
    def error(self) -> tuple[int, str]:
        """Number and text Aeron gave with the last AB_FAILED."""
        ...


class PollPort(Protocol):
    """Takes batches from one subscription.

    As a buffer it is the current batch's bytes, so a decoder takes it as it is.
    """

    def __buffer__(self, flags: int, /) -> memoryview: ...

    def poll(self) -> int:
        """Take the next batch: its count; 0 nothing; -1 notices come first; AB_STALE after close."""
        ...

    def spin(self, passes: int, /) -> int:
        """As poll, up to so many passes with the GIL kept."""
        ...

    def bodies(self) -> list[bytes]:
        """Return copies of the batch's bodies."""
        ...

    def record(self, place: int, /) -> Record:
        """Return where message `place` of the batch came from."""
        ...

    def records(self) -> list[Record]:
        """Return where each message of the batch came from."""
        ...

    def reject(self, place: int, reason: int, error: str, /) -> int:
        """Move message `place` of the batch to the quarantine; AB_OK or AB_STALE."""
        ...

    def put(
        self,
        session: int,
        position: int,
        index: int,
        sequence: int,
        type_id: int,
        version: int,
        reason: int,
        error: str,
        body: bytes,
        /,
    ) -> int:
        """Put a message of an earlier batch, that was copied, into the quarantine; AB_OK or AB_STALE."""
        ...

    def packed(self) -> bytes:
        """Return the records of the batch, 56 bytes each, unpacked by `dispatch.parcel.records_of`."""
        ...

    def copy(self) -> tuple[bytes, bytes]:
        """Return what outlives the batch: its bytes, and its records as `packed` has them."""
        ...

    def notices(self) -> list[Notice]:
        """Take what must be told before the next batch: joined, left, gaps, images."""
        ...

    def quarantine(self) -> list[Quarantined]:
        """Return what was quarantined, newest last. Any thread."""
        ...

    def recorded(self, place: int, /) -> tuple[int, int] | None:
        """Return sequence and position of message `place` in the recording it was replayed from; None: it came live."""
        ...

    def places(self) -> bytes | None:
        """Return what `recorded` says of each, as i64 sequence (-1: live) and i64 position; None: all came live."""
        ...

    def service(self) -> None:
        """Service images, and in a replay let live messages go by, without taking a batch: for who has no room now."""
        ...

    def session_position(self, session: int, /) -> int:
        """Return how far a session was read, or -1 for an unknown one."""
        ...

    @property
    def type_counts(self) -> list[tuple[int, int]]:
        """Messages put into batches, by type id. Any thread."""
        ...

    @property
    def error(self) -> tuple[int, str]:
        """Number and text Aeron gave with the last AB_FAILED."""
        ...


_types: dict[str, Callable[..., object]] = {}


def port_type(name: str) -> Callable[..., object]:
    """Return one of the types made in C, by its name. For this package alone."""
    if not _types and lib.ab_ports_install(id(_types)) != lib.AB_OK:
        raise OutOfMemory("no memory for the types of the ports")
    return _types[name]


def make_offer_port(handle: int, encode: Encode | None, refused: Refused, writer: object = None) -> OfferPort:
    """Return the port of an open publication.

    Args:
        handle: the publication's native handle.
        encode: message to body, or None when messages are bodies. An Exception of it goes to `refused`, in the
            place of the body, with the code AB_ENCODE.
        refused: called with message, body and code for what was not accepted; its answer is publish's.
        writer: of `make_writer` for this `encode`: writes the messages it knows in its place.
    """
    return cast("OfferPort", port_type("OfferPort")(handle, encode, refused, _into(encode), writer))


def _into(encode: Encode | None) -> Callable[[object, bytearray], None] | None:
    """Return the twin of msgspec's `encode` that writes into a bytearray: a third quicker, no object a message."""
    encoder = getattr(encode, "__self__", None)
    if isinstance(encoder, (msgspec.msgpack.Encoder, msgspec.json.Encoder)) and encode == encoder.encode:
        return encoder.encode_into
    return None


def make_poll_port(handle: int) -> PollPort:
    """Return the port of an open subscription."""
    return cast("PollPort", port_type("PollPort")(handle))
