"""Quotes to two handlers of one stream, the one with the higher priority first.

Prints:
    EURUSD: spread 0.0002
    EURUSD: middle 1.0851
    USDJPY: spread 0.012
    USDJPY: middle 155.126
"""

from __future__ import annotations

import actorbus as ab


class Spread(ab.Handler):
    """Prices are integers in units of 1e-9: differences are exact."""

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Be first with each quote: the priority is higher."""
        print(f"{message.symbol}: spread {(message.ask_decimal - message.bid_decimal).normalize()}")


class Middle(ab.Handler):
    """Runs on the same thread, after Spread, for the same quote."""

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Be second."""
        print(f"{message.symbol}: middle {((message.ask_decimal + message.bid_decimal) / 2).normalize()}")


topology = ab.Topology(
    name="quotes",
    streams={"quotes": ab.StreamSpec(stream_id=1001, messages=[ab.Quote])},
    handlers={
        "middle": ab.HandlerSpec(stream="quotes", cls=Middle, priority=1),
        "spread": ab.HandlerSpec(stream="quotes", cls=Spread, priority=10),
    },
)
with ab.Node(topology) as node:
    quotes = node.publisher("quotes", ab.Quote)
    quotes.publish(ab.Quote("EURUSD", bid=ab.price("1.0850"), ask=ab.price("1.0852")))
    quotes.publish(ab.Quote("USDJPY", bid=ab.price("155.120"), ask=ab.price("155.132")))
    node.wait(until_idle_ns=50_000_000)
