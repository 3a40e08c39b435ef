"""Lists of msgpack messages, made by native code for the classes most streams consist of (native/ab_port_lists).

    make_list_reader([Quote, Fill], decode)     a batch's messages: of plain classes natively, of others by `decode`

Plain is a message class whose fields hold numbers, text, bytes, booleans or None, unbounded, and that makes nothing of
them when one is made. Building five fields natively costs two thirds of msgspec's list decode: the class is known
before the body is read, and text that came before is not made again. Everything else that may come for a plain class
(bodies of another version, values of another kind, broken text) is msgspec's to decode or to refuse: there is one
truth of what is valid.

Thread: a reader one at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from actorbus.ffi.ports import port_type
from actorbus.message import Message, is_message_class
from actorbus.message.base import type_id_of
from actorbus.message.layout import constrains, unwrapped

__all__ = ["PLAIN", "Sample", "again_of", "is_made_by_struct", "make_list_reader", "sample_of"]

log = logging.getLogger("actorbus.ffi")
INT, FLOAT, INT_AS_FLOAT, TEXT, BYTES, BOOL, NONE = 1, 2, 4, 8, 16, 32, 64
"""What a field takes; native/ab_port_lists.c.inc has the same numbers."""
PLAIN = {int: INT, float: FLOAT, str: TEXT, bytes: BYTES, bool: BOOL, NoneType: NONE}
_RUNS_CODE = ("__init__", "__new__", "__post_init__", "__del__")

type Sample = tuple[object, tuple[object, ...], int, bytes]
"""A message, the values of its fields, its type id, and what each field takes."""


def make_list_reader[Port](
    types: Sequence[type], decode: Callable[[Port], list[object]]
) -> Callable[[Port], list[object]]:
    """Return a function from a port to the messages of its batch: `decode` itself when a class is not plain.

    Raises what `decode` raises. Where a struct keeps a field is learned from a sample; a msgspec that does not keep it
    in a slot of its own is told of in the log, and its `decode` does all.
    """
    samples: list[Sample] = []
    for cls in types:
        takes = _taken_by(cls)
        if takes is None:
            return decode
        samples.append(sample_of(cls, takes))
    try:
        reader = cast("Any", port_type("ListReader")(decode, tuple(samples)))
    except ValueError as unknown:
        log.warning("batches are decoded by msgspec alone, as messages are not laid out as expected: %s", unknown)
        return decode
    return cast("Callable[[Port], list[object]]", reader.read)


def again_of[Port](read: Callable[[Port], list[object]]) -> Callable[[], list[object]] | None:
    """Return what reads the first message of a list reader's last batch once more; None: `read` is no list reader's."""
    return getattr(getattr(read, "__self__", None), "again", None)


def sample_of(cls: type[Message], takes: bytes | None = None) -> Sample:
    """Return a message each of whose fields holds an object of its own, for native code to find the slots.

    `takes` is what each field takes when it is read, one byte each; who does not read leaves it out.
    """
    takes = bytes(len(cls.__struct_fields__)) if takes is None else takes
    values = tuple(object() for _ in takes)
    made = cast("Any", cls)(**dict(zip(cls.__struct_fields__, values, strict=True)))
    return made, values, type_id_of(cls), takes


def is_made_by_struct(cls: type) -> bool:
    """Return whether this is a message class without a dict of its own, whose messages come and go running no code."""
    if not is_message_class(cls) or cls.__dictoffset__ or cls.__weakrefoffset__:
        return False
    its_own = [base for base in cls.__mro__ if base not in Message.__mro__]
    return not any(name in vars(base) for base in its_own for name in _RUNS_CODE)


def _taken_by(cls: type) -> bytes | None:
    """Return what each field of a message class takes; None: it is not plain."""
    if not is_made_by_struct(cls):
        return None
    takes = [_taken(field.type) for field in msgspec.structs.fields(cls)]
    return bytes(takes) if all(takes) else None


def _taken(annotation: object) -> int:
    """Return what a field of this type takes of what native code knows, 0: nothing; the rest is msgspec's to read."""
    base, marks = unwrapped(annotation)
    if any(isinstance(mark, msgspec.Meta) and constrains(mark) for mark in marks):
        return 0
    if get_origin(base) not in (Union, UnionType):
        if base is float:
            return INT_AS_FLOAT | FLOAT
        return next((taken for plain, taken in PLAIN.items() if base is plain), 0)  # what is annotated may have no hash
    members = [_taken(member) for member in get_args(base)]
    taken = 0
    for member in members:
        taken |= member
    return taken if all(members) else taken & ~INT_AS_FLOAT  # an integer may be for the member that is not known
