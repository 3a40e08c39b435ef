"""The fixed layout of a message class: for streams of format ``struct`` (docs/wire-format.md).

    class Tick(ab.Message, type_id=1001):
        symbol: Annotated[str, ab.Chars(8)]     offset  0, 8 bytes of UTF-8
        bid: float                                      8
        size: ab.Int32                                 16
        side: Side                                     20, an int32
        live: bool = True                              24 .. 25 = `used`;  `stride` 32

Rules of this file:

* Fields lie in the order they are declared, each at the next multiple of its own size (text and bytes at any byte).
  ``used`` ends the last field, ``stride`` is ``used`` rounded up to 8: from one record of an array to the next.
* What has no fixed size is refused by class, field and annotation, with what to write instead.
* Pure: no I/O, no numpy, any thread. A layout is worked out once a class and kept with it.
"""

from __future__ import annotations

import enum
import functools
import struct
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, TypeAliasType, Union, cast, get_args, get_origin

import msgspec

from actorbus.errors import UsageError
from actorbus.limits import INT64_MAX, INT64_MIN
from actorbus.message.base import Message, describe_class, type_id_of, version_of

__all__ = [
    "RECORD_MAX",
    "Chars",
    "FixedField",
    "FixedLayout",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Octets",
    "UInt8",
    "UInt16",
    "UInt32",
    "constrains",
    "fixed_layout_of",
    "unwrapped",
]

RECORD_MAX: Final = 65_536
"""Bytes of the longest record (native/ab_layout.h: AB_RECORD_MAX)."""
FIELDS_MAX: Final = 1024
"""Fields of a record (native/ab_layout.h: AB_FIELDS_MAX)."""
ALIGNMENT: Final = 8
"""Of a record in an array, in bytes: that of its largest fields."""


class Chars(msgspec.Struct, frozen=True):
    """Marks a `str` field as fixed: `Annotated[str, Chars(16)]` is at most 16 bytes of UTF-8, without a character 0.

    On other formats than struct it says nothing.
    """

    size: int

    def __post_init__(self) -> None:
        _check_size("Chars", self.size)


class Octets(msgspec.Struct, frozen=True):
    """Marks a `bytes` field as fixed: `Annotated[bytes, Octets(16)]` is exactly 16 bytes."""

    size: int

    def __post_init__(self) -> None:
        _check_size("Octets", self.size)


def _check_size(name: str, size: object) -> None:
    if type(size) is not int or not 1 <= size <= RECORD_MAX:
        raise UsageError(f"{name}({size!r})", why=f"it takes a number of bytes from 1 to {RECORD_MAX}")


class Stored(msgspec.Struct, frozen=True):
    """Marks an int field by how it is stored in a fixed layout: `int8`, `uint32` and so on."""

    kind: str


def _bounded(lowest: int, highest: int) -> msgspec.Meta:
    return msgspec.Meta(ge=lowest, le=highest)


type Int8 = Annotated[int, _bounded(-(2**7), 2**7 - 1), Stored("int8")]
"""An int of -128 to 127; one byte in a fixed layout. Every format refuses other values."""
type Int16 = Annotated[int, _bounded(-(2**15), 2**15 - 1), Stored("int16")]
"""An int of two bytes."""
type Int32 = Annotated[int, _bounded(-(2**31), 2**31 - 1), Stored("int32")]
"""An int of four bytes."""
type Int64 = Annotated[int, Stored("int64")]
"""An int of eight bytes, as every plain `int` is."""
type UInt8 = Annotated[int, _bounded(0, 2**8 - 1), Stored("uint8")]
"""An int of 0 to 255; one byte in a fixed layout."""
type UInt16 = Annotated[int, _bounded(0, 2**16 - 1), Stored("uint16")]
"""An int of 0 to 65,535; two bytes."""
type UInt32 = Annotated[int, _bounded(0, 2**32 - 1), Stored("uint32")]
"""An int of 0 to 4,294,967,295; four bytes. There is no uint64: an integer is an int64 in every format."""

_SIZES: Final = {
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "uint8": 1,
    "uint16": 2,
    "uint32": 4,
    "float64": 8,
    "bool": 1,
    "enum": 4,
}
_CODES: Final = {
    "int8": "<b",
    "int16": "<h",
    "int32": "<i",
    "int64": "<q",
    "uint8": "<B",
    "uint16": "<H",
    "uint32": "<I",
    "float64": "<d",
    "bool": "<?",
    "enum": "<i",
}
_DTYPES: Final = {
    "int8": "i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "uint8": "u1",
    "uint16": "<u2",
    "uint32": "<u4",
    "float64": "<f8",
    "bool": "?",
    "enum": "<i4",
}


