"""The chain of one stream: format, then compress, seal, sign; backwards on the other side.

    encode:  message --format--> body --compress--> --seal--> --sign--> body as sent
    decode:  body as received --verify--> --open--> --decompress--> --format--> message

Rules of this file:

* inv_chain_round_trips: for every stage and every body, ``undo(apply(body)) == body``; so the whole chain gives back
  an equal message (tests/property/test_codec_chain.py holds each stage to it, those to come too).
* ``undo`` sees bytes from strangers: it raises a DecodeError, never returns a guess, and never returns more bytes
  than the message limit.
* Verification comes before anything that interprets bytes (inv_verify_before_decode): the order of stages is fixed
  here, by ``ORDER``, not by whoever writes the topology.
* A chain without stages *is* its format: the same callables, not one Python call more.
* Only the format is built now. Compression and security come with a later issue; ``refusal`` says so.
"""

from __future__ import annotations

from collections.abc import Buffer, Callable, Sequence
from typing import Final, Protocol, final

from actorbus.codec.fixed import Struct
from actorbus.codec.format import Decoding, Encode, Format
from actorbus.codec.json import Json
from actorbus.codec.msgpack import Msgpack
from actorbus.codec.raw import Raw
from actorbus.errors import UsageError

__all__ = ["ORDER", "Chain", "Stage", "format_named", "refusal"]

ORDER: Final = ("compress", "seal", "sign")
"""What a stage may be, in the order of encoding."""

_ALL_FORMATS: Final[tuple[Format, ...]] = (Msgpack(), Json(), Raw(), Struct())
_FORMATS: Final = {form.name: form for form in _ALL_FORMATS}
_FORMATS_LATER: Final = ("protobuf",)


class Stage(Protocol):
    """One step between format and wire. Pure: no state that a message could leave behind; any thread."""

    kind: str
    """One of ORDER."""
    name: str
    """For error texts and plans: ``lz4``."""

    def apply(self, body: bytes, /) -> bytes:
        """Return the body one step closer to the wire."""
        ...

    def undo(self, body: Buffer, /) -> bytes:
        """Return what ``apply`` was given. Raises DecodeError for anything ``apply`` could not have made."""
        ...


@final
class Chain:
    """Format and stages of one stream, for the types it carries.

    Raises:
        UsageError: stages out of order or of one kind twice, or types that the format cannot take.
    """

    __slots__: tuple[str, ...] = ("decoding", "encode", "form", "stages")

    form: Format
    stages: tuple[Stage, ...]
    encode: Encode | None
    """From message to body as sent; None when messages are bytes-like and go as they are."""
    decoding: Decoding

    def __init__(self, form: Format, types: Sequence[type], stages: Sequence[Stage] = ()) -> None:
        places = [ORDER.index(stage.kind) for stage in stages]
        if places != sorted(set(places)):
            raise UsageError(
                f"stages {', '.join(stage.kind for stage in stages)} are not in order", why=f"the order is {ORDER}"
            )
        self.form = form
        self.stages = tuple(stages)
        encode, decoding = form.encoder(types), form.decoding(types)
        self.encode = _encode_through(encode, self.stages) if stages else encode
        self.decoding = Decoding(_decode_through(decoding.one, self.stages)) if stages else decoding


def _encode_through(encode: Encode | None, stages: tuple[Stage, ...]) -> Encode:
    def encode_all(message: object) -> bytes:
        body = encode(message) if encode is not None else bytes(memoryview(_buffer(message)))
        for stage in stages:
            body = stage.apply(body)
        return body

    return encode_all


def _decode_through(decode: Callable[[Buffer], object], stages: tuple[Stage, ...]) -> Callable[[Buffer], object]:
    backwards = stages[::-1]

    def decode_all(body: Buffer) -> object:
        for stage in backwards:
            body = stage.undo(body)
        return decode(body)

    return decode_all


def _buffer(message: object) -> Buffer:
    if not isinstance(message, Buffer):
        raise UsageError(f"{type(message).__name__} is not bytes-like", hint="publish bytes on a raw stream")
    return message


def format_named(name: str) -> Format:
    """Return the format that a topology calls by this name: msgpack, json, raw or struct.

    Raises:
        UsageError: unknown, or one that comes later.
    """
    form = _FORMATS.get(name)
    if form is None:
        raise UsageError(refusal(form=name) or f"format {name!r} is unknown", hint=f"known are {', '.join(_FORMATS)}")
    return form


def refusal(*, form: str = "msgpack", compression: str = "none", security: str = "none") -> str | None:
    """Return why this codec cannot be had now, in one sentence; None when it can."""
    if form in _FORMATS_LATER:
        return f"format {form} comes with a later issue; use {', '.join(_FORMATS)}"
    if form not in _FORMATS:
        return f"format {form!r} is unknown; known are {', '.join((*_FORMATS, *_FORMATS_LATER))}"
    for what, value in (("compression", compression), ("security", security)):
        if value != "none":
            return f"{what} {value} comes with a later issue; use none"
    return None
