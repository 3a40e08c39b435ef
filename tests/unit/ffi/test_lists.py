"""Lists of plain messages made natively: what msgspec's list decode makes of the same bytes, value by value."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actorbus.codec import FormatId
from actorbus.ffi import PollPort, again_of, make_list_reader
from actorbus.ffi.lists import members_of
from actorbus.ffi.ports import port_type
from actorbus.message import Message, type_id_of
from actorbus.messages import AssetClass, Quote
from tests.support.fixed import Fed, fed_port

INT64 = st.integers(-(2**63), 2**63 - 1)


class Plain(Message, type_id=1001):
    number: int
    text: str
    rate: float
    key: bytes
    live: bool


class Loose(Message, type_id=40_001):
    number: int | None
    rate: float | None = None
    mixed: int | float | str | bool | None = None
    ratio: float | bytes | None = None
    tags: dict[str, str] | None = None


class Empty(Message, type_id=1003):
    pass


class Wide(Message, type_id=1004):
    a: int = 0
    b: int = 1
    c: int = 2
    d: int = 3
    e: int = 4
    f: int = 5
    g: int = 6
    h: int = 7
    i: int = 8
    j: int = 9
    k: int = 10
    l: int = 11  # noqa: E741 - the twelfth of sixteen
    m: int = 12
    n: int = 13
    o: int = 14
    p: str = "p"


class Newer(Message, type_id=1001, version=2):
    number: int
    text: str
    rate: float
    key: bytes
    live: bool
    note: str = "none"


class Side(enum.IntEnum):
    UNKNOWN = 0
    BUY = 1
    SELL = 63


class Far(enum.IntEnum):
    OUT = 64


class Venue(enum.Enum):
    HERE = "here"


class Constrained(Message, type_id=1005):
    number: Annotated[int, msgspec.Meta(ge=0)]


class Coded(Message, type_id=1006):
    side: Side
    other: Side | None = None


class Named(Message, type_id=1012):
    venue: Venue


class Nested(Message, type_id=1007):
    inner: Plain


class Hooked(Message, type_id=1008):
    number: int

    def __post_init__(self) -> None:
        assert self.number is not None


BuiltIn: Any = Quote


class Finalised(Message, type_id=1009):
    number: int

    def __del__(self) -> None:
        assert isinstance(self.number, int)


class Unhashable(Message, type_id=1010):
    numbers: list[Annotated[int, [1]]]


CLASSES = (Plain, Loose, Empty, Wide, Coded, BuiltIn)
TEXT = st.text(max_size=40) | st.sampled_from(["EURUSD", "€" * 5, "x" * 16, "x" * 17, "x" * 300, "x" * 70_000])
MESSAGES = st.one_of(
    st.builds(Plain, INT64, TEXT, st.floats() | st.integers(-(2**60), 2**60), st.binary(max_size=300), st.booleans()),
    st.builds(
        Loose,
        st.none() | INT64,
        st.none() | st.floats() | INT64,
        st.none() | INT64 | st.floats() | TEXT | st.booleans(),
        st.none() | INT64 | st.floats() | st.binary(max_size=9),
    ),
    st.just(Empty()),
    st.builds(Wide, *[INT64] * 15, TEXT),
    st.builds(Coded, st.sampled_from(Side), st.none() | st.sampled_from(Side)),
    st.builds(Quote, TEXT, INT64, INT64, asset_class=st.sampled_from(AssetClass)),
)


def reader_for(*classes: type[Message]) -> tuple[Any, Callable[[object], list[object]]]:
    """Return the native reader of these classes, and msgspec's decode behind it."""
    decode = msgspec.msgpack.Decoder(cast("Any", list[union(classes)])).decode
    read = make_list_reader(classes, decode)
    assert read is not decode
    return cast("Any", read).__self__, decode


def union(classes: Sequence[type]) -> Any:
    made: Any = classes[0]
    for cls in classes[1:]:
        made |= cls
    return made


