"""A risk check before everything else: it lets orders pass or refuses them, and a broken check stops the node.

Prints:
    passed c1
    refused c2: 900 is more than 500 an order
    passed c3
    refused c4: exposure would be 1100, at most 1000
"""

from __future__ import annotations

import actorbus as ab


class Risk(ab.Handler):
    """Two limits: an order's quantity, and the sum of all that passed."""

    passed = ab.Output(ab.Order)
    refused = ab.Output(ab.Event)

    def __init__(self, *, per_order: int, exposure: int) -> None:
        self.per_order = ab.quantity(per_order)
        self.most = ab.quantity(exposure)
        self.exposure = 0

    @ab.on(ab.Order)
    def order(self, message: ab.Order) -> None:
        """Check one order."""
        why = self.why_not(message.quantity)
        if why:
            self.refused.publish(ab.Event("refused", text=f"{message.client_order_id}: {why}", symbol=message.symbol))
        else:
            self.exposure += message.quantity
            self.passed.publish(message)

    def why_not(self, quantity: int) -> str:
        """Return why an order of this quantity is refused, or nothing."""
        if quantity > self.per_order:
            return f"{_whole(quantity)} is more than {_whole(self.per_order)} an order"
        if self.exposure + quantity > self.most:
            return f"exposure would be {_whole(self.exposure + quantity)}, at most {_whole(self.most)}"
        return ""


class Show(ab.Handler):
    """Prints what comes of an order."""

    @ab.on(ab.Order)
    def order(self, message: ab.Order) -> None:
        """Print an order that passed."""
        print(f"passed {message.client_order_id}")

    @ab.on(ab.Event)
    def event(self, message: ab.Event) -> None:
        """Print a refusal."""
        print(f"refused {message.text}")


def _whole(quantity: int) -> str:
    return f"{ab.to_decimal(quantity, 8):.0f}"


topology = ab.Topology(
    name="risk",
    streams={
        "orders": ab.StreamSpec(stream_id=2001, messages=[ab.Order]),
        "checked": ab.StreamSpec(stream_id=2002, messages=[ab.Order, ab.Event]),
    },
    handlers={
        "risk": ab.HandlerSpec(
            stream="orders",
            cls=Risk,
            priority=100,
            publishes={"passed": "checked", "refused": "checked"},
            options={"per_order": 500, "exposure": 1000},
            on_error="stop",
        ),
        "show": ab.HandlerSpec(stream="checked", cls=Show),
    },
)
with ab.Node(topology) as node:
    orders = node.publisher("orders", ab.Order)
    for number, quantity in enumerate((400, 900, 300, 400), 1):
        orders.publish(ab.Order("AAPL", ab.Action.NEW, client_order_id=f"c{number}", quantity=ab.quantity(quantity)))
    node.wait(until_idle_ns=50_000_000)