class FixedField(NamedTuple):
    """Where one field lies. `kind`: `int8` to `uint32`, `float64`, `bool`, `enum`, `text` or `bytes`."""

    name: str
    kind: str
    offset: int
    size: int
    lowest: int
    highest: int
    """Bounds of an integer; 0 of other kinds."""
    required: bool
    """It has no default."""
    members: tuple[enum.Enum, ...] = ()

    @property
    def dtype(self) -> str:
        """What numpy calls it; text is read up to its first 0 (`S`), bytes are void (`V`)."""
        if self.kind == "text":
            return f"S{self.size}"
        return f"V{self.size}" if self.kind == "bytes" else _DTYPES[self.kind]


class FixedLayout(NamedTuple):
    """The layout of a message class."""

    cls: type[Message]
    type_id: int
    version: int
    fields: tuple[FixedField, ...]
    used: int
    """Bytes of a body: to the end of the last field."""
    stride: int
    """Bytes from one record of an array to the next: `used`, rounded up to a multiple of 8."""
    record: bytes
    """A record of defaults, `stride` bytes; 0 where there is none."""

    @property
    def dtype(self) -> dict[str, object]:
        """What `numpy.dtype` takes: names, formats, offsets and the item size."""
        return {
            "names": [field.name for field in self.fields],
            "formats": [field.dtype for field in self.fields],
            "offsets": [field.offset for field in self.fields],
            "itemsize": self.stride,
        }


