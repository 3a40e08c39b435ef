"""Format ``msgpack``: bodies are msgpack arrays, and a batch of them is decoded in one call (architecture D5).

    batch buffer:  0xdd, u32 n (big endian), body 0, body 1, ... body n-1      = one msgpack array of n messages

Rules of this file:

* The one call is safe only because the native walk has seen every body first: exactly one value each, an array, its
  first element the header's type id. Never give ``batch`` bodies that were not walked.
* A decoder is made for the types that some handler wants; the native side keeps all others out of the buffer.
* Lists of plain messages in a port are made by native code (actorbus/ffi/lists.py), which leaves whatever it does not
  know to msgspec: the same messages, and every error is msgspec's.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import GenericAlias
from typing import ClassVar, final

import msgspec

from actorbus.codec.format import Decoding, Encode, union_of
from actorbus.codec.frame import FormatId

__all__ = ["Msgpack"]


@final
class Msgpack:
    """msgspec's msgpack. Integers are int64: the native walk refuses larger ones."""

    name: ClassVar[str] = "msgpack"
    id: ClassVar[int] = int(FormatId.MSGPACK)
    per_message: ClassVar[bool] = False

    def encoder(self, types: Sequence[type]) -> Encode:  # noqa: ARG002 - every message encodes alike
        """Return msgspec's own encode."""
        return msgspec.msgpack.Encoder().encode

    def decoding(self, types: Sequence[type]) -> Decoding:
        """Return msgspec's decoders, for a list of these types (native code's in front, where it can) and for one."""
        from actorbus.ffi import again_of, make_list_reader  # here: who only writes does not load the native part

        union = union_of(types, self.name)
        batch = msgspec.msgpack.Decoder(GenericAlias(list, (union,))).decode
        read = make_list_reader(types, batch)
        return Decoding(msgspec.msgpack.Decoder(union).decode, read, again=again_of(read))
