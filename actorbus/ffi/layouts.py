"""Fixed layouts, natively: packing messages, and reading them where they lie (native/ab_layout.h, ab_port_layout).

    make_layout(Tick)          one Layout a class, made once: pack(message) -> body, unpack(body, version) -> message
    make_packer([Tick, Halt])  the `encode` of a stream
    make_fixed(port, layouts)  a port's batches as flyweights, as real messages, or as arrays

A flyweight is an object of a class made here for each message class: it reads the fields of whatever record it stands
on. `isinstance(flyweight, Tick)` holds, methods and properties of the class work on it, special methods too (by way of
the real one), and `copy()` gives the real one.

Thread: layouts and packers any; a Fixed its poller's alone.
"""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, cast

from actorbus.errors import OutOfMemory, UsageError
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.ports import PollPort, port_type
from actorbus.message import Message, describe_class
from actorbus.message.layout import FixedField, FixedLayout, fixed_layout_of

if TYPE_CHECKING:
    from actorbus._native import ab_layout

_OF_CLASSES = frozenset({"__init_subclass__", "__class_getitem__", "__post_init__", "__new__", "__init__", "__del__"})
"""Special methods that make classes or messages: flyweights are neither made of fields nor subclassed."""

__all__ = ["Fixed", "Layout", "make_fixed", "make_layout", "make_packer", "native_layout"]


class Layout(Protocol):
    """A message class and its fixed layout."""

    @property
    def cls(self) -> type[Message]:
        """The message class."""
        ...

    @property
    def flyweight(self) -> type:
        """The class of its flyweights."""
        ...

    def pack(self, message: object, /) -> bytes:
        """Return the body as an OfferPort takes it: the type id (u16), then the record.

        Raises:
            ValueError, TypeError: a field does not fit; names class, field, value and bound.
        """
        ...

    def unpack(self, body: object, version: int, /) -> Message:
        """Return the message of a body as it was on the wire.

        Raises:
            ValueError: its length is none of this layout, or a field holds what its declaration does not allow.
        """
        ...


class Fixed(Protocol):
    """The batches of a struct stream. Between `open` and `close` the port does not poll."""

    def open(self) -> Iterator[object]:
        """Begin the port's current batch: returns this, an iterator of flyweights with `__length_hint__`."""
        ...

    def close(self) -> None:
        """End the batch: flyweights are stale; an array that was kept goes on holding what it held."""
        ...

    def settle(self) -> None:
        """Note that nobody who may holds the message taken last any more: it was not taken by a `for` loop."""
        ...

    def messages(self) -> list[object]:
        """Return the batch as real messages."""
        ...

    def message(self, place: int, /) -> object:
        """Return message `place` of the batch as a real one."""
        ...

    def columns(self, place: int, /) -> tuple[object, list[int] | None] | None:
        """Return a read-only buffer of the records of a layout (by its place), and their places in the batch.

        Places None: it is the whole batch, not copied. None: the batch has none of this type.
        """
        ...


def _stale(cls: type) -> None:
    raise UsageError(
        f"a {cls.__name__} was read after its message was handled",
        why="messages of a struct stream are read where they lie, which is valid during the call",
        hint="keep message.copy() instead",
    )


@functools.lru_cache(maxsize=4096)
def make_layout(cls: type[Message]) -> Layout:
    """Return the layout of a message class, with a class of flyweights.

    Raises:
        UsageError: the class has no fixed layout.
    """
    fixed = fixed_layout_of(cls)
    native = native_layout(fixed)
    address = int(ffi.cast("uintptr_t", native))
    names = tuple(sys.intern(field.name) for field in fixed.fields)  # read by their addresses
    enums = tuple(
        {member.value: member for member in field.members} if field.kind == "enum" else None for field in fixed.fields
    )
    layout = cast("Any", port_type("Layout")(address, cls, names, enums, _stale))
    layout.flyweight = flyweight = _flyweight(cls, names)
    for number, name in enumerate(names):
        setattr(flyweight, name, port_type("Field")(layout, number))
    return cast("Layout", layout)


