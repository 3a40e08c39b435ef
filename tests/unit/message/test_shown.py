"""Messages as JSON has them. Both directions, over every built-in message: tests/unit/cli/test_lines.py."""

from __future__ import annotations

import pytest

import actorbus as ab
from actorbus.message.shown import decimal_text, fields_of, plain_type


class Leg(ab.Message, type_id=1001):
    side: ab.Side
    price: ab.Price | None = None


class Basket(ab.Message, type_id=1002):
    legs: list[Leg]
    sizes: tuple[ab.Quantity, ...] = ()
    body: bytes = b""


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1_085_000_000, 9, "1.085"), (0, 9, "0"), (-1, 8, "-0.00000001"), (300_000_000, 8, "3"), (20, 0, "20")],
)
def test_scaled_integers_are_the_shortest_exact_text(value: int, digits: int, text: str) -> None:
    assert decimal_text(value, digits) == text


def test_fields_have_names_members_and_decimals() -> None:
    basket = Basket([Leg(ab.Side.BUY, ab.price("1.5")), Leg(ab.Side.SELL)], (ab.quantity(3),), b"\xff")
    assert fields_of(basket) == {
        "legs": [{"side": "buy", "price": "1.5"}, {"side": "sell", "price": None}],
        "sizes": ["3"],
        "body": "/w==",
    }


def test_a_type_is_found_behind_aliases_marks_and_none() -> None:
    assert plain_type(ab.Price, 1) == (int, 9)
    assert plain_type(ab.Quantity | None, 1) == (int, 8)
    assert plain_type(ab.Price | None, None)[1] is None
    assert plain_type(str, "") == (str, None)
