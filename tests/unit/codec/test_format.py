"""What formats share."""

from __future__ import annotations

import pytest

from actorbus.codec.format import Decoding, as_decode_error, union_of
from actorbus.errors import DecodeError, FrameCorrupt, UsageError
from actorbus.messages import Bar, Quote


def test_a_union_is_what_a_decoder_is_made_of() -> None:
    assert union_of([Bar], "msgpack") is Bar
    assert union_of([Bar, Quote], "msgpack") == Bar | Quote


def test_a_format_of_messages_needs_messages() -> None:
    with pytest.raises(UsageError, match="format json without message types; name the stream's messages"):
        _ = union_of([], "json")


def test_a_decoding_without_a_batch_goes_one_by_one() -> None:
    decoding = Decoding(bytes)
    assert decoding.batch is None
    assert decoding.one(bytearray(b"x")) == b"x"


def test_what_a_decoder_raised_becomes_a_decode_error_with_its_cause() -> None:
    cause = ValueError("odd")
    error = as_decode_error(cause, where="stream bars")
    assert type(error) is DecodeError
    assert str(error) == "ValueError: odd, stream bars"
    assert error.__cause__ is cause


def test_a_decode_error_stays_what_it_is() -> None:
    error = FrameCorrupt("x")
    assert as_decode_error(error) is error
