"""Format ``raw``: messages are bytes and bodies are those bytes.

In a frame of ours they carry type 1; with ``frame: none`` the bytes alone travel, as another Aeron application
writes and reads them.
"""

from __future__ import annotations

from collections.abc import Buffer, Sequence
from typing import ClassVar, final

from actorbus.codec.format import Decoding
from actorbus.codec.frame import FormatId
from actorbus.errors import UsageError

__all__ = ["Raw"]


@final
class Raw:
    """Bytes in, bytes out."""

    name: ClassVar[str] = "raw"
    id: ClassVar[int] = int(FormatId.RAW)
    per_message: ClassVar[bool] = True

    def encoder(self, types: Sequence[type]) -> None:
        """Return None: the publication takes anything bytes-like as it is.

        Raises:
            UsageError: message classes were named.
        """
        self._check(types)

    def decoding(self, types: Sequence[type]) -> Decoding:
        """Return the identity: the native side hands out a ``bytes`` of its own for each body."""
        self._check(types)
        return Decoding(_as_bytes)

    def _check(self, types: Sequence[type]) -> None:
        classes = [cls.__name__ for cls in types if cls is not bytes]
        if classes:
            raise UsageError(
                f"format raw with message types {', '.join(classes)}",
                hint="leave out the stream's messages, or use format msgpack",
            )


def _as_bytes(body: Buffer) -> bytes:
    return body if type(body) is bytes else bytes(body)