@functools.lru_cache(maxsize=4096)
def fixed_layout_of(cls: type[Message]) -> FixedLayout:
    """Return the fixed layout of a message class.

    Raises:
        UsageError: a field has no fixed size; names class, field and annotation, and what to write instead.
    """
    type_id = type_id_of(cls)
    if hasattr(cls, "__post_init__"):
        raise UsageError(
            f"{describe_class(cls)} has no fixed layout: it has a __post_init__",
            why="messages of a struct stream are read where they lie, and nothing is run for each",
            hint="remove it, or use format msgpack",
        )
    fields: list[FixedField] = []
    record = bytearray()
    for declared in msgspec.structs.fields(cls):
        field = _field(cls, declared, fields[-1].offset + fields[-1].size if fields else 0)
        record.extend(bytes(field.offset - len(record)))
        record.extend(_default(cls, declared, field))
        fields.append(field)
    if not fields:
        raise UsageError(
            f"{describe_class(cls)} has no fields, so it has no fixed layout", hint="add one, or use format msgpack"
        )
    used = fields[-1].offset + fields[-1].size
    stride = -(-used // ALIGNMENT) * ALIGNMENT
    if stride > RECORD_MAX or len(fields) > FIELDS_MAX:
        raise UsageError(
            f"{describe_class(cls)} is {len(fields)} fields of {stride} bytes",
            why=f"a fixed layout is at most {FIELDS_MAX} fields of {RECORD_MAX} bytes",
            hint="split the message, or use format msgpack",
        )
    record.extend(bytes(stride - used))
    return FixedLayout(cls, type_id, version_of(cls), tuple(fields), used, stride, bytes(record))


def _field(cls: type[Message], declared: msgspec.structs.FieldInfo, end: int) -> FixedField:
    name = declared.name
    if name == "copy":
        raise _refusal(cls, declared, "`copy` is what keeps a message", "give the field another name")
    base, marks = unwrapped(declared.type)
    kind, size, members = _kind(cls, declared, base, marks)
    lowest, highest = _bounds(cls, declared, kind, marks)
    alignment = 1 if kind in ("text", "bytes") else size
    offset = -(-end // alignment) * alignment
    return FixedField(name, kind, offset, size, lowest, highest, declared.required, members)


def _kind(
    cls: type[Message], declared: msgspec.structs.FieldInfo, base: object, marks: list[object]
) -> tuple[str, int, tuple[enum.Enum, ...]]:
    """Return kind, size and enum members of a field."""
    if base is int:
        kind = next((mark.kind for mark in marks if isinstance(mark, Stored)), "int64")
        return kind, _SIZES[kind], ()
    if base is float:
        return "float64", 8, ()
    if base is bool:
        return "bool", 1, ()
    if base is str:
        size = next((mark.size for mark in marks if isinstance(mark, Chars)), None)
        if size is None:
            raise _refusal(cls, declared, "text has no fixed length", "write Annotated[str, ab.Chars(16)]")
        return "text", size, ()
    if base is bytes:
        size = next((mark.size for mark in marks if isinstance(mark, Octets)), None)
        if size is None:
            raise _refusal(cls, declared, "bytes have no fixed length", "write Annotated[bytes, ab.Octets(16)]")
        return "bytes", size, ()
    if isinstance(base, type) and issubclass(base, enum.Enum):
        members = tuple(base)
        for member in members:
            value = cast("object", member.value)
            if type(value) is not int or not -(2**31) <= value < 2**31:
                raise _refusal(
                    cls, declared, f"{base.__name__}.{member.name} is no int32", "give its members small ints"
                )
        return "enum", 4, members
    if get_origin(base) in (Union, UnionType):
        why = "a fixed layout has no room for None" if type(None) in get_args(base) else "a union has no fixed size"
        raise _refusal(cls, declared, why, "give it one type and a default that says `nothing`, such as 0")
    raise _refusal(
        cls,
        declared,
        "it has no fixed size",
        "use int, float, bool, an int enum, ab.Chars or ab.Octets; or format msgpack",
    )


def _bounds(cls: type[Message], declared: msgspec.structs.FieldInfo, kind: str, marks: list[object]) -> tuple[int, int]:
    """Return the bounds of an integer field: those of how it is stored and those its annotation adds."""
    if not kind.startswith(("int", "uint")):
        if any(isinstance(mark, msgspec.Meta) and constrains(mark) for mark in marks):
            raise _refusal(cls, declared, "only integers may be bounded in a fixed layout", "remove the bounds")
        return 0, 0
    bits = 8 * _SIZES[kind]
    lowest, highest = (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for mark in (mark for mark in marks if isinstance(mark, msgspec.Meta)):
        if mark.multiple_of is not None:
            raise _refusal(cls, declared, "`multiple_of` is not kept in a fixed layout", "remove it")
        lowest = max(
            lowest, *(low for low in (mark.ge, None if mark.gt is None else mark.gt + 1) if low is not None), lowest
        )
        highest = min(
            highest,
            *(high for high in (mark.le, None if mark.lt is None else mark.lt - 1) if high is not None),
            highest,
        )
    low, high = int(max(lowest, INT64_MIN)), int(min(highest, INT64_MAX))
    if low > high:
        raise _refusal(cls, declared, f"no integer is from {low} to {high}", "correct the bounds")
    return low, high


def constrains(mark: msgspec.Meta) -> bool:
    """Return whether a mark bounds the values of a field."""
    names = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")
    return any(getattr(mark, name) is not None for name in names)


def _default(cls: type[Message], declared: msgspec.structs.FieldInfo, field: FixedField) -> bytes:
    """Return the bytes of a field's default; zeros when there is none."""
    if declared.required:
        return bytes(field.size)
    if declared.default_factory is not msgspec.NODEFAULT:
        raise _refusal(cls, declared, "a default that is made anew each time is no fixed one", "write the value")
    value: Any = declared.default
    try:
        if field.kind == "text":
            written = cast("str", value).encode()
            if len(written) > field.size or 0 in written:
                raise ValueError(f"{len(written)} bytes")
            return written.ljust(field.size, b"\0")
        if field.kind == "bytes":
            if len(cast("bytes", value)) != field.size:
                raise ValueError(f"{len(cast('bytes', value))} bytes")
            return bytes(value)
        if field.kind == "enum":
            value = cast("enum.Enum", value).value
        elif field.lowest != field.highest and not field.lowest <= value <= field.highest:
            raise ValueError(f"it must be from {field.lowest} to {field.highest}")
        return struct.pack(_CODES[field.kind], value)
    except (ValueError, TypeError, AttributeError, struct.error) as error:
        raise _refusal(cls, declared, f"its default {value!r} does not fit: {error}", "correct the default") from None


def unwrapped(annotation: Any) -> tuple[object, list[object]]:
    """Return the type under aliases and Annotated, and all marks met on the way."""
    marks: list[object] = []
    while True:
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            marks += found
        else:
            return annotation, marks


def _refusal(cls: type[Message], declared: msgspec.structs.FieldInfo, why: str, hint: str) -> UsageError:
    told = declared.type.__name__ if isinstance(declared.type, type) else str(declared.type).replace("typing.", "")
    return UsageError(
        f"{describe_class(cls)} has no fixed layout: field {declared.name!r} is {told}", why=why, hint=hint
    )
