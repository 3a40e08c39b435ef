"""inv_chain_round_trips: what goes through a chain comes back equal, for every format and every order of stages."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Buffer

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.codec import Chain, Stage, format_named
from actorbus.errors import DecodeError
from actorbus.message import Message
from actorbus.messages import Bar, BookUpdate, Control, Event, News, Order, Quote, Status, Trade, TradePrint, enums

TYPES = (Quote, TradePrint, Bar, BookUpdate, News, Status, Order, Trade, Event, Control)
INT64 = st.integers(-(2**63), 2**63 - 1)


class Squeeze:
    """A real compressor with a bound, standing in for those to come: its law is theirs."""

    kind = "compress"
    name = "zlib"

    def apply(self, body: bytes, /) -> bytes:
        return zlib.compress(body, 1)

    def undo(self, body: Buffer, /) -> bytes:
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(body, 1 << 20)
        except zlib.error as error:
            raise DecodeError(f"not compressed: {error}") from None
        if not inflate.eof or inflate.unused_data:
            raise DecodeError("compressed data is cut short, too long, or followed by something")
        return data


class Check:
    """A checksum at the end, standing in for signatures: a changed byte is noticed."""

    kind = "sign"
    name = "crc32"

    def apply(self, body: bytes, /) -> bytes:
        return body + struct.pack("<I", zlib.crc32(body))

    def undo(self, body: Buffer, /) -> bytes:
        given_ = bytes(body)
        if len(given_) < 4 or struct.pack("<I", zlib.crc32(given_[:-4])) != given_[-4:]:
            raise DecodeError("checksum differs")
        return given_[:-4]


STAGES: tuple[Stage, ...] = (Squeeze(), Check())
COMBINATIONS = ((), STAGES[:1], STAGES[1:], STAGES)
CHAINS_OF = {
    name: [Chain(format_named(name), TYPES, stages) for stages in COMBINATIONS] for name in ("msgpack", "json")
}


def messages() -> st.SearchStrategy[Message]:
    return st.one_of(
        [
            st.builds(cls, **{field.name: field_values(field.type) for field in msgspec.structs.fields(cls)})
            for cls in TYPES
        ]
    )


def field_values(annotation: object) -> st.SearchStrategy[object]:
    name = getattr(annotation, "__name__", str(annotation))
    if hasattr(enums, name):
        return st.sampled_from(list(getattr(enums, name)))
    if annotation is str:
        return st.text(max_size=20)
    if annotation is int or name in ("Price", "Quantity"):
        return INT64
    assert "dict" in str(annotation), annotation
    return st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)


@pytest.mark.parametrize("name", ["msgpack", "json"])
@given(message=messages())
def test_inv_chain_round_trips(name: str, message: Message) -> None:
    for chain in CHAINS_OF[name]:
        assert chain.encode is not None
        decoded = chain.decoding.one(chain.encode(message))
        assert decoded == message
        assert type(decoded) is type(message)


@pytest.mark.parametrize("stages", COMBINATIONS[1:], ids=lambda stages: "+".join(stage.name for stage in stages))
@given(body=st.binary(max_size=200))
def test_inv_chain_round_trips_for_raw_bytes(stages: tuple[Stage, ...], body: bytes) -> None:
    chain = Chain(format_named("raw"), (), stages)
    assert chain.encode is not None
    assert chain.decoding.one(chain.encode(body)) == body


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
@given(body=st.binary(max_size=200))
def test_undo_is_the_inverse_of_apply(stage: Stage, body: bytes) -> None:
    assert stage.undo(stage.apply(body)) == body


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
@given(body=st.binary(max_size=200))
def test_undo_of_strangers_bytes_is_an_answer_or_a_decode_error(stage: Stage, body: bytes) -> None:
    try:
        data = stage.undo(body)
    except DecodeError:
        return
    assert stage.undo(stage.apply(data)) == data


@given(st.lists(messages(), max_size=20))
def test_a_batch_decodes_to_what_one_by_one_does(batch: list[Message]) -> None:
    chain = CHAINS_OF["msgpack"][0]
    assert chain.encode is not None
    assert chain.decoding.batch is not None
    bodies = [chain.encode(message) for message in batch]
    buffer = b"\xdd" + struct.pack(">I", len(bodies)) + b"".join(bodies)
    assert chain.decoding.batch(buffer) == batch == [chain.decoding.one(body) for body in bodies]
