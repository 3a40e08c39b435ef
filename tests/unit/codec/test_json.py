"""Format json: arrays that begin with the type id, integers within int64."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest

from actorbus.codec.json import Json
from actorbus.errors import DecodeError
from actorbus.message import Message
from actorbus.messages import Bar, Quote, Severity

type Level = Annotated[int, msgspec.Meta(description="alias of an int")]


class Old(Message, type_id=1001):
    symbol: str


class New(Message, type_id=1001, version=2):
    symbol: str
    level: Level = 3
    maybe: int | None = None
    either: int | str = 0


class One(Message, type_id=1002):
    number: int
    severity: Severity = Severity.INFO


ENCODE = Json().encoder((Quote, Bar))
DECODE = Json().decoding((Quote, Bar, New, One)).one


def test_a_body_is_an_array_that_begins_with_the_type_id() -> None:
    assert ENCODE(Old("é")) == '[1001,"é"]'.encode()


@pytest.mark.parametrize(
    "message",
    [
        Quote("EURUSD", 1, 2, metadata={"a": "b"}),
        Quote("E", -(2**63), 2**63 - 1),
        Bar("IBM", 1, 2, 3, 4, 5),
        New("E", 1, None, "x"),
        New("E", 1, 5, 2),
        One(2**63 - 1, Severity.ERROR),
    ],
)
def test_a_message_survives(message: Message) -> None:
    assert DECODE(ENCODE(message)) == message
    assert DECODE(memoryview(ENCODE(message))) == message


def test_there_is_no_batch() -> None:
    assert Json().decoding((Quote,)).batch is None
    assert Json.per_message


def test_a_shorter_body_of_an_older_writer_gets_the_defaults() -> None:
    assert DECODE(ENCODE(Old("E"))) == New("E")


def test_a_longer_body_of_a_newer_writer_is_read_as_far_as_it_is_known() -> None:
    assert Json().decoding((Old,)).one(ENCODE(New("E", 1))) == Old("E")


@pytest.mark.parametrize(
    "body",
    [
        b'[10,"E",9223372036854775808,1]',
        b'[10,"E",1,-9223372036854775809]',
        b'[1001,"E",9223372036854775808]',
        b'[1001,"E",1,9223372036854775808]',
        b"[1002,99999999999999999999999]",
    ],
)
def test_an_integer_beyond_int64_is_refused_and_named(body: bytes) -> None:
    with pytest.raises(DecodeError, match=r"holds -?9\d+: an integer is an int64"):
        _ = DECODE(body)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[", b"null", b"{}", b"[]", b"[10]", b'[99,"E",1,2]', b'[10,"E",1.5,2]', b'[10,"E",1,2]x',
        b'[10,"\xff",1,2]', b'["10","E",1,2]', b"[10,5,1,2]", b'[10,"E",NaN,2]', b"[" * 100_000,
        b"[1002," + b"9" * 10_000 + b"]",
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, ValueError, RecursionError)):
        _ = DECODE(body)


def test_a_class_without_integers_is_decoded_without_a_look_at_them() -> None:
    assert Json().decoding((Old,)).one(b'[1001,"E"]') == Old("E")
