"""Orders to one of two venues, by size: one output for each.

Prints:
    lit: c1 100
    dark: c2 50000
    lit: c3 300
"""

from __future__ import annotations

import actorbus as ab


class Router(ab.Handler):
    """Small orders to the lit venue, large ones to the dark one."""

    lit = ab.Output(ab.Order)
    dark = ab.Output(ab.Order)

    def __init__(self, *, large: str) -> None:
        self.large = ab.quantity(large)

    @ab.on(ab.Order)
    def order(self, message: ab.Order) -> None:
        """Route one order. A publish on a poller's thread never waits for a subscriber."""
        venue = self.dark if message.quantity >= self.large else self.lit
        venue.publish(message)


class Venue(ab.Handler):
    """Shows what it gets."""

    def __init__(self, *, venue: str) -> None:
        self.venue = venue

    @ab.on(ab.Order)
    def order(self, message: ab.Order) -> None:
        """Print one order."""
        print(f"{self.venue}: {message.client_order_id} {message.quantity_decimal:.0f}")


topology = ab.Topology(
    name="routing",
    streams={
        "orders": ab.StreamSpec(stream_id=2001, messages=[ab.Order]),
        "lit": ab.StreamSpec(stream_id=2002, messages=[ab.Order]),
        "dark": ab.StreamSpec(stream_id=2003, messages=[ab.Order]),
    },
    handlers={
        "router": ab.HandlerSpec(
            stream="orders", cls=Router, publishes={"lit": "lit", "dark": "dark"}, options={"large": "10000"}
        ),
        "lit": ab.HandlerSpec(stream="lit", cls=Venue, options={"venue": "lit"}),
        "dark": ab.HandlerSpec(stream="dark", cls=Venue, options={"venue": "dark"}),
    },
)
with ab.Node(topology) as node:
    orders = node.publisher("orders", ab.Order)
    for number, quantity in enumerate((100, 50_000, 300), 1):
        orders.publish(ab.Order("AAPL", ab.Action.NEW, client_order_id=f"c{number}", quantity=ab.quantity(quantity)))
        node.wait(until_idle_ns=50_000_000)  # so that the lines come in this order: three streams have none