def told(read: Callable[[PollPort], list[object]], port: PollPort) -> object:
    """Return the messages with the types of their values (and NaN equal to itself), or the error's text."""
    try:
        messages = read(port)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return str(error)
    return [(type(m), [(type(v), repr(v)) for v in msgspec.structs.astuple(cast("Any", m))]) for m in messages]


def fill(fed: Fed, bodies: Sequence[tuple[int, bytes]]) -> PollPort:
    for type_id, body in bodies:
        assert fed.bodies([body], type_id)
    assert fed.poll() == len(bodies)
    return fed.port


def encoded(*messages: Message) -> list[tuple[int, bytes]]:
    return [(type_id_of(type(message)), msgspec.msgpack.encode(message)) for message in messages]


@given(st.lists(MESSAGES, min_size=1, max_size=40))
@example([Loose(None, None, None, None, {"a": "b"})])
def test_any_messages_come_out_as_msgspec_makes_them(messages: list[Message]) -> None:
    reader, decode = reader_for(*CLASSES)
    with fed_port(*CLASSES, form=FormatId.MSGPACK, batch=(64, 8 << 20)) as fed:
        port = fill(fed, encoded(*messages))
        assert told(reader.read, port) == told(decode, port)
        assert reader.batches == (not any(isinstance(m, Loose) and m.tags for m in messages))


VALUES: list[bytes] = [
    b"\x00", b"\x7f", b"\xe0", b"\xff", b"\xcc\x05", b"\xcd\x00\x05", b"\xce\0\0\0\x05", b"\xcf" + b"\0" * 7 + b"\5",
    b"\xd0\x80", b"\xd1\x80\0", b"\xd2\x80\0\0\0", b"\xd3\x80" + b"\0" * 7, b"\xca\x3f\x80\0\0", b"\xcb" + b"\x7f" * 8,
    b"\xc0", b"\xc2", b"\xc3", b"\xa0", b"\xa2hi", b"\xd9\x02hi", b"\xda\0\x02hi", b"\xdb\0\0\0\x02hi", b"\xa2\xff\xff",
    b"\xa3\xed\xa0\x80", b"\xa1\0", b"\xc4\x02hi", b"\xc5\0\x02hi", b"\xc6\0\0\0\x02hi", b"\x80", b"\x90", b"\x91\x05",
    b"\xc7\x04\xff\0\0\0\0", b"\xd6\xff\0\0\0\0",
]  # fmt: skip
"""Every way to write a value, the longer ways too."""


@pytest.mark.parametrize("value", VALUES, ids=bytes.hex)
@pytest.mark.parametrize("place", range(5))
def test_any_value_at_any_place_is_read_or_refused_as_msgspec_does(place: int, value: bytes) -> None:
    parts = [b"\x01", b"\xa1t", b"\xcb" + b"\0" * 8, b"\xc4\x01k", b"\xc3"]
    parts[place] = value
    reader, decode = reader_for(Plain)
    with fed_port(Plain, form=FormatId.MSGPACK) as fed:
        port = fill(fed, [(1001, b"\x96\xcd\x03\xe9" + b"".join(parts))])
        assert told(reader.read, port) == told(decode, port)


@pytest.mark.parametrize("value", VALUES, ids=bytes.hex)
@pytest.mark.parametrize("place", range(5))
def test_the_same_for_fields_of_several_kinds(place: int, value: bytes) -> None:
    parts = [b"\xc0"] * 5
    parts[place] = value
    reader, decode = reader_for(Loose)
    with fed_port(Loose, form=FormatId.MSGPACK) as fed:
        port = fill(fed, [(40_001, b"\x96\xcd\x9c\x41" + b"".join(parts))])
        assert told(reader.read, port) == told(decode, port)


