"""Prices and quantities: exact or an error, in both directions."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.errors import EncodeError
from actorbus.message.decimals import PRICE_DIGITS, QUANTITY_DIGITS, price, quantity, to_decimal

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("value", "scaled"),
    [
        ("1.0850", 1_085_000_000), (1.085, 1_085_000_000), (Decimal("1.085"), 1_085_000_000), (2, 2 * 10**9),
        ("-0.000000001", -1), ("1e-9", 1), ("1e9", 10**18), (0, 0), ("-0", 0), (" 5 ", 5 * 10**9),
        ("9223372036.854775807", 2**63 - 1), ("-9223372036.854775808", -(2**63)), ("0e999999", 0),
        (Decimal("1." + "0" * 60), 10**9), ("0.1230000000000", 123_000_000),
    ],
)  # fmt: skip
def test_a_price_is_counted_in_billionths(value: str | float | Decimal, scaled: int) -> None:
    assert price(value) == scaled


def test_a_quantity_is_counted_in_hundred_millionths() -> None:
    assert quantity("0.00000001") == 1
    assert quantity(100) == 10_000_000_000
    assert quantity("92233720368.54775807") == 2**63 - 1


@pytest.mark.parametrize(
    "value", ["0.0000000001", 0.1 + 0.2, "1." + "0" * 50 + "1", "1e-2000", Decimal("1e-10"), "0.1234567891"]
)
def test_nothing_is_rounded(value: str | float | Decimal) -> None:
    with pytest.raises(EncodeError, match=r"is not exact: the unit of a price is 1e-9; round it to 9 decimals first"):
        _ = price(value)


@pytest.mark.parametrize(
    "value", ["9223372036.854775808", "-9223372036.854775809", 10**10, "1e999999", 1e300, -(10**30)]
)
def test_beyond_int64_is_an_error_that_names_value_and_bound(value: str | float) -> None:
    with pytest.raises(EncodeError) as caught:
        _ = price(value)
    assert str(value) in str(caught.value)
    assert "within +-9223372036.854775807" in str(caught.value)


@pytest.mark.parametrize("value", ["", "abc", "1,5", "1.2.3", "0x10"])
def test_a_text_that_is_no_number_is_named(value: str) -> None:
    with pytest.raises(EncodeError, match="is not a number") as caught:
        _ = quantity(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "-inf", "NaN", "sNaN", Decimal("Infinity")])
def test_what_is_not_finite_is_refused(value: str | float | Decimal) -> None:
    with pytest.raises(EncodeError, match="is not finite"):
        _ = price(value)


@pytest.mark.parametrize("value", [True, None, b"1", [1], 1j])
def test_other_types_are_refused_with_their_name(value: object) -> None:
    with pytest.raises(EncodeError, match=type(value).__name__):
        _ = price(value)  # pyright: ignore[reportArgumentType]


def test_a_long_text_is_cut_in_the_error() -> None:
    with pytest.raises(EncodeError) as caught:
        _ = price("x" * 10_000)
    assert len(str(caught.value)) < 300


@given(INT64)
def test_a_price_read_as_decimal_is_the_same_price(scaled: int) -> None:
    assert price(to_decimal(scaled, PRICE_DIGITS)) == scaled


@given(INT64)
def test_a_quantity_read_as_decimal_is_the_same_quantity(scaled: int) -> None:
    assert quantity(to_decimal(scaled, QUANTITY_DIGITS)) == scaled


@given(INT64)
def test_a_decimal_keeps_its_places(scaled: int) -> None:
    assert to_decimal(scaled, 9).as_tuple().exponent == -9
    assert int(to_decimal(scaled, 9).scaleb(9)) == scaled


def test_a_low_precision_of_the_application_changes_nothing() -> None:
    with decimal.localcontext(prec=3):
        assert price("1234567.891234567") == 1_234_567_891_234_567
        assert str(to_decimal(1_234_567_891_234_567, 9)) == "1234567.891234567"
