"""Orders and trades: what a user types, and numbers as Decimals."""

from __future__ import annotations

from decimal import Decimal

from actorbus.message import price, quantity
from actorbus.messages import Action, Liquidity, Order, OrderStatus, OrderType, Side, TimeInForce, Trade


def test_a_new_order_says_side_price_and_quantity() -> None:
    order = Order(
        "EURUSD",
        Action.NEW,
        client_order_id="c1",
        side=Side.BUY,
        order_type=OrderType.STOP_LIMIT,
        time_in_force=TimeInForce.DAY,
        price=price("1.0850"),
        stop_price=price("1.0840"),
        quantity=quantity(1000),
        account="A",
    )
    assert order.price_decimal == Decimal("1.0850")
    assert order.stop_price_decimal == Decimal("1.0840")
    assert order.quantity_decimal == 1000
    assert order.order_id == ""


def test_a_cancel_needs_only_the_order() -> None:
    assert Order("EURUSD", Action.CANCEL, "v7", "c1").side is Side.UNKNOWN


def test_a_trade_tells_what_is_left_and_what_it_cost() -> None:
    trade = Trade(
        "EURUSD", "t1", "v7", Side.SELL, price("1.0850"), quantity(600), quantity(400),
        OrderStatus.PARTIALLY_FILLED, Liquidity.MAKER, price("-0.25"),
    )  # fmt: skip
    assert trade.price_decimal == Decimal("1.0850")
    assert trade.quantity_decimal == 600
    assert trade.leaves_quantity_decimal == 400
    assert trade.fee_decimal == Decimal("-0.25")


def test_a_trade_without_more_is_complete_in_itself() -> None:
    trade = Trade("IBM", "t1", "v7", Side.BUY, price(1), quantity(1))
    assert (trade.status, trade.liquidity, trade.fee) == (OrderStatus.UNKNOWN, Liquidity.UNKNOWN, 0)