def _flyweight(cls: type[Message], names: Sequence[str]) -> type:
    """Return an empty class of flyweights: what the message class defines, no fields yet.

    Methods and properties read the flyweight. Special methods, which a class of another base may not do without its
    fields, are the real message's; class methods get the real class.
    """
    namespace: dict[str, object] = {}
    for base in reversed(cls.__mro__[: cls.__mro__.index(Message)]):
        for name, member in vars(base).items():
            special = name.startswith("__") and name.endswith("__")
            if name in names or (special and (not isinstance(member, FunctionType) or name in _OF_CLASSES)):
                continue
            if special:
                namespace[name] = _of_the_real_one(name)
            else:
                namespace[name] = _of_the_class(cls, name) if isinstance(member, classmethod) else member
    namespace |= {
        "__slots__": (),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": f"A {cls.__name__} read where it lies: valid during the call, copy() to keep.",
        "__match_args__": cls.__match_args__,
        "__class__": property(lambda _self: cls),  # so that isinstance holds
        "__copy__": _copy,
        "__deepcopy__": _deepcopy,
        "__reduce_ex__": _reduce,
    }
    return type(cls.__name__, (cast("type", port_type("Flyweight")),), namespace)


def _copy(self: Message) -> Message:
    return self.copy()


def _deepcopy(self: Message, memo: dict[int, object]) -> Message:
    return copy.deepcopy(self.copy(), memo)


def _reduce(self: Message, protocol: SupportsIndex) -> str | tuple[object, ...]:
    return self.copy().__reduce_ex__(protocol)


def _of_the_class(cls: type, name: str) -> property:
    """Return what gives a class method, bound to the real class."""

    def method(_self: object) -> object:
        return getattr(cls, name)

    return property(method)


def _of_the_real_one(name: str) -> Callable[..., object]:
    """Return a special method that asks a real message."""

    def special(self: Message, *arguments: object) -> object:
        real = self.copy()
        return getattr(type(real), name)(real, *arguments)

    return special


def native_layout(fixed: FixedLayout) -> ab_layout:
    """Return the native layout; freed with the object returned.

    Raises:
        OutOfMemory: no memory for it.
    """
    values: list[int] = []
    rows: list[dict[str, object]] = []
    for field in fixed.fields:
        rows.append(_row(field, len(values)))
        values += sorted({cast("int", member.value) for member in field.members})
    made = lib.ab_layout_make(
        fixed.type_id,
        fixed.version,
        ffi.new("ab_field[]", rows),
        len(rows),
        ffi.new("int64_t[]", values or [0]),
        len(values),
        fixed.record,
        fixed.stride,
    )
    if not made:
        raise OutOfMemory(f"no memory for the layout of {describe_class(fixed.cls)}")
    return ffi.gc(made, lib.ab_layout_release)


def _row(field: FixedField, first_value: int) -> dict[str, object]:
    return {
        "kind": _KINDS[field.kind],
        "offset": field.offset,
        "size": field.size,
        "required": int(field.required),
        "lowest": field.lowest,
        "highest": field.highest,
        "value_first": first_value,
        "value_count": len({member.value for member in field.members}),
        "name": field.name.encode()[: lib.AB_FIELD_NAME - 1],
    }


_KINDS = {
    "int8": lib.AB_FIELD_INT8,
    "int16": lib.AB_FIELD_INT16,
    "int32": lib.AB_FIELD_INT32,
    "int64": lib.AB_FIELD_INT64,
    "uint8": lib.AB_FIELD_UINT8,
    "uint16": lib.AB_FIELD_UINT16,
    "uint32": lib.AB_FIELD_UINT32,
    "float64": lib.AB_FIELD_FLOAT64,
    "bool": lib.AB_FIELD_BOOL,
    "enum": lib.AB_FIELD_ENUM,
    "text": lib.AB_FIELD_TEXT,
    "bytes": lib.AB_FIELD_BYTES,
}


def make_packer(layouts: Sequence[Layout]) -> Callable[[object], bytes]:
    """Return the encoder of a stream that carries these classes: message to body as an OfferPort takes it."""
    packer = cast("Any", port_type("Packer")({layout.cls: layout for layout in layouts}))
    return cast("Callable[[object], bytes]", packer.pack)


def make_fixed(port: PollPort, layouts: Sequence[Layout]) -> Fixed:
    """Return the face of a port for a struct stream whose handlers take these classes."""
    return cast("Fixed", port_type("Fixed")(port, tuple(layouts)))
