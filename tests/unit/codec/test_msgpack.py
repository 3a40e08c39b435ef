"""Format msgpack: a batch in one call, schemas that grow, wrong bodies refused."""

from __future__ import annotations

import struct
import types
from typing import Any

import msgspec
import pytest

from actorbus.codec.msgpack import Msgpack
from actorbus.errors import UsageError
from actorbus.message import Message
from actorbus.messages import Bar, Quote, built_in_messages


class Old(Message, type_id=1001, version=1):
    symbol: str


class New(Message, type_id=1001, version=2):
    symbol: str
    reason: str = "none"
    level: int = 3


MESSAGES = [Quote("EURUSD", 1, 2), Bar("IBM", 1, 2, 3, 4, 5), Quote("é", -(2**63), 2**63 - 1, metadata={"a": "b"})]
ENCODE = Msgpack().encoder((Quote, Bar))


def batch_of(bodies: list[bytes]) -> bytearray:
    """What the native side makes: an array header and the walked bodies."""
    return bytearray(b"\xdd" + struct.pack(">I", len(bodies)) + b"".join(bodies))


def test_a_batch_is_decoded_in_one_call() -> None:
    decode = Msgpack().decoding((Quote, Bar)).batch
    assert decode is not None
    assert decode(batch_of([ENCODE(message) for message in MESSAGES * 85])) == MESSAGES * 85
    assert decode(memoryview(batch_of([]))) == []


def test_a_body_is_decoded_by_itself() -> None:
    one = Msgpack().decoding((Quote, Bar)).one
    assert [one(ENCODE(message)) for message in MESSAGES] == MESSAGES


def test_one_type_alone_needs_no_union() -> None:
    decoding = Msgpack().decoding((Bar,))
    assert decoding.batch is not None
    assert decoding.batch(batch_of([ENCODE(MESSAGES[1])])) == [MESSAGES[1]]


def test_a_hundred_types_go_together() -> None:
    classes: list[Any] = [
        types.new_class(
            f"M{number}",
            (Message,),
            {"type_id": 2000 + number},
            lambda namespace: namespace.update({"__module__": "app", "__annotations__": {"x": int, "y": str}}),
        )
        for number in range(100)
    ]
    decoding = Msgpack().decoding(classes)
    messages = [cls(7, "z") for cls in classes]
    assert decoding.batch is not None
    assert decoding.batch(batch_of([ENCODE(message) for message in messages])) == messages


def test_a_shorter_body_of_an_older_writer_gets_the_defaults() -> None:
    decoding = Msgpack().decoding((New,))
    assert decoding.one(ENCODE(Old("E"))) == New("E", "none", 3)
    assert decoding.batch is not None
    assert decoding.batch(batch_of([ENCODE(Old("E")), ENCODE(New("F", "x", 1))])) == [New("E"), New("F", "x", 1)]


def test_a_longer_body_of_a_newer_writer_is_read_as_far_as_it_is_known() -> None:
    decoding = Msgpack().decoding((Old,))
    assert decoding.one(ENCODE(New("E", "x", 1))) == Old("E")
    assert decoding.batch is not None
    assert decoding.batch(batch_of([ENCODE(New("E", "x", 1)), ENCODE(Old("F"))])) == [Old("E"), Old("F")]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xc1", b"\x90", msgspec.msgpack.encode([10]), msgspec.msgpack.encode([99, "a", 1, 2]),
        msgspec.msgpack.encode([10, 5, 1, 2]), msgspec.msgpack.encode([10, "a", "1", 2]),
        msgspec.msgpack.encode({"type": 10}), msgspec.msgpack.encode([10, "a", 1, 2]) + b"\x00",
        b"\x94\x0a\xa1\xff\x01\x02", msgspec.msgpack.encode(["10", "a", 1, 2]), b"\x91" * 100_000,
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError, RecursionError)):
        _ = Msgpack().decoding((Quote, Bar)).one(body)


def test_every_built_in_survives() -> None:
    decoding = Msgpack().decoding(tuple(built_in_messages().values()))
    assert [decoding.one(ENCODE(message)) for message in MESSAGES] == MESSAGES


def test_no_types_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="format msgpack without message types"):
        _ = Msgpack().decoding(())


def test_it_says_what_it_is() -> None:
    assert (Msgpack.name, Msgpack.id, Msgpack.per_message) == ("msgpack", 1, False)