@pytest.mark.parametrize(
    ("body", "natively"),
    [
        (b"\xdc\x00\x06\xcd\x03\xe9\x01\xa1t\x02\xc4\x01k\xc3", True),  # a longer head
        (b"\x96\xce\0\0\x03\xe9\x01\xa1t\x02\xc4\x01k\xc3", True),  # a longer type id
        (b"\xdd\0\0\0\x06\xcd\x03\xe9\x01\xa1t\x02\xc4\x01k\xc3", False),
        (b"\x95\xcd\x03\xe9\x01\xa1t\x02\xc4\x01k", False),  # a value too few
        (b"\x97\xcd\x03\xe9\x01\xa1t\x02\xc4\x01k\xc3\x05", False),  # one of a newer version
    ],
)
def test_bodies_of_another_length_or_another_head(body: bytes, natively: bool) -> None:
    reader, decode = reader_for(Plain)
    with fed_port(Plain, form=FormatId.MSGPACK) as fed:
        port = fill(fed, [(1001, body)])
        assert told(reader.read, port) == told(decode, port)
        assert reader.batches == natively


def test_one_body_of_an_older_version_has_its_defaults_and_the_reader_comes_back() -> None:
    reader, _ = reader_for(Newer)
    old, new = Plain(1, "a", 2.0, b"k", True), Newer(1, "a", 2.0, b"k", True, "new")
    with fed_port(Newer, form=FormatId.MSGPACK) as fed:
        assert reader.read(fill(fed, encoded(new, old))) == [new, Newer(1, "a", 2.0, b"k", True)]
        port = fill(fed, encoded(new, new))
        for _ in range(32):
            assert reader.read(port) == [new, new]
        assert reader.batches == 0, "they were left to msgspec"
        assert reader.read(port) == [new, new]
        assert reader.batches == 1


def test_what_is_wrong_is_told_by_msgspec() -> None:
    reader, _ = reader_for(Plain)
    with fed_port(Plain, form=FormatId.MSGPACK) as fed:
        port = fill(fed, [(1001, b"\x96\xcd\x03\xe9\x01\x05\xcb" + b"\0" * 8 + b"\xc4\x01k\xc3")])
        with pytest.raises(msgspec.ValidationError, match=r"Expected `str`, got `int` - at `\$\[0\]\[2\]`"):
            reader.read(port)


def test_short_text_that_came_before_is_shared_and_long_text_is_not() -> None:
    reader, _ = reader_for(Plain)
    with fed_port(Plain, form=FormatId.MSGPACK) as fed:
        plain = [Plain(number, text, 0.0, b"", False) for number in range(2) for text in ("EURUSD", "x" * 17)]
        first, long, again, longer = reader.read(fill(fed, encoded(*plain)))
        assert first.text is again.text
        assert long.text == longer.text
        assert long.text is not longer.text


def test_texts_that_differ_in_one_letter_do_not_push_one_another_out() -> None:
    reader, _ = reader_for(Plain)
    with fed_port(Plain, form=FormatId.MSGPACK) as fed:
        port = fill(fed, encoded(*[Plain(0, f"EURUSD.{number % 64:04}", 0.0, b"", False) for number in range(256)]))
        assert len({id(message.text) for message in reader.read(port)}) < 80, "64 texts, met four times"


def test_more_texts_than_are_kept_come_out_right() -> None:
    reader, _ = reader_for(Plain)
    with fed_port(Plain, form=FormatId.MSGPACK) as fed:
        for turn in range(10):
            plain = [Plain(0, f"{turn}{number * number}", 0.0, b"", False) for number in range(250)]
            assert reader.read(fill(fed, encoded(*plain))) == plain
        assert reader.batches == 10


def test_every_reference_is_given_back() -> None:
    class Held(Message, type_id=1009):
        number: int | None
        text: str | None = None

    reader, _ = reader_for(Held)
    with fed_port(Held, form=FormatId.MSGPACK) as fed:
        port = fill(fed, encoded(*[Held(None)] * 50, Held(300, "x" * 40)))
        held, none = sys.getrefcount(Held), sys.getrefcount(None)
        for _ in range(20):
            assert len(reader.read(port)) == 51
        assert sys.getrefcount(Held) == held
        assert abs(sys.getrefcount(None) - none) < 50
        fill_wrong = [*encoded(*[Held(None)] * 50), (1009, b"\x93\xcd\x03\xf1\xc0\xc3")]
        fill(fed, fill_wrong)
        for _ in range(99):
            with pytest.raises(msgspec.ValidationError):
                reader.read(port)
        assert sys.getrefcount(Held) == held


