"""What a refusal means: every code has its result and its error, and the error says what to do."""

from __future__ import annotations

import pytest

import actorbus as ab
from actorbus.dispatch.refusals import (
    ADMIN_ACTION,
    BACK_PRESSURED,
    CLOSED,
    ENCODE,
    FAILED,
    MAX_POSITION,
    NOT_CONNECTED,
    STALE,
    TOO_LARGE,
    UNKNOWN_TYPE,
    OfferResult,
    refusal,
    result_of,
)
from actorbus.errors import (
    BackPressured,
    ClosedError,
    DriverLost,
    EncodeError,
    MessageTooLarge,
    NotConnected,
    UsageError,
)
from actorbus.ffi.native import lib


class Halt(ab.Message, type_id=1001, version=1):
    symbol: str


HALT = Halt("EURUSD")


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        (BACK_PRESSURED, BackPressured, "no room for this Halt after 1.500 s: .* longer term-length"),
        (ADMIN_ACTION, BackPressured, "no room"),
        (NOT_CONNECTED, NotConnected, "no subscriber after 1.500 s: start one"),
        (STALE, ClosedError, "is closed"),
        (CLOSED, DriverLost, "Aeron closed the publication"),
        (MAX_POSITION, ClosedError, "last position"),
        (TOO_LARGE, MessageTooLarge, "this Halt is 4 bytes encoded; stream 'ticks' carries 100"),
        (FAILED, DriverLost, "code -6"),
        (UNKNOWN_TYPE, EncodeError, "cannot be encoded"),
    ],
)
def test_every_code_has_its_error(code: int, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        raise refusal("ticks", (Halt,), 100, HALT, b"body", code, 1_500_000_000)


def test_a_message_of_another_stream_names_what_this_one_carries() -> None:
    quote = ab.Quote("EURUSD", ab.price("1"), ab.price("2"))
    with pytest.raises(UsageError, match="carries Halt, not Quote: add it to `messages`"):
        raise refusal("ticks", (Halt,), 100, quote, b"", UNKNOWN_TYPE)


def test_what_the_encoder_raised_is_the_cause() -> None:
    cause = TypeError("no")
    error = refusal("ticks", (Halt,), 100, Halt(symbol=object()), cause, ENCODE)  # type: ignore[arg-type]
    assert isinstance(error, EncodeError)
    assert "Halt.symbol" in str(error)
    assert error.__cause__ is cause


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (BACK_PRESSURED, OfferResult.BACK_PRESSURED),
        (NOT_CONNECTED, OfferResult.NOT_CONNECTED),
        (STALE, OfferResult.CLOSED),
        (TOO_LARGE, OfferResult.TOO_LARGE),
        (UNKNOWN_TYPE, OfferResult.INVALID),
        (FAILED, OfferResult.FAILED),
        (0, OfferResult.ACCEPTED),
        (7, OfferResult.ACCEPTED),
    ],
)
def test_an_offers_answer_has_its_result(code: int, result: OfferResult) -> None:
    assert result_of(code) is result
    assert bool(result) is (code >= 0)


def test_the_codes_are_the_native_ones() -> None:
    assert (NOT_CONNECTED, BACK_PRESSURED, ADMIN_ACTION) == (
        lib.AB_NOT_CONNECTED,
        lib.AB_BACK_PRESSURED,
        lib.AB_ADMIN_ACTION,
    )
    assert (STALE, TOO_LARGE, UNKNOWN_TYPE, ENCODE) == (
        lib.AB_STALE,
        lib.AB_TOO_LARGE,
        lib.AB_UNKNOWN_TYPE,
        lib.AB_ENCODE,
    )
