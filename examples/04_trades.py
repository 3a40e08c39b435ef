"""Trade prints into a volume-weighted average price, published as an event every three trades.

Prints:
    AAPL: vwap 187.5400 of 500 shares
    AAPL: vwap 187.5500 of 1000 shares
"""

from __future__ import annotations

import actorbus as ab


class Vwap(ab.Handler):
    """Sums in integers; divides only to show."""

    events = ab.Output(ab.Event)

    def __init__(self, *, every: int = 3) -> None:
        self.shown_every = every
        self.trades = 0
        self.size = 0
        self.value = 0

    @ab.on(ab.TradePrint)
    def trade(self, message: ab.TradePrint) -> None:
        """Add one trade."""
        self.trades += 1
        self.size += message.size
        self.value += message.price * message.size
        if self.trades % self.shown_every == 0:
            vwap = ab.to_decimal(self.value // self.size, 9)
            text = f"vwap {vwap:.4f} of {ab.to_decimal(self.size, 8):.0f} shares"
            self.events.publish(ab.Event("vwap", text=text, symbol=message.symbol))


class Show(ab.Handler):
    """Prints events."""

    @ab.on(ab.Event)
    def event(self, message: ab.Event) -> None:
        """Print one."""
        print(f"{message.symbol}: {message.text}")


topology = ab.Topology(
    name="trades",
    streams={
        "trades": ab.StreamSpec(stream_id=1001, messages=[ab.TradePrint]),
        "events": ab.StreamSpec(stream_id=1002, messages=[ab.Event]),
    },
    handlers={
        "vwap": ab.HandlerSpec(stream="trades", cls=Vwap, publishes={"events": "events"}, options={"every": 3}),
        "show": ab.HandlerSpec(stream="events", cls=Show),
    },
)
with ab.Node(topology) as node:
    trades = node.publisher("trades", ab.TradePrint)
    for price, size in (
        ("187.50", 100),
        ("187.55", 300),
        ("187.55", 100),
        ("187.56", 400),
        ("187.56", 90),
        ("187.56", 10),
    ):
        trades.publish(ab.TradePrint("AAPL", price=ab.price(price), size=ab.quantity(size)))
    node.wait(until_idle_ns=50_000_000)