def test_another_buffer_goes_to_msgspec() -> None:
    reader, _ = reader_for(Plain)
    message = Plain(1, "a", 2.0, b"k", True)
    assert reader.read(msgspec.msgpack.encode([message])) == [message]
    assert reader.batches == 0


@pytest.mark.parametrize("cls", [Constrained, Named, Nested, Hooked, Finalised, Unhashable, dict])
def test_classes_that_are_not_plain_are_left_to_msgspec(cls: type) -> None:
    def decode(_buffer: object) -> list[object]:
        return []

    assert make_list_reader((cls,), decode) is decode
    assert make_list_reader((Plain, cls), decode) is decode


class Held(Message, type_id=1013):
    text: object


TEXT_OF = object()


def test_a_sample_that_native_code_cannot_learn_from_is_refused() -> None:
    reader = port_type("ListReader")
    with pytest.raises(ValueError, match="without the collector"):
        reader(len, (([], (), 1001, b"", ()),))
    with pytest.raises(ValueError, match="no slot of"):
        reader(len, ((Plain(1, "t", 2.0, b"k", True), (object(),), 1001, b"\1", (None,)),))
    with pytest.raises(ValueError, match="one value a field"):
        reader(len, ((Empty(), (1,), 1001, b"", ()),))
    with pytest.raises(ValueError, match="at most 64, by number"):
        reader(len, ((Held(TEXT_OF), (TEXT_OF,), 1001, b"\x80", ((None,) * 65,)),))


def test_structs_laid_out_otherwise_are_msgspecs_alone_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no slot holds field 0 alone")

    monkeypatch.setattr("actorbus.ffi.lists.port_type", lambda _: refuse)
    decode = msgspec.msgpack.Decoder(list[Plain]).decode
    assert make_list_reader([Plain], cast("Callable[[PollPort], list[object]]", decode)) is decode
    assert "no slot holds field 0 alone" in caplog.text


def test_the_first_message_of_the_last_batch_can_be_read_again() -> None:
    reader, decode = reader_for(Plain, Loose)
    sent = [Loose(7, 1.5), Plain(1, "EURUSD", 2.0, b"k", True)]
    assert again_of(decode) is None
    assert reader.again() == []
    with fed_port(Plain, Loose, form=FormatId.MSGPACK) as fed:
        assert reader.read(fill(fed, [(type_id_of(type(m)), msgspec.msgpack.encode(m)) for m in sent])) == sent
        assert fed.poll() == 0  # the batch is gone: what is read again is a copy
        assert reader.again() == sent[:1]
        assert reader.again() == sent[:1]
        long = Plain(1, "x" * 300, 2.0, b"k", True)
        assert reader.read(fill(fed, [(1001, msgspec.msgpack.encode(long))])) == [long]
        assert reader.again() == []  # too long to be kept


@pytest.mark.parametrize("body", [(1006, 2), (1006, 64), (1006, -1), (1006, "BUY"), (1006, 1, 99)])
def test_a_number_that_no_member_has_is_msgspecs_to_refuse(body: tuple[object, ...]) -> None:
    reader, decode = reader_for(Coded)
    with fed_port(Coded, form=FormatId.MSGPACK) as fed:
        port = fill(fed, [(1006, msgspec.msgpack.encode(body))])
        assert told(reader.read, port) == told(decode, port)
        assert reader.batches == 0


def test_an_enumeration_whose_numbers_are_out_of_reach_is_msgspecs() -> None:
    assert members_of(Side) == (Side.UNKNOWN, Side.BUY, *[None] * 61, Side.SELL)
    assert members_of(Far) is None
    assert members_of(Venue) is None
    assert members_of(Side | Far) == members_of(Side)
    assert members_of(Side | AssetClass) is None
    assert members_of(int) is None
