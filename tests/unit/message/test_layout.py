"""Fixed layouts: where fields lie, and every way in which a class has none."""

from __future__ import annotations

import enum
import struct
from typing import Annotated

import msgspec
import pytest

import actorbus as ab
from actorbus.errors import UsageError
from actorbus.message.layout import fixed_layout_of
from tests.support.fixed import Tick


class Mixed(ab.Message, type_id=1003, version=4):
    a: ab.Int8
    b: ab.UInt16
    c: ab.Int8
    d: int
    e: Annotated[str, ab.Chars(3)]
    f: ab.UInt32 = 7
    g: ab.Price = -1


def test_fields_lie_in_order_at_multiples_of_their_size() -> None:
    layout = fixed_layout_of(Mixed)
    assert [(field.name, field.offset, field.size) for field in layout.fields] == [
        ("a", 0, 1),
        ("b", 2, 2),
        ("c", 4, 1),
        ("d", 8, 8),
        ("e", 16, 3),
        ("f", 20, 4),
        ("g", 24, 8),
    ]
    assert (layout.used, layout.stride, layout.version) == (32, 32, 4)
    assert layout.record == bytes(20) + struct.pack("<Iq", 7, -1)


def test_a_record_ends_at_a_multiple_of_eight_and_a_body_at_its_last_field() -> None:
    layout = fixed_layout_of(Tick)
    assert (layout.used, layout.stride, len(layout.record)) == (25, 32, 32)
    assert layout.dtype == {
        "names": ["symbol", "bid", "size", "side", "live"],
        "formats": ["S8", "<f8", "<i4", "<i4", "?"],
        "offsets": [0, 8, 16, 20, 24],
        "itemsize": 32,
    }


def test_bounds_of_an_annotation_narrow_those_of_the_storage() -> None:
    class Bounded(ab.Message, type_id=1004):
        a: Annotated[int, msgspec.Meta(gt=0, lt=10)]
        b: ab.Int8

    fields = fixed_layout_of(Bounded).fields
    assert [(field.lowest, field.highest) for field in fields] == [(1, 9), (-128, 127)]


class Text(enum.Enum):
    A = "a"


class Optional(ab.Message, type_id=1010):
    x: int | None = None


class Plain(ab.Message, type_id=1011):
    x: str


class Loose(ab.Message, type_id=1012):
    x: bytes


class Listed(ab.Message, type_id=1013):
    x: list[int]


class Worded(ab.Message, type_id=1014):
    x: Text


class Floats(ab.Message, type_id=1015):
    x: Annotated[float, msgspec.Meta(ge=0)]


class Long(ab.Message, type_id=1016):
    x: Annotated[str, ab.Chars(4)] = "12345"


class Empty(ab.Message, type_id=1017):
    pass


class Copied(ab.Message, type_id=1018):
    copy: int  # type: ignore[assignment] - wrong on purpose


class Ran(ab.Message, type_id=1019):
    x: int

    def __post_init__(self) -> None:
        raise ValueError


class Large(ab.Message, type_id=1020):
    a: Annotated[str, ab.Chars(65_536)]
    b: int


class Even(ab.Message, type_id=1021):
    x: Annotated[int, msgspec.Meta(multiple_of=2)]


class Union(ab.Message, type_id=1022):
    x: int | str


class Never(ab.Message, type_id=1023):
    x: Annotated[int, msgspec.Meta(ge=5, le=4)]


class Made(ab.Message, type_id=1024):
    x: int = msgspec.field(default_factory=lambda: 3)


@pytest.mark.parametrize(
    ("cls", "complaint", "hint"),
    [
        (Optional, "field 'x' is int | None: a fixed layout has no room for None", "a default that says"),
        (Plain, "field 'x' is str: text has no fixed length", "Annotated[str, ab.Chars(16)]"),
        (Loose, "field 'x' is bytes: bytes have no fixed length", "Annotated[bytes, ab.Octets(16)]"),
        (Listed, "field 'x' is list[int]: it has no fixed size", "format msgpack"),
        (Worded, "field 'x' is Text: Text.A is no int32", "small ints"),
        (Floats, "only integers may be bounded", "remove the bounds"),
        (Long, "its default '12345' does not fit: 5 bytes", "correct the default"),
        (Empty, "has no fields", "format msgpack"),
        (Copied, "`copy` is what keeps a message", "another name"),
        (Ran, "it has a __post_init__", "remove it"),
        (Large, "2 fields of 65544 bytes", "split the message"),
        (Even, "`multiple_of` is not kept", "remove it"),
        (Union, "a union has no fixed size", "give it one type"),
        (Never, "no integer is from 5 to 4", "correct the bounds"),
        (Made, "a default that is made anew each time", "write the value"),
    ],
)
def test_a_class_without_a_fixed_layout_is_refused_by_field_and_annotation(
    cls: type[ab.Message], complaint: str, hint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        _ = fixed_layout_of(cls)
    assert cls.__name__ in str(refused.value)
    assert complaint in str(refused.value)
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize("mark", [ab.Chars, ab.Octets])
@pytest.mark.parametrize("size", [0, -1, 65_537, True, "8"])
def test_a_length_out_of_bounds_is_refused_at_once(mark: type, size: object) -> None:
    with pytest.raises(UsageError, match="from 1 to 65536"):
        _ = mark(size)
