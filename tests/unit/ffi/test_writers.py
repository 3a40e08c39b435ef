"""Plain messages written natively: the bytes that msgspec makes of them, and whatever else left to it."""

from __future__ import annotations

import decimal
import enum
import sys
import types
from typing import Annotated, Any, cast

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actorbus.ffi import make_offer_port, make_writer
from actorbus.ffi.native import lib
from actorbus.ffi.ports import port_type
from actorbus.message import Message
from actorbus.messages import Action, AssetClass, Quote
from tests.support.plain import (
    CLASSES,
    EDGES,
    ENCODE,
    MESSAGES,
    PLAIN,
    Derived,
    Empty,
    Loose,
    Plain,
    Text,
    Wide,
    plain,
    writer_of,
)

LONGEST = 8192
"""WRITE_MAX of native/ab_port_write.c.inc."""


# -- one message -------------------------------------------------------------------------------------------------------


@given(MESSAGES)
@example(Plain(-33, "é" * 300, float("nan"), b"", True))
@example(Wide(*range(-128, -113), "x" * 31))
def test_any_plain_message_is_written_as_msgspec_writes_it(message: Message) -> None:
    assert writer_of(*CLASSES).write(message) == ENCODE(message)


@pytest.mark.parametrize("number", EDGES)
def test_every_edge_of_the_integers_is_written_as_msgspec_writes_it_or_left_to_it(number: int) -> None:
    written = writer_of(Loose).write(Loose(number))
    assert written == (ENCODE(Loose(number)) if -(2**63) <= number < 2**63 else None)


@given(st.integers(-(2**70), 2**70))
def test_any_int_is_written_as_msgspec_writes_it_or_left_to_it(number: int) -> None:
    """Ints are read where CPython keeps their digits: one, two, three, and more than fit."""
    written = writer_of(Loose).write(Loose(number))
    assert written == (ENCODE(Loose(number)) if -(2**63) <= number < 2**63 else None)


@pytest.mark.parametrize("type_id", [2, 127, 128, 255, 256, 65_535])
def test_type_ids_of_every_length_are_written(type_id: int) -> None:
    cls = made_class("actorbus.test", type_id)
    assert writer_of(cls).write(cls("x")) == ENCODE(cls("x"))


def made_class(module: str, type_id: int) -> Any:
    """Return a class of one field; those of our own modules may have type ids below 1000."""
    return types.new_class(
        f"M{type_id}",
        (Message,),
        {"type_id": type_id},
        lambda namespace: namespace.update({"__module__": module, "__annotations__": {"symbol": str}}),
    )


class Nested(Message, type_id=1008):
    inner: Plain


class Hooked(Message, type_id=1009):
    number: int

    def __post_init__(self) -> None:
        assert self.number is not None


class Side(enum.IntEnum):
    BUY = 1


class Number(int):
    pass


class Word(str):
    __slots__ = ()


FOREIGN: list[object] = [
    2**63, -(2**63) - 1, 2**64, Number(5), Side.BUY, Word("x"), "\ud800", "x\udfff" * 9, bytearray(b"x"),
    memoryview(b"x"), [1], (), {}, {"a": "b"}, {1}, decimal.Decimal(1), object(), msgspec.UNSET, 1j, Empty(), int, ...,
]  # fmt: skip


