"""Execution reports of one order: partial fills until it is filled, read in the application's own loop.

Prints:
    o1: 40 at 187.50, 60 open, partially filled
    o1: 60 at 187.52, 0 open, filled
    average 187.512
"""

from __future__ import annotations

import actorbus as ab

PARTIAL, FILLED = ab.OrderStatus.PARTIALLY_FILLED, ab.OrderStatus.FILLED


def report(number: int, price: str, size: int, left: int, status: ab.OrderStatus) -> ab.Trade:
    """Return one execution of order o1."""
    return ab.Trade(
        "AAPL", f"t{number}", "o1", ab.Side.BUY, ab.price(price), ab.quantity(size), ab.quantity(left), status
    )


with ab.quick() as node:
    node.stream("executions", ab.Trade)
    value = size = 0
    with node.subscribe("executions", ab.Trade) as executions:
        publisher = node.publisher("executions", ab.Trade)
        publisher.publish(report(1, "187.50", 40, 60, PARTIAL))
        publisher.publish(report(2, "187.52", 60, 0, FILLED))
        for trade in executions:  # blocks until something comes; ends when closed
            value += trade.price * trade.quantity
            size += trade.quantity
            left = f"{trade.leaves_quantity_decimal:.0f} open, {trade.status.name.lower().replace('_', ' ')}"
            print(f"{trade.order_id}: {trade.quantity_decimal:.0f} at {trade.price_decimal:.2f}, {left}")
            if trade.status is FILLED:
                break
    print(f"average {ab.to_decimal(value // size, 9):.3f}")
