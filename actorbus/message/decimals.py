"""Prices and quantities: scaled integers on the wire, ``Decimal`` for people, exact or an error in between.

Rules of this file:

* A price is an int64 in units of 1e-9, a quantity an int64 in units of 1e-8: sums and comparisons are exact and a
  message decodes without building a Decimal. Bounds: prices to +-9,223,372,036.854775807, quantities to
  +-92,233,720,368.54775807.
* Nothing rounds. A value with more decimals than the unit has is an EncodeError that names it; round it first.
* Pure functions: any thread.
* A float means the shortest text that reads back as it (``1.085`` means 1.085), because that is what its author typed.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import Annotated, Final

import msgspec

from actorbus.errors import EncodeError
from actorbus.limits import INT64_MAX, INT64_MIN

__all__ = ["PRICE_DIGITS", "QUANTITY_DIGITS", "Price", "Quantity", "Scale", "price", "quantity", "to_decimal"]

PRICE_DIGITS: Final = 9
"""Decimals of a price: units of 1e-9."""
QUANTITY_DIGITS: Final = 8
"""Decimals of a quantity: units of 1e-8."""

# Our own context: an application that lowers the precision of its thread must not change what a price reads as.
# 40 digits hold any int64 scaled by either unit; what would need rounding raises Inexact instead.
_EXACT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, traps=[Inexact])


class Scale(msgspec.Struct, frozen=True):
    """Marks an int field as scaled: the value is the integer times ``10 ** -digits``. Tools that print read it."""

    digits: int


type Price = Annotated[int, Scale(PRICE_DIGITS)]
"""An int64 in units of 1e-9."""
type Quantity = Annotated[int, Scale(QUANTITY_DIGITS)]
"""An int64 in units of 1e-8."""


def price(value: str | float | Decimal) -> int:
    """Return a price in units of 1e-9: ``price("1.0850")`` is 1_085_000_000. An int is whole currency units.

    Raises:
        EncodeError: no number, not finite, more than 9 decimals, or beyond int64; names the value.
    """
    return _scaled(value, PRICE_DIGITS, "price")


def quantity(value: str | float | Decimal) -> int:
    """Return a quantity in units of 1e-8: ``quantity(100)`` is 10_000_000_000. An int is whole pieces.

    Raises:
        EncodeError: no number, not finite, more than 8 decimals, or beyond int64; names the value.
    """
    return _scaled(value, QUANTITY_DIGITS, "quantity")


def to_decimal(scaled: int, digits: int) -> Decimal:
    """Return ``scaled * 10 ** -digits`` exactly, with ``digits`` decimals kept (``1.085000000``)."""
    return _EXACT.scaleb(Decimal(scaled), -digits)


def _scaled(value: object, digits: int, what: str) -> int:
    exact = _decimal(value, what)
    if not exact.is_finite():
        raise EncodeError(f"{what} {value!r} is not finite", hint="send a number, or leave the message out")
    if exact and exact.adjusted() + digits > 19:  # before any scaling: "1e999999" must not cost memory
        raise _out_of_range(value, digits, what)
    try:
        scaled = int(_EXACT.to_integral_exact(_EXACT.scaleb(exact, digits)))
    except Inexact:
        raise EncodeError(
            f"{what} {str(value)[:64]} is not exact",
            why=f"the unit of a {what} is 1e-{digits}",
            hint=f"round it to {digits} decimals first",
        ) from None
    if not INT64_MIN <= scaled <= INT64_MAX:
        raise _out_of_range(value, digits, what)
    return scaled


def _decimal(value: object, what: str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise EncodeError(f"{what} {value!r} is a {type(value).__name__}", hint="give a str, int, float or Decimal")
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        raise EncodeError(f"{what} {str(value)[:64]!r} is not a number", hint='write it like "1.0850"') from None


def _out_of_range(value: object, digits: int, what: str) -> EncodeError:
    bound = to_decimal(INT64_MAX, digits)
    return EncodeError(f"{what} {str(value)[:64]} is out of range", why=f"a {what} lies within +-{bound}")