@pytest.mark.parametrize("value", FOREIGN, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("place", range(3))
def test_a_message_with_any_other_value_is_for_msgspec_and_no_error_is_left(place: int, value: object) -> None:
    values: list[object] = [1, "x", None]
    values[place] = value
    assert writer_of(Loose).write(cast("Any", Loose)(*values)) is None


@pytest.mark.parametrize("message", [Derived(1, "t", 2.0, b"k", True), Empty(), None, 7, "text", Plain, [1001, 2]])
def test_a_message_of_another_class_is_for_msgspec_be_it_derived_from_a_known_one(message: object) -> None:
    assert writer_of(Plain).write(message) is None


def test_a_body_is_written_up_to_its_bound_and_no_further() -> None:
    writer = writer_of(Text, Loose)
    head = len(ENCODE(Text("x" * 300))) - 300
    for text in ("x" * (LONGEST - head), "é" * ((LONGEST - head) // 2)):
        assert writer.write(Text(text)) == ENCODE(Text(text))
    for text in ("x" * (LONGEST - head + 1), "x" * 70_000, "€" * LONGEST):
        assert writer.write(Text(text)) is None
        assert writer.write(Loose(text.encode())) is None
    for length in range(LONGEST - 40, LONGEST):
        message = Loose(b"k" * length, "x" * 20)
        assert writer.write(message) in (None, ENCODE(message))


def test_a_hundred_classes_are_told_apart() -> None:
    classes = [made_class("app", 2000 + number) for number in range(100)]
    writer = writer_of(*classes)
    for cls in classes:
        assert writer.write(cls("x")) == ENCODE(cls("x"))
    assert writer.write(Empty()) is None


def test_every_reference_is_given_back() -> None:
    class Held(Message, type_id=1010):
        text: str
        value: object = None

    writer = writer_of(Text)
    values = [Text("€" * 100), Text("\ud800")]
    before = [sys.getrefcount(each.text) for each in values]
    for _ in range(50):
        assert writer.write(values[0]) is not None
        assert writer.write(values[1]) is None
    assert [sys.getrefcount(each.text) for each in values] == before
    held = sys.getrefcount(Held)
    looks = writer_of(Held)
    assert looks.write(Held("x")) is None, "a field of any type is msgspec's"
    assert not looks.doubts(Held("x", 7))
    del looks
    assert sys.getrefcount(Held) == held


# -- who gets a writer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encode", [None, msgspec.json.Encoder().encode_into, lambda message: b"", msgspec.msgpack.Encoder().encode_into]
)
def test_there_is_a_writer_beside_msgspecs_own_encode_alone(encode: Any) -> None:
    assert make_writer([Plain], encode) is None


@pytest.mark.parametrize("cls", [Hooked, bytes])
def test_classes_that_run_code_or_are_no_messages_have_none(cls: type) -> None:
    assert make_writer([cls], ENCODE) is None
    mixed = writer_of(cls, Plain)
    assert mixed.write(plain(1)) == ENCODE(plain(1))


def test_a_sample_that_native_code_cannot_learn_from_is_refused() -> None:
    made = port_type("Writer")
    with pytest.raises(ValueError, match="without the collector"):
        made((([], (), 1001, b"", ()),), ())
    with pytest.raises(ValueError, match="no slot of"):
        made(((plain(1), (object(),), 1001, b"\1", (None,)),), ())
    with pytest.raises(ValueError, match="one value a field"):
        made(((Empty(), (1,), 1001, b"", ()),), ())


def test_structs_laid_out_otherwise_are_msgspecs_alone_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no slot holds field 0 alone")

    monkeypatch.setattr("actorbus.ffi.writers.port_type", lambda _: refuse)
    assert make_writer([Plain], ENCODE) is None
    assert "no slot holds field 0 alone" in caplog.text


def test_a_port_takes_a_writer_alone_and_an_encoder_beside_it() -> None:
    def refuse(message: object, body: object, code: int) -> int:
        return code

    for encode, writer in ((ENCODE, object()), (None, writer_of(Plain))):
        with pytest.raises(TypeError, match="writer a Writer"):
            make_offer_port(0, encode, refuse, writer)
    assert make_offer_port(0, ENCODE, refuse, writer_of(Plain)).publish(plain(1)) == lib.AB_STALE
    assert make_offer_port(0, ENCODE, refuse, writer_of(Plain)).publish_many([plain(1)]) == (0, lib.AB_STALE)


# -- members, and values that their fields do not declare --------------------------------------------------------------


class Declared(Message, type_id=1011):
    number: int
    rate: float
    text: str
    key: bytes
    live: bool
    perhaps: int | None
    either: float | str
    side: Action
    bounded: Annotated[int, msgspec.Meta(ge=0)]
    unknown: list[int] | None
    nothing: None


RIGHT = Declared(1, 1.5, "x", b"k", True, None, "y", Action.NEW, 7, [1], None)
ANY = st.one_of(PLAIN, st.sampled_from(Action), st.integers(-3, 9), st.just(2.0))


@given(st.sampled_from(AssetClass), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20))
def test_members_are_written_as_msgspec_writes_them(member: AssetClass, number: int, symbol: str) -> None:
    message = Quote(symbol, number, number, asset_class=member)
    assert writer_of(Quote).write(message) == ENCODE(message)
    with_more = Quote(symbol, number, number, metadata={"a": "b"})
    assert writer_of(Quote).write(with_more) is None
    assert not writer_of(Quote).doubts(with_more)


@given(st.lists(ANY, min_size=11, max_size=11))
@settings(max_examples=500)
def test_what_a_reader_would_refuse_is_doubted_but_for_bounds_and_what_is_unknown(values: list[object]) -> None:
    """And what is doubted is looked at closely: it may be right (a whole float for an int)."""
    writer = writer_of(Declared)
    read = msgspec.msgpack.Decoder(Declared).decode
    for place, field in enumerate(Declared.__struct_fields__):
        message = msgspec.structs.replace(RIGHT, **{field: values[place]})
        doubted = writer.doubts(message)
        refused = ""
        try:
            read(ENCODE(message))
        except msgspec.ValidationError as wrong:
            refused = str(wrong)
        if refused:
            assert doubted or field in ("bounded", "unknown"), f"{field}: {refused}"
        else:
            assert not doubted or type(values[place]) is float, (field, values[place])


def test_a_class_that_is_never_plain_is_looked_at_all_the_same() -> None:
    looks = writer_of(Nested, Looked)
    assert not looks.doubts(Looked([1], 7))
    assert looks.doubts(Looked([1], cast("Any", "7")))
    assert looks.write(Looked([1], 7)) is None
    assert not looks.doubts(object())


class Looked(Message, type_id=1012):
    numbers: list[int]
    number: int
