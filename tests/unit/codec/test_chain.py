"""The chain: formats by name, stages in order, what comes later refused."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Any

import msgspec
import pytest

from actorbus.codec.chain import ORDER, Chain, format_named, refusal
from actorbus.errors import DecodeError, UsageError
from actorbus.messages import Quote

QUOTE = Quote("EURUSD", 1, 2)


class Mark:
    """A stage that puts its letter around the body."""

    def __init__(self, kind: str, letter: bytes) -> None:
        self.kind = kind
        self.name = f"mark {letter!r}"
        self._letter = letter

    def apply(self, body: bytes, /) -> bytes:
        return self._letter + body + self._letter

    def undo(self, body: Buffer, /) -> bytes:
        given = bytes(body)
        if len(given) < 2 or not given.startswith(self._letter) or not given.endswith(self._letter):
            raise DecodeError("not marked")
        return given[1:-1]


STAGES = (Mark("compress", b"c"), Mark("seal", b"e"), Mark("sign", b"s"))


@pytest.mark.parametrize(("name", "number"), [("raw", 0), ("msgpack", 1), ("json", 2)])
def test_a_format_is_found_by_its_name(name: str, number: int) -> None:
    form = format_named(name)
    assert (form.name, form.id) == (name, number)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("protobuf", "format protobuf comes with a later issue"), ("xml", "'xml' is unknown")],
)
def test_a_format_that_is_not_there_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        _ = format_named(name)


def test_a_chain_without_stages_is_its_format() -> None:
    """Not one Python call more: the very function of msgspec."""
    chain = Chain(format_named("msgpack"), (Quote,))
    assert type(chain.encode).__name__ == "builtin_function_or_method"
    assert type(chain.decoding.one).__name__ == "builtin_function_or_method"
    assert type(chain.decoding.batch).__name__ == "builtin_function_or_method"


def test_stages_run_in_order_and_back() -> None:
    chain = Chain(format_named("json"), (Quote,), STAGES)
    assert chain.encode is not None
    body = chain.encode(QUOTE)
    assert body == b"sec" + msgspec.json.encode(QUOTE) + b"ces"
    assert chain.decoding.one(body) == QUOTE


def test_a_chain_with_stages_decodes_message_by_message() -> None:
    assert Chain(format_named("msgpack"), (Quote,), STAGES).decoding.batch is None


def test_a_stage_that_refuses_stops_the_decode() -> None:
    chain = Chain(format_named("json"), (Quote,), STAGES)
    with pytest.raises(DecodeError, match="not marked"):
        _ = chain.decoding.one(msgspec.json.encode(QUOTE))


def test_raw_bytes_go_through_stages_too() -> None:
    chain = Chain(format_named("raw"), (), STAGES[2:])
    assert chain.encode is not None
    assert chain.encode(memoryview(b"abc")) == b"sabcs"
    assert chain.decoding.one(b"sabcs") == b"abc"
    with pytest.raises(UsageError, match="str is not bytes-like"):
        _ = chain.encode("abc")


@pytest.mark.parametrize("stages", [STAGES[::-1], (STAGES[0], STAGES[0])])
def test_stages_out_of_order_are_refused(stages: Any) -> None:
    with pytest.raises(UsageError, match="are not in order"):
        _ = Chain(format_named("json"), (Quote,), stages)


def test_verification_comes_before_everything_that_interprets_bytes() -> None:
    assert ORDER == ("compress", "seal", "sign")


@pytest.mark.parametrize(
    ("codec", "complaint"),
    [
        ({}, None),
        ({"form": "raw"}, None),
        ({"form": "protobuf"}, "format protobuf comes with a later issue; use msgpack, json, raw, struct"),
        ({"form": "bson"}, "format 'bson' is unknown; known are msgpack, json, raw, struct, protobuf"),
        ({"compression": "lz4"}, "compression lz4 comes with a later issue; use none"),
        ({"security": "chacha20"}, "security chacha20 comes with a later issue; use none"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_sentence(codec: dict[str, str], complaint: str | None) -> None:
    assert refusal(**codec) == complaint
