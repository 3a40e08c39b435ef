"""Executions into positions with average cost and realised profit, exact to the last unit.

Prints:
    AAPL: 100 at 187.50, realised 0.00
    AAPL: 200 at 188.00, realised 0.00
    AAPL: 50 at 188.00, realised 150.00
"""

from __future__ import annotations

from decimal import Decimal

import actorbus as ab


class Positions(ab.Handler):
    """Average-cost accounting; long positions only, to be short."""

    def on_start(self) -> None:
        """Begin flat."""
        self.quantity = Decimal(0)
        self.cost = Decimal(0)
        self.realised = Decimal(0)

    @ab.on(ab.Trade)
    def trade(self, message: ab.Trade) -> None:
        """Apply one execution."""
        price, quantity = message.price_decimal, message.quantity_decimal
        if message.side is ab.Side.BUY:
            self.cost = (self.cost * self.quantity + price * quantity) / (self.quantity + quantity)
            self.quantity += quantity
        else:
            self.realised += (price - self.cost) * quantity
            self.quantity -= quantity
        print(f"{message.symbol}: {self.quantity:.0f} at {self.cost:.2f}, realised {self.realised:.2f}")


topology = ab.Topology(
    name="positions",
    streams={"executions": ab.StreamSpec(stream_id=2003, messages=[ab.Trade])},
    handlers={"positions": ab.HandlerSpec(stream="executions", cls=Positions)},
)
with ab.Node(topology) as node:
    executions = node.publisher("executions", ab.Trade)
    for number, (side, price, size) in enumerate(
        ((ab.Side.BUY, "187.50", 100), (ab.Side.BUY, "188.50", 100), (ab.Side.SELL, "189.00", 150)), 1
    ):
        executions.publish(ab.Trade("AAPL", f"t{number}", f"o{number}", side, ab.price(price), ab.quantity(size)))
    node.wait(until_idle_ns=50_000_000)
