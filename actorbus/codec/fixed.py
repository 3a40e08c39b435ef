"""Format ``struct``: fixed layouts, read where they lie (docs/wire-format.md).

Rules of this file:

* A body does not say its type, the frame does: so nothing here decodes a lone body. What is published has its type id
  (u16) in front until it is offered (native/ab_offer.h).
* Native code has checked every record of a batch (native/ab_layout.h): length, bools, enums, bounds, UTF-8.
* Of ``ffi`` this uses ``layouts``: no I/O, no state but the batch of the port it is given.
"""

from __future__ import annotations

from collections.abc import Buffer, Sequence
from typing import TYPE_CHECKING, ClassVar, final

from actorbus.codec.format import Decoding, Encode
from actorbus.codec.frame import FormatId
from actorbus.errors import UsageError

if TYPE_CHECKING:
    from actorbus.ffi import Fixed, PollPort

__all__ = ["Struct"]


@final
class Struct:
    """Records of fixed layout."""

    name: ClassVar[str] = "struct"
    id: ClassVar[int] = int(FormatId.STRUCT)
    per_message: ClassVar[bool] = False

    def encoder(self, types: Sequence[type]) -> Encode:
        """Return the native packer of these classes.

        Raises:
            UsageError: none, or one that has no fixed layout.
        """
        from actorbus.ffi import make_layout, make_packer  # here: the native part is loaded when a struct stream is

        self._check(types)
        return make_packer([make_layout(cls) for cls in types])

    def decoding(self, types: Sequence[type]) -> Decoding:
        """Return how a port's batch becomes messages: a reader of it, and all of them at once.

        Raises:
            UsageError: none, or one that has no fixed layout.
        """
        from actorbus.ffi import make_fixed, make_layout

        self._check(types)
        layouts = [make_layout(cls) for cls in types]
        last: list[tuple[PollPort, Fixed]] = []

        def reader(port: PollPort) -> Fixed:
            if not last or last[0][0] is not port:
                last[:] = [(port, make_fixed(port, layouts))]
            return last[0][1]

        return Decoding(_lone, lambda port: reader(port).messages(), reader)

    def _check(self, types: Sequence[type]) -> None:
        if not types:
            raise UsageError("format struct without message types", hint="name the stream's messages")


def _lone(_body: Buffer) -> object:
    raise UsageError("a body of format struct does not say its type", hint="read it with Decoding.at")
