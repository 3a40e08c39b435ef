"""Layouts, natively: packing, flyweights, arrays; what is kept stays what it was, or raises."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from typing import Annotated, Any, cast

import msgspec
import numpy as np
import pytest

from actorbus.errors import UsageError
from actorbus.ffi import make_fixed, make_layout, make_packer
from actorbus.ffi.native import lib
from actorbus.message import Chars, Int32, Message
from tests.support.fixed import Halt, Side, Tick, fed_port

TICK = Tick("EUR€", 1.5, 7, Side.BUY)
BODY = b"EUR\xe2\x82\xac\0\0" + struct.pack("<dii?", 1.5, 7, 5, True)


class Later(Message, type_id=1001, version=2):
    """Tick, a version later."""

    symbol: Annotated[str, Chars(8)]
    bid: float
    size: Int32
    side: Side = Side.NONE
    live: bool = True
    note: int = 42


def test_a_message_is_packed_as_the_page_says_and_comes_back() -> None:
    layout = make_layout(Tick)
    assert layout.pack(TICK) == struct.pack("<H", 1001) + BODY
    assert layout.unpack(BODY, 1) == TICK
    assert make_layout(Tick) is layout
    assert layout.cls is Tick


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (Tick("123456789", 1.0, 1), "Tick.symbol is '123456789': 9 bytes of UTF-8, and the field has 8"),
        (Tick("a\0b", 1.0, 1), "Tick.symbol is 'a\\x00b': text of a fixed layout holds no character 0"),
        (Tick("\ud800", 1.0, 1), "it cannot be written as UTF-8"),
        (Tick(b"a", 1.0, 1), "Tick.symbol is b'a': expected `str`"),  # type: ignore[arg-type] - wrong on purpose
        (Tick("a", "x", 1), "Tick.bid is 'x': expected `float`"),  # type: ignore[arg-type] - wrong on purpose
        (Tick("a", 10**400, 1), "Tick.bid is 1000"),
        (Tick("a", 1.0, 2**31), "Tick.size is 2147483648: it must be from -2147483648 to 2147483647"),
        (Tick("a", 1.0, 2**70), "it must be from -2147483648 to 2147483647"),
        (Tick("a", 1.0, True), "Tick.size is True: expected `int`"),
        (Tick("a", 1.0, 1, cast("Side", 4)), "Tick.side is 4: no member has this value"),
        (Tick("a", 1.0, 1, cast("Side", "BUY")), "Tick.side is 'BUY': expected a member"),
        (Tick("a", 1.0, 1, Side.BUY, cast("bool", 1)), "Tick.live is 1: expected `bool`"),
        (Halt(1, b"abc"), "Halt.key is b'abc': 3 bytes, and the field takes exactly 4"),
        (Halt(1, cast("bytes", "abcd")), "Halt.key is 'abcd': expected `bytes`"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_value_and_bound(message: Message, complaint: str) -> None:
    with pytest.raises((ValueError, TypeError)) as refused:
        _ = make_layout(type(message)).pack(message)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("body", "version", "complaint"),
    [
        (BODY[:-1], 1, "a body of 24 bytes and version 1 is none of a layout of 25 bytes and version 1"),
        (BODY + b"\0", 1, "a body of 26 bytes"),
        (BODY[:17], 0, "a body of 17 bytes"),  # within a field
        (BODY[:16], 0, "a body of 16 bytes"),  # `size` has no default
        (b"", 0, "a body of 0 bytes"),
        (BODY[:-1] + b"\2", 1, "field live"),
        (b"\xff" + BODY[1:], 1, "field symbol"),
        (BODY[:7] + b"x" + BODY[8:], 1, "field symbol"),  # not 0 behind the first 0
        (BODY[:20] + struct.pack("<i", 1) + BODY[24:], 1, "field side"),
    ],
)
def test_a_body_that_is_none_is_refused(body: bytes, version: int, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        _ = make_layout(Tick).unpack(body, version)


def test_a_body_of_another_version_is_cut_or_filled_up_with_defaults() -> None:
    new = make_layout(Later).pack(Later("A", 1.0, 2, Side.SELL, False, 9))[2:]
    assert make_layout(Tick).unpack(new, 2) == Tick("A", 1.0, 2, Side.SELL, False)
    assert make_layout(Later).unpack(BODY, 1) == Later("EUR€", 1.5, 7, Side.BUY, True, 42)
    assert make_layout(Tick).unpack(BODY[:24], 0) == Tick("EUR€", 1.5, 7, Side.BUY)
    assert make_layout(Tick).unpack(BODY[:20], 0) == Tick("EUR€", 1.5, 7)


def test_a_packer_knows_the_classes_of_its_stream() -> None:
    pack = make_packer([make_layout(Tick), make_layout(Halt)])
    assert pack(TICK)[2:] == BODY
    assert pack(Halt(3))[:2] == struct.pack("<H", 1002)
    assert pack("what the stream does not carry") == b"\0\0"  # type 0: no stream declares it


def test_flyweights_are_the_messages_while_they_are_handled() -> None:
    with fed_port(Tick, Halt) as fed:
        fixed = make_fixed(fed.port, [make_layout(Tick), make_layout(Halt)])
        assert fed.messages(TICK, Halt(5), Tick("B", 2.0, 3))
        assert fed.poll() == 3
        seen: list[object] = []
        for message in fixed.open():
            assert isinstance(message, (Tick, Halt))
            assert type(message) is make_layout(message.__class__).flyweight
            seen.append(message.copy())
            match message:
                case Tick(symbol, bid):
                    assert (symbol, bid, message.value) in [("EUR€", 1.5, 10.5), ("B", 2.0, 6.0)]
                    assert repr(message).startswith(f"Tick(symbol={symbol!r}")
                    assert message == seen[-1]
                    assert hash(message) == hash(seen[-1])
                    with pytest.raises(AttributeError, match="immutable"):
                        message.bid = 3.0  # type: ignore[misc] - wrong on purpose
                case _:
                    assert message.key == b"\0\1\2\0"
        fixed.close()
        assert seen == [TICK, Halt(5), Tick("B", 2.0, 3)]


def test_a_flyweight_that_was_kept_never_shows_another_message() -> None:
    with fed_port(Tick) as fed:
        fixed = make_fixed(fed.port, [make_layout(Tick)])
        assert fed.messages(Tick("A", 1.0, 1), Tick("B", 2.0, 2), Tick("C", 3.0, 3))
        _ = fed.poll()
        kept: list[Tick] = []
        for message in fixed.open():
            assert isinstance(message, Tick)
            if message.symbol != "B":
                kept.append(message)
            if message.symbol == "B":
                with pytest.raises(UsageError, match=r"read after its message was handled.*keep message.copy\(\)"):
                    _ = kept[0].symbol
        fixed.close()
        for stale in kept:
            assert repr(stale).startswith("<stale")
            with pytest.raises(UsageError, match="read after"):
                _ = stale.bid
            with pytest.raises(UsageError, match="read after"):
                _ = stale.copy()
            with pytest.raises(UsageError, match="read after"):
                _ = make_packer([make_layout(Tick)])(stale)


def test_a_flyweight_is_published_again_as_it_lies() -> None:
    with fed_port(Tick) as fed:
        fixed = make_fixed(fed.port, [make_layout(Tick)])
        assert fed.messages(TICK)
        _ = fed.poll()
        for message in fixed.open():
            assert make_packer([make_layout(Tick)])(message)[2:] == BODY
            assert msgspec.structs.replace(cast("Tick", message).copy(), size=8).size == 8
        fixed.close()


def test_the_port_does_not_poll_while_its_batch_is_open() -> None:
    with fed_port(Tick) as fed:
        fixed = make_fixed(fed.port, [make_layout(Tick)])
        assert fed.messages(TICK)
        _ = fed.poll()
        _ = fixed.open()
        with pytest.raises(BufferError):
            _ = fed.port.poll()
        fixed.close()
        fixed.close()
        assert fed.port.poll() == 0


def as_array(buffer: object) -> Any:
    from actorbus.dispatch import as_columns

    return as_columns(Tick, buffer)


def test_columns_of_one_type_show_the_batch_itself_and_survive_it_when_kept() -> None:
    with fed_port(Tick, batch=(4, 4096)) as fed:
        fixed = make_fixed(fed.port, [make_layout(Tick)])
        assert fed.messages(*(Tick("A", float(number), number) for number in range(3)))
        _ = fed.poll()
        _ = fixed.open()
        found = fixed.columns(0)
        assert found is not None
        buffer, places = found
        assert places is None
        array = as_array(buffer)
        assert array["bid"].tolist() == [0.0, 1.0, 2.0]
        assert not array.flags.writeable
        del buffer, found
        fixed.close()
        assert fed.messages(*(Tick("B", 9.0, 9) for _ in range(3)))
        _ = fed.poll()
        assert array["bid"].tolist() == [0.0, 1.0, 2.0]
        assert fixed.open() is fixed
        assert [cast("Tick", message).bid for message in fixed] == [9.0] * 3
        fixed.close()


def test_columns_of_a_mixed_batch_are_gathered_by_type() -> None:
    with fed_port(Tick, Halt) as fed:
        fixed = make_fixed(fed.port, [make_layout(Tick), make_layout(Halt)])
        assert fed.messages(Tick("A", 1.0, 1), Halt(1), Tick("B", 2.0, 2), Halt(2))
        _ = fed.poll()
        _ = fixed.open()
        found = fixed.columns(0)
        assert found is not None
        assert as_array(found[0])["symbol"].tolist() == [b"A", b"B"]
        assert found[1] == [0, 2]
        fixed.close()
        assert fed.messages(Halt(3))
        _ = fed.poll()
        _ = fixed.open()
        assert fixed.columns(0) is None
        with pytest.raises(IndexError):
            _ = fixed.columns(2)
        fixed.close()


def test_the_longer_batches_of_columns_take_what_they_say() -> None:
    with fed_port(Tick, batch=(2048, 256 << 10)) as fed:
        body = BODY
        assert fed.bodies([body] * 3000, 1001) is False  # the batch frame is cut where the batch is full
        assert fed.poll() == 2048
        assert np.frombuffer(fed.port.copy()[0], "u1").size == 8 + 2048 * 32


def test_received_bytes_are_those_of_the_wire() -> None:
    with fed_port(Tick) as fed:
        assert fed.bodies([BODY] * 10, 1001)
        _ = fed.poll()
        assert fed.counters[lib.AB_RECEIVED_BYTES] == 10 * len(BODY)


class Amount(Message, type_id=1011):
    """Has special methods of its own."""

    units: Int32
    price: float = 1.0

    def __bool__(self) -> bool:
        return self.units > 0

    def __len__(self) -> int:
        return self.units

    def __str__(self) -> str:
        return f"<<{self.units}>>"

    def __format__(self, wanted: str) -> str:
        return f"{wanted}{self.units}"

    def __float__(self) -> float:
        return self.price

    def __getitem__(self, index: int) -> int:
        return index + self.units

    def __lt__(self, other: Amount) -> bool:
        return self.units < other.units

    def __add__(self, other: int) -> Amount:
        return Amount(self.units + other, self.price)

    @classmethod
    def of(cls, units: int) -> Amount:
        return cls(units)

    @staticmethod
    def double(units: int) -> int:
        return 2 * units


@pytest.mark.parametrize(
    "look",
    [
        bool,
        len,
        str,
        float,
        lambda m: f"{m:x}",
        lambda m: m[1],
        lambda m: m < Amount(9),
        lambda m: m + 1,
        lambda m: m.of(3),
        lambda m: m.double(4),
        copy.copy,
        copy.deepcopy,
        lambda m: pickle.loads(pickle.dumps(m)),
    ],
)
@pytest.mark.parametrize("units", [0, 3])
def test_special_methods_of_a_flyweight_are_those_of_the_message(look: Callable[[Any], object], units: int) -> None:
    with fed_port(Amount) as fed:
        assert fed.messages(Amount(units))
        assert fed.poll() == 1
        fixed = make_fixed(fed.port, [make_layout(Amount)])
        for message in fixed.open():
            assert look(message) == look(Amount(units))
            assert type(look(message)) is type(look(Amount(units)))
        fixed.close()


def test_an_array_is_not_parted_from_bytes_that_somebody_else_looks_at() -> None:
    with fed_port(Tick) as fed:
        assert fed.messages(Tick("A", 1.0, 2))
        assert fed.poll() == 1
        view = memoryview(cast("Any", fed.port))
        seen = bytes(view)
        fixed = make_fixed(fed.port, [make_layout(Tick)])
        fixed.open()
        kept = fixed.columns(0)
        with pytest.raises(BufferError, match="release that first"):
            fixed.close()
        assert bytes(view) == seen
        view.release()
        fixed.close()
        del kept
