"""Lists of msgpack messages, made by native code for the classes most streams consist of (native/ab_port_lists).

    make_list_reader([Quote, Fill], decode)     a batch's messages: of plain classes natively, of others by `decode`

Plain is a message class whose fields hold numbers, text, bytes, booleans, None or members of int enumerations,
unbounded, and that makes nothing of them when one is made. Building five fields natively costs two thirds of msgspec's
list decode: the class is known before the body is read, and text that came before is not made again. Everything else
that may come for a plain class (bodies of another version, values of another kind, broken text) is msgspec's to decode
or to refuse: there is one truth of what is valid.

Thread: a reader one at a time.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from actorbus.ffi.ports import port_type
from actorbus.message import Message, is_message_class
from actorbus.message.base import type_id_of
from actorbus.message.layout import constrains, unwrapped

__all__ = ["Sample", "again_of", "is_made_by_struct", "kinds_of", "make_list_reader", "sample_of"]

log = logging.getLogger("actorbus.ffi")
INT, FLOAT, INT_AS_FLOAT, TEXT, BYTES, BOOL, NONE, MEMBER = 1, 2, 4, 8, 16, 32, 64, 128
"""What a field takes; native/ab_port_plans.c.inc has the same numbers."""
MEMBERS_MAX = 64
"""Members of an enumeration that native code knows have numbers from 0 to below this."""
PLAIN = {int: INT, float: FLOAT, str: TEXT, bytes: BYTES, bool: BOOL, NoneType: NONE}
_RUNS_CODE = ("__init__", "__new__", "__post_init__", "__del__")

type Members = tuple[enum.IntEnum | None, ...]
"""The members of an enumeration by their numbers."""
type Sample = tuple[object, tuple[object, ...], int, bytes, tuple[Members | None, ...]]
"""A message, the values of its fields, its type id, and for each field what it takes, and its enumeration's members."""


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


def sample_of(cls: type[Message], takes: bytes) -> Sample:
    """Return a message each of whose fields holds an object of its own, for native code to find the slots.

    `takes` is what each field takes, one byte each.
    """
    values = tuple(object() for _ in takes)
    made = cast("Any", cls)(**dict(zip(cls.__struct_fields__, values, strict=True)))
    members = tuple(
        members_of(field.type) if taken & MEMBER else None
        for field, taken in zip(msgspec.structs.fields(cls), takes, strict=True)
    )
    return made, values, type_id_of(cls), takes, members


def members_of(annotation: object) -> Members | None:
    """Return the members, by number, of the one int enumeration among a field's types; None: native code knows none."""
    base, _ = unwrapped(annotation)
    if get_origin(base) in (Union, UnionType):
        found = [members for each in get_args(base) if (members := members_of(each)) is not None]
        return found[0] if len(found) == 1 else None
    if not (isinstance(base, type) and issubclass(base, enum.IntEnum)):
        return None
    by_number: dict[int, enum.IntEnum] = {}
    for member in base:
        value: object = member.value
        if type(value) is not int or value != int(member) or not 0 <= value < MEMBERS_MAX:
            return None
        by_number[value] = member
    return tuple(by_number.get(number) for number in range(max(by_number) + 1)) if by_number else None


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
        return kinds_of(base)
    members = [_taken(member) for member in get_args(base)]
    taken = 0
    for member in members:
        taken |= member
    return taken if all(members) else taken & ~INT_AS_FLOAT  # an integer may be for the member that is not known


def kinds_of(base: object) -> int:
    """Return what a type takes that is no union; 0: native code does not know it."""
    if base is float:
        return INT_AS_FLOAT | FLOAT
    if members_of(base) is not None:
        return MEMBER
    return next((taken for plain, taken in PLAIN.items() if base is plain), 0)  # what is annotated may have no hash
