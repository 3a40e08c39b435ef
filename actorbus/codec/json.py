"""Format ``json``: a body is ``[type_id, field, field, ...]``, decoded message by message.

Rules of this file:

* For people and for peers without msgpack: 3 to 5 times the bytes and the time. NaN and infinity do not exist in JSON:
  msgspec writes null, and a float field refuses null on the other side, so such a message ends in the quarantine.
* JSON has integers of any length; a message has int64. Fields that are integers are checked after decoding, here,
  because there is no native walk for JSON.
"""

from __future__ import annotations

from collections.abc import Buffer, Callable, Sequence
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeAliasType, Union, cast, final, get_args, get_origin

import msgspec

from actorbus.codec.format import Decoding, Encode, union_of
from actorbus.codec.frame import FormatId
from actorbus.errors import DecodeError
from actorbus.limits import INT64_MAX, INT64_MIN

__all__ = ["Json"]


@final
class Json:
    """msgspec's JSON, with integers bounded to int64."""

    name: ClassVar[str] = "json"
    id: ClassVar[int] = int(FormatId.JSON)
    per_message: ClassVar[bool] = True

    def encoder(self, types: Sequence[type]) -> Encode:  # noqa: ARG002 - every message encodes alike
        """Return msgspec's own encode."""
        return msgspec.json.Encoder().encode

    def decoding(self, types: Sequence[type]) -> Decoding:
        """Return a decoder for one body; there is none for a batch."""
        decode = cast("Callable[[Buffer], object]", msgspec.json.Decoder(union_of(types, self.name)).decode)
        bounded = {cls: read for cls in types if (read := _integers_of(cls)) is not None}

        def decode_bounded(body: Buffer) -> object:
            message = decode(body)
            read = bounded.get(type(message))
            if read is not None:
                for value in read(message):
                    if value is not None and not INT64_MIN <= value <= INT64_MAX:
                        raise DecodeError(f"{type(message).__name__} holds {value}", why="an integer is an int64")
            return message

        return Decoding(decode_bounded)


def _integers_of(cls: type) -> Callable[[object], tuple[int | None, ...]] | None:
    """Return a function that reads the integer fields of a message; None when there are none."""
    names = [field.name for field in msgspec.structs.fields(cls) if _is_integer(field.type)]
    if not names:
        return None
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda message: (cast("int | None", only(message)),)
    return cast("Callable[[object], tuple[int | None, ...]]", attrgetter(*names))


def _is_integer(annotation: Any) -> bool:
    """Whether a field may hold a plain integer: int, an alias or Annotated of it, ``int | None``."""
    if annotation is int:
        return True
    if isinstance(annotation, TypeAliasType):
        return _is_integer(annotation.__value__)
    if get_origin(annotation) is Annotated:
        return _is_integer(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return len(members) == 1 and _is_integer(members[0])
    return False
