"""What a format is: how one stream's messages become bytes and bytes become messages.

Rules of this file:

* A format holds no state; what it makes (an encoder, a decoding) belongs to one stream and may be called from any
  thread, one call at a time.
* The callables handed out are as close to msgspec's own as can be: they run once a message or once a batch.
* Encoders raise whatever the library raises; ``message.explain_encode_failure`` turns it into our EncodeError.
  Decoders likewise raise anything for bytes that are wrong: whoever calls them counts and quarantines.
"""

from __future__ import annotations

from collections.abc import Buffer, Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Union, final

from actorbus.errors import DecodeError, UsageError

if TYPE_CHECKING:  # the native part is loaded when a struct stream is
    from actorbus.ffi import Fixed

__all__ = ["Decoding", "Format", "as_decode_error", "union_of"]

type Encode = Callable[[object], bytes]


@final
class Decoding:
    """How one stream's bodies become messages.

    Attributes:
        batch: decodes a whole batch in one call: it takes an object with the buffer protocol that holds one msgpack
            array of bodies (a native ``PollPort``) and returns the messages; None for formats that go one by one.
        one: decodes one body.
        reader: format struct: returns the face of a port whose messages are read where they lie; None for the others.
        again: decodes the first message of the last batch once more, from a copy; None where that is not kept.
    """

    __slots__: tuple[str, ...] = ("again", "batch", "one", "reader")

    # Any, because callers declare the argument by their own protocol and attributes of protocols are invariant.
    batch: Callable[[Any], list[object]] | None
    one: Callable[[Any], object]
    reader: Callable[[Any], Fixed] | None
    again: Callable[[], list[object]] | None

    def __init__(
        self,
        one: Callable[[Buffer], object],
        batch: Callable[[Any], list[object]] | None = None,
        reader: Callable[[Any], Fixed] | None = None,
        again: Callable[[], list[object]] | None = None,
    ) -> None:
        self.one = one
        self.batch = batch
        self.reader = reader
        self.again = again

    def at(self, port: object, place: int, body: bytes) -> object:
        """Return message `place` of a port's current batch, whose body it is. Raises whatever the decoder raises."""
        return self.one(body) if self.reader is None else self.reader(port).message(place)


class Format(Protocol):
    """One way to write messages."""

    name: ClassVar[str]
    """What the topology calls it."""
    id: ClassVar[int]
    """What the frame's format byte says."""
    per_message: ClassVar[bool]
    """Whether bodies are decoded one by one (True) or a batch in one call."""

    def encoder(self, types: Sequence[type]) -> Encode | None:
        """Return the function from message to body; None when messages are bytes-like already."""
        ...

    def decoding(self, types: Sequence[type]) -> Decoding:
        """Return how bodies of these types become messages.

        Raises:
            UsageError: no types, or some that cannot be decoded together.
        """
        ...


def union_of(types: Sequence[type], form: str) -> Any:
    """Return the annotation ``A | B | C`` for a decoder. Raises UsageError for none."""
    if not types:
        raise UsageError(f"format {form} without message types", hint="name the stream's messages, or use format raw")
    return Union[tuple(types)]  # noqa: UP007 - the members are known at run time only


def as_decode_error(error: Exception, where: str | None = None) -> DecodeError:
    """Return a typed error for what a decoder raised, the cause kept."""
    if isinstance(error, DecodeError):
        return error
    typed = DecodeError(f"{type(error).__name__}: {error}", where=where)
    typed.__cause__ = error
    return typed
