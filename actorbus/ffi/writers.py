"""Plain messages written by native code on their way out (native/ab_port_write): the other side of lists.py.

    make_writer([Quote, Fill], encode)      for make_offer_port; None: `encode` does all

The bytes are those of msgspec, without a call of it: where a struct keeps its fields was learned from a sample, and a
body that was written here need not be walked. A message with anything in it that native code does not know is
msgspec's, and so is every error.

msgspec encodes whatever a field holds, and a reader refuses what the field does not declare: so messages whose values
do not look like it are told apart here, of every class (also in JSON), before they are sent. What looks wrong may be
right (a float that is whole, for an int): whoever publishes looks closely then.

Thread: a writer one at a time (the GIL is its lock); all ports of a stream share one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import UnionType
from typing import Protocol, Union, cast, get_args, get_origin

import msgspec

from actorbus.ffi.lists import Sample, is_made_by_struct, kinds_of, sample_of
from actorbus.ffi.ports import port_type
from actorbus.message.layout import unwrapped

__all__ = ["Writer", "make_writer"]

log = logging.getLogger("actorbus.ffi")


class Writer(Protocol):
    """Writes the bodies of plain messages."""

    def doubts(self, message: object, /) -> bool:
        """Return whether a value does not look like what its field declares."""
        ...

    def write(self, message: object, /) -> bytes | None:
        """Return the body of a message, as msgspec encodes it; None: it is for msgspec."""
        ...

    @property
    def written(self) -> int:
        """How many messages ports published as they were written here."""
        ...


def make_writer(types: Sequence[type], encode: Callable[[object], bytes] | None) -> Writer | None:
    """Return what writes messages of those of `types` that may be plain, and looks at all; None when there are none.

    None too when `encode` is not msgspec's own (a chain with more stages, another format), and, with a warning in the
    log, when a struct does not keep each field in a slot of its own.
    """
    encoder = getattr(encode, "__self__", None)
    if not isinstance(encoder, (msgspec.msgpack.Encoder, msgspec.json.Encoder)) or encode != encoder.encode:
        return None
    written: list[Sample] = []
    looked_at: list[Sample] = []
    for cls in types:
        if is_made_by_struct(cls):
            plain = all(_may_be_plain(field.type) for field in msgspec.structs.fields(cls))
            takes = bytes(_held(field.type) for field in msgspec.structs.fields(cls))
            (written if plain else looked_at).append(sample_of(cls, takes))
    if not written and not looked_at:
        return None
    try:
        return cast("Writer", port_type("Writer")(tuple(written), tuple(looked_at)))
    except ValueError as unknown:
        log.warning("messages are encoded by msgspec alone, as they are not laid out as expected: %s", unknown)
        return None


def _may_be_plain(annotation: object) -> bool:
    """Return whether a field of this type may hold what native code writes. Bounds are decoding's to look at."""
    base, _ = unwrapped(annotation)
    if get_origin(base) in (Union, UnionType):
        return any(_may_be_plain(member) for member in get_args(base))
    return kinds_of(base) != 0


def _held(annotation: object) -> int:
    """Return what a field of this type may hold; 0: something that native code does not know, and so anything."""
    base, _ = unwrapped(annotation)
    if get_origin(base) not in (Union, UnionType):
        return kinds_of(base)
    held = [_held(member) for member in get_args(base)]
    kinds = 0
    for kind in held:
        kinds |= kind
    return kinds if all(held) else 0
